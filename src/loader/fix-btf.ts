import type { ElfFile, ElfSection } from "../elf/index.ts";

/**
 * Compilers leave the sizes of BTF's data sections and the offsets of their variables 0 and say them by ELF instead
 * (Documentation/bpf/btf.rst, BTF_KIND_DATASEC: "filled in by the loader"); kernels want them in place, and the variables by offset.
 */

const KIND_DATASEC = 15;
/** 32-bit words that follow the three common ones, by kind: fixed, and for each of vlen (btf.rst, "Type Encoding"). */
const WORDS: Readonly<Record<number, readonly [fixed: number, each: number]>> = {
  1: [1, 0],
  3: [3, 0],
  4: [0, 3],
  5: [0, 3],
  6: [0, 2],
  13: [0, 2],
  14: [1, 0],
  15: [0, 3],
  17: [1, 0],
  19: [0, 3],
};

/** Contents of a `.BTF` section that `parseBtf` has accepted, with sizes and offsets of its data sections filled in. */
export function fixDataSections(elf: ElfFile, section: ElfSection): Uint8Array {
  const bytes = section.data.slice();
  const view = new DataView(bytes.buffer);
  const u32 = (at: number) => view.getUint32(at, elf.littleEndian);
  const start = u32(4) + u32(8);
  const end = start + u32(12);
  const strings = u32(4) + u32(16);
  const text = (offset: number): string => {
    const stop = bytes.indexOf(0, strings + offset);
    return decoder.decode(bytes.subarray(strings + offset, stop));
  };
  // Type id → offset of its record, for the names of variables.
  const records: number[] = [0];
  const datasecs: number[] = [];
  for (let at = start; at < end; ) {
    const info = u32(at + 4);
    const kind = (info >>> 24) & 31;
    if (kind === KIND_DATASEC) datasecs.push(at);
    records.push(at);
    const [fixed, each] = WORDS[kind] ?? [0, 0];
    at += 12 + 4 * (fixed + each * (info & 0xffff));
  }
  const symbolAt = new Map(elf.relocations.get(section.index)?.map((r) => [r.offset, r.symbol]) ?? []);
  const values = new Map(elf.symbols.map((s) => [`${s.section}:${s.name}`, s.value]));
  const byName = new Map(elf.sections.map((s) => [s.name, s]));
  for (const at of datasecs) {
    const target = byName.get(text(u32(at)));
    // A size that is there comes from a static linker, which has filled in the offsets too.
    if (target === undefined || u32(at + 8) !== 0) continue;
    view.setUint32(at + 8, target.size, elf.littleEndian);
    const count = u32(at + 4) & 0xffff;
    const entries = Array.from({ length: count }, (_, i) => {
      const entry = at + 12 + 12 * i;
      const type = u32(entry);
      const name = text(u32(records[type]!));
      const symbol = symbolAt.get(entry + 4);
      const offset = values.get(`${target.index}:${name}`) ?? u32(entry + 4) + (symbol?.value ?? 0);
      return { type, offset: Math.min(offset, 0xffffffff), size: u32(entry + 8) };
    }).sort((a, b) => a.offset - b.offset);
    entries.forEach((entry, i) => {
      view.setUint32(at + 12 + 12 * i, entry.type, elf.littleEndian);
      view.setUint32(at + 16 + 12 * i, entry.offset, elf.littleEndian);
      view.setUint32(at + 20 + 12 * i, entry.size, elf.littleEndian);
    });
  }
  return bytes;
}

const decoder = new TextDecoder();
