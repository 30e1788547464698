import { type Btf, sizeOf } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, PROG_TYPE } from "../../uapi/index.ts";
import { assert, BpfError } from "../../util/index.ts";
import { structRecord } from "../btf-info/special-fields.ts";
import { dynptrFlagOfKind } from "../calls/dynptr.ts";
import { resolvedType } from "../calls/program-type.ts";
import type { VerifierEnv } from "../env.ts";
import { acquireReference } from "../explore/refs.ts";
import { markKnownZero, markUnknown } from "../explore/registers.ts";
import { kindWord } from "../functions/args.ts";
import { isScalarStruct } from "./arg-kinds.ts";
import { setGraphNode, setNonOwning } from "./graph.ts";
import { iterRecord } from "./iterators.ts";
import type { KfuncMeta } from "./meta.ts";
import { mayHaveLock } from "./records.ts";

/** Largest object of bpf_percpu_obj_new (BPF_GLOBAL_PERCPU_MA_MAX_SIZE). */
const MAX_PERCPU_SIZE = 512;

/** What r0 holds after a call (the latter half of check_kfunc_call). */
export function setKfuncResult(env: VerifierEnv, insnIdx: number, meta: KfuncMeta): void {
  const { ret, btf: btfNumber } = meta.prototype;
  const btf = env.btf(btfNumber);
  if (ret === 0) return;
  const type = btf.type(ret);
  if (type.kind !== "ptr") {
    markUnknown(env, 0);
    // The path on which a lock could not be taken was put aside: here it was.
    if (meta.is("bpf_res_spin_lock") || meta.is("bpf_res_spin_lock_irqsave")) setConstant(env, 0);
    return;
  }
  const pointee = resolvePointee(btf, type.type);
  if (
    meta.acquires &&
    btf.kindOf(pointee) !== "struct" &&
    btf.kindOf(pointee) !== "union" &&
    !ALLOCATORS.has(meta.name)
  ) {
    env.reject(ERRNO.EINVAL, "V_UNSUPPORTED", "acquire kernel function does not return PTR_TO_BTF_ID");
  }
  setPointer(env, btf, pointee, meta);
  const { m } = env;
  const r0 = env.reg(0);
  if (meta.mayReturnNull) {
    m.setType(r0, m.type(r0) | L.PTR_MAYBE_NULL);
    m.set(r0, L.REG_ID, env.newId());
  }
  if (meta.acquires) {
    const id = acquireReference(env, insnIdx);
    if (meta.mayReturnNull) m.set(r0, L.REG_ID, id);
    m.set(r0, L.REG_REF, id);
  } else if (isNode(btf, pointee)) setNonOwning(env, r0);
  if (mayHaveLock(env, r0) && m.id(r0) === 0) m.set(r0, L.REG_ID, env.newId());
}

function resolvePointee(btf: Btf, id: number): number {
  for (;;) {
    const kind = btf.kindOf(id);
    if (kind !== "const" && kind !== "volatile" && kind !== "restrict" && kind !== "typedef" && kind !== "type_tag") {
      return id;
    }
    id = (btf.type(id) as { type: number }).type;
  }
}

/** Functions that return objects as `void *`. */
const ALLOCATORS: ReadonlySet<string> = new Set([
  "bpf_obj_new_impl",
  "bpf_percpu_obj_new_impl",
  "bpf_refcount_acquire_impl",
]);

const NODES: ReadonlySet<string> = new Set(["bpf_list_node", "bpf_rb_node"]);

function isNode(btf: Btf, id: number): boolean {
  return btf.kindOf(id) === "struct" && NODES.has(btf.nameOf(id));
}

function setConstant(env: VerifierEnv, n: number): void {
  const reg = env.reg(n);
  env.m.ops.mark_known(reg, 0, 0);
  if (!env.bpfCapable) env.m.set(reg, L.REG_PRECISE, 1);
}

/** r0 becomes a pointer of a type, to the start of what A and B say. */
function setR0(env: VerifierEnv, type: number, a: number, b: number): void {
  const { m } = env;
  markKnownZero(env, 0);
  const r0 = env.reg(0);
  m.setType(r0, type);
  m.set(r0, L.REG_A, a);
  m.set(r0, L.REG_B, b);
}

function setPointer(env: VerifierEnv, btf: Btf, pointee: number, meta: KfuncMeta): void {
  const { m } = env;
  const special = meta.prototype.btf === 0 ? SPECIAL[meta.name] : undefined;
  if (special !== undefined) {
    special(env, meta);
    return;
  }
  if (meta.root !== null && isNode(btf, pointee)) {
    setGraphNode(env, env.reg(0), meta.root);
    return;
  }
  const kind = btf.kindOf(pointee);
  if (kind === "void") {
    markUnknown(env, 0);
    return;
  }
  if (kind !== "struct" && kind !== "union") {
    setMemory(env, btf, pointee, meta);
    return;
  }
  let type = L.PTR_TO_BTF_ID;
  if (meta.is("bpf_get_kmem_cache")) type |= L.PTR_UNTRUSTED;
  else if (meta.isRcuProtected) type |= L.MEM_RCU;
  // An iterator that RCU does not protect keeps what it hands out alive.
  if (meta.isIterNext) type |= m.type(iterRecord(env, env.state, meta)) & L.MEM_RCU ? L.MEM_RCU : L.PTR_TRUSTED;
  setR0(env, type, meta.prototype.btf, pointee);
}

