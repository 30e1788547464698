import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { ARG_DONTCARE, ARG_PTR_TO_BTF_ID, ARG_PTR_TO_DYNPTR, type Prototype } from "../calls/arg-types.ts";
import { isNull } from "../calls/args.ts";
import { checkDynptrArg } from "../calls/dynptr.ts";
import { CallMeta } from "../calls/meta.ts";
import { checkArgOffset } from "../calls/reg-offset.ts";
import { checkRegType } from "../calls/reg-types.ts";
import type { SubprogArg, VerifierEnv } from "../env.ts";
import { checkMemReg } from "../memory/helper-access.ts";
import { Rejection } from "../reject.ts";

/** Checks one argument of a call by its kind: first word of the argument's type → check. */
type ArgCheck = (env: VerifierEnv, i: number, wanted: SubprogArg) => void;

const CHECKS: Readonly<Record<string, ArgCheck>> = {
  ARG_ANYTHING: checkScalar,
  ARG_PTR_TO_CTX: checkContext,
  ARG_PTR_TO_MEM: checkMemory,
  ARG_PTR_TO_ARENA: checkArena,
  ARG_PTR_TO_DYNPTR: checkDynptr,
  ARG_PTR_TO_BTF_ID: checkObject,
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
  checkArgOffset(env, reg, i + 1, ARG_DONTCARE);
  if (env.m.type(reg) === L.PTR_TO_CTX) return;
  env.reject(ERRNO.EINVAL, "V_ARG_TYPE", `arg#${i} expects pointer to ctx`, { reg: i + 1 });
}

function checkMemory(env: VerifierEnv, i: number, wanted: SubprogArg): void {
  const regno = i + 1;
  checkArgOffset(env, env.reg(regno), regno, ARG_DONTCARE);
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

function checkDynptr(env: VerifierEnv, i: number): void {
  const regno = i + 1;
  checkArgOffset(env, env.reg(regno), regno, ARG_PTR_TO_DYNPTR);
  checkDynptrArg(env, regno, -1, ARG_PTR_TO_DYNPTR | L.MEM_RDONLY);
}

/** A prototype that asks for one object, for the check that helpers' arguments go through. */
function objectPrototype(i: number, object: string): Prototype {
  return {
    id: 0,
    name: "",
    gpl: false,
    packetAccess: false,
    changesPacket: false,
    sleeps: false,
    args: [],
    sizes: [],
    objects: Array.from({ length: i + 1 }, () => object),
    ret: 0,
    retObject: "",
    allowed: null,
  };
}

function checkObject(env: VerifierEnv, i: number, wanted: SubprogArg): void {
  const regno = i + 1;
  const mayBeNull = wanted.type.includes("PTR_MAYBE_NULL");
  if (mayBeNull && isNull(env, env.reg(regno))) return;
  const argType = ARG_PTR_TO_BTF_ID | L.PTR_TRUSTED | (mayBeNull ? L.PTR_MAYBE_NULL : 0);
  checkRegType(env, regno, argType, new CallMeta(objectPrototype(i, env.btf(wanted.btf).nameOf(wanted.btfId))));
  checkArgOffset(env, env.reg(regno), regno, argType);
}
