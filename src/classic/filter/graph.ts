import { type Condition, decided, simplest, type Test } from "./condition.ts";
import type { Value, Values } from "./value.ts";

/**
 * An expression as a graph of decisions without cycles. Nodes that ask the same and go to the same places are one node.
 * Order is kept: a packet that ends before a byte that is asked for is refused, whatever would have been asked later.
 */
export type Node =
  | { readonly is: "leaf"; readonly id: number; readonly accept: boolean }
  | Decision
  | { readonly is: "put"; readonly id: number; readonly word: number; readonly value: Value; readonly next: Node };

export interface Decision {
  readonly is: "decision";
  readonly id: number;
  readonly test: Test;
  readonly yes: Node;
  readonly no: Node;
}

export const ACCEPT: Node = { is: "leaf", id: 0, accept: true };
export const REJECT: Node = { is: "leaf", id: 1, accept: false };

/** Makes nodes, each only once. */
export class Graph {
  readonly values: Values;
  private readonly made = new Map<string, Node>();
  private count = 2;
  private readonly simplify: boolean;

  constructor(values: Values, simplify: boolean) {
    this.values = values;
    this.simplify = simplify;
  }

  private share(key: string, make: (id: number) => Node): Node {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const node = make(this.count++);
    this.made.set(key, node);
    return node;
  }

  decision(test: Test, yes: Node, no: Node): Node {
    if (yes === no && this.simplify) return yes;
    const { relation, left, right } = test;
    const key = `${relation},${left.id},${right.id},${yes.id},${no.id}`;
    return this.share(this.simplify ? key : `${this.count}`, (id) => ({ is: "decision", id, test, yes, no }));
  }

  put(word: number, value: Value, next: Node): Node {
    return this.share(`M${word}=${value.id},${next.id}`, (id) => ({ is: "put", id, word, value, next }));
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
        return this.put(condition.word, condition.value, yes);
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

/** All nodes reachable, each before those it leads to; what `yes` leads to stands nearer than what `no` leads to. */
export function inOrder(root: Node): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; step: number }[] = [{ node: root, step: 0 }];
  seen.add(root);
  while (stack.length > 0) {
    const top = stack[stack.length - 1] as { node: Node; step: number };
    const after =
      top.node.is === "decision" ? [top.node.no, top.node.yes] : top.node.is === "put" ? [top.node.next] : [];
    const child = after[top.step++];
    if (child === undefined) {
      order.push(top.node);
      stack.pop();
    } else if (!seen.has(child)) {
      seen.add(child);
      stack.push({ node: child, step: 0 });
    }
  }
  return order.reverse();
}
