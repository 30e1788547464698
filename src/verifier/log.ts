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
  #text = "";
  /** What `reject` wrote last, for results at level 0. */
  lastMessage = "";

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
    if (this.level !== 0) this.#text += text;
  }
  get position(): number {
    return this.#text.length;
  }
  rewind(position: number): void {
    this.#text = this.#text.slice(0, position);
  }
  get text(): string {
    return this.#text;
  }
}
