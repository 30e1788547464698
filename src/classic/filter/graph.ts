import { type Condition, decided, simplest, type Test } from "./condition.ts";
import type { Value, Values, Word } from "./value.ts";

/**
 * An expression as a graph of decisions without cycles. The optimiser changes tests and edges in place.
 * Order matters: a packet that ends before a byte that is asked for is refused, whatever would have been asked later.
 */
export type Node = Leaf | Decision | Put;

export interface Leaf {
  readonly is: "leaf";
  readonly id: number;
  readonly accept: boolean;
}

export interface Decision {
  readonly is: "decision";
  readonly id: number;
  test: Test;
  yes: Node;
  no: Node;
}

export interface Put {
  readonly is: "put";
  readonly id: number;
  /** Null where the value only must be there to be read. */
  readonly word: Word | null;
  readonly value: Value;
  next: Node;
}

export const ACCEPT: Node = { is: "leaf", id: 0, accept: true };
export const REJECT: Node = { is: "leaf", id: 1, accept: false };

/** Builds the graph of a condition, from its end to its start. */
export class GraphBuilder {
  private readonly values: Values;
  private readonly simplify: boolean;
  private count = 2;

  constructor(values: Values, simplify: boolean) {
    this.values = values;
    this.simplify = simplify;
  }

  private decision(test: Test, yes: Node, no: Node): Node {
    return { is: "decision", id: this.count++, test, yes, no };
  }

  /** The graph that goes to `yes` where the condition holds, else to `no`. */
  of(condition: Condition, yes: Node, no: Node): Node {
    switch (condition.is) {
      case "always":
        return yes;
      case "never":
        return no;
      case "not":
        return this.of(condition.of, no, yes);
      case "put":
        return { is: "put", id: this.count++, word: condition.word, value: condition.value, next: yes };
      case "touch":
        return { is: "put", id: this.count++, word: null, value: condition.value, next: yes };
      case "and":
        return this.of(condition.left, this.of(condition.right, yes, no), no);
      case "or":
        return this.of(condition.left, yes, this.of(condition.right, yes, no));
      case "test": {
        if (!this.simplify) return this.decision(condition.test, yes, no);
        const known = decided(condition.test);
        if (known !== null) return known ? yes : no;
        const { test, turned } = simplest(this.values, condition.test);
        return turned ? this.decision(test, no, yes) : this.decision(test, yes, no);
      }
    }
  }
}

/** The nodes that a node leads to; what holds comes last. */
export function after(node: Node): readonly Node[] {
  return node.is === "decision" ? [node.no, node.yes] : node.is === "put" ? [node.next] : [];
}

/** All nodes reachable, each before those it leads to; what `yes` leads to stands nearer than what `no` leads to. */
export function inOrder(root: Node): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>([root]);
  const stack: { node: Node; children: readonly Node[]; step: number }[] = [
    { node: root, children: after(root), step: 0 },
  ];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const child = top.children[top.step++];
    if (child === undefined) {
      order.push(top.node);
      stack.pop();
    } else if (!seen.has(child)) {
      seen.add(child);
      stack.push({ node: child, children: after(child), step: 0 });
    }
  }
  return order.reverse();
}
