import {
  KF_ACQUIRE,
  KF_ITER_DESTROY,
  KF_ITER_NEW,
  KF_ITER_NEXT,
  KF_RCU,
  KF_RCU_PROTECTED,
  KF_RELEASE,
  KF_RET_NULL,
  KF_SLEEPABLE,
  KF_TRUSTED_ARGS,
} from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import type { KfuncPrototype } from "./prototypes.ts";
import type { GraphField } from "./records.ts";

/** What the checks of one call's arguments hand on to each other and to what comes after the call (struct bpf_kfunc_call_arg_meta). */
export class KfuncMeta {
  readonly prototype: KfuncPrototype;
  readonly name: string;
  /** KF_*. */
  readonly flags: number;
  /** Reference that some argument holds; 0 = none. */
  refId = 0;
  /** Register whose reference the call takes away; 0 = none. */
  releaseRegno = 0;
  /** Bytes behind the pointer returned, where its type does not tell; 0 = unknown. */
  resultSize = 0;
  resultReadOnly = false;
  /** Kernel structure that bpf_cast_to_kern_ctx gives. */
  resultId = 0;
  /** Number of the function that the call is given. */
  subprog = 0;
  /** The argument that must be constant; null before it was met. */
  constant: bigint | null = null;
  /** Type of the allocated object that was passed. */
  argBtf = 0;
  argBtfId = 0;
  argIsOwning = false;
  /** List head or tree root that was passed. */
  root: GraphField | null = null;
  /** The initialised dynptr that was passed. */
  dynptrKind = 0;
  dynptrId = 0;
  dynptrRef = 0;
  /** Slot and frame of the iterator that was passed. */
  iterSlot = -1;
  iterFrame = 0;
  /** Number of the map that was passed, -1 = none, and the uid of an inner map's lookup. */
  map = -1;
  mapUid = 0;

  constructor(prototype: KfuncPrototype, flags: number) {
    this.prototype = prototype;
    this.name = prototype.name;
    this.flags = flags;
  }

  /** Whether it is that function of the kernel itself. */
  is(name: string): boolean {
    return this.prototype.btf === 0 && this.name === name;
  }
  get acquires(): boolean {
    return (this.flags & KF_ACQUIRE) !== 0;
  }
  get releases(): boolean {
    return (this.flags & KF_RELEASE) !== 0;
  }
  get mayReturnNull(): boolean {
    if (this.argIsOwning && this.is("bpf_refcount_acquire_impl")) return false;
    return (this.flags & KF_RET_NULL) !== 0;
  }
  /** Pointers passed must be referenced or trusted. */
  get wantsTrusted(): boolean {
    return (this.flags & (KF_TRUSTED_ARGS | KF_RELEASE)) !== 0;
  }
  /** RCU protection does as well. */
  get takesRcu(): boolean {
    return (this.flags & KF_RCU) !== 0;
  }
  get isRcuProtected(): boolean {
    return (this.flags & KF_RCU_PROTECTED) !== 0;
  }
  get sleeps(): boolean {
    return (this.flags & KF_SLEEPABLE) !== 0;
  }
  get isIterNew(): boolean {
    return (this.flags & KF_ITER_NEW) !== 0;
  }
  get isIterNext(): boolean {
    return (this.flags & KF_ITER_NEXT) !== 0;
  }
  get isIterDestroy(): boolean {
    return (this.flags & KF_ITER_DESTROY) !== 0;
  }
  get isIter(): boolean {
    return (this.flags & (KF_ITER_NEW | KF_ITER_NEXT | KF_ITER_DESTROY)) !== 0;
  }
}

/** The state is in an RCU read section: an explicit one, a lock's, or a program that never sleeps (in_rcu_cs). */
export function inRcuSection(env: VerifierEnv): boolean {
  const { state } = env;
  return state.activeRcuLock || state.activeLocks > 0 || !state.inSleepable;
}
