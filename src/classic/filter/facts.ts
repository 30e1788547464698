import { BPF_JEQ } from "../insn.ts";
import type { Test } from "./condition.ts";

/** What is known on a way through the graph: outcomes of tests, and values that equal a constant. */
export interface Facts {
  /** Constant by id of the value. */
  readonly equal: ReadonlyMap<number, number>;
  /** Outcome by test. */
  readonly outcome: ReadonlyMap<string, boolean>;
}

export const facts: Facts = { equal: new Map(), outcome: new Map() };

function keyOf({ relation, left, right }: Test): string {
  return `${relation},${left.id},${right.id}`;
}

export function learn(known: Facts, test: Test, outcome: boolean): Facts {
  const equals = outcome && test.relation === BPF_JEQ && test.right.op === "const";
  return {
    equal: equals ? new Map(known.equal).set(test.left.id, test.right.k) : known.equal,
    outcome: new Map(known.outcome).set(keyOf(test), outcome),
  };
}

function both<K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  if (a === b || a.size === 0) return a;
  const shared = new Map<K, V>();
  for (const [key, value] of a) if (b.get(key) === value) shared.set(key, value);
  return shared;
}

/** Without what is known of the values that these ids are of: they are computed from what is written over now. */
export function forget(known: Facts, ids: ReadonlySet<number>): Facts {
  const stale = (key: string): boolean => {
    const [, left, right] = key.split(",");
    return ids.has(Number(left)) || ids.has(Number(right));
  };
  return {
    equal: new Map([...known.equal].filter(([id]) => !ids.has(id))),
    outcome: new Map([...known.outcome].filter(([key]) => !stale(key))),
  };
}

/** What holds on both ways. */
export function meet(a: Facts | undefined, b: Facts): Facts {
  return a === undefined ? b : { equal: both(a.equal, b.equal), outcome: both(a.outcome, b.outcome) };
}

/** The outcome of a test where it is known, else null. An equality decides equalities only, as in libpcap, so that as many loads stay. */
export function outcomeOf(known: Facts, test: Test): boolean | null {
  const outcome = known.outcome.get(keyOf(test));
  if (outcome !== undefined) return outcome;
  if (test.right.op !== "const" || test.relation !== BPF_JEQ) return null;
  const equal = known.equal.get(test.left.id);
  if (equal === undefined) return null;
  return equal === test.right.k;
}
