import { type Backend, type LoadedObject, type LoadedProgram, loadObject } from "../../kernel/index.ts";
import { type ObjectSpec, type ProgramSpec, readObject } from "../../loader/index.ts";
import { contextBytes } from "./context.ts";
import { readBytes, readJson } from "./files.ts";
import { fillMap } from "./maps.ts";
import { programTypeFor, selectProgram } from "./select.ts";

/** A program of an object, as the command line names it. */
export interface Choice {
  readonly spec: ObjectSpec;
  readonly chosen: ProgramSpec;
  /** BPF_PROG_TYPE_* */
  readonly programType: number;
}

/** Reads the object and finds the program. */
export function chooseProgram(wanted: {
  readonly file: string;
  readonly program: string | undefined;
  readonly section: string | undefined;
  readonly type: string | undefined;
}): Choice {
  const spec = readObject(readBytes(wanted.file), { name: wanted.file });
  const chosen = selectProgram(spec, wanted.program, wanted.section);
  return { spec, chosen, programType: programTypeFor(chosen, spec, wanted.type) };
}

/**
 * Loads the program, with those that its program arrays hold, and fills maps.
 * @param maps `NAME=FILE.json`
 */
export function loadChosen(
  backend: Backend,
  { spec, chosen, programType }: Choice,
  maps: readonly string[],
): { readonly object: LoadedObject; readonly program: LoadedProgram } {
  const inArrays = spec.maps.flatMap((m) => m.values.filter((v) => v.kind === "program").map((v) => v.name));
  const programs = [...new Set([chosen.name, ...inArrays])];
  const object = loadObject(backend, spec, { programs, programType });
  for (const option of maps) fillMap(object, option);
  return { object, program: object.programs[chosen.name]! };
}

/** The context structure of a JSON file, undefined without one. */
export function contextOf(type: number, path: string | undefined): Uint8Array | undefined {
  return path === undefined ? undefined : contextBytes(type, readJson(path), path);
}
