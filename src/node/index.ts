export type { CaptureReader, OpenCaptureOptions } from "./capture-file.ts";
export { openCapture } from "./capture-file.ts";
export type { CaptureWriterOptions } from "./capture-writer.ts";
export { CaptureWriter } from "./capture-writer.ts";
export { LinuxEventReader } from "./linux/events.ts";
export type { BtfInfo } from "./linux/info.ts";
export type { VerifierStatistics } from "./linux/log.ts";
export { verifierStatistics } from "./linux/log.ts";
export { LinuxBackend, openLinux } from "./linux-backend.ts";
