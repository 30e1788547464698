import { type Btf, parseBtf } from "../btf/index.ts";
import { parseElf } from "../elf/index.ts";
import { defineErrors } from "../util/index.ts";
import { readBytes } from "./run/files.ts";

const btfFileError = defineErrors({
  E_BTF_NONE: (d: { file: string }) => `${d.file}: it has no .BTF section; compile with -g`,
});

/** BTF of an object, of any ELF file with a .BTF section, or of a file that is nothing else (/sys/kernel/btf/vmlinux). */
export function readBtf(file: string, base: Btf | null): Btf {
  const bytes = readBytes(file);
  const options = base === null ? {} : { base };
  if (bytes[0] !== 0x7f) return parseBtf(bytes, file, options);
  const section = parseElf(bytes, file, { sectionsOnly: true }).sections.find(({ name }) => name === ".BTF");
  if (section === undefined) throw btfFileError("E_BTF_NONE", { file });
  return parseBtf(section.data, `${file}: section ${section.index} ".BTF"`, options);
}