/** A pointer to something of known size that is no structure: memory. */
function setMemory(env: VerifierEnv, btf: Btf, pointee: number, meta: KfuncMeta): void {
  if (meta.resultSize === 0) {
    meta.resultSize = typeSize(btf, pointee);
    meta.resultReadOnly = true;
  }
  if (meta.resultSize === 0) {
    const what = `${kindWord(btf, pointee)} ${btf.nameOf(pointee)}`;
    const message = `kernel function ${meta.name} returns pointer type ${what} is not supported`;
    env.reject(ERRNO.EINVAL, "V_UNSUPPORTED", message);
  }
  let type = L.PTR_TO_MEM;
  if (meta.resultReadOnly) type |= L.MEM_RDONLY;
  if (meta.isRcuProtected) type |= L.MEM_RCU;
  setR0(env, type, meta.resultSize, 0);
  // The memory goes with what it belongs to.
  if (meta.refId !== 0) env.m.set(env.reg(0), L.REG_REF, meta.refId);
}

function typeSize(btf: Btf, id: number): number {
  try {
    return sizeOf(btf, id);
  } catch (error) {
    if (error instanceof BpfError) return 0;
    throw error;
  }
}

/** Functions whose result their prototype does not tell (check_special_kfunc). */
const SPECIAL: Readonly<Record<string, (env: VerifierEnv, meta: KfuncMeta) => void>> = {
  bpf_obj_new_impl: setNewObject,
  bpf_percpu_obj_new_impl: setNewObject,
  bpf_refcount_acquire_impl: (env, meta) => {
    setR0(env, L.PTR_TO_BTF_ID | L.MEM_ALLOC, meta.argBtf, meta.argBtfId);
  },
  bpf_cast_to_kern_ctx: (env, meta) => {
    setR0(env, L.PTR_TO_BTF_ID | L.PTR_TRUSTED, 0, meta.resultId);
  },
  bpf_rdonly_cast: setCast,
  bpf_dynptr_slice: setSlice,
  bpf_dynptr_slice_rdwr: setSlice,
};

function setNewObject(env: VerifierEnv, meta: KfuncMeta): void {
  const isPercpu = meta.is("bpf_percpu_obj_new_impl");
  const id = allocatedType(env, meta, isPercpu);
  setR0(env, L.PTR_TO_BTF_ID | L.MEM_ALLOC | (isPercpu ? L.MEM_PERCPU : 0), env.btfNumber(env.input.btf!), id);
}

/** The structure of the program's own BTF that is to be allocated. */
function allocatedType(env: VerifierEnv, meta: KfuncMeta, isPercpu: boolean): number {
  const refuse = (message: string): never => env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: 1 });
  const value = meta.constant!;
  if (value >> 32n !== 0n) refuse("local type ID argument must be in range [0, U32_MAX]");
  const btf = env.input.btf ?? refuse("bpf_obj_new/bpf_percpu_obj_new requires prog BTF");
  const id = Number(value);
  const type = id > 0 && id < btf.count ? btf.type(id) : null;
  if (type?.kind !== "struct") {
    return refuse("bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a struct");
  }
  if (isPercpu) {
    if (type.size > MAX_PERCPU_SIZE) {
      refuse(`bpf_percpu_obj_new type size (${type.size}) is greater than ${MAX_PERCPU_SIZE}`);
    }
    if (!isScalarStruct(env, btf, id, 0)) {
      refuse("bpf_percpu_obj_new type ID argument must be of a struct of scalars");
    }
    if (structRecord(btf, id, env.btfs[0]) !== null) {
      refuse("bpf_percpu_obj_new type ID argument must not contain special fields");
    }
  }
  return id;
}

/** bpf_rdonly_cast: any address as that structure, read with faults caught. */
function setCast(env: VerifierEnv, meta: KfuncMeta): void {
  const btf = env.btf(0);
  const value = BigInt.asUintN(32, meta.constant!);
  const id = Number(value);
  if (id >= btf.count) {
    const message = `Unknown type ID ${BigInt.asIntN(64, meta.constant!)} passed to kfunc bpf_rdonly_cast`;
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: 2 });
  }
  const kind = btf.kindOf(id);
  if (kind === "struct" || kind === "union") setR0(env, L.PTR_TO_BTF_ID | L.PTR_UNTRUSTED, 0, id);
  else if (kind === "void") setR0(env, L.PTR_TO_MEM | L.MEM_RDONLY | L.PTR_UNTRUSTED, 0, 0);
  else {
    const message = "kfunc bpf_rdonly_cast type ID argument must be of a struct or void";
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: 2 });
  }
}

/** Program types whose programs write packets (may_access_direct_pkt_data). */
const WRITERS: ReadonlySet<number> = new Set([
  PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT,
  PROG_TYPE.BPF_PROG_TYPE_XDP,
  PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT,
  PROG_TYPE.BPF_PROG_TYPE_SK_SKB,
  PROG_TYPE.BPF_PROG_TYPE_SK_MSG,
  PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCKOPT,
]);

/** bpf_dynptr_slice and bpf_dynptr_slice_rdwr: a piece of what is behind a dynptr, of constant size. */
function setSlice(env: VerifierEnv, meta: KfuncMeta): void {
  assert(meta.constant !== null, "a slice's size is constant");
  const type = L.PTR_TO_MEM | dynptrFlagOfKind(meta.dynptrKind);
  const isReadOnly = meta.is("bpf_dynptr_slice");
  setR0(env, isReadOnly ? type | L.MEM_RDONLY : type, Number(BigInt.asUintN(32, meta.constant)), meta.dynptrId);
  if (isReadOnly) return;
  if (!WRITERS.has(resolvedType(env))) {
    env.reject(ERRNO.EINVAL, "V_PACKET_WRITE", "the prog does not allow writes to packet data");
  }
  env.seenDirectWrite = true;
}
