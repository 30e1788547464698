import type { ClassicInsn } from "../insn.ts";
import { actionText } from "./actions.ts";
import { ARCHITECTURES, type ArchitectureName, architectureByAudit, architectureLabel } from "./architectures.ts";
import { checkSeccomp } from "./check.ts";
import { termText } from "./condition-text.ts";
import { satisfies, simplify, type Term, termsOf } from "./conditions.ts";
import { dataWords, type SeccompData, WORD_ARCH, WORD_NR } from "./data.ts";
import { wordText } from "./disassemble.ts";
import { type Expression, evaluator, expressionText } from "./expressions.ts";
import { ALL_WORDS, contains, fromRanges, type Intervals, intersect, MAX_WORD, sizeOf } from "./intervals.ts";
import { type Path, walkSeccomp } from "./paths.ts";
import { type Syscall, syscallByNumber, syscallsOf, X32_BIT } from "./syscalls.ts";

/** One thing that happens to a system call, and when: any of the terms, or where nothing else holds. */
export interface Outcome {
  /** What the filter returns; a formula where it returns A and that is not a constant. */
  readonly result: Expression;
  /** `ALLOW`, `ERRNO(1)`. */
  readonly action: string;
  /** Empty and `otherwise` false: always. */
  readonly terms: readonly Term[];
  readonly otherwise: boolean;
}

/** Numbers of system calls that are all treated alike. */
export interface CallGroup {
  readonly numbers: Intervals;
  /** Those of the numbers that have names. */
  readonly calls: readonly Syscall[];
  readonly outcomes: readonly Outcome[];
}

/** Architectures that the filter treats alike. */
export interface ArchitectureGroup {
  readonly audits: Intervals;
  /** Whose names the groups' calls have; null where the filter treats all numbers alike. */
  readonly names: ArchitectureName | null;
  /** Without the group that most numbers belong to; by number. */
  readonly groups: readonly CallGroup[];
  readonly rest: CallGroup;
}

export interface SeccompExplanation {
  readonly architectures: readonly ArchitectureGroup[];
  /** Ways through the filter. */
  readonly paths: number;
  /** Instructions that no system call reaches. */
  readonly unreachable: readonly number[];
}

export interface ExplainOptions {
  /** Whose names to use where the filter does not look at the architecture. Default x86_64. */
  readonly arch?: ArchitectureName;
}

interface Cell {
  readonly numbers: Intervals;
  readonly paths: readonly number[];
}

/** Numbers by which of the sets contain them: cells of equal membership. */
function cellsOf(sets: readonly Intervals[]): Cell[] {
  const events: { at: number; set: number; begins: boolean }[] = [];
  sets.forEach((set, n) => {
    for (let i = 0; i < set.length; i += 2) {
      events.push({ at: set[i]!, set: n, begins: true });
      events.push({ at: set[i + 1]! + 1, set: n, begins: false });
    }
  });
  events.sort((a, b) => a.at - b.at);
  const inside = new Set<number>();
  const cells = new Map<string, { ranges: [number, number][]; paths: number[] }>();
  for (let i = 0; i < events.length; ) {
    const { at } = events[i]!;
    for (; i < events.length && events[i]!.at === at; i++) {
      const { set, begins } = events[i]!;
      if (begins) inside.add(set);
      else inside.delete(set);
    }
    if (at > MAX_WORD || inside.size === 0) continue;
    const paths = [...inside].sort((a, b) => a - b);
    const key = paths.join();
    const cell = cells.get(key) ?? { ranges: [], paths };
    cell.ranges.push([at, (events[i]?.at ?? MAX_WORD + 1) - 1]);
    cells.set(key, cell);
  }
  return [...cells.values()].map(({ ranges, paths }) => ({ numbers: fromRanges(ranges), paths }));
}

function setOfWord(path: Path, word: number): Intervals {
  for (const { expression, set } of path.constraints.values()) {
    if (expression.kind === "word" && expression.word === word) return set;
  }
  return ALL_WORDS;
}

function resultText(result: Expression): string {
  return result.kind === "constant" ? actionText(result.value) : expressionText(result, wordText);
}

const isCallWord = (e: Expression) => e.kind === "word" && (e.word === WORD_NR || e.word === WORD_ARCH);

/** What one system call meets: the ways it can take, by result, in as few conditions as possible. */
function outcomesOf(paths: readonly Path[]): Outcome[] {
  const terms = termsOf(
    paths.map((p) => p.constraints),
    isCallWord,
  );
  const byResult = new Map<number, { result: Expression; terms: Term[] }>();
  paths.forEach(({ result }, n) => {
    const group = byResult.get(result.id) ?? { result, terms: [] };
    group.terms.push(terms[n]!);
    byResult.set(result.id, group);
  });
  const groups = [...byResult.values()];
  const plain = groups.map(({ result, terms: own }, n) => {
    const others = groups.flatMap((g, m) => (m === n ? [] : g.terms));
    return { result, action: resultText(result), terms: simplify(own, others) };
  });
  if (plain.length === 1) return [{ ...plain[0]!, terms: [], otherwise: false }];
  // What takes most words to say is what happens otherwise; inequalities count as longer.
  const cost = (own: readonly Term[]) => {
    const text = own.map((t) => termText(t, []));
    return text.length * 100 + text.join().length + (text.join().match(/!=|not in/g)?.length ?? 0) * 50;
  };
  const last = plain.reduce((most, o) => (cost(o.terms) > cost(most.terms) ? o : most));
  return [...plain.filter((o) => o !== last).map((o) => ({ ...o, otherwise: false })), { ...last, otherwise: true }];
}

