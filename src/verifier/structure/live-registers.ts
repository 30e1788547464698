import type { VerifierEnv } from "../env.ts";
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_ATOMIC,
  BPF_CALL,
  BPF_CMPXCHG,
  BPF_END,
  BPF_EXIT,
  BPF_FETCH,
  BPF_IMM,
  BPF_JA,
  BPF_JCOND,
  BPF_JMP,
  BPF_JMP32,
  BPF_LD,
  BPF_LDX,
  BPF_LOAD_ACQ,
  BPF_MEM,
  BPF_MEMSX,
  BPF_MOV,
  BPF_ST,
  BPF_STORE_REL,
  BPF_STX,
  BPF_X,
} from "../insns.ts";
import { insnText } from "../log/insn-text.ts";
import { callSummary } from "./call-facts.ts";
import { successorsOf } from "./successors.ts";

/**
 * Which registers each instruction may still need: the textbook's backward analysis, live before = (live after without what is written)
 * with what is read, over sets of registers as bits.
 */

const R0 = 1;
/** r0 to r5: what a call leaves undefined. */
const CALLER_SAVED = 0x3f;
const EVERYTHING = 0xffff;

/** What an instruction reads, and writes, as sets. */
type Access = (env: VerifierEnv, i: number) => readonly [use: number, def: number];

const dst = (env: VerifierEnv, i: number): number => 1 << env.insns.dst[i]!;
const src = (env: VerifierEnv, i: number): number => 1 << env.insns.src[i]!;
const both = (env: VerifierEnv, i: number): number => dst(env, i) | src(env, i);
/** The second operand, where that is a register. */
const operand = (env: VerifierEnv, i: number): number => (env.insns.code[i]! & BPF_X ? src(env, i) : 0);
const mode = (env: VerifierEnv, i: number): number => env.insns.code[i]! & 0xe0;

const arithmetic: Access = (env, i) => {
  switch (env.insns.op(i)) {
    case BPF_END:
      return [dst(env, i), dst(env, i)];
    case BPF_MOV:
      return [operand(env, i), dst(env, i)];
    default:
      return [dst(env, i) | operand(env, i), dst(env, i)];
  }
};

const atomic: Access = (env, i) => {
  const imm = env.insns.imm[i]!;
  switch (imm) {
    case BPF_CMPXCHG:
      return [R0 | both(env, i), R0];
    case BPF_LOAD_ACQ:
      return [src(env, i), dst(env, i)];
    case BPF_STORE_REL:
      return [both(env, i), 0];
    default:
      return [both(env, i), imm & BPF_FETCH ? src(env, i) : 0];
  }
};

const jump: Access = (env, i) => {
  switch (env.insns.op(i)) {
    case BPF_JA:
    case BPF_JCOND:
      return [0, 0];
    case BPF_EXIT:
      return [R0, 0];
    case BPF_CALL: {
      const params = callSummary(env, i)?.params ?? 5;
      return [((1 << (params + 1)) - 1) & CALLER_SAVED & ~R0, CALLER_SAVED];
    }
    default:
      return [dst(env, i) | operand(env, i), 0];
  }
};

/** By class of instruction. */
const ACCESS: Readonly<Record<number, Access>> = {
  [BPF_LD]: (env, i) => (mode(env, i) === BPF_IMM ? [0, dst(env, i)] : [EVERYTHING, 0]),
  [BPF_LDX]: (env, i) =>
    mode(env, i) === BPF_MEM || mode(env, i) === BPF_MEMSX ? [src(env, i), dst(env, i)] : [EVERYTHING, 0],
  [BPF_ST]: (env, i) => [dst(env, i), 0],
  [BPF_STX]: (env, i) => (mode(env, i) === BPF_ATOMIC ? atomic(env, i) : [both(env, i), 0]),
  [BPF_ALU]: arithmetic,
  [BPF_ALU64]: arithmetic,
  [BPF_JMP]: jump,
  [BPF_JMP32]: jump,
};

/** Which registers each instruction may still need (compute_live_registers). */
export function computeLiveRegisters(env: VerifierEnv): void {
  const { insns, aux, postorder } = env;
  const { count } = insns;
  const use = new Uint16Array(count);
  const def = new Uint16Array(count);
  const before = new Uint16Array(count);
  const { next, target } = successorsOf(insns);
  for (let i = 0; i < count; i++) {
    const access = ACCESS[insns.class(i)]!(env, i);
    use[i] = access[0];
    def[i] = access[1];
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const i of postorder) {
      const a = next[i]!;
      const b = target[i]!;
      const after = (a >= 0 ? before[a]! : 0) | (b >= 0 ? before[b]! : 0);
      const live = (after & ~def[i]!) | use[i]!;
      if (live === before[i]) continue;
      before[i] = live;
      changed = true;
    }
  }
  for (let i = 0; i < count; i++) aux[i]!.liveRegsBefore = before[i]!;
  if (env.log.all) printLiveRegisters(env);
}

function printLiveRegisters(env: VerifierEnv): void {
  const { insns, aux } = env;
  env.verbose("Live regs before insn:\n");
  for (let i = 0; i < insns.count; i++) {
    const { scc, liveRegsBefore } = aux[i]!;
    const set = "0123456789".replace(/./g, (digit) => ((liveRegsBefore >> Number(digit)) & 1 ? digit : "."));
    const component = scc === 0 ? "    " : `${String(scc).padStart(3)} `;
    env.verbose(`${component}${String(i).padStart(3)}: ${set} ${insnText(env, i)}\n`);
    if (insns.isLdImm64(i)) i++;
  }
}
