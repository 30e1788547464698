import { BPF_JEQ, BPF_JGE, BPF_JGT } from "../insn.ts";
import type { Test } from "./condition.ts";
import { type Decision, type Graph, inOrder, type Node } from "./graph.ts";

/**
 * Tests whose outcome is known where they stand are passed over, after the edge-dominator pass of the BSD filter optimiser (McCanne and
 * Jacobson 1993). Going down the graph, each edge carries what is known on every way to it: which value equals which constant, which it
 * does not equal, and the outcome of the tests made. An edge to a test that this decides goes on to where the test would.
 */
interface Facts {
  /** By id of the value. */
  readonly equal: Map<number, number>;
  /** Outcome by test: `relation,left,right`. */
  readonly outcome: Map<string, boolean>;
}

const NO_FACTS: Facts = { equal: new Map(), outcome: new Map() };

function keyOf({ relation, left, right }: Test): string {
  return `${relation},${left.id},${right.id}`;
}

function learn(facts: Facts, test: Test, outcome: boolean): Facts {
  const learned = { equal: facts.equal, outcome: new Map(facts.outcome).set(keyOf(test), outcome) };
  if (outcome && test.relation === BPF_JEQ && test.right.op === "const") {
    learned.equal = new Map(facts.equal).set(test.left.id, test.right.k);
  }
  return learned;
}

function both<K, V>(a: Map<K, V>, b: Map<K, V>): Map<K, V> {
  const shared = new Map<K, V>();
  for (const [key, value] of a) if (b.get(key) === value) shared.set(key, value);
  return shared;
}

function meet(a: Facts | undefined, b: Facts): Facts {
  if (a === undefined) return b;
  return { equal: both(a.equal, b.equal), outcome: both(a.outcome, b.outcome) };
}

function outcomeOf(facts: Facts, test: Test): boolean | null {
  const known = facts.outcome.get(keyOf(test));
  if (known !== undefined) return known;
  if (test.right.op !== "const") return null;
  const equal = facts.equal.get(test.left.id);
  if (equal === undefined) return null;
  switch (test.relation) {
    case BPF_JEQ:
      return equal === test.right.k;
    case BPF_JGT:
      return equal > test.right.k;
    case BPF_JGE:
      return equal >= test.right.k;
    default:
      return (equal & test.right.k) !== 0;
  }
}

/** One pass; the same root where nothing was found. */
function passOverKnown(graph: Graph, root: Node): Node {
  const order = inOrder(root);
  const entry = new Map<Node, Facts>([[root, NO_FACTS]]);
  const target = new Map<string, Node>();
  const follow = (facts: Facts, to: Node): Node => {
    let node = to;
    while (node.is === "decision") {
      const outcome = outcomeOf(facts, node.test);
      if (outcome === null) break;
      node = outcome ? node.yes : node.no;
    }
    return node;
  };
  // Nodes that an earlier redirection cut off have no facts and are not visited.
  for (const node of order) {
    const facts = entry.get(node);
    if (facts === undefined || node.is === "leaf") continue;
    if (node.is === "put") {
      entry.set(node.next, meet(entry.get(node.next), facts));
      continue;
    }
    for (const outcome of [true, false]) {
      const known = learn(facts, node.test, outcome);
      const to = follow(known, outcome ? node.yes : node.no);
      target.set(`${node.id},${outcome}`, to);
      entry.set(to, meet(entry.get(to), known));
    }
  }
  return rebuilt(
    graph,
    order,
    (node, outcome) => target.get(`${node.id},${outcome}`) ?? (outcome ? node.yes : node.no),
    root,
  );
}

/** The graph with its edges led elsewhere: `order` lists every node before those its edges lead to. */
function rebuilt(
  graph: Graph,
  order: readonly Node[],
  edge: (node: Decision, outcome: boolean) => Node,
  root: Node,
): Node {
  const anew = new Map<Node, Node>();
  for (let n = order.length - 1; n >= 0; n--) {
    const node = order[n] as Node;
    const now = (old: Node): Node => anew.get(old) ?? old;
    if (node.is === "leaf") anew.set(node, node);
    else if (node.is === "put") anew.set(node, graph.put(node.word, node.value, now(node.next)));
    else anew.set(node, graph.decision(node.test, now(edge(node, true)), now(edge(node, false))));
  }
  return anew.get(root) ?? root;
}

/** The graph without needless tests. */
export function optimize(graph: Graph, root: Node): Node {
  let now = root;
  for (let round = 0; round < 32; round++) {
    const next = passOverKnown(graph, now);
    if (next === now) break;
    now = next;
  }
  return now;
}
