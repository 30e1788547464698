export type { AttachType, AttachTypeName } from "./attach-types.ts";
export { ATTACH_TYPE, ATTACH_TYPES, attachType, attachTypeLabel } from "./attach-types.ts";
export type { ContextField, ContextFieldKind, ContextLayout } from "./contexts.ts";
export { contextLayout, contextRules, FROM_START, SK_BUFF, XDP_MD } from "./contexts.ts";
export type { ErrnoName } from "./errno.ts";
export { ERRNO, errnoName, errnoText } from "./errno.ts";
export { helperVariant } from "./helper-variants.ts";
export type { Helper } from "./helpers.ts";
export { HELPERS, helperById, helperByName, helperCapability, mayCall } from "./helpers.ts";
export type { Kfunc } from "./kfuncs.ts";
export {
  findKfunc,
  KF_ACQUIRE,
  KF_ARENA_RET,
  KF_DESTRUCTIVE,
  KF_FASTCALL,
  KF_ITER_DESTROY,
  KF_ITER_NEW,
  KF_ITER_NEXT,
  KF_RCU,
  KF_RCU_PROTECTED,
  KF_RELEASE,
  KF_RET_NULL,
  KF_SLEEPABLE,
  KF_TRUSTED_ARGS,
  KFUNCS,
  mayCallKfunc,
} from "./kfuncs.ts";
export type { MapType, MapTypeName } from "./map-types.ts";
export { findMapType, MAP_FLAGS, MAP_TYPE, MAP_TYPES, mapFlagNames, mapType, mapTypeLabel } from "./map-types.ts";
export type { ProgramType, ProgramTypeName } from "./program-types.ts";
export { findProgramType, PROG_TYPE, PROGRAM_TYPES, programType, programTypeLabel } from "./program-types.ts";
export type { SectionMeaning, SectionRow } from "./sections.ts";
export { PROG_FLAG, SECTIONS, sectionMeaning } from "./sections.ts";
export type { ReturnRange } from "./verdicts.ts";
export { returnRange, VERDICTS, verdictName, verdictValue } from "./verdicts.ts";
