import type { Test } from "./condition.ts";
import { type Facts, forget, learn, meet, facts as noFacts, outcomeOf } from "./facts.ts";
import { type Decision, inOrder, type Node } from "./graph.ts";
import { readsWord, type Value, type Word, wordsIn } from "./value.ts";

/**
 * `keepLoads`: no load may be left out or change its place, so that packets cut off anywhere are refused as without the optimiser.
 *
 * The optimiser, after that of the BSD packet filter (McCanne and Jacobson 1993). Two passes take turns until neither finds anything:
 * edges pass over tests whose outcome is known on every way to them, and in a row of tests for one outcome those of the same value are put
 * side by side, so that it is loaded once. Only then are nodes that ask the same and lead to the same made one: before, each
 * stands where different things are known.
 */
export function optimize(root: Node, keepLoads: boolean): Node {
  let now = root;
  for (let round = 0; round < 64; round++) {
    const passed = passOverKnown(now, keepLoads);
    const moved = keepLoads ? false : gatherRows(passed.root);
    now = passed.root;
    if (!passed.changed && !moved) break;
  }
  const merged = merge(withoutUnread(now));
  // Nothing need be there for an answer that is always the same.
  return !keepLoads && merged.is === "put" && merged.word === null && merged.next.is === "leaf" ? merged.next : merged;
}

/** Where an edge leads once tests with a known outcome are left out, and those that lead to one place only. */
function follow(facts: Facts, to: Node, keepLoads: boolean): Node {
  let node = to;
  while (node.is === "decision") {
    const outcome = node.yes === node.no && !keepLoads ? true : outcomeOf(facts, node.test);
    if (outcome === null) break;
    node = outcome ? node.yes : node.no;
  }
  return node;
}

/** The values tested anywhere that are computed from the word. */
function idsReading(order: readonly Node[], word: Word): Set<number> {
  const tested = order.flatMap((node) => (node.is === "decision" ? [node.test.left, node.test.right] : []));
  return new Set(tested.filter((value) => readsWord(value, word)).map(({ id }) => id));
}

function passOverKnown(root: Node, keepLoads: boolean): { root: Node; changed: boolean } {
  const to = (facts: Facts, node: Node): Node => follow(facts, node, keepLoads);
  // The root's own load stays, as in libpcap, even where its outcome makes no difference.
  const idle = root.is === "decision" && root.yes === root.no && root.yes.is !== "leaf";
  const start = idle ? root : to(noFacts, root);
  let changed = start !== root;
  const entry = new Map<Node, Facts>([[start, noFacts]]);
  const arrive = (at: Node, facts: Facts): void => {
    entry.set(at, meet(entry.get(at), facts));
  };
  // A node that is no longer led to has no facts.
  const order = inOrder(start);
  for (const node of order) {
    const facts = entry.get(node);
    if (facts === undefined || node.is === "leaf") continue;
    if (node.is === "put") {
      const kept = node.word === null ? facts : forget(facts, idsReading(order, node.word));
      const next = to(kept, node.next);
      changed ||= next !== node.next;
      node.next = next;
      arrive(next, kept);
      continue;
    }
    const ifYes = learn(facts, node.test, true);
    const ifNo = learn(facts, node.test, false);
    const yes = to(ifYes, node.yes);
    const no = to(ifNo, node.no);
    changed ||= yes !== node.yes || no !== node.no;
    node.yes = yes;
    node.no = no;
    arrive(yes, ifYes);
    arrive(no, ifNo);
  }
  return { root: start, changed };
}

/** What A holds where a node is left. */
function leftInA(node: Node): Value | null {
  return node.is === "decision" ? node.test.left : null;
}

interface Ways {
  count: number;
  /** What A holds on every way here. */
  a: Value | null;
}

function waysInto(order: readonly Node[]): Map<Node, Ways> {
  const ways = new Map<Node, Ways>();
  const add = (to: Node, a: Value | null): void => {
    const known = ways.get(to);
    if (known === undefined) ways.set(to, { count: 1, a });
    else {
      known.count++;
      if (known.a !== a) known.a = null;
    }
  };
  for (const node of order) {
    if (node.is === "put") add(node.next, null);
    else if (node.is === "decision") {
      add(node.yes, leftInA(node));
      add(node.no, leftInA(node));
    }
  }
  return ways;
}

