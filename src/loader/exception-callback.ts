import { linkError } from "./errors.ts";
import type { CodeSection, FunctionSpec, ObjectSpec, ProgramSpec } from "./spec.ts";

/** Names a program's exception callback in a declaration tag of the program: `__exception_cb(name)` of bpf_experimental.h. */
const TAG = "exception_callback:";
const SLOT = 8;

/** Where subprograms lie; functions of other sections are programs. */
const SUBPROGRAMS = ".text";

/**
 * The function that runs when a program throws (bpf_throw), null where it names none. Nothing calls it, so nothing else has it linked.
 * @throws BpfError `E_LINK_EXCEPTION`
 */
export function exceptionCallback(
  spec: ObjectSpec,
  program: ProgramSpec,
): { readonly section: CodeSection; readonly function: FunctionSpec } | null {
  const names = callbackNames(spec, program);
  const [name] = names;
  if (name === undefined) return null;
  const refuse = (problem: string): never => {
    throw linkError("E_LINK_EXCEPTION", { file: spec.name, program: program.name, callback: name, problem });
  };
  if (names.length > 1) refuse("is not the only one");
  const section = spec.sections.find((each) => each.name === SUBPROGRAMS);
  const callback = section?.functions.find((each) => each.name === name);
  if (section === undefined || callback === undefined) return refuse("is defined nowhere");
  if (!callback.global) refuse("must be a global function");
  return { section, function: callback };
}

function callbackNames({ btf, btfExt }: ObjectSpec, program: ProgramSpec): string[] {
  const info = btfExt?.funcs.get(program.section)?.find((each) => each.offset === program.start * SLOT);
  if (btf === null || info === undefined) return [];
  const names: string[] = [];
  for (let id = 1; id < btf.count; id++) {
    if (btf.kindOf(id) !== "decl_tag" || !btf.nameOf(id).startsWith(TAG)) continue;
    const tag = btf.type(id);
    if (tag.kind === "decl_tag" && tag.type === info.type && tag.component === -1)
      names.push(tag.name.slice(TAG.length));
  }
  return names;
}
