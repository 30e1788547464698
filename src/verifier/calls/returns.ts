import { resolve, sizeOf } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { assert, BpfError } from "../../util/index.ts";
import type { VerifierEnv } from "../env.ts";
import { acquireReference } from "../explore/refs.ts";
import { markKnownZero, markUnknown } from "../explore/registers.ts";
import type { Reg } from "../memory.ts";
import * as A from "./arg-types.ts";
import { helperId, helperIds, helperText } from "./helper-ids.ts";
import { kernelStruct } from "./kernel-struct.ts";
import { setExchangedKptr } from "./kptr.ts";
import { hasLock } from "./locks.ts";
import { alwaysFinds, isReferenceMap } from "./map-key.ts";
import type { CallMeta } from "./meta.ts";

const MAP_LOOKUP_ELEM = helperId("map_lookup_elem");
const KPTR_XCHG = helperId("kptr_xchg");
const DYNPTR_DATA = helperId("dynptr_data");
const SMP_PROCESSOR_ID = helperId("get_smp_processor_id");

/** Helpers whose result the program must give back. */
const ACQUIRES = helperIds("sk_lookup_tcp sk_lookup_udp skc_lookup_tcp ringbuf_reserve kptr_xchg");
/** Helpers that give their argument back as a pointer of another type: the reference is the same. */
const CASTS = helperIds(
  "tcp_sock sk_fullsock skc_to_tcp_sock skc_to_tcp6_sock skc_to_udp6_sock skc_to_mptcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock",
);
/** Helpers that answer how many bytes they wrote, at most as many as they were given room for, or an error. */
const COUNTS_BYTES = helperIds("get_stack get_task_stack probe_read_str probe_read_kernel_str probe_read_user_str");

/** Errors that kernel functions answer are above this, negated (MAX_ERRNO). */
const MAX_ERRNO = 4095;
/** CPUs of a kernel that nothing is known of. */
const DEFAULT_CPUS = 2;

/** Where a helper's pointer points: the register type for each kind of result that needs no more. */
const POINTERS: readonly (number | undefined)[] = (() => {
  const out: (number | undefined)[] = [];
  out[A.RET_PTR_TO_SOCKET] = L.PTR_TO_SOCKET;
  out[A.RET_PTR_TO_TCP_SOCK] = L.PTR_TO_TCP_SOCK;
  out[A.RET_PTR_TO_SOCK_COMMON] = L.PTR_TO_SOCK_COMMON;
  return out;
})();

function setMapValue(env: VerifierEnv, reg: Reg, flags: number, meta: CallMeta): void {
  const { m } = env;
  assert(meta.map >= 0, "a map comes before its value");
  const map = env.maps[meta.map]!;
  let kept = flags;
  const found = meta.constKey >= 0n && meta.constKey < BigInt(map.maxEntries);
  if (meta.prototype.id === MAP_LOOKUP_ELEM && alwaysFinds(map.type) && found) kept &= ~L.PTR_MAYBE_NULL;
  m.set(reg, L.REG_A, meta.map);
  m.set(reg, L.REG_B, meta.mapUid);
  m.setType(reg, L.PTR_TO_MAP_VALUE | kept);
  // Values with locks are told apart from the start; those that may be null get an id below.
  if ((kept & L.PTR_MAYBE_NULL) === 0 && hasLock(map)) m.set(reg, L.REG_ID, env.newId());
}

/** A kernel variable of this CPU or another: an object if it is a structure, else memory of its size. */
function setPerCpu(env: VerifierEnv, reg: Reg, flags: number, meta: CallMeta, isAllocated: boolean): void {
  const { m } = env;
  const btf = env.btf(meta.retBtf);
  const type = resolve(btf, meta.retBtfId);
  if (type?.kind === "struct" || type?.kind === "union") {
    m.setType(reg, isAllocated ? L.PTR_TO_BTF_ID | L.MEM_ALLOC | L.MEM_RCU : L.PTR_TO_BTF_ID | (flags & ~L.MEM_RDONLY));
    m.set(reg, L.REG_A, meta.retBtf);
    m.set(reg, L.REG_B, meta.retBtfId);
    return;
  }
  m.setType(reg, L.PTR_TO_MEM | flags);
  m.set(reg, L.REG_A, typeSize(env, meta));
}

function typeSize(env: VerifierEnv, meta: CallMeta): number {
  const btf = env.btf(meta.retBtf);
  try {
    return sizeOf(btf, meta.retBtfId);
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    const name = btf.nameOf(meta.retBtfId);
    return env.reject(ERRNO.EINVAL, "V_BTF", `unable to resolve the size of type '${name}': -22`);
  }
}

