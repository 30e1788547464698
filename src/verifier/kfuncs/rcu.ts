import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import type { Reg } from "../memory.ts";
import { inRbtreeCallback } from "./graph.ts";
import type { KfuncMeta } from "./meta.ts";

/** Sections that functions open and close: RCU read sections, preemption off, interrupts off; and what may not be called inside. */

/** Pointers that only the section protected, in registers, spilled ones and iterators, are good for guarded reads alone from now on. */
function distrustRcuPointers(env: VerifierEnv): void {
  const { m } = env;
  for (const frame of env.state.frames) {
    for (let n = 0; n < L.REGS_PER_FRAME; n++) distrust(env, m.reg(frame, n));
    const slots = m.get(frame, L.FRAME_STACK_BYTES) >> 3;
    for (let slot = 0; slot < slots; slot++) {
      const kind = m.slotKind(frame, slot, 0);
      if (kind === L.STACK_SPILL || kind === L.STACK_ITER) distrust(env, m.slot(frame, slot));
    }
  }
}

function distrust(env: VerifierEnv, reg: Reg): void {
  const type = env.m.type(reg);
  if ((type & L.MEM_RCU) === 0) return;
  env.m.setType(reg, (type & ~(L.MEM_RCU | L.PTR_MAYBE_NULL)) | L.PTR_UNTRUSTED);
}

/** bpf_rcu_read_lock and bpf_rcu_read_unlock, and sleeping functions between them. */
export function checkRcuSection(env: VerifierEnv, meta: KfuncMeta): void {
  const { state } = env;
  const locks = meta.is("bpf_rcu_read_lock");
  const unlocks = meta.is("bpf_rcu_read_unlock");
  if (!state.activeRcuLock) {
    if (locks) state.activeRcuLock = true;
    if (unlocks) {
      env.reject(ERRNO.EINVAL, "V_RCU", `unmatched rcu read unlock (kernel function ${meta.name})`);
    }
    return;
  }
  if (inRbtreeCallback(env) && (locks || unlocks)) {
    env.reject(ERRNO.EACCES, "V_RCU", "Calling bpf_rcu_read_{lock,unlock} in unnecessary rbtree callback");
  }
  if (locks) env.reject(ERRNO.EINVAL, "V_RCU", `nested rcu read lock (kernel function ${meta.name})`);
  if (unlocks) {
    distrustRcuPointers(env);
    state.activeRcuLock = false;
  } else if (meta.sleeps) {
    env.reject(ERRNO.EACCES, "V_SLEEPABLE", `kernel func ${meta.name} is sleepable within rcu_read_lock region`);
  }
}

/** bpf_preempt_disable and bpf_preempt_enable, and sleeping functions between them or with interrupts off. */
export function checkPreemptSection(env: VerifierEnv, meta: KfuncMeta): void {
  const { state } = env;
  if (meta.is("bpf_preempt_disable")) state.activePreemptLocks++;
  else if (meta.is("bpf_preempt_enable")) {
    if (state.activePreemptLocks === 0) {
      const message = `unmatched attempt to enable preemption (kernel function ${meta.name})`;
      env.reject(ERRNO.EINVAL, "V_PREEMPT", message);
    }
    state.activePreemptLocks--;
  } else if (state.activePreemptLocks > 0 && meta.sleeps) {
    env.reject(ERRNO.EACCES, "V_SLEEPABLE", `kernel func ${meta.name} is sleepable within non-preemptible region`);
  }
  if (state.activeIrqId !== 0 && meta.sleeps) {
    env.reject(ERRNO.EACCES, "V_SLEEPABLE", `kernel func ${meta.name} is sleepable within IRQ-disabled region`);
  }
}
