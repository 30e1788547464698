import { defineErrors } from "../../util/index.ts";
import { ACTIONS } from "./actions.ts";
import type { ArchitectureName } from "./architectures.ts";
import type { SyscallTable } from "./syscalls.ts";

export const profileError = defineErrors({
  E_PROFILE_SHAPE: (d: { path: string; wanted: string }) => `${d.path} is not ${d.wanted}`,
  E_PROFILE_WORD: (d: { path: string; word: string; wanted: string }) => `${d.path}: "${d.word}" is not ${d.wanted}`,
  E_PROFILE_NUMBER: (d: { path: string; number: string; wanted: string }) =>
    `${d.path}: ${d.number} is not ${d.wanted}`,
  E_PROFILE_ARCH: (d: { wanted: string }) => `the profile has no architecture that can be compiled for: ${d.wanted}`,
  E_PROFILE_LENGTH: (d: { length: number; limit: number }) =>
    `the profile needs ${d.length} instructions; ${d.limit} are allowed (BPF_MAXINSNS); compile for fewer architectures`,
});

/** Comparisons of OCI profiles (runtime-spec, config-linux.md), after SCMP_CMP_. */
export const COMPARE_OPS = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"] as const;
export type CompareOp = (typeof COMPARE_OPS)[number];

/** A condition on an argument, unsigned. MASKED_EQ: `(argument & value) == (valueTwo & value)`. */
export interface ArgRule {
  readonly index: number;
  readonly op: CompareOp;
  readonly value: bigint;
  readonly valueTwo: bigint;
}

/** What happens to some system calls where one of the alternatives holds; none: always. */
export interface ProfileRule {
  readonly names: readonly string[];
  /** What the filter returns: action and data. */
  readonly result: number;
  /** All conditions of one alternative hold. */
  readonly alternatives: readonly (readonly ArgRule[])[];
}

/** A profile for one machine: includes and excludes decided, words turned into numbers. */
export interface Profile {
  readonly defaultResult: number;
  readonly tables: readonly SyscallTable[];
  readonly rules: readonly ProfileRule[];
  /** What was left out and why, a line each. */
  readonly notes: readonly string[];
}

export interface ProfileOptions {
  /** The machine: chooses the entry of a Docker profile's archMap, and decides includes and excludes. Default x86_64. */
  readonly arch?: ArchitectureName;
  /** Capabilities that the container has: `CAP_SYS_ADMIN`. Default none. */
  readonly caps?: readonly string[];
  /** The kernel's version for minKernel. Default 6.18. */
  readonly kernel?: string;
}

/** SCMP_ARCH_* that can be compiled for. */
const SCMP_ARCHITECTURES: ReadonlyMap<string, SyscallTable> = new Map<string, SyscallTable>([
  ["SCMP_ARCH_X86_64", "x86_64"],
  ["SCMP_ARCH_X86", "i386"],
  ["SCMP_ARCH_X32", "x32"],
  ["SCMP_ARCH_AARCH64", "arm64"],
  ["SCMP_ARCH_RISCV64", "riscv64"],
]);
/** Words of `includes.arches`: Go's names of architectures. */
const GO_ARCHITECTURES: ReadonlyMap<string, SyscallTable> = new Map<string, SyscallTable>([
  ["amd64", "x86_64"],
  ["x86", "i386"],
  ["386", "i386"],
  ["x32", "x32"],
  ["arm64", "arm64"],
  ["riscv64", "riscv64"],
]);

const results = new Map<string, (typeof ACTIONS)[number]>(
  ACTIONS.flatMap((row) => row.oci.map((word) => [`SCMP_ACT_${word}`, row] as const)),
);
const EPERM = 1;

type Json = Readonly<Record<string, unknown>>;

function object(value: unknown, path: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw profileError("E_PROFILE_SHAPE", { path, wanted: "an object" });
  return value as Json;
}

function list(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw profileError("E_PROFILE_SHAPE", { path, wanted: "a list" });
  return value;
}

function word(value: unknown, path: string): string {
  if (typeof value !== "string") throw profileError("E_PROFILE_SHAPE", { path, wanted: "a text" });
  return value;
}

const words = (value: unknown, path: string) => list(value, path).map((v, i) => word(v, `${path}[${i}]`));

/** A number of JSON, or a bigint where the reader of the JSON kept those; unsigned, below `limit`. */
function number(value: unknown, path: string, limit: bigint): bigint {
  if (value === undefined || value === null) return 0n;
  const isWhole = typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
  if (!isWhole) throw profileError("E_PROFILE_SHAPE", { path, wanted: "a whole number" });
  const whole = BigInt(value as number | bigint);
  if (whole < 0n || whole >= limit)
    throw profileError("E_PROFILE_NUMBER", { path, number: String(whole), wanted: `in the range 0 … ${limit - 1n}` });
  return whole;
}

/** What the filter returns for an action and its errno, by the names of the members that say them. */
function result(from: Json, actionKey: string, errnoKey: string, path: string): number {
  const name = word(from[actionKey], `${path}${actionKey}`);
  const row = results.get(name);
  if (row === undefined)
    throw profileError("E_PROFILE_WORD", { path: `${path}${actionKey}`, word: name, wanted: "an action (SCMP_ACT_…)" });
  // Only these two carry the errno; a trap gets none.
  if (row.name !== "ERRNO" && row.name !== "TRACE") return row.value;
  const errno = from[errnoKey] ?? null;
  const data = errno === null ? EPERM : Number(number(errno, `${path}${errnoKey}`, 0x10000n));
  return (row.value | data) >>> 0;
}

