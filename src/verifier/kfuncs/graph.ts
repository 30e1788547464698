import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { assert } from "../../util/index.ts";
import { lockOwner } from "../calls/locks.ts";
import { markInvalid } from "../calls/stack-objects.ts";
import type { VerifierEnv } from "../env.ts";
import { kfuncName } from "../explore/callback-kind.ts";
import type { SetCalleeState } from "../explore/calls.ts";
import { findLock } from "../explore/refs.ts";
import { markKnownZeroReg } from "../explore/registers.ts";
import type { Reg } from "../memory.ts";
import { btfStructIdsMatch } from "../objects/btf-access.ts";
import { forEachReg, REF_TYPE_LOCK_MASK } from "../state.ts";
import type { KfuncMeta } from "./meta.ts";
import { findGraphField, type GraphField, recordOfReg, refcountOffset, spinLockOffset } from "./records.ts";

/**
 * Linked lists and red-black trees of allocated objects. An object that is taken out, or newly allocated, is owned: its reference must be
 * given back, to a collection or to the allocator. Put into one it is owned by the collection, and the program's pointers to it are
 * non-owning: good for reading until the collection's lock is given back.
 */

const ADD = "bpf_rbtree_add_impl";

/** Whether the path is in the function that bpf_rbtree_add compares with (in_rbtree_lock_required_cb). */
export function inRbtreeCallback(env: VerifierEnv): boolean {
  const { state, m } = env;
  if (state.curframe === 0 || m.get(state.frame, L.FRAME_IN_CALLBACK) === 0) return false;
  return kfuncName(env, m.get(state.frame, L.FRAME_CALLSITE)) === ADD;
}

/** Pointers to an object that a collection owns: they lose the right to it (ref_set_non_owning). */
export function setNonOwning(env: VerifierEnv, reg: Reg): void {
  const { m } = env;
  assert(env.state.activeLocks > 0, "collections are changed under their lock");
  let type = m.type(reg) | L.NON_OWN_REF;
  if (refcountOffset(env, reg) >= 0) type |= L.MEM_RCU;
  m.setType(reg, type);
}

/** All pointers to the object of a reference become non-owning (ref_convert_owning_non_owning). */
export function convertToNonOwning(env: VerifierEnv, ref: number): void {
  const { m } = env;
  assert(
    env.state.refs.some((reference) => reference.id === ref),
    "an owned object has a reference",
  );
  forEachReg(m, env.state, (reg) => {
    if (m.ref(reg) !== ref) return;
    m.set(reg, L.REG_REF, 0);
    setNonOwning(env, reg);
  });
}

/** The lock was given back: what collections own may be gone (invalidate_non_owning_refs). */
export function invalidateNonOwningRefs(env: VerifierEnv): void {
  forEachReg(env.m, env.state, (reg) => {
    if (isNonOwning(env.m.type(reg))) markInvalid(env, reg);
  });
}

/** A pointer to an object that a collection owns (type_is_non_owning_ref). */
export function isNonOwning(type: number): boolean {
  return isAllocated(type) && (type & L.NON_OWN_REF) !== 0;
}

/** A pointer to an object that a program allocated (type_is_ptr_alloc_obj). */
export function isAllocated(type: number): boolean {
  return (type & L.TYPE_BASE_MASK) === L.PTR_TO_BTF_ID && (type & L.MEM_ALLOC) !== 0;
}

/** The kind of node that a root holds. */
const NODE_OF = { bpf_list_head: "bpf_list_node", bpf_rb_root: "bpf_rb_node" } as const;
export type RootKind = keyof typeof NODE_OF;

function checkConstantOffset(env: VerifierEnv, regno: number, what: string): void {
  if (env.m.isConst(env.reg(regno))) return;
  const message = `R${regno} doesn't have constant offset. ${what} has to be at the constant offset`;
  env.reject(ERRNO.EINVAL, "V_GRAPH", message, { reg: regno });
}

/** A list head or tree root, in a map's value or an owned object (process_kf_arg_ptr_to_graph_root). */
export function checkRootArg(env: VerifierEnv, regno: number, kind: RootKind, meta: KfuncMeta): void {
  const { m } = env;
  const reg = env.reg(regno);
  const type = m.type(reg);
  if (type !== L.PTR_TO_MAP_VALUE && type !== (L.PTR_TO_BTF_ID | L.MEM_ALLOC)) {
    const message = `arg#${regno - 1} expected pointer to map value or allocated object`;
    env.reject(ERRNO.EINVAL, "V_GRAPH", message, { reg: regno });
  }
  if (type !== L.PTR_TO_MAP_VALUE) checkOwned(env, regno);
  checkConstantOffset(env, regno, kind);
  const off = m.off(reg) + m.signed(reg, L.REG_VALUE);
  const field = findGraphField(env, reg, off, kind);
  if (field === null) {
    env.reject(ERRNO.EINVAL, "V_GRAPH", `${kind} not found at offset=${off >>> 0}`, { reg: regno, off });
  }
  checkLockHeld(env, regno, kind);
  meta.root = field;
}

