import { defineErrors } from "../../util/index.ts";

/** What `anybpf run` refuses. */
export const runInputError = defineErrors({
  E_RUN_PROGRAM: (d: { file: string; wanted: string; known: string }) =>
    `${d.file}: no program ${d.wanted}; it has ${d.known}`,
  E_RUN_AMBIGUOUS: (d: { file: string; known: string }) =>
    `${d.file}: has several programs that could be meant, choose one with --prog: ${d.known}`,
  E_RUN_TYPE: (d: { file: string; program: string; section: string; words: string }) =>
    `${d.file}: program ${d.program}: section "${d.section}" tells no program type; give one with --type: ${d.words}`,
  E_RUN_TYPE_OTHER: (d: { file: string; program: string; section: string; type: string; found: string }) =>
    `${d.file}: program ${d.program}: section "${d.section}" means ${d.type}, --type says ${d.found}; leave it out`,
  E_RUN_TYPE_UNKNOWN: (d: { found: string; words: string }) => `--type takes ${d.words}, not "${d.found}"`,
  E_RUN_MAP: (d: { file: string; wanted: string; known: string }) =>
    `${d.file}: no map is named "${d.wanted}"; it has ${d.known}`,
  E_RUN_MAP_FILE: (d: { path: string; reason: string }) => `${d.path}: ${d.reason}`,
  E_RUN_CONTEXT: (d: { path: string; reason: string }) => `${d.path}: ${d.reason}`,
  E_RUN_JSON: (d: { path: string; reason: string }) => `${d.path}: is no JSON: ${d.reason}`,
  E_RUN_PACKET: (d: { length: number }) =>
    `packet of ${d.length} bytes: the kernel takes none below 14, an Ethernet header`,
});