function argRule(value: unknown, path: string): ArgRule {
  const arg = object(value, path);
  const op = word(arg["op"], `${path}.op`);
  const known = COMPARE_OPS.find((o) => `SCMP_CMP_${o}` === op);
  if (known === undefined)
    throw profileError("E_PROFILE_WORD", { path: `${path}.op`, word: op, wanted: "a comparison (SCMP_CMP_…)" });
  return {
    index: Number(number(arg["index"], `${path}.index`, 6n)),
    op: known,
    value: number(arg["value"], `${path}.value`, 1n << 64n),
    valueTwo: number(arg["valueTwo"], `${path}.valueTwo`, 1n << 64n),
  };
}

/**
 * Conditions of one entry: all must hold, except where an argument is named twice: libseccomp cannot have that in one rule, so
 * container runtimes make a rule of each condition, and any one suffices.
 */
function alternativesOf(value: unknown, path: string): (readonly ArgRule[])[] {
  const rules = list(value, path).map((v, i) => argRule(v, `${path}[${i}]`));
  if (rules.length === 0) return [];
  const twice = new Set(rules.map((r) => r.index)).size < rules.length;
  return twice ? rules.map((r) => [r]) : [rules];
}

/** Versions `4.8` as comparable numbers. */
function version(text: string, path: string): number {
  const match = /^(\d{1,5})\.(\d{1,5})/.exec(text);
  if (match === null) throw profileError("E_PROFILE_WORD", { path, word: text, wanted: "a kernel version" });
  return Number(match[1]) * 100_000 + Number(match[2]);
}

interface Machine {
  readonly native: SyscallTable;
  readonly caps: ReadonlySet<string>;
  readonly kernel: string;
}

/** Whether an entry counts on this machine, as Docker decides: every kind of inclusion must fit, no exclusion may. */
function applies(entry: Json, path: string, machine: Machine): boolean {
  const includes = object(entry["includes"] ?? {}, `${path}.includes`);
  const excludes = object(entry["excludes"] ?? {}, `${path}.excludes`);
  const isNative = (name: string) => GO_ARCHITECTURES.get(name) === machine.native;
  const arches = words(includes["arches"], `${path}.includes.arches`);
  if (arches.length > 0 && !arches.some(isNative)) return false;
  if (words(excludes["arches"], `${path}.excludes.arches`).some(isNative)) return false;
  if (!words(includes["caps"], `${path}.includes.caps`).every((c) => machine.caps.has(c))) return false;
  if (words(excludes["caps"], `${path}.excludes.caps`).some((c) => machine.caps.has(c))) return false;
  const newEnough = (min: unknown, where: string) =>
    version(machine.kernel, "the kernel given") >= version(word(min, where), where);
  const from = includes["minKernel"] ?? null;
  if (from !== null && from !== "" && !newEnough(from, `${path}.includes.minKernel`)) return false;
  const until = excludes["minKernel"] ?? null;
  return until === null || until === "" || !newEnough(until, `${path}.excludes.minKernel`);
}

/** The architectures of a profile that we know: the list's, or those of the archMap's entry for this machine, or the machine's. */
function tablesOf(profile: Json, machine: Machine, notes: string[]): SyscallTable[] {
  let names = words(profile["architectures"], "architectures");
  if (names.length === 0) {
    const entries = list(profile["archMap"], "archMap").map((v, i) => {
      const entry = object(v, `archMap[${i}]`);
      const main = word(entry["architecture"], `archMap[${i}].architecture`);
      return [main, ...words(entry["subArchitectures"], `archMap[${i}].subArchitectures`)];
    });
    names = entries.find(([main]) => SCMP_ARCHITECTURES.get(main!) === machine.native) ?? [];
    if (names.length === 0) return [machine.native];
  }
  const tables = new Set<SyscallTable>();
  const unknown: string[] = [];
  for (const name of names) {
    const table = SCMP_ARCHITECTURES.get(name);
    if (table === undefined) unknown.push(name);
    else tables.add(table);
  }
  if (unknown.length > 0) notes.push(`left out, no tables for them: ${unknown.join(", ")}`);
  if (tables.size === 0) throw profileError("E_PROFILE_ARCH", { wanted: names.join(", ") });
  return [...tables];
}

/**
 * A seccomp profile of OCI's config (`linux.seccomp`) or Docker's, for one machine.
 * @throws BpfError `E_PROFILE_*` naming the place in the document
 */
export function readProfile(document: unknown, options: ProfileOptions = {}): Profile {
  let profile = object(document, "the profile");
  // A whole config.json has the profile inside.
  const linux = profile["linux"];
  if (profile["defaultAction"] === undefined && linux !== undefined)
    profile = object(object(linux, "linux")["seccomp"], "linux.seccomp");
  const machine = {
    native: options.arch ?? "x86_64",
    caps: new Set(options.caps ?? []),
    kernel: options.kernel ?? "6.18",
  };
  const notes: string[] = [];
  const defaultResult = result(profile, "defaultAction", "defaultErrnoRet", "");
  const rules: ProfileRule[] = [];
  list(profile["syscalls"], "syscalls").forEach((value, i) => {
    const path = `syscalls[${i}]`;
    const entry = object(value, path);
    if (!applies(entry, path, machine)) return;
    const single = entry["name"];
    const names = [
      ...(single === undefined || single === "" ? [] : [word(single, `${path}.name`)]),
      ...words(entry["names"], `${path}.names`),
    ];
    rules.push({
      names,
      result: result(entry, "action", "errnoRet", `${path}.`),
      alternatives: alternativesOf(entry["args"], `${path}.args`),
    });
  });
  return { defaultResult, tables: tablesOf(profile, machine, notes), rules, notes };
}
