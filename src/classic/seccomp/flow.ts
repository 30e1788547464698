import {
  BPF_ABS,
  BPF_ALU,
  BPF_JA,
  BPF_JEQ,
  BPF_JMP,
  BPF_LD,
  BPF_LDX,
  BPF_MEM,
  BPF_MISC,
  BPF_RET,
  BPF_ST,
  BPF_STX,
  BPF_TAX,
  BPF_X,
  type ClassicInsn,
} from "../insn.ts";
import { WORD_ARCH, WORD_NR } from "./data.ts";

/**
 * What is surely known before an instruction, for naming operands: which word of the data each register holds, and the architecture
 * and number of the system call where comparisons on every way there have settled them.
 */
export interface Known {
  readonly a: number | null;
  readonly x: number | null;
  readonly mem: ReadonlyMap<number, number>;
  readonly arch: number | null;
  readonly nr: number | null;
}

const NOTHING: Known = { a: null, x: null, mem: new Map(), arch: null, nr: null };

function join(one: Known | null, two: Known): Known {
  if (one === null) return two;
  const same = (p: number | null, q: number | null) => (p === q ? p : null);
  const mem = new Map([...one.mem].filter(([index, word]) => two.mem.get(index) === word));
  return {
    a: same(one.a, two.a),
    x: same(one.x, two.x),
    mem,
    arch: same(one.arch, two.arch),
    nr: same(one.nr, two.nr),
  };
}

function after({ code, k }: ClassicInsn, known: Known): Known {
  switch (code & 7) {
    case BPF_LD:
    case BPF_LDX: {
      const mode = code & 0xe0;
      const word = mode === BPF_ABS && k % 4 === 0 ? k / 4 : mode === BPF_MEM ? (known.mem.get(k) ?? null) : null;
      return (code & 7) === BPF_LD ? { ...known, a: word } : { ...known, x: word };
    }
    case BPF_ST:
    case BPF_STX: {
      const word = (code & 7) === BPF_ST ? known.a : known.x;
      const mem = new Map(known.mem);
      if (word === null) mem.delete(k);
      else mem.set(k, word);
      return { ...known, mem };
    }
    case BPF_ALU:
      return { ...known, a: null };
    case BPF_MISC:
      return (code & 0xf8) === BPF_TAX ? { ...known, x: known.a } : { ...known, a: known.x };
    default:
      return known;
  }
}

/** For every instruction what is known before it; null where no way leads. Jumps out of the program lead nowhere. */
export function knownBefore(insns: readonly ClassicInsn[]): readonly (Known | null)[] {
  const states = new Array<Known | null>(insns.length).fill(null);
  if (insns.length > 0) states[0] = NOTHING;
  const reach = (target: number, known: Known) => {
    if (target < states.length) states[target] = join(states[target]!, known);
  };
  insns.forEach((insn, n) => {
    const known = states[n]!;
    if (known === null || (insn.code & 7) === BPF_RET) return;
    if ((insn.code & 7) !== BPF_JMP) reach(n + 1, after(insn, known));
    else if ((insn.code & 0xf0) === BPF_JA) reach(n + 1 + insn.k, known);
    else {
      const isEqual = (insn.code & 0xf0) === BPF_JEQ && (insn.code & BPF_X) === 0;
      let holds = known;
      if (isEqual && known.a === WORD_ARCH) holds = { ...known, arch: insn.k };
      if (isEqual && known.a === WORD_NR) holds = { ...known, nr: insn.k };
      reach(n + 1 + insn.jt, holds);
      reach(n + 1 + insn.jf, known);
    }
  });
  return states;
}
