import type { Btf } from "../btf/index.ts";
import { type Insn, insn, isBranch, slots } from "../isa/index.ts";
import { functionAt } from "./code.ts";
import { type CoreRecord, coreInsn, POISON_CORE, POISON_KFUNC } from "./core.ts";
import { linkedFuncInfo, linkedLineInfo, type Placed } from "./debug-info.ts";
import { linkError } from "./errors.ts";
import { exceptionCallback } from "./exception-callback.ts";
import type {
  CodeSection,
  ExternSpec,
  FunctionSpec,
  LinkedProgram,
  ObjectSpec,
  ProgramSpec,
  Reference,
} from "./spec.ts";

/** What an extern turns out to be: an address or other number, or a type id of the kernel's BTF (of a module's, with its fd or index). */
export type ExternValue =
  | { readonly kind: "value"; readonly value: bigint }
  | { readonly kind: "btf"; readonly id: number; readonly module?: number };

/** What linking may be told about the kernel that the program is for. */
export interface LinkOptions {
  /** The kernel's BTF, for CO-RE relocations, kfuncs and typed ksyms. Without one, CO-RE accesses stay as compiled. */
  readonly targetBtf?: Btf | null;
  /** Answers `__ksym` declarations before `targetBtf` is asked; null = not known here either. */
  readonly externs?: (extern: ExternSpec) => ExternValue | null;
}

/**
 * Links one program with all functions that it calls or takes the address of, each appended once, in the order in which a walk in depth
 * meets them (libbpf's order), and turns references into what BPF_PROG_LOAD wants. Maps keep their names: see `mapReferences`.
 * @throws BpfError `E_LINK_*`, `E_EXTERN_UNRESOLVED`, `E_CORE_*`
 */
export function linkProgram(spec: ObjectSpec, program: ProgramSpec, options: LinkOptions = {}): LinkedProgram {
  const linking: Linking = { spec, program, options, placed: [], byKey: new Map(), code: [], maps: [], poisoned: [] };
  const section = sectionNamed(linking, program.section);
  const entry = { name: program.name, start: program.start, length: program.length, global: true, weak: false };
  collect(linking, place(linking, section, entry));
  const callback = exceptionCallback(spec, program);
  if (callback !== null && !linking.byKey.has(key(callback.section.name, callback.function.start))) {
    collect(linking, place(linking, callback.section, callback.function));
  }
  for (const placed of linking.placed) relocate(linking, placed);
  const functions = linking.placed.map((p) => ({ start: p.at, name: p.function.name }));
  return {
    spec: program,
    code: linking.code,
    functions,
    mapReferences: linking.maps,
    poisoned: linking.poisoned,
    funcInfo: linkedFuncInfo(spec, linking.placed),
    lineInfo: linkedLineInfo(spec, linking.placed, linking.code),
  };
}

interface Linking {
  readonly spec: ObjectSpec;
  readonly program: ProgramSpec;
  readonly options: LinkOptions;
  readonly placed: Placed[];
  /** Placed functions by section and start. */
  readonly byKey: Map<string, Placed>;
  readonly code: (Insn | null)[];
  readonly maps: { slot: number; map: string }[];
  readonly poisoned: { slot: number; reason: string }[];
}

const key = (section: string, start: number): string => `${start}:${section}`;

function sectionNamed({ spec, program }: Linking, name: string): CodeSection {
  const section = spec.sections.find((s) => s.name === name);
  if (section === undefined) {
    throw linkError("E_LINK_SECTION", { file: spec.name, program: program.name, section: name });
  }
  return section;
}

function place(linking: Linking, section: CodeSection, f: FunctionSpec): Placed {
  const placed = { section, function: f, at: linking.code.length };
  linking.placed.push(placed);
  linking.byKey.set(key(section.name, f.start), placed);
  for (let slot = f.start; slot < f.start + f.length; slot++) linking.code.push(section.code[slot] ?? null);
  return placed;
}

/** References of a section by slot; a CO-RE relocation may share its slot with no other. */
const referencesOf = new WeakMap<CodeSection, ReadonlyMap<number, Reference>>();

function referenceAt(section: CodeSection, slot: number): Reference | undefined {
  let bySlot = referencesOf.get(section);
  if (bySlot === undefined) {
    bySlot = new Map(section.references.map((r) => [r.slot, r]));
    referencesOf.set(section, bySlot);
  }
  return bySlot.get(slot);
}

/** The function that the instruction at a slot calls or takes the address of: by its reference, or by its own displacement. */
function calleeOf(section: CodeSection, slot: number): { section: string; target: number } | null {
  const reference = referenceAt(section, slot);
  if (reference !== undefined) {
    return reference.kind === "call" || reference.kind === "func_address" ? reference : null;
  }
  const i = section.code[slot];
  const local = i != null && (i.form.kind === "call" || i.form.kind === "ld_imm64") && isBranch(i);
  return local ? { section: section.name, target: slot + 1 + i.off } : null;
}

