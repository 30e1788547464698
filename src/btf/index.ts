export { formatIpv4, formatIpv6, formatMac, parseIpv4, parseIpv6, parseMac } from "./address.ts";
export type { BtfBuilderOptions } from "./builder.ts";
export { BtfBuilder, encodeBtf } from "./builder.ts";
export { btfToC } from "./c-text.ts";
export type { CorePoison, CoreResult, CoreValue } from "./core.ts";
export { resolveCoreRelo } from "./core.ts";
export { CORE_RELO_KINDS, essentialName } from "./core-spec.ts";
export type { DeclareOptions } from "./declare.ts";
export { declare, spelling, typeName } from "./declare.ts";
export { encodeBtfExt } from "./encode-ext.ts";
export type { Layout, LayoutPart } from "./layout.ts";
export { layout, layoutText } from "./layout.ts";
export type { ParseBtfOptions } from "./parse.ts";
export { parseBtf } from "./parse.ts";
export { parseBtfExt } from "./parse-ext.ts";
export { btfToRaw } from "./raw-text.ts";
export { formatValue, readValue, toJsonValue } from "./read-value.ts";
export type {
  Btf,
  BtfAlias,
  BtfArray,
  BtfComposite,
  BtfCoreRelo,
  BtfDatasec,
  BtfDeclTag,
  BtfEnum,
  BtfExt,
  BtfFloat,
  BtfFunc,
  BtfFuncInfo,
  BtfFuncProto,
  BtfFwd,
  BtfInt,
  BtfKind,
  BtfLineInfo,
  BtfMember,
  BtfPtr,
  BtfType,
  BtfVar,
} from "./types.ts";
export type { ValueOptions } from "./value-walk.ts";
export { alignOf, bitField, isPacked, POINTER_SIZE, resolve, resolveId, sizeOf } from "./walk.ts";
export type { WriteValueOptions } from "./write-value.ts";
export { writeValue } from "./write-value.ts";
