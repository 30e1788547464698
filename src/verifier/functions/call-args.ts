import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { SubprogArg, VerifierEnv } from "../env.ts";
import { checkMemReg } from "../memory/helper-access.ts";
import { checkPtrOffReg } from "../memory/offsets.ts";
import { Rejection } from "../reject.ts";

/** Checks one argument of a call by its kind: first word of the argument's type → check. */
type ArgCheck = (env: VerifierEnv, i: number, wanted: SubprogArg) => void;

const CHECKS: Readonly<Record<string, ArgCheck>> = {
  ARG_ANYTHING: checkScalar,
  ARG_PTR_TO_CTX: checkContext,
  ARG_PTR_TO_MEM: checkMemory,
  ARG_PTR_TO_ARENA: checkArena,
};

/** Argument `i` (register i + 1) of a call must be what the function takes; rejects otherwise. */
export function checkArg(env: VerifierEnv, i: number, wanted: SubprogArg): void {
  // Reads through an untrusted pointer are guarded, so anything may be passed.
  if (wanted.type.includes("PTR_UNTRUSTED")) return;
  CHECKS[wanted.type.split(" | ", 1)[0]!]!(env, i, wanted);
}

function checkScalar(env: VerifierEnv, i: number): void {
  if (env.m.type(env.reg(i + 1)) === L.SCALAR_VALUE) return;
  env.reject(ERRNO.EINVAL, "V_ARG_TYPE", `R${i + 1} is not a scalar`, { reg: i + 1 });
}

function checkContext(env: VerifierEnv, i: number): void {
  const reg = env.reg(i + 1);
  checkOffset(env, i + 1);
  if (env.m.type(reg) === L.PTR_TO_CTX) return;
  env.reject(ERRNO.EINVAL, "V_ARG_TYPE", `arg#${i} expects pointer to ctx`, { reg: i + 1 });
}

/** Kinds of pointers that may be passed with any offset. */
const ANY_OFFSET: ReadonlySet<number> = new Set([
  L.SCALAR_VALUE,
  L.PTR_TO_STACK,
  L.PTR_TO_PACKET,
  L.PTR_TO_PACKET_META,
  L.PTR_TO_MAP_KEY,
  L.PTR_TO_MAP_VALUE,
  L.PTR_TO_MEM,
  L.PTR_TO_MEM | L.MEM_RDONLY,
  L.PTR_TO_MEM | L.MEM_RINGBUF,
  L.PTR_TO_BUF,
  L.PTR_TO_BUF | L.MEM_RDONLY,
  L.PTR_TO_ARENA,
]);

function checkOffset(env: VerifierEnv, regno: number): void {
  const reg = env.reg(regno);
  if (!ANY_OFFSET.has(env.m.type(reg))) checkPtrOffReg(env, reg, regno, env.m.base(reg) === L.PTR_TO_BTF_ID);
}

function checkMemory(env: VerifierEnv, i: number, wanted: SubprogArg): void {
  const regno = i + 1;
  checkOffset(env, regno);
  try {
    checkMemReg(env, regno, wanted.memSize);
  } catch (error) {
    if (error instanceof Rejection) throw new Rejection(ERRNO.EINVAL, error.kind, error.data);
    throw error;
  }
  if (wanted.type.includes("PTR_MAYBE_NULL") || (env.m.type(env.reg(regno)) & L.PTR_MAYBE_NULL) === 0) return;
  env.reject(ERRNO.EINVAL, "V_ARG_NULLABLE", `arg#${i} is expected to be non-NULL`, { reg: regno });
}

function checkArena(env: VerifierEnv, i: number): void {
  const type = env.m.type(env.reg(i + 1));
  if (type === L.PTR_TO_ARENA || type === L.SCALAR_VALUE) return;
  env.reject(ERRNO.EINVAL, "V_ARG_TYPE", `R${i + 1} is not a pointer to arena or scalar.`, { reg: i + 1 });
}