/** Appends all functions reachable from the entry, depth first; its own stack, since chains of calls may be as long as the file. */
function collect(linking: Linking, entry: Placed): void {
  const stack = [{ placed: entry, slot: entry.function.start }];
  for (let top = stack[stack.length - 1]; top !== undefined; top = stack[stack.length - 1]) {
    const { section, function: f } = top.placed;
    if (top.slot >= f.start + f.length) {
      stack.pop();
      continue;
    }
    const slot = top.slot++;
    const callee = calleeOf(section, slot);
    if (callee === null || linking.byKey.has(key(callee.section, callee.target))) continue;
    const target = sectionNamed(linking, callee.section);
    const found = functionAt(target.functions, callee.target);
    if (found?.start !== callee.target) {
      const { spec, program } = linking;
      const at = { file: spec.name, program: program.name, section: section.name, slot };
      throw linkError("E_LINK_FUNCTION", { ...at, target: callee.target });
    }
    stack.push({ placed: place(linking, target, found), slot: found.start });
  }
}

function relocate(linking: Linking, { section, function: f, at }: Placed): void {
  const { code, maps } = linking;
  for (let i = 0; i < f.length; i++) {
    const slot = f.start + i;
    const now = at + i;
    const old = code[now];
    if (old == null) continue;
    const reference = referenceAt(section, slot);
    const callee = calleeOf(section, slot);
    if (callee !== null) {
      const off = linking.byKey.get(key(callee.section, callee.target))!.at - now - 1;
      code[now] = insn(old.form.kind === "call" ? "call_local" : "ld_imm64_func", { dst: old.dst, off });
    } else if (reference?.kind === "map") {
      code[now] = insn("ld_imm64_map_fd", { dst: old.dst });
      maps.push({ slot: now, map: reference.map });
    } else if (reference?.kind === "map_value") {
      code[now] = insn("ld_imm64_map_value", { dst: old.dst, hi: reference.offset });
      maps.push({ slot: now, map: reference.map });
    } else if (reference?.kind === "extern") {
      resolveExtern(linking, now, old, reference.extern);
    } else if (reference?.kind === "core") {
      relocateCore(linking, section, now, old, reference);
    }
  }
}

function relocateCore(linking: Linking, section: CodeSection, now: number, old: Insn, reference: CoreRecord): void {
  const { spec, program, options, code, poisoned } = linking;
  if (options.targetBtf == null || spec.btf === null) return;
  const patch = coreInsn(old, reference, spec.btf, options.targetBtf);
  if (patch.kind === "insn") {
    code[now] = patch.insn;
  } else if (patch.kind === "poison") {
    poisoned.push({ slot: now, reason: patch.reason });
    for (let i = 0; i < slots(old); i++) code[now + i] = insn("call_helper", { imm: POISON_CORE });
  } else {
    const at = { file: spec.name, program: program.name, section: section.name, slot: reference.slot };
    throw linkError("E_CORE_APPLY", { ...at, insn: old.form.name, problem: patch.problem });
  }
}

function resolveExtern(linking: Linking, now: number, old: Insn, name: string): void {
  const { spec, program, code, maps } = linking;
  const extern = spec.externs.find((e) => e.name === name);
  if (extern === undefined) {
    throw linkError("E_EXTERN_TYPE", { file: spec.name, extern: name, problem: "is declared nowhere" });
  }
  if (extern.kind === "kconfig") {
    code[now] = insn("ld_imm64_map_value", { dst: old.dst, hi: extern.offset });
    maps.push({ slot: now, map: ".kconfig" });
    return;
  }
  const value = externValue(linking, extern);
  const isCall = old.form.kind === "call";
  if (value === null) {
    if (!extern.weak) {
      const hint = "declare it __weak to let it be absent, or give the BTF of the kernel that has it";
      const at = { file: spec.name, program: program.name, extern: name };
      throw linkError("E_EXTERN_UNRESOLVED", { ...at, kind: extern.kind, hint });
    }
    // An absent function's address is 0; a call of it must never be reached, and says so to the verifier.
    code[now] = isCall
      ? insn("call_helper", { imm: POISON_KFUNC + spec.externs.indexOf(extern) })
      : insn("ld_imm64", { dst: old.dst });
  } else if (isCall) {
    const id = value.kind === "btf" ? value.id : Number(BigInt.asIntN(32, value.value));
    code[now] = insn("call_kfunc", { imm: id, off: value.kind === "btf" ? (value.module ?? 0) : 0 });
  } else if (value.kind === "value") {
    const imm = Number(BigInt.asIntN(32, value.value));
    code[now] = insn("ld_imm64", { dst: old.dst, imm, hi: Number(BigInt.asIntN(32, value.value >> 32n)) });
  } else {
    code[now] = insn("ld_imm64_btf_id", { dst: old.dst, imm: value.id, hi: value.module ?? 0 });
  }
}

function externValue({ spec, options }: Linking, extern: ExternSpec): ExternValue | null {
  const given = options.externs?.(extern) ?? null;
  if (given !== null || options.targetBtf == null) return given;
  // A ksym declared as void has no type to look for: its address is known to /proc/kallsyms only.
  if (extern.kind === "ksym" && isVoid(spec, extern.type)) return null;
  const [id] = options.targetBtf.find(extern.name, extern.kind === "kfunc" ? "func" : "var");
  return id === undefined ? null : { kind: "btf", id };
}

function isVoid({ btf }: ObjectSpec, id: number): boolean {
  for (let depth = 0; depth < 64 && id !== 0; depth++) {
    const type = btf!.type(id);
    if (type.kind !== "const" && type.kind !== "volatile" && type.kind !== "typedef") return false;
    id = type.type;
  }
  return true;
}
