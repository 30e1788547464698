import { isSyncCallbackHelper } from "../calls/callbacks.ts";
import type { VerifierEnv } from "../env.ts";

/** Kernel functions that call back into the program before they return (is_sync_callback_calling_kfunc). */
const SYNC_KFUNCS: ReadonlySet<string> = new Set(["bpf_rbtree_add_impl"]);

/** Name of the kernel function that a call names, "" where it is none of the kernel itself. */
export function kfuncName(env: VerifierEnv, insn: number): string {
  if (!env.insns.isKfuncCall(insn) || env.insns.off[insn] !== 0) return "";
  return env.btfs[0]?.nameOf(env.insns.imm[insn]!) ?? "";
}

/** Whether the call at `insn` runs a function of the program before it returns (is_sync_callback_calling_insn). */
export function callsCallbackSync(env: VerifierEnv, insn: number): boolean {
  if (env.insns.isHelperCall(insn)) return isSyncCallbackHelper(env.insns.imm[insn]!);
  return env.insns.isKfuncCall(insn) && SYNC_KFUNCS.has(kfuncName(env, insn));
}