function checkOwned(env: VerifierEnv, regno: number): void {
  if (env.m.ref(env.reg(regno)) !== 0) return;
  env.reject(ERRNO.EINVAL, "V_GRAPH", "allocated object must be referenced", { reg: regno });
}

/** The lock beside the root must be held (check_reg_allocation_locked). */
function checkLockHeld(env: VerifierEnv, regno: number, kind: RootKind): void {
  const { m, state } = env;
  const reg = env.reg(regno);
  if (state.activeLocks > 0) {
    if (findLock(state, REF_TYPE_LOCK_MASK, m.id(reg), lockOwner(env, reg)) !== null) return;
    env.verbose("held lock and object are not in the same allocation\n");
  }
  const off = spinLockOffset(env, reg);
  env.reject(ERRNO.EINVAL, "V_LOCK", `bpf_spin_lock at off=${off} must be held for ${kind}`, { reg: regno, off });
}

/** A node to be put in (`owned`) or found through another one. */
export function checkNodeArg(env: VerifierEnv, regno: number, kind: RootKind, meta: KfuncMeta): void {
  const { m } = env;
  const type = m.type(env.reg(regno));
  const isInsertion = kind === "bpf_list_head" || meta.is(ADD);
  if (isInsertion) {
    if (type !== (L.PTR_TO_BTF_ID | L.MEM_ALLOC)) {
      const message = `arg#${regno - 1} expected pointer to allocated object`;
      env.reject(ERRNO.EINVAL, "V_GRAPH", message, { reg: regno });
    }
    checkOwned(env, regno);
  } else {
    if (!isNonOwning(type) && m.ref(env.reg(regno)) === 0) {
      const message = `${meta.name} can only take non-owning or refcounted bpf_rb_node pointer`;
      env.reject(ERRNO.EINVAL, "V_GRAPH", message, { reg: regno });
    }
    if (inRbtreeCallback(env)) {
      env.reject(ERRNO.EINVAL, "V_GRAPH", `${meta.name} not allowed in rbtree cb`, { reg: regno });
    }
  }
  checkNodeType(env, regno, kind, meta);
}

/** The node must be the one that the root's declaration names (`__contains`; process_kf_arg_ptr_to_graph_node). */
function checkNodeType(env: VerifierEnv, regno: number, kind: RootKind, meta: KfuncMeta): void {
  const { m } = env;
  const node = NODE_OF[kind];
  checkConstantOffset(env, regno, node);
  const reg = env.reg(regno);
  const off = m.off(reg) + m.signed(reg, L.REG_VALUE);
  if (recordOfReg(env, reg) === null || findGraphField(env, reg, off, node) === null) {
    env.reject(ERRNO.EINVAL, "V_GRAPH", `${node} not found at offset=${off >>> 0}`, { reg: regno, off });
  }
  const root = meta.root!;
  const btf = m.get(reg, L.REG_A);
  const id = m.get(reg, L.REG_B);
  const wanted = env.btf(root.valueBtf).nameOf(root.valueId);
  if (!btfStructIdsMatch(env, btf, id, 0, root.valueBtf, root.valueId, true)) {
    const message =
      `operation on ${kind} expects arg#1 ${node} at offset=${root.nodeOffset} in struct ${wanted}, ` +
      `but arg is at offset=${off} in struct ${env.btf(btf).nameOf(id)}`;
    env.reject(ERRNO.EINVAL, "V_GRAPH", message, { reg: regno, off });
  }
  meta.argBtf = btf;
  meta.argBtfId = id;
  if (off === root.nodeOffset) return;
  const message = `arg#1 offset=${off}, but expected ${node} at offset=${root.nodeOffset} in struct ${wanted}`;
  env.reject(ERRNO.EINVAL, "V_GRAPH", message, { reg: regno, off });
}

/** The register points at the node of an object in a collection (mark_reg_graph_node). */
export function setGraphNode(env: VerifierEnv, reg: Reg, root: GraphField): void {
  const { m } = env;
  markKnownZeroReg(env, reg);
  m.setType(reg, L.PTR_TO_BTF_ID | L.MEM_ALLOC);
  m.set(reg, L.REG_A, root.valueBtf);
  m.set(reg, L.REG_B, root.valueId);
  m.set(reg, L.REG_OFF, root.nodeOffset);
}

/** bpf_rbtree_add: less(node, node), both owned by the tree (set_rbtree_add_callback_state). */
export const setRbtreeLessCallback: SetCalleeState = (env, caller, callee) => {
  const { m } = env;
  const rootReg = m.reg(caller, 1);
  const root = findGraphField(env, rootReg, m.off(rootReg), "bpf_rb_root");
  if (root === null || root.valueId === 0) return env.reject(ERRNO.EFAULT, "V_GRAPH", "");
  for (const n of [1, 2]) {
    setGraphNode(env, m.reg(callee, n), root);
    setNonOwning(env, m.reg(callee, n));
  }
  for (const n of [3, 4, 5]) m.ops.mark_not_init(m.reg(callee, n));
  m.set(callee, L.FRAME_IN_CALLBACK, 1);
  m.set(callee, L.FRAME_CALLBACK_RET_MIN, 0);
  m.set(callee, L.FRAME_CALLBACK_RET_MAX, 1);
};
