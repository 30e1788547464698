import { SimulatedKernel } from "../../src/kernel/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { type Generated, generate } from "./generate.ts";
import { MAPS, type Trial } from "./program.ts";
import { compare, type Loaded, type Outcome, Subject } from "./subject.ts";

/** Far more instructions than any random program executes. */
export const BUDGET = 1_000_000n;

/** Our engines, each in a kernel of its own that does not verify: the running kernel has, or the checking engine does. Only the first counts instructions: the JIT compiles programs that are not counted. */
export function simulatedSubjects(): Subject[] {
  return (["stepping", "interpreter", "jit"] as const).map((engine) => {
    const budget = engine === "stepping" ? { budget: BUDGET } : {};
    return new Subject(engine, new SimulatedKernel({ engine, unchecked: true, ...budget }));
  });
}

export interface Difference {
  readonly subject: string;
  readonly lines: readonly string[];
}

/**
 * Loads a program everywhere and runs it. The first subject is the reference: where it refuses the program, nobody runs it;
 * where its run ends early (without a verifier, by its budget or a bad access), nobody else runs it.
 */
export function judge(
  subjects: readonly Subject[],
  trial: Trial,
): { readonly refusal: BpfError | null; readonly differences: readonly Difference[] } {
  const loaded: (Loaded | BpfError)[] = [];
  try {
    for (const subject of subjects) {
      const result = subject.load(trial);
      if (result instanceof BpfError && loaded.length === 0) return { refusal: result, differences: [] };
      loaded.push(result);
    }
    const run = (n: number): Outcome => {
      const program = loaded[n]!;
      return program instanceof BpfError ? failed(program.message) : subjects[n]!.run(program, trial.inputs);
    };
    const reference = run(0);
    if (reference.error !== null) {
      return { refusal: null, differences: [{ subject: subjects[0]!.name, lines: [reference.error] }] };
    }
    const differences = subjects.slice(1).flatMap(({ name }, n) => {
      const lines = compare(reference, run(n + 1));
      return lines.length === 0 ? [] : [{ subject: name, lines }];
    });
    return { refusal: null, differences };
  } finally {
    loaded.forEach((program, n) => {
      if (!(program instanceof BpfError)) subjects[n]!.close(program);
    });
  }
}

function failed(error: string): Outcome {
  return { retvals: [], packets: [], contexts: [], elements: MAPS.map(() => []), error };
}

/** What a campaign found out. */
export interface Report {
  readonly seed: number;
  generated: number;
  accepted: number;
  /** Instructions of accepted programs. */
  insns: number;
  /** How many accepted programs have each type. */
  readonly kinds: Map<string, number>;
  readonly refusals: Map<string, number>;
  /** How many accepted programs have each form. */
  readonly forms: Map<string, number>;
  readonly failures: { readonly program: Generated; readonly differences: readonly Difference[] }[];
  generating: number;
  total: number;
}

/** Generates programs until `accepted` of them have run everywhere; stops early after some failures. */
export function campaign(subjects: readonly Subject[], seed: number, first: number, accepted: number): Report {
  const start = performance.now();
  const report: Report = {
    seed,
    generated: 0,
    accepted: 0,
    insns: 0,
    kinds: new Map(),
    refusals: new Map(),
    forms: new Map(),
    failures: [],
    generating: 0,
    total: 0,
  };
  for (let number = first; report.accepted < accepted && report.failures.length < 10; number++) {
    const before = performance.now();
    const program = generate(seed, number);
    report.generating += performance.now() - before;
    report.generated++;
    const { refusal, differences } = judge(subjects, program);
    if (refusal !== null) {
      const reason = refusal.message.replace(/\d+/g, "N");
      report.refusals.set(reason, (report.refusals.get(reason) ?? 0) + 1);
      continue;
    }
    report.accepted++;
    report.insns += program.items.length;
    for (const name of new Set(program.items.map(({ insn }) => insn.form.name))) {
      report.forms.set(name, (report.forms.get(name) ?? 0) + 1);
    }
    report.kinds.set(program.kind.name, (report.kinds.get(program.kind.name) ?? 0) + 1);
    if (differences.length > 0) report.failures.push({ program, differences });
  }
  report.total = performance.now() - start;
  return report;
}