const signature = (outcomes: readonly Outcome[]) =>
  outcomes.map((o) => `${o.result.id}${o.otherwise}${o.terms.map((t) => termText(t, [])).join("|")}`).join(";");

function callsIn(numbers: Intervals, arch: ArchitectureName | null): Syscall[] {
  if (arch === null) return [];
  const calls = syscallsOf(arch).filter(({ nr }) => contains(numbers, nr));
  if (arch !== "x86_64") return calls;
  const x32 = syscallsOf("x32").filter(({ nr }) => contains(numbers, nr));
  return [...calls, ...x32.map(({ nr }) => syscallByNumber(arch, nr)!)];
}

function groupsOf(paths: readonly Path[], arch: ArchitectureName): { groups: CallGroup[]; names: boolean } {
  const merged = new Map<string, { ranges: [number, number][]; outcomes: readonly Outcome[] }>();
  for (const cell of cellsOf(paths.map((p) => setOfWord(p, WORD_NR)))) {
    const outcomes = outcomesOf(cell.paths.map((n) => paths[n]!));
    const key = signature(outcomes);
    const group = merged.get(key) ?? { ranges: [], outcomes };
    for (let i = 0; i < cell.numbers.length; i += 2) group.ranges.push([cell.numbers[i]!, cell.numbers[i + 1]!]);
    merged.set(key, group);
  }
  const groups = [...merged.values()].map(({ ranges, outcomes }) => {
    const numbers = fromRanges(ranges);
    return { numbers, calls: callsIn(numbers, arch), outcomes };
  });
  return { groups: groups.sort((a, b) => a.numbers[0]! - b.numbers[0]!), names: groups.length > 1 };
}

/**
 * What a filter does to every system call: per architecture and number the actions, with the conditions on the arguments under
 * which each is taken. Found by walking all ways through the filter with formulas instead of numbers, so it holds for all values.
 * @throws BpfError where `checkSeccomp` refuses the filter, or `E_SECCOMP_PATHS` where its ways are too many
 */
export function explainSeccomp(insns: readonly ClassicInsn[], options: ExplainOptions = {}): SeccompExplanation {
  checkSeccomp(insns);
  const { paths, unreachable } = walkSeccomp(insns);
  const cells = cellsOf(paths.map((p) => setOfWord(p, WORD_ARCH)));
  const architectures = cells.map(({ numbers: audits, paths: own }): ArchitectureGroup => {
    // A single architecture has its own names; where many are treated alike, those of the one asked for.
    const known = sizeOf(audits) === 1 ? architectureByAudit(audits[0]!)?.name : undefined;
    const wanted = options.arch ?? ARCHITECTURES[0].name;
    const arch =
      known ??
      (contains(audits, ARCHITECTURES.find((a) => a.name === wanted)!.audit)
        ? wanted
        : ARCHITECTURES.find((a) => contains(audits, a.audit))?.name);
    const { groups, names } = groupsOf(
      own.map((n) => paths[n]!),
      arch ?? wanted,
    );
    // x32's bit halves the numbers: what is beyond it is not what "most numbers" should mean.
    const below = (g: CallGroup) => sizeOf(intersect(g.numbers, [0, X32_BIT - 1]));
    const rest = groups.reduce((most, g) => (below(g) > below(most) ? g : most));
    return { audits, names: names ? (arch ?? null) : null, groups: groups.filter((g) => g !== rest), rest };
  });
  // Those named by the filter first, in the order of the table; what is left last.
  const order = (g: ArchitectureGroup) => {
    const n = ARCHITECTURES.findIndex((a) => a.audit === g.audits[0]);
    return sizeOf(g.audits) > 1 ? 1000 : n < 0 ? 100 : n;
  };
  return { architectures: architectures.sort((a, b) => order(a) - order(b)), paths: paths.length, unreachable };
}

/** What an explanation says of one system call: the value the filter returns. Equals what `emulateSeccomp` finds. */
export function explainedValue(explanation: SeccompExplanation, data: SeccompData): number | null {
  const words = dataWords(data);
  const architecture = explanation.architectures.find(({ audits }) => contains(audits, words[WORD_ARCH]!));
  if (architecture === undefined) return null;
  const { groups, rest } = architecture;
  const group = [...groups, rest].find(({ numbers }) => contains(numbers, words[WORD_NR]!));
  const outcome =
    group?.outcomes.find((o) => !o.otherwise && (o.terms.length === 0 || o.terms.some((t) => satisfies(t, words)))) ??
    group?.outcomes.find((o) => o.otherwise);
  return outcome === undefined ? null : evaluator(words)(outcome.result);
}

/** `x86_64`, or `0x1234`; what is not on the list of known ones as a number. */
export function architectureName(audit: number): string {
  return (
    architectureByAudit(audit)?.name ??
    architectureLabel(audit)?.slice("ARCH_".length).toLowerCase() ??
    `0x${audit.toString(16)}`
  );
}
