export type { HelperEnv } from "./bind.ts";
export { createHelpers } from "./bind.ts";
export type { Format, FormatSource } from "./format.ts";
export { formatText, parseFormat } from "./format.ts";
export type { HelperRow } from "./rows.ts";
export { HELPER_ROWS } from "./rows.ts";
