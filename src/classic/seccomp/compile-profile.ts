import {
  BPF_ABS,
  BPF_ALU,
  BPF_AND,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JMP,
  BPF_K,
  BPF_LD,
  BPF_MAXINSNS,
  BPF_W,
  type ClassicInsn,
  classic,
} from "../insn.ts";
import { actionByName, actionText } from "./actions.ts";
import { ARCHITECTURES, architectureByName } from "./architectures.ts";
import { WORD_ARCH, WORD_ARGS, WORD_NR } from "./data.ts";
import { MAX_WORD } from "./intervals.ts";
import {
  type ArgRule,
  type Profile,
  type ProfileOptions,
  type ProfileRule,
  profileError,
  readProfile,
} from "./profile.ts";
import { isSyscallName, type SyscallTable, syscallByName, X32_BIT } from "./syscalls.ts";
import { BackwardWriter, type Place } from "./writer.ts";

export interface CompiledProfile {
  readonly program: ClassicInsn[];
  readonly profile: Profile;
  /** Names and architectures that were left out, rules that never count. */
  readonly notes: readonly string[];
}

export interface CompileProfileOptions extends ProfileOptions {
  /** What architectures that the profile does not list get, and x32's numbers without x32. Default KILL, as libseccomp. */
  readonly otherArchitectures?: "KILL" | "KILL_PROCESS" | "ALLOW";
}

const load = (word: number) => classic(BPF_LD | BPF_W | BPF_ABS, word * 4);

/** What happens to one number: rules with conditions in order, the first that holds counts, then `result`. */
interface Decision {
  readonly conditional: readonly ProfileRule[];
  readonly result: number;
}

/** Writes a profile's parts into one program; equal decisions and equal returns are written once. */
class ProfileWriter {
  readonly out = new BackwardWriter();
  readonly #returns = new Map<number, Place>();
  readonly #decisions = new Map<string, Place>();

  ret(value: number): Place {
    let place = this.#returns.get(value);
    if (place === undefined) {
      place = this.out.ret(value);
      this.#returns.set(value, place);
    }
    return place;
  }

  /** Compares one half of an argument, masked, and goes on. */
  #half(word: number, mask: number, code: number, k: number, yes: Place, no: Place): Place {
    let place = this.out.branch(BPF_JMP | code | BPF_K, k, yes, no);
    if (mask !== MAX_WORD) place = this.out.before(classic(BPF_ALU | BPF_AND | BPF_K, mask), place);
    return this.out.before(load(word), place);
  }

  /** A condition on an argument: halves are compared from the upper one down; 32-bit machines have the lower one only. */
  #condition({ index, op, value, valueTwo }: ArgRule, bits: 32 | 64, yes: Place, no: Place): Place {
    const low = WORD_ARGS + index * 2;
    const split = (v: bigint) => [Number((v >> 32n) & 0xffffffffn), Number(v & 0xffffffffn)] as const;
    if (op === "NE" || op === "LT" || op === "LE") {
      const opposite = { NE: "EQ", LT: "GE", LE: "GT" } as const;
      return this.#condition({ index, op: opposite[op], value, valueTwo }, bits, no, yes);
    }
    const [maskHigh, maskLow] = op === "MASKED_EQ" ? split(value) : [MAX_WORD, MAX_WORD];
    const [high, lower] = op === "MASKED_EQ" ? split(value & valueTwo) : split(value);
    const test = op === "GT" ? BPF_JGT : op === "GE" ? BPF_JGE : BPF_JEQ;
    const last = maskLow === 0 ? yes : this.#half(low, maskLow, test, lower, yes, no);
    if (bits === 32 || maskHigh === 0) return last;
    // Ordered comparisons are settled by a larger upper half; an equal one leaves it to the lower.
    const equal = this.out.branch(BPF_JMP | BPF_JEQ | BPF_K, high, last, no);
    const masked = maskHigh === MAX_WORD ? equal : this.out.before(classic(BPF_ALU | BPF_AND | BPF_K, maskHigh), equal);
    const first = test === BPF_JEQ ? masked : this.out.branch(BPF_JMP | BPF_JGT | BPF_K, high, yes, masked);
    return this.out.before(load(low + 1), first);
  }

  decision({ conditional, result }: Decision, bits: 32 | 64): Place {
    if (conditional.length === 0) return this.ret(result);
    const key = JSON.stringify([bits, result, conditional.map((r) => [r.result, r.alternatives])], (_, v) =>
      typeof v === "bigint" ? `${v}n` : v,
    );
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    let place = this.ret(result);
    for (const rule of [...conditional].reverse()) {
      const yes = this.ret(rule.result);
      for (const conditions of [...rule.alternatives].reverse()) {
        const no = place;
        place = [...conditions].reverse().reduce((then, c) => this.#condition(c, bits, then, no), yes);
      }
    }
    this.#decisions.set(key, place);
    return place;
  }

  /** A search tree over ranges of numbers; `first[i]` begins the range that leads to `to[i]`, and the last one ends it. */
  tree(first: readonly number[], to: readonly Place[], from = 0, end = to.length): Place {
    if (end - from === 1) return to[from]!;
    const isPoint = (i: number) => i + 1 < to.length && first[i + 1]! - first[i]! === 1;
    // One number that is treated differently from those around it.
    if (end - from === 3 && to[from] === to[from + 2] && isPoint(from + 1))
      return this.out.branch(BPF_JMP | BPF_JEQ | BPF_K, first[from + 1]!, to[from + 1]!, to[from]!);
    const middle = (from + end) >> 1;
    const above = this.tree(first, to, middle, end);
    const below = this.tree(first, to, from, middle);
    return this.out.branch(BPF_JMP | BPF_JGE | BPF_K, first[middle]!, above, below);
  }
}

