import type { ObjectSpec, ProgramSpec } from "../../loader/index.ts";
import { findProgramType, PROGRAM_TYPES, programTypeLabel } from "../../uapi/index.ts";
import { runInputError } from "./errors.ts";

/**
 * The program to run: the one named, or the one of that section, or the object's only one. Among several, one whose name
 * is the file's (`firewall.bpf.o`, `firewall`) or that no program array holds is the entry.
 */
export function selectProgram(spec: ObjectSpec, name: string | undefined, section: string | undefined): ProgramSpec {
  const { programs } = spec;
  const known = programs.map((p) => `${p.name} (${p.section})`).join(", ");
  const matching = programs.filter(
    (p) => (name === undefined || p.name === name) && (section === undefined || p.section === section),
  );
  if (matching.length === 0) {
    const wanted = name !== undefined ? `is named "${name}"` : `is in section "${section}"`;
    throw runInputError("E_RUN_PROGRAM", { file: spec.name, wanted, known });
  }
  if (matching.length === 1) return matching[0]!;
  const inArrays = new Set(spec.maps.flatMap((m) => m.values.filter((v) => v.kind === "program").map((v) => v.name)));
  const entries = matching.filter((p) => !inArrays.has(p.name));
  if (entries.length === 1) return entries[0]!;
  throw runInputError("E_RUN_AMBIGUOUS", { file: spec.name, known });
}

/** Types that can be run over packets: bpftool's words. */
const WORDS = PROGRAM_TYPES.filter((row) => row.testRun && row.context !== null)
  .map((row) => row.label)
  .join(", ");

/**
 * The type for programs whose sections tell none: the one given, else that of the chosen program, as program arrays hold one type only.
 * @throws BpfError `E_RUN_TYPE*` when none is known, the word is none, or it contradicts the section
 */
export function programTypeFor(chosen: ProgramSpec, spec: ObjectSpec, word: string | undefined): number {
  const at = { file: spec.name, program: chosen.name, section: chosen.section };
  if (word === undefined) {
    if (chosen.type !== 0) return chosen.type;
    throw runInputError("E_RUN_TYPE", { ...at, words: WORDS });
  }
  const row = findProgramType(word);
  if (row === undefined || row.id === 0) throw runInputError("E_RUN_TYPE_UNKNOWN", { found: word, words: WORDS });
  if (chosen.type !== 0 && chosen.type !== row.id) {
    throw runInputError("E_RUN_TYPE_OTHER", { ...at, type: programTypeLabel(chosen.type), found: row.label });
  }
  return row.id;
}
