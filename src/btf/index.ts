export type { BtfBuilderOptions } from "./builder.ts";
export { BtfBuilder, encodeBtf } from "./builder.ts";
export { encodeBtfExt } from "./encode-ext.ts";
export type { ParseBtfOptions } from "./parse.ts";
export { parseBtf } from "./parse.ts";
export { parseBtfExt } from "./parse-ext.ts";
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
