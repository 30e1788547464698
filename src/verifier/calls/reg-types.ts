import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { assert } from "../../util/index.ts";
import type { VerifierEnv } from "../env.ts";
import { regTypeText } from "../log/type-text.ts";
import type { Reg } from "../memory.ts";
import { btfStructIdsMatch } from "../objects/btf-access.ts";
import * as A from "./arg-types.ts";
import { helperId } from "./helper-ids.ts";
import { kernelStruct } from "./kernel-struct.ts";
import { checkKptrMatches } from "./kptr.ts";
import type { CallMeta } from "./meta.ts";

/** Which register types an argument takes, in the order in which a refusal lists them. */
interface Compatible {
  readonly types: readonly number[];
  /** The object that pointers to objects must point at where the prototype names none. */
  readonly object: string;
}

function takes(types: readonly number[], object = ""): Compatible {
  return { types, object };
}

const OBJECT = L.PTR_TO_BTF_ID;

/** Memory of any kind. */
const MEMORY = takes([
  L.PTR_TO_STACK,
  L.PTR_TO_PACKET,
  L.PTR_TO_PACKET_META,
  L.PTR_TO_MAP_KEY,
  L.PTR_TO_MAP_VALUE,
  L.PTR_TO_MEM,
  L.PTR_TO_MEM | L.MEM_RINGBUF,
  L.PTR_TO_BUF,
  OBJECT | L.PTR_TRUSTED,
]);
const SCALAR = takes([L.SCALAR_VALUE]);
const SOCK = [L.PTR_TO_SOCK_COMMON, L.PTR_TO_SOCKET, L.PTR_TO_TCP_SOCK, L.PTR_TO_XDP_SOCK] as const;

const ROWS: readonly (readonly [arg: number, compatible: Compatible])[] = [
  [A.ARG_PTR_TO_MAP_KEY, MEMORY],
  [A.ARG_PTR_TO_MAP_VALUE, MEMORY],
  [A.ARG_CONST_SIZE, SCALAR],
  [A.ARG_CONST_SIZE_OR_ZERO, SCALAR],
  [A.ARG_CONST_ALLOC_SIZE_OR_ZERO, SCALAR],
  [A.ARG_CONST_MAP_PTR, takes([L.CONST_PTR_TO_MAP])],
  [A.ARG_PTR_TO_CTX, takes([L.PTR_TO_CTX])],
  [A.ARG_PTR_TO_SOCK_COMMON, takes(SOCK)],
  [A.ARG_PTR_TO_BTF_ID_SOCK_COMMON, takes([...SOCK, OBJECT, OBJECT | L.PTR_TRUSTED], "sock_common")],
  [A.ARG_PTR_TO_SOCKET, takes([L.PTR_TO_SOCKET])],
  [A.ARG_PTR_TO_BTF_ID, takes([OBJECT, OBJECT | L.PTR_TRUSTED, OBJECT | L.MEM_RCU])],
  [A.ARG_PTR_TO_SPIN_LOCK, takes([L.PTR_TO_MAP_VALUE, OBJECT | L.MEM_ALLOC])],
  [A.ARG_PTR_TO_MEM, MEMORY],
  [A.ARG_PTR_TO_RINGBUF_MEM, takes([L.PTR_TO_MEM | L.MEM_RINGBUF])],
  [
    A.ARG_PTR_TO_PERCPU_BTF_ID,
    takes([OBJECT | L.MEM_PERCPU, OBJECT | L.MEM_PERCPU | L.MEM_RCU, OBJECT | L.MEM_PERCPU | L.PTR_TRUSTED]),
  ],
  [A.ARG_PTR_TO_FUNC, takes([L.PTR_TO_FUNC])],
  [A.ARG_PTR_TO_STACK, takes([L.PTR_TO_STACK])],
  [A.ARG_PTR_TO_CONST_STR, takes([L.PTR_TO_MAP_VALUE])],
  [A.ARG_PTR_TO_TIMER, takes([L.PTR_TO_MAP_VALUE])],
  [A.ARG_KPTR_XCHG_DEST, takes([L.PTR_TO_MAP_VALUE, OBJECT | L.MEM_ALLOC])],
  [A.ARG_PTR_TO_DYNPTR, takes([L.PTR_TO_STACK, L.CONST_PTR_TO_DYNPTR])],
];

