import type { LineInfo } from "./types.ts";

/** Bits of BPF_PROG_LOAD's log_level (linux/bpf_verifier.h). */
export const BPF_LOG_LEVEL1 = 1;
export const BPF_LOG_LEVEL2 = 2;
export const BPF_LOG_STATS = 4;

/**
 * The verifier's log as the kernel writes it. Level 1 forgets what was written of a path that went well (`position`, `rewind`).
 * The last line is kept at every level: it is the reason of a rejection.
 */
export class VerifierLog {
  readonly level: number;
  readonly #pieces: string[] = [];
  #length = 0;
  /** What `reject` wrote last, for results at level 0. */
  lastMessage = "";
  /** Where the last instruction's line ends, and how long it is with its newline; the state may be put behind it. */
  insnEnd = 0;
  insnLength = 0;
  /** The source line shown last. */
  lastLine: LineInfo | null = null;

  constructor(level: number) {
    this.level = level;
  }

  /** Whether instructions and states are written. */
  get states(): boolean {
    return (this.level & (BPF_LOG_LEVEL1 | BPF_LOG_LEVEL2)) !== 0;
  }
  get all(): boolean {
    return (this.level & BPF_LOG_LEVEL2) !== 0;
  }
  write(text: string): void {
    if (this.level === 0) return;
    this.#pieces.push(text);
    this.#length += text.length;
  }
  get position(): number {
    return this.#length;
  }
  rewind(position: number): void {
    while (this.#length > position) {
      const last = this.#pieces.pop()!;
      this.#length -= last.length;
      if (this.#length < position) this.write(last.slice(0, position - this.#length));
    }
  }
  get text(): string {
    return this.#pieces.join("");
  }
}
