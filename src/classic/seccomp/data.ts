/**
 * `struct seccomp_data` (linux/seccomp.h): what a filter sees of a system call. Filters load 32-bit words, so the 64-bit fields are
 * two words each; offsets below are for little-endian machines, as all of ARCHITECTURES are.
 */
export interface SeccompData {
  readonly nr: number;
  /** AUDIT_ARCH_*. */
  readonly arch: number;
  readonly instructionPointer: bigint;
  /** Six arguments, 64 bits each; missing ones are 0. */
  readonly args: readonly bigint[];
}

/** sizeof(struct seccomp_data). */
export const DATA_BYTES = 64;
/** Its 32-bit words. */
export const DATA_WORDS = DATA_BYTES / 4;

export const WORD_NR = 0;
export const WORD_ARCH = 1;
export const WORD_IP = 2;
export const WORD_ARGS = 4;

/** The words of a filter's input, each an unsigned number. */
export function dataWords({ nr, arch, instructionPointer, args }: SeccompData): number[] {
  const wide = [instructionPointer, ...Array.from({ length: 6 }, (_, i) => args[i] ?? 0n)];
  return [nr >>> 0, arch >>> 0, ...wide.flatMap((v) => [Number(v & 0xffffffffn), Number((v >> 32n) & 0xffffffffn)])];
}

/** Which 64-bit field a word is a half of: 0 … 5 an argument, -1 the instruction pointer. */
export function wideField(word: number): { readonly index: number; readonly high: boolean } {
  return { index: ((word - WORD_ARGS) >> 1) | 0, high: (word & 1) === 1 };
}
