export type { CaptureInterface, CaptureNotice } from "./pcap-batch.ts";
export { MAX_CAPTURED, PacketBatch } from "./pcap-batch.ts";
export { LINKTYPE_ETHERNET, linkTypeName } from "./pcap-link-types.ts";
export type { CaptureParserOptions } from "./pcap-parser.ts";
export { CaptureParser, MIN_SCAN_BUFFER } from "./pcap-parser.ts";
export type { CaptureFormat } from "./pcap-write.ts";
export { CaptureEncoder } from "./pcap-write.ts";
