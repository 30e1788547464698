import { BPF_JA, BPF_JMP, BPF_K, BPF_RET, type ClassicInsn, classic } from "../insn.ts";

/** A place in a program that is being written from its end: how many instructions follow it, itself included. */
export type Place = number;

/**
 * Writes a program backwards, so that every jump leads to what is written already. Where a condition's target is out of its reach of
 * 255 instructions, a copy of the return there, or a jump to it, is put near, once for all who need it.
 */
export class BackwardWriter {
  /** In reverse order. */
  readonly #insns: ClassicInsn[] = [];
  /** The nearest stand-in for a place. */
  readonly #near = new Map<Place, Place>();

  get length(): number {
    return this.#insns.length;
  }

  #push(insn: ClassicInsn): Place {
    this.#insns.push(insn);
    return this.#insns.length;
  }

  ret(value: number): Place {
    return this.#push(classic(BPF_RET | BPF_K, value));
  }

  /** Something that does not jump, and then what stands at `next`. */
  before(insn: ClassicInsn, next: Place): Place {
    if (next !== this.#insns.length) this.#jump(next);
    return this.#push(insn);
  }

  /** A new instruction that is as good as `target`. */
  #jump(target: Place): Place {
    const there = this.#insns[target - 1]!;
    if ((there.code & 7) === BPF_RET) return this.#push(there);
    return this.#push(classic(BPF_JMP | BPF_JA, this.#insns.length - target));
  }

  /** `target`, or what stands for it, if a condition with `more` instructions before it still reaches it; else null. */
  #reachable(target: Place, more: number): Place | null {
    const place = this.#near.get(target) ?? target;
    return this.#insns.length + more - place <= 255 ? place : null;
  }

  /** A condition with its two ways. */
  branch(code: number, k: number, yes: Place, no: Place): Place {
    // Each way may need a stand-in, which moves the other one away by one.
    for (const target of [yes, no, yes]) {
      if (this.#reachable(target, 2) === null) this.#near.set(target, this.#jump(target));
    }
    const [jt, jf] = [yes, no].map((target) => this.#insns.length - this.#reachable(target, 0)!);
    return this.#push(classic(code, k, jt!, jf!));
  }

  /** The program, without what only stand-ins have replaced. */
  finish(): ClassicInsn[] {
    const insns = [...this.#insns].reverse();
    const reached = new Uint8Array(insns.length + 1);
    reached[0] = 1;
    insns.forEach(({ code, jt, jf, k }, n) => {
      if (reached[n] === 0 || (code & 7) === BPF_RET) return;
      const ways = (code & 7) !== BPF_JMP ? [0] : code === (BPF_JMP | BPF_JA) ? [k] : [jt, jf];
      for (const by of ways) reached[n + 1 + by] = 1;
    });
    const place: number[] = [];
    let kept = 0;
    for (let n = 0; n < insns.length; n++) place.push(reached[n] === 0 ? kept : kept++);
    return insns.flatMap((insn, n) => {
      if (reached[n] === 0) return [];
      const by = (distance: number) => place[n + 1 + distance]! - place[n]! - 1;
      if ((insn.code & 7) !== BPF_JMP) return [insn];
      if (insn.code === (BPF_JMP | BPF_JA)) return [{ ...insn, k: by(insn.k) }];
      return [{ ...insn, jt: by(insn.jt), jf: by(insn.jf) }];
    });
  }
}
