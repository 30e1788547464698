import { errnoName } from "../../uapi/index.ts";
import { termText } from "./condition-text.ts";
import {
  type ArchitectureGroup,
  architectureName,
  type CallGroup,
  type Outcome,
  type SeccompExplanation,
} from "./explain.ts";
import { type Intervals, MAX_WORD, ranges, sizeOf } from "./intervals.ts";
import { type Syscall, syscallByName, X32_BIT } from "./syscalls.ts";

/** The action, and the name of its errno. */
export function outcomeAction({ action, result }: Outcome): string {
  if (result.kind !== "constant" || (result.value & 0xffff0000) >>> 0 !== 0x00050000) return action;
  return `${action} ${errnoName(result.value & 0xffff)}`;
}

/** Numbers without names: `1000..1003`; `0x40000000..` for those beyond x32's bit. */
function numbersText(numbers: Intervals): string {
  const text = (n: number) => (n >= X32_BIT ? `0x${n.toString(16)}` : String(n));
  const all = ranges(numbers);
  const end = (b: number) => (b === MAX_WORD ? "" : text(b));
  const shown = all.slice(0, 8).map(([a, b]) => (a === b ? text(a) : `${text(a)}..${end(b)}`));
  return shown.join(", ") + (all.length > 8 ? `, … (${all.length - 8} more ranges)` : "");
}

function wrapped(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  words.forEach((word, n) => {
    const text = n + 1 < words.length ? `${word},` : word;
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + text.length + 1 <= width) lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(text);
  });
  return lines;
}

interface Row {
  readonly who: readonly string[];
  readonly action: string;
  readonly when: readonly string[];
}

function outcomeRows(outcomes: readonly Outcome[], who: readonly string[], names: readonly string[]): Row[] {
  return outcomes.map((outcome, n) => {
    const terms = outcome.terms.map((t) => termText(t, names));
    const when = outcome.otherwise ? ["otherwise"] : terms.map((t, i) => (i + 1 < terms.length ? `${t} or` : t));
    return { who: n === 0 ? who : [], action: outcomeAction(outcome), when };
  });
}

const WIDTH = 60;

/** Names for a list; x32's are not repeated where they are those of x86-64 in the group. */
function callNames(calls: readonly Syscall[]): string[] {
  const x32 = calls.filter(({ nr }) => nr >= X32_BIT);
  const own = calls.filter(({ nr }) => nr < X32_BIT).map((c) => c.name);
  const short = x32.map((c) => c.name.slice("x32_".length));
  const inX32 = own.filter((name) => syscallByName("x32", name) !== undefined);
  const same = short.length > 1 && short.length === inX32.length && short.every((name) => own.includes(name));
  return same ? [...own, "and the same of x32"] : calls.map((c) => c.name);
}

function groupRows(group: CallGroup): Row[] {
  const { calls, outcomes, numbers } = group;
  const conditional = outcomes.length > 1;
  const unnamed = sizeOf(numbers) > calls.length;
  // Calls that differ in the names of their arguments are told apart where these are spoken of.
  const sets = new Map<string, Syscall[]>();
  for (const call of calls) {
    const key = conditional ? call.args.join() : "";
    sets.set(key, [...(sets.get(key) ?? []), call]);
  }
  const rows = unnamed
    ? []
    : [...sets.values()].flatMap((same) => outcomeRows(outcomes, wrapped(callNames(same), WIDTH), same[0]!.args));
  if (unnamed) {
    // A stretch of numbers with names in it is told by its ends; single numbers by name.
    const byNumber = new Map(calls.map((c) => [c.nr, c.name]));
    const few = ranges(numbers).flatMap(([a, b]) => {
      if (b - a > 600) return [numbersText([a, b])];
      return Array.from({ length: b - a + 1 }, (_, i) => byNumber.get(a + i) ?? String(a + i));
    });
    rows.push(...outcomeRows(outcomes, wrapped(few, WIDTH), []));
  }
  return rows;
}

/** Blocks of lines side by side. */
function layOut(rows: readonly Row[]): string[] {
  const width = (lines: (row: Row) => readonly string[]) =>
    Math.max(0, ...rows.flatMap((r) => lines(r).map((l) => l.length)));
  const [who, action] = [width((r) => r.who), width((r) => [r.action])];
  return rows.flatMap((row) => {
    const height = Math.max(1, row.who.length, row.when.length);
    return Array.from({ length: height }, (_, i) =>
      `  ${(row.who[i] ?? "").padEnd(who)}  ${(i === 0 ? row.action : "").padEnd(action)}  ${row.when[i] ?? ""}`.trimEnd(),
    );
  });
}

function title({ audits, names }: ArchitectureGroup, isRest: boolean, isAll: boolean): string {
  if (isAll) return names === null ? "any architecture" : `any architecture (names of ${names})`;
  if (isRest && sizeOf(audits) > 16)
    return names === null ? "other architectures" : `other architectures (names of ${names})`;
  return ranges(audits)
    .flatMap(([a, b]) => (a === b ? [architectureName(a)] : [`0x${a.toString(16)}..0x${b.toString(16)}`]))
    .join(", ");
}

/** An explanation as a table: by architecture, the system calls with their actions and conditions, and what the rest gets. */
export function explanationText(explanation: SeccompExplanation): string {
  const { architectures, unreachable } = explanation;
  const blocks = architectures.map((architecture, n) => {
    const isRest = n === architectures.length - 1;
    const head = `architecture  ${title(architecture, isRest, architectures.length === 1)}`;
    const rows = architecture.groups.flatMap(groupRows);
    const rest = outcomeRows(architecture.rest.outcomes, [rows.length === 0 ? "every system call" : "every other"], []);
    return [head, ...layOut([...rows, ...rest])].join("\n");
  });
  if (unreachable.length > 0)
    blocks.push(`never reached  instructions ${unreachable.map((n) => String(n).padStart(4, "0")).join(", ")}`);
  return `${blocks.join("\n\n")}\n`;
}

/** The same as plain data for JSON. */
export function explanationJson({ architectures, paths, unreachable }: SeccompExplanation): unknown {
  const outcome = (o: Outcome, names: readonly string[]) => ({
    action: o.action,
    ...(o.result.kind === "constant" ? { value: o.result.value } : {}),
    ...(o.otherwise ? { otherwise: true } : {}),
    when: o.otherwise ? [] : o.terms.map((t) => termText(t, names)),
  });
  const group = (g: CallGroup, named: boolean) => ({
    ...(named ? { syscalls: g.calls.map((c) => c.name) } : {}),
    numbers: ranges(g.numbers),
    outcomes: g.outcomes.map((o) => outcome(o, g.calls.length === 1 ? g.calls[0]!.args : [])),
  });
  return {
    architectures: architectures.map((a) => ({
      architectures: ranges(a.audits).map(([first, last]) =>
        first === last ? architectureName(first) : [first, last],
      ),
      groups: a.groups.map((g) => group(g, true)),
      rest: group(a.rest, false),
    })),
    paths,
    unreachable,
  };
}
