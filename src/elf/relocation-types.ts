/** One relocation type of the BPF psABI (the kernel's Documentation/bpf/llvm_reloc.rst; binutils include/elf/bpf.h). */
export interface RelocationType {
  readonly number: number;
  readonly name: string;
  /** Bytes that must exist from `r_offset` on in code: the instruction that is patched. */
  readonly codeBytes: number;
  /** The same in data. Clang before 13 used the types of instructions there too. */
  readonly dataBytes: number;
  readonly help: string;
}

/** All relocation types that compilers for BPF emit. */
export const RELOCATION_TYPES = [
  { number: 0, name: "R_BPF_NONE", codeBytes: 0, dataBytes: 0, help: "nothing" },
  { number: 1, name: "R_BPF_64_64", codeBytes: 16, dataBytes: 8, help: "imm of both slots of lddw" },
  { number: 2, name: "R_BPF_64_ABS64", codeBytes: 8, dataBytes: 8, help: "64-bit data" },
  { number: 3, name: "R_BPF_64_ABS32", codeBytes: 4, dataBytes: 4, help: "32-bit data" },
  { number: 4, name: "R_BPF_64_NODYLD32", codeBytes: 4, dataBytes: 4, help: "32-bit data of .BTF and .BTF.ext" },
  { number: 10, name: "R_BPF_64_32", codeBytes: 8, dataBytes: 4, help: "imm of call" },
  { number: 11, name: "R_BPF_DATA_32", codeBytes: 4, dataBytes: 4, help: "32-bit data (binutils before 2.41)" },
  { number: 12, name: "R_BPF_DATA_64", codeBytes: 8, dataBytes: 8, help: "64-bit data (binutils before 2.41)" },
  { number: 256, name: "R_BPF_GNU_64_16", codeBytes: 8, dataBytes: 2, help: "offset of a jump (gcc)" },
] as const satisfies readonly RelocationType[];

const BY_NUMBER = new Map<number, RelocationType>(RELOCATION_TYPES.map((row) => [row.number, row]));

/** The row of that number, undefined for a number that no BPF compiler emits. */
export function relocationType(number: number): RelocationType | undefined {
  return BY_NUMBER.get(number);
}
