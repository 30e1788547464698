import type { KindRow } from "./row.ts";

/** References and sections: what was begun must be ended. */
export const SECTIONS = {
  V_REFERENCE_LEAK: {
    title: "a reference is not given back",
    why: "The object (a socket, a ring buffer reservation, a kernel object) would stay in use for ever after this path.",
    repair:
      "Release it on every path to the end, early returns included: bpf_sk_release(), bpf_ringbuf_submit() or _discard(), bpf_obj_drop(), or the _release() of its kind. Where the pointer is NULL nothing is to be released.",
  },
  V_REFERENCE_MISUSE: {
    title: "a reference is used or given back wrongly",
    why: "What is released must be a reference that this program acquired and still holds, as it was given: no offset, no second release.",
    repair: "Release the pointer that the acquiring function returned, unchanged, once.",
  },
  V_LOCK: {
    title: "a lock is not held or released as it must be",
    why: "Under bpf_spin_lock nothing may be called that could wait or take long; it is taken once, released in the same function, on every path, and it is the lock of the same map value.",
    repair:
      "Keep the section short: bpf_spin_lock(&v->lock), plain loads and stores, bpf_spin_unlock(&v->lock) before every call, return and branch out.",
  },
  V_RCU: {
    title: "an RCU section is missing, left open, or begun twice",
    why: "RCU-protected pointers are alive only inside bpf_rcu_read_lock(); the section ends before the program does.",
    repair:
      "Put bpf_rcu_read_lock() before getting the pointer and bpf_rcu_read_unlock() after its last use, on every path, not nested.",
  },
  V_PREEMPT: {
    title: "a section without preemption is left open or not begun",
    why: "bpf_preempt_disable() and bpf_preempt_enable() belong together on every path, and inside nothing sleeps and no global function is called.",
    repair: "Call bpf_preempt_enable() on every path to the end, as often as bpf_preempt_disable().",
  },
  V_IRQ: {
    title: "interrupts are not restored as they were saved",
    why: "Each bpf_local_irq_save() has its flag variable, restored once, in reverse order, on every path, by the same kind of function.",
    repair: "Call bpf_local_irq_restore(&flags) on every path with the same variable, innermost first.",
  },
} as const satisfies Record<string, KindRow>;
