export { decodeBase64 } from "./base64.ts";
export { ByteReader, ByteWriter, plainBytes } from "./bytes.ts";
export type { ErrorData } from "./error.ts";
export { assert, BpfError, defineErrors } from "./error.ts";
export { escapeText } from "./escape.ts";
export { fromHex, toHex } from "./hex.ts";
