/** An ELF64 object file as values; `SHT_*`, `STT_*`, `R_BPF_*` numbers as in elf(5). */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  /** Empty for SHT_NOBITS; `size` still tells the size in memory. */
  readonly data: Uint8Array;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
  readonly entsize: number;
  /** Offset in the file. */
  readonly offset: number;
}
export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  /** STT_*: 0 notype, 1 object, 2 func, 3 section, 4 file. */
  readonly type: number;
  /** STB_*: 0 local, 1 global, 2 weak. */
  readonly bind: number;
  /** STV_*: 0 default, 2 hidden. */
  readonly visibility: number;
  /** Section index; 0 = undefined, 0xfff1 = absolute, 0xfff2 = common. */
  readonly section: number;
  readonly value: number;
  readonly size: number;
}
export interface ElfRelocation {
  /** Byte offset in the section it applies to. */
  readonly offset: number;
  /** R_BPF_*: 1 64_64, 2 64_ABS64, 3 64_ABS32, 4 64_NODYLD32, 10 64_32; rows in `relocation-types.ts`. */
  readonly type: number;
  readonly symbol: ElfSymbol;
  /** Of SHT_RELA only; SHT_REL keeps the addend in the bytes it patches. */
  readonly addend?: bigint;
}
export interface ElfFile {
  readonly littleEndian: boolean;
  /** e_machine: 247 EM_BPF. */
  readonly machine: number;
  /** e_type: 1 relocatable. */
  readonly type: number;
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  /** Relocations by index of the section they apply to, in file order. */
  readonly relocations: ReadonlyMap<number, readonly ElfRelocation[]>;
}