/** Decisions in a row that all leave to the same place on one side; only the first can be come to from elsewhere. */
function rowFrom(head: Decision, side: "yes" | "no", ways: ReadonlyMap<Node, Ways>): Decision[] {
  const on = side === "yes" ? "no" : "yes";
  const row = [head];
  for (let next = head[on]; next.is === "decision"; next = next[on]) {
    if (next[side] !== head[side] || ways.get(next)?.count !== 1) break;
    row.push(next);
  }
  return row;
}

function gathered(tests: readonly Test[], first: Value | null): Test[] {
  const groups = new Map<Value | null, Test[]>(first === null ? [] : [[first, []]]);
  for (const test of tests) {
    const group = groups.get(test.left);
    if (group === undefined) groups.set(test.left, [test]);
    else group.push(test);
  }
  return [...groups.values()].flat();
}

function gatherRows(root: Node): boolean {
  const order = inOrder(root);
  const ways = waysInto(order);
  let changed = false;
  for (const side of ["yes", "no"] as const) {
    const done = new Set<Node>();
    for (const node of order) {
      if (node.is !== "decision" || done.has(node)) continue;
      const row = rowFrom(node, side, ways);
      for (const member of row) done.add(member);
      if (row.length < 2) continue;
      const tests = gathered(
        row.map(({ test }) => test),
        ways.get(node)?.a ?? null,
      );
      row.forEach((member, n) => {
        const test = tests[n] as Test;
        changed ||= member.test !== test;
        member.test = test;
      });
      if (changed) return true;
    }
  }
  return changed;
}

/** Without what is put into scratch memory and never read. */
function withoutUnread(root: Node): Node {
  const read = new Map<Node, ReadonlySet<number>>();
  const now = new Map<Node, Node>();
  const of = (node: Node): Node => now.get(node) ?? node;
  for (const node of inOrder(root).reverse()) {
    if (node.is === "leaf") continue;
    if (node.is === "decision") {
      node.yes = of(node.yes);
      node.no = of(node.no);
      const words = new Set([...(read.get(node.yes) ?? []), ...(read.get(node.no) ?? [])]);
      for (const value of [node.test.left, node.test.right]) for (const n of wordsIn(value)) words.add(n);
      read.set(node, words);
      continue;
    }
    node.next = of(node.next);
    const words = new Set(read.get(node.next));
    if (node.word !== null && !words.has(node.word.n)) {
      now.set(node, node.next);
      continue;
    }
    if (node.word !== null) words.delete(node.word.n);
    for (const n of wordsIn(node.value)) words.add(n);
    read.set(node, words);
  }
  return of(root);
}

/** Makes equal nodes one, from the end to the start. */
function merge(root: Node): Node {
  const one = new Map<string, Node>();
  const now = new Map<Node, Node>();
  const of = (node: Node): Node => now.get(node) ?? node;
  for (const node of inOrder(root).reverse()) {
    let key = "";
    if (node.is === "decision") {
      node.yes = of(node.yes);
      node.no = of(node.no);
      if (node.yes === node.no) {
        // libpcap leaves such a test; what is left of it here is that the bytes must be there for the packet to be accepted.
        const rejected = node.yes.is === "leaf" && !node.yes.accept;
        now.set(
          node,
          rejected ? node.yes : { is: "put", id: node.id, word: null, value: node.test.left, next: node.yes },
        );
        continue;
      }
      key = `${node.test.relation},${node.test.left.id},${node.test.right.id},${node.yes.id},${node.no.id}`;
    } else if (node.is === "put") {
      node.next = of(node.next);
      key = `M${node.word?.n},${node.value.id},${node.next.id}`;
    } else continue;
    const known = one.get(key);
    if (known === undefined) one.set(key, node);
    else now.set(node, known);
  }
  return of(root);
}
