export type { CaptureReader, OpenCaptureOptions } from "./capture-file.ts";
export { openCapture } from "./capture-file.ts";
export type { CaptureWriterOptions } from "./capture-writer.ts";
export { CaptureWriter } from "./capture-writer.ts";
