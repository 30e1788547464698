import type { ElfSection, ElfSymbol } from "../elf/index.ts";
import { type Code, decode } from "../isa/index.ts";
import { sectionMeaning } from "../uapi/index.ts";
import { BpfError } from "../util/index.ts";
import { objectError } from "./errors.ts";
import {
  isSectionFamily,
  type Reading,
  SHF_EXECINSTR,
  SHT_PROGBITS,
  STB_GLOBAL,
  STB_WEAK,
  STT_FUNC,
  STT_NOTYPE,
  where,
} from "./reading.ts";
import type { FunctionSpec, ProgramSpec } from "./spec.ts";

/** A section of code before its references are known. */
export interface RawCode {
  readonly section: ElfSection;
  readonly code: Code;
  /** Ascending by start; they do not overlap, but several may name the same slots. */
  readonly functions: readonly FunctionSpec[];
}

const SLOT = 8;

/** Decodes every section of code and finds its functions. */
export function readCode(reading: Reading): RawCode[] {
  const found = new Map<string, RawCode>();
  for (const section of reading.elf.sections) {
    if (section.type !== SHT_PROGBITS || (section.flags & SHF_EXECINSTR) === 0 || section.data.length === 0) continue;
    const first = found.get(section.name);
    if (first !== undefined) {
      throw objectError("E_OBJECT_SECTION_TWICE", { ...where(reading, section), first: first.section.index });
    }
    const functions = readFunctions(reading, section);
    found.set(section.name, { section, functions, code: decodeSection(reading, section, functions) });
  }
  return [...found.values()];
}

/** The function that holds a slot, undefined outside of all. */
export function functionAt(functions: readonly FunctionSpec[], slot: number): FunctionSpec | undefined {
  let low = 0;
  let high = functions.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const candidate = functions[middle]!;
    if (slot < candidate.start) high = middle - 1;
    else if (slot >= candidate.start + candidate.length) low = middle + 1;
    else return candidate;
  }
  return undefined;
}

function decodeSection(reading: Reading, section: ElfSection, functions: readonly FunctionSpec[]): Code {
  if (section.data.length % SLOT !== 0) {
    throw objectError("E_OBJECT_CODE_LENGTH", { ...where(reading, section), length: section.data.length });
  }
  try {
    return decode(section.data, reading.elf.littleEndian);
  } catch (cause) {
    if (!(cause instanceof BpfError)) throw cause;
    const slot = Number(cause.data["slot"] ?? 0);
    const problem = cause.message.replace(/^instruction \d+: /, "").replace(/ \[E_\w+\]$/, "");
    const name = functionAt(functions, slot)?.name ?? "";
    throw objectError("E_OBJECT_INSN", { ...where(reading, section), function: name, slot, problem }, { cause });
  }
}

function readFunctions(reading: Reading, section: ElfSection): FunctionSpec[] {
  const own = reading.elf.symbols.filter((s) => s.section === section.index);
  const symbols = own.filter((s) => s.type === STT_FUNC).sort((a, b) => a.value - b.value || a.bind - b.bind);
  if (symbols.length === 0) return [wholeSection(section, own)];
  const functions: FunctionSpec[] = [];
  symbols.forEach((symbol, i) => {
    const fail = (problem: string) =>
      objectError("E_OBJECT_FUNCTION", {
        ...where(reading, section),
        symbol: symbol.name,
        start: symbol.value,
        problem,
      });
    // Hand-written assembly without .size: up to the next function.
    const size = symbol.size === 0 ? (symbols[i + 1]?.value ?? section.data.length) - symbol.value : symbol.size;
    if (symbol.value % SLOT !== 0 || size % SLOT !== 0) throw fail("does not begin and end at an instruction");
    if (size === 0 || symbol.value + size > section.data.length) {
      throw fail(`has ${size} bytes, the section ends at 0x${section.data.length.toString(16)}`);
    }
    const previous = functions[functions.length - 1];
    const start = symbol.value / SLOT;
    if (previous !== undefined && start < previous.start + previous.length) {
      // Another name for the same code; the first one stands for both.
      if (start === previous.start && size / SLOT === previous.length) return;
      throw fail(`overlaps function "${previous.name}"`);
    }
    functions.push(functionSpec(symbol.name, start, size / SLOT, symbol));
  });
  return functions;
}

/** Old compilers and bare assemblers leave no function symbols: then a section is one function. */
function wholeSection(section: ElfSection, symbols: readonly ElfSymbol[]): FunctionSpec {
  const label = symbols.find((s) => s.type === STT_NOTYPE && s.value === 0 && s.bind === STB_GLOBAL && s.name !== "");
  const name = label?.name ?? section.name.replace(/^\?/, "").replace(/[^A-Za-z0-9_.]/g, "_");
  return { name, start: 0, length: Math.floor(section.data.length / SLOT), global: true, weak: false };
}

function functionSpec(name: string, start: number, length: number, symbol: ElfSymbol): FunctionSpec {
  const weak = symbol.bind === STB_WEAK;
  return { name, start, length, global: weak || symbol.bind === STB_GLOBAL, weak };
}

/**
 * Entry programs: the global functions of every section but `.text`, as libbpf 1.x has it. An object that has only `.text`,
 * with one global function, is that one program, of unknown type.
 */
export function readPrograms(reading: Reading, code: readonly RawCode[]): ProgramSpec[] {
  const programs: ProgramSpec[] = [];
  for (const { section, functions } of code) {
    if (!isSectionFamily(section.name, ".text"))
      for (const f of functions) if (f.global) programs.push(program(section, f));
  }
  if (programs.length > 0) return programs;
  const text = code.flatMap(({ section, functions }) => functions.map((f) => ({ section, f })));
  const entries = text.filter(({ f }) => f.global);
  const [only] = entries;
  if (entries.length !== 1 || only === undefined) {
    throw objectError("E_OBJECT_NO_PROGRAMS", { file: reading.file, functions: text.length });
  }
  return [program(only.section, only.f)];
}

function program(section: ElfSection, f: FunctionSpec): ProgramSpec {
  const { row, target, autoload } = sectionMeaning(section.name);
  return {
    name: f.name,
    section: section.name,
    start: f.start,
    length: f.length,
    type: row?.type ?? 0,
    attachType: row?.attachType ?? null,
    attachTarget: target,
    sleepable: row?.sleepable ?? false,
    flags: row?.flags ?? 0,
    autoload,
  };
}
