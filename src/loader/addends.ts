import type { ElfFile, ElfRelocation } from "../elf/index.ts";
import type { Insn } from "../isa/index.ts";
import { ByteReader } from "../util/index.ts";
import { SHF_EXECINSTR, SHN_UNDEF, STT_SECTION } from "./reading.ts";

/**
 * Where relocations of instructions point. SHT_REL keeps the addend in the instruction: an offset in bytes from the symbol for lddw, a
 * displacement in instructions for calls (llvm_reloc.rst). Assemblers of GNU binutils before 2.41 put more into the field when a symbol has
 * a name and a value: for lddw the sum of both, for calls the symbol's value in bytes less 1.
 */

const SLOT = 8;
const R_BPF_64_64 = 1;

/**
 * Whether the object's lddw hold the value of a named symbol beside the addend. Objects do not tell their assembler's version, but GNU's
 * keeps section names in a table of their own, and then every such instruction holds a number from its symbol's value up to its end; with
 * addends alone most hold 0.
 */
export function holdsSymbolValues(elf: ElfFile): boolean {
  if (!elf.sections.some((s) => s.name === ".shstrtab") || madeByClang(elf)) return false;
  let seen = false;
  for (const section of elf.sections) {
    if ((section.flags & SHF_EXECINSTR) === 0) continue;
    const reader = new ByteReader(section.data, section.name, elf.littleEndian);
    for (const { offset, type, symbol, addend } of elf.relocations.get(section.index) ?? []) {
      const counts = type === R_BPF_64_64 && addend === undefined && symbol.section !== SHN_UNDEF;
      if (!counts || symbol.type === STT_SECTION || symbol.value === 0) continue;
      const held = reader.u32(offset + 4);
      if (held < symbol.value || held > symbol.value + symbol.size) return false;
      seen = true;
    }
  }
  return seen;
}

/** Tools of GNU binutils rewrite the tables of clang's objects too, but leave this line of text. */
function madeByClang(elf: ElfFile): boolean {
  const comment = elf.sections.find((s) => s.name === ".comment");
  return comment !== undefined && new TextDecoder().decode(comment.data).includes("clang");
}

/** Byte offset in the symbol's section that an lddw means. */
export function loadOffset(insn: Insn, { symbol, addend }: ElfRelocation, symbolValues: boolean): number {
  if (addend !== undefined) return symbol.value + Number(addend);
  return symbolValues && symbol.type !== STT_SECTION ? insn.imm : symbol.value + insn.imm;
}

/** Byte offset in the symbol's section that a call means: the field counts from the symbol, -1 is its first instruction. */
export function callOffset(insn: Insn, { symbol, addend }: ElfRelocation): number {
  if (addend !== undefined) return symbol.value + Number(addend);
  const displacement = insn.form.op === "local" ? insn.off : insn.imm;
  if (symbol.type !== STT_SECTION && displacement + 1 === symbol.value) return symbol.value;
  return symbol.value + (displacement + 1) * SLOT;
}
