export type { Decision, Explanation, Place, Subject } from "./explain/explanation.ts";
export { explain } from "./explain/explanation.ts";
export type { CauseRow, KindRow } from "./explain/rows.ts";
export { KIND_ROWS, rowOf } from "./explain/rows.ts";
export type { RejectionKind } from "./kinds.ts";
export { REJECTION_KINDS } from "./kinds.ts";
export { BPF_LOG_LEVEL1, BPF_LOG_LEVEL2, BPF_LOG_STATS } from "./log.ts";
export type {
  AttachTarget,
  Failure,
  KernelFacts,
  LineInfo,
  Mode,
  ProgramFacts,
  ProgramInput,
  Verdict,
  VerifierMap,
  VerifierStats,
  VerifyOptions,
} from "./types.ts";
export { verify } from "./verify.ts";
