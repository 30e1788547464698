import type { ElfFile, ElfSection } from "../elf/index.ts";
import { BtfRecords, KIND_DATASEC } from "./btf-records.ts";

/**
 * Compilers leave the sizes of BTF's data sections and the offsets of their variables 0 and say them by ELF instead
 * (Documentation/bpf/btf.rst, BTF_KIND_DATASEC); kernels want them in place, and the variables by offset.
 * Contents of a `.BTF` section that `parseBtf` has accepted, with these filled in.
 */
export function fixDataSections(elf: ElfFile, section: ElfSection): Uint8Array {
  const records = new BtfRecords(section.data, elf.littleEndian);
  const symbolAt = new Map(elf.relocations.get(section.index)?.map((r) => [r.offset, r.symbol]) ?? []);
  const values = new Map(elf.symbols.map((s) => [`${s.section}:${s.name}`, s.value]));
  const byName = new Map(elf.sections.map((s) => [s.name, s]));
  for (const at of records.starts.slice(1)) {
    if (records.kind(at) !== KIND_DATASEC) continue;
    const target = byName.get(records.name(at));
    // A size that is there comes from a static linker, which has filled in the offsets too.
    if (target === undefined || records.u32(at + 8) !== 0) continue;
    records.set(at + 8, target.size);
    const entries = Array.from({ length: records.vlen(at) }, (_, i) => {
      const entry = at + 12 + 12 * i;
      const type = records.u32(entry);
      const name = records.name(records.starts[type]!);
      const inPlace = records.u32(entry + 4) + (symbolAt.get(entry + 4)?.value ?? 0);
      const offset = values.get(`${target.index}:${name}`) ?? inPlace;
      return { type, offset: Math.min(offset, 0xffffffff), size: records.u32(entry + 8) };
    });
    writeEntries(records, at, entries);
  }
  return records.bytes;
}

/** Writes the variables of the data section at an offset, by their offsets. */
export function writeEntries(
  records: BtfRecords,
  at: number,
  entries: { readonly type: number; readonly offset: number; readonly size: number }[],
): void {
  entries
    .sort((a, b) => a.offset - b.offset)
    .forEach(({ type, offset, size }, i) => {
      records.set(at + 12 + 12 * i, type);
      records.set(at + 16 + 12 * i, offset);
      records.set(at + 20 + 12 * i, size);
    });
}