/** The decisions of one numbering, by number. */
function decisionsOf(profile: Profile, table: SyscallTable, notes: Set<string>): Map<number, Decision> {
  const all = new Map<number, { conditional: ProfileRule[]; result: number | null }>();
  for (const rule of profile.rules) {
    for (const name of rule.names) {
      const call = syscallByName(table, name);
      if (call === undefined) {
        if (!isSyscallName(name)) notes.add(`no such system call: ${name}`);
        continue;
      }
      const decision = all.get(call.nr) ?? { conditional: [], result: null };
      if (rule.alternatives.length > 0) decision.conditional.push(rule);
      else if (decision.result === null) decision.result = rule.result;
      else if (decision.result !== rule.result)
        notes.add(
          `${name}: ${actionText(rule.result)} never counts, an earlier entry says ${actionText(decision.result)}`,
        );
      all.set(call.nr, decision);
    }
  }
  return new Map(
    [...all].map(([nr, { conditional, result }]) => [nr, { conditional, result: result ?? profile.defaultResult }]),
  );
}

/** Ranges of numbers and where each leads, neighbours that lead to one place as one. */
function rangesOf(points: ReadonlyMap<number, Place>, otherwise: Place): { first: number[]; to: Place[] } {
  const first = [0];
  const to = [otherwise];
  const add = (at: number, place: Place) => {
    if (first[first.length - 1] === at) {
      to[to.length - 1] = place;
      if (to.length > 1 && to[to.length - 2] === place) {
        first.pop();
        to.pop();
      }
    } else if (to[to.length - 1] !== place) {
      first.push(at);
      to.push(place);
    }
  };
  for (const [nr, place] of [...points].sort(([a], [b]) => a - b)) {
    add(nr, place);
    add(nr + 1, otherwise);
  }
  return { first, to };
}

function compile(profile: Profile, other: number, notes: Set<string>): ClassicInsn[] {
  const writer = new ProfileWriter();
  const fallback = writer.ret(profile.defaultResult);
  const otherArch = writer.ret(other);
  const audits = ARCHITECTURES.filter(
    (a) => profile.tables.includes(a.name) || (a.name === "x86_64" && profile.tables.includes("x32")),
  );
  const entries = audits.map((architecture) => {
    const points = new Map<number, Place>();
    const add = (table: SyscallTable, bits: 32 | 64) => {
      for (const [nr, decision] of decisionsOf(profile, table, notes)) points.set(nr, writer.decision(decision, bits));
    };
    const hasOwn = profile.tables.includes(architecture.name);
    if (hasOwn) add(architecture.name, architectureByName(architecture.name)!.bits);
    const hasX32 = architecture.name === "x86_64" && profile.tables.includes("x32");
    // x32's arguments are 32 bits wide, as libseccomp has it.
    if (hasX32) add("x32", 32);
    const { first, to } = rangesOf(points, fallback);
    if (architecture.name === "x86_64" && !(hasOwn && hasX32)) {
      // The numbers of the half that the profile does not list; -1 is what a tracer leaves of a call that it skips.
      const at = hasX32 ? 0 : X32_BIT;
      const until = hasX32 ? X32_BIT : MAX_WORD;
      const cut = first.flatMap((f, i) => (f < at || f >= until ? [[f, to[i]!] as const] : []));
      cut.push([at, otherArch]);
      const starts = new Map(cut);
      if (!starts.has(until)) starts.set(until, fallback);
      const sorted = [...starts].sort(([a], [b]) => a - b);
      first.splice(0, first.length, ...sorted.map(([f]) => f));
      to.splice(0, to.length, ...sorted.map(([, place]) => place));
    }
    return { architecture, place: writer.out.before(load(WORD_NR), writer.tree(first, to)) };
  });
  let place = otherArch;
  for (const entry of entries.reverse())
    place = writer.out.branch(BPF_JMP | BPF_JEQ | BPF_K, entry.architecture.audit, entry.place, place);
  writer.out.before(load(WORD_ARCH), place);
  return writer.out.finish();
}

/**
 * Compiles an OCI or Docker profile (the parsed JSON) into a filter: first the architecture, then a search tree over the numbers,
 * then the arguments. Where several entries name a system call, those with conditions come first, in the profile's order, and the
 * first that holds counts; then the first without.
 * @throws BpfError `E_PROFILE_*`
 */
export function compileProfile(document: unknown, options: CompileProfileOptions = {}): CompiledProfile {
  const profile = readProfile(document, options);
  const notes = new Set(profile.notes);
  const program = compile(profile, actionByName(options.otherArchitectures ?? "KILL")!.value, notes);
  if (program.length > BPF_MAXINSNS)
    throw profileError("E_PROFILE_LENGTH", { length: program.length, limit: BPF_MAXINSNS });
  return { program, profile, notes: [...notes] };
}