/** By kind of argument. */
const BY_ARG: readonly (Compatible | undefined)[] = (() => {
  const out: (Compatible | undefined)[] = [];
  for (const [arg, compatible] of ROWS) out[arg] = compatible;
  return out;
})();

const DYNPTR_KINDS =
  L.DYNPTR_TYPE_LOCAL | L.DYNPTR_TYPE_RINGBUF | L.DYNPTR_TYPE_SKB | L.DYNPTR_TYPE_XDP | L.DYNPTR_TYPE_SKB_META;

const SK_RELEASE = helperId("sk_release");
const KPTR_XCHG = helperId("kptr_xchg");

/** The register's type without what an argument of this type does not mind. */
function comparedType(type: number, argType: number, regno: number, meta: CallMeta): number {
  let out = type;
  if (argType & L.MEM_RDONLY) out &= ~L.MEM_RDONLY;
  if (argType & L.PTR_MAYBE_NULL) out &= ~L.PTR_MAYBE_NULL;
  if ((argType & L.TYPE_BASE_MASK) === A.ARG_PTR_TO_MEM) out &= ~DYNPTR_KINDS;
  if (meta.prototype.id === KPTR_XCHG && regno === 2 && type & L.MEM_ALLOC) out &= ~(L.MEM_ALLOC | L.MEM_PERCPU);
  return out;
}

/** Whether a register's type is one that an argument takes, and an object the one it wants (check_reg_type). */
export function checkRegType(env: VerifierEnv, regno: number, argType: number, meta: CallMeta): void {
  const argBase = argType & L.TYPE_BASE_MASK;
  const compatible = BY_ARG[argBase];
  assert(compatible !== undefined, `argument type ${argBase}`);
  const reg = env.reg(regno);
  const type = env.m.type(reg);
  if (!compatible.types.includes(comparedType(type, argType, regno, meta))) {
    const expected = compatible.types.map(regTypeText).join(", ");
    env.reject(ERRNO.EACCES, "V_ARG_TYPE", `R${regno} type=${regTypeText(type)} expected=${expected}`, {
      reg: regno,
      type: regTypeText(type),
      expected,
    });
  }
  if ((type & L.TYPE_BASE_MASK) !== OBJECT) return;
  if (compatible !== MEMORY) {
    checkObject(env, reg, regno, argType, meta);
    return;
  }
  if (argType & L.MEM_RDONLY) return;
  const message = `${meta.prototype.name}() may write into memory pointed by R${regno} type=${regTypeText(type)}`;
  env.reject(ERRNO.EACCES, "V_READ_ONLY", message, { reg: regno });
}

/** Whether the object behind a pointer is the one that an argument wants. */
function checkObject(env: VerifierEnv, reg: Reg, regno: number, argType: number, meta: CallMeta): void {
  const { m } = env;
  const type = m.type(reg);
  const isExchange = meta.prototype.id === KPTR_XCHG;
  if (type & L.MEM_ALLOC) {
    if (isExchange && regno === 2) checkKptrMatches(env, reg, regno, meta);
    return;
  }
  // What per-CPU objects are is for the helper to judge.
  if (type & L.MEM_PERCPU) return;
  const isRelease = (argType & L.OBJ_RELEASE) !== 0;
  if (type & L.PTR_MAYBE_NULL && ((argType & L.PTR_MAYBE_NULL) === 0 || isRelease)) {
    env.reject(ERRNO.EACCES, "V_ARG_NULLABLE", `Possibly NULL pointer passed to helper arg${regno}`, { reg: regno });
  }
  if (isExchange) {
    checkKptrMatches(env, reg, regno, meta);
    return;
  }
  const wanted = meta.prototype.objects[regno - 1] || (BY_ARG[argType & L.TYPE_BASE_MASK]?.object ?? "");
  const strict = isRelease && meta.prototype.id !== SK_RELEASE;
  const btf = m.get(reg, L.REG_A);
  const id = m.get(reg, L.REG_B);
  if (btfStructIdsMatch(env, btf, id, m.off(reg), 0, kernelStruct(env, wanted), strict)) return;
  const name = env.btf(btf).nameOf(id);
  env.reject(ERRNO.EACCES, "V_ARG_TYPE", `R${regno} is of type ${name} but ${wanted} is expected`, {
    reg: regno,
    type: name,
    expected: wanted,
  });
}