/** What r0 holds after a call (the latter half of check_helper_call). `perCpuAllocated`: bpf_per_cpu_ptr got an allocated object. */
export function setResult(env: VerifierEnv, insnIdx: number, meta: CallMeta, perCpuAllocated: boolean): void {
  const { m } = env;
  const { id, ret, retObject } = meta.prototype;
  const flags = ret & ~L.TYPE_BASE_MASK;
  const kind = ret & L.TYPE_BASE_MASK;
  if (kind === A.RET_INTEGER) markUnknown(env, 0);
  else if (kind === A.RET_VOID) m.setType(env.reg(0), L.NOT_INIT);
  else {
    markKnownZero(env, 0);
    setPointerResult(env, kind, flags, meta, perCpuAllocated, retObject);
  }
  const reg = env.reg(0);
  if (m.type(reg) & L.PTR_MAYBE_NULL) m.set(reg, L.REG_ID, env.newId());
  if (id === DYNPTR_DATA) m.set(reg, L.REG_B, meta.dynptrId);
  if (id === DYNPTR_DATA || CASTS.has(id)) m.set(reg, L.REG_REF, meta.refId);
  else if (ACQUIRES.has(id) || (id === MAP_LOOKUP_ELEM && meta.map >= 0 && isReferenceMap(env.maps[meta.map]!.type))) {
    const ref = acquireReference(env, insnIdx);
    m.set(reg, L.REG_ID, ref);
    m.set(reg, L.REG_REF, ref);
  }
  if (kind === A.RET_INTEGER) refineInteger(env, reg, meta);
}

function setPointerResult(
  env: VerifierEnv,
  kind: number,
  flags: number,
  meta: CallMeta,
  perCpuAllocated: boolean,
  object: string,
): void {
  const { m } = env;
  const reg = env.reg(0);
  const simple = POINTERS[kind];
  if (simple !== undefined) {
    m.setType(reg, simple | flags);
    return;
  }
  switch (kind) {
    case A.RET_PTR_TO_MAP_VALUE:
      setMapValue(env, reg, flags, meta);
      return;
    case A.RET_PTR_TO_MEM:
      m.setType(reg, L.PTR_TO_MEM | flags);
      m.set(reg, L.REG_A, meta.memSize);
      m.set(reg, L.REG_B, 0);
      return;
    case A.RET_PTR_TO_MEM_OR_BTF_ID:
      setPerCpu(env, reg, flags, meta, perCpuAllocated);
      return;
    case A.RET_PTR_TO_BTF_ID:
      m.setType(reg, L.PTR_TO_BTF_ID | flags);
      if (meta.prototype.id === KPTR_XCHG) {
        setExchangedKptr(env, reg, meta);
        return;
      }
      m.set(reg, L.REG_A, 0);
      m.set(reg, L.REG_B, kernelStruct(env, object));
      if (m.get(reg, L.REG_B) === 0) {
        const message = `invalid return type ${kind} of func ${helperText(meta.prototype.id)}`;
        env.reject(ERRNO.EINVAL, "V_BTF", message);
      }
  }
}

function setRange(env: VerifierEnv, reg: Reg, min: number, max: number): void {
  const { m } = env;
  m.set(reg, L.REG_SMIN, min);
  m.set(reg, L.REG_SMIN + 4, min < 0 ? -1 : 0);
  m.set(reg, L.REG_SMAX, max);
  m.set(reg, L.REG_SMAX + 4, 0);
  m.set(reg, L.REG_S32_MIN, min);
  m.set(reg, L.REG_S32_MAX, max);
}

/** Results whose range is known (do_refine_retval_range). */
function refineInteger(env: VerifierEnv, reg: Reg, meta: CallMeta): void {
  const { m } = env;
  if (COUNTS_BYTES.has(meta.prototype.id)) {
    setRange(env, reg, -MAX_ERRNO, meta.msizeMaxValue);
    m.ops.sync_bounds(reg);
  } else if (meta.prototype.id === SMP_PROCESSOR_ID) {
    const last = (env.options.kernel?.possibleCpus ?? DEFAULT_CPUS) - 1;
    setRange(env, reg, 0, last);
    m.set(reg, L.REG_UMIN, 0);
    m.set(reg, L.REG_UMIN + 4, 0);
    m.set(reg, L.REG_UMAX, last);
    m.set(reg, L.REG_UMAX + 4, 0);
    m.set(reg, L.REG_U32_MIN, 0);
    m.set(reg, L.REG_U32_MAX, last);
    m.ops.sync_bounds(reg);
  }
}
