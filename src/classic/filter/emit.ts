import {
  BPF_JA,
  BPF_JMP,
  BPF_K,
  BPF_LD,
  BPF_LDX,
  BPF_MEM,
  BPF_RET,
  BPF_ST,
  BPF_STX,
  BPF_X,
  type ClassicInsn,
  classic,
} from "../insn.ts";
import { after, inOrder, type Node } from "./graph.ts";
import { NOTHING, type Registers, Sequence } from "./registers.ts";
import { readsWord, type Value } from "./value.ts";

/** A node's instructions and, for a decision, the jump that ends them. */
interface Block {
  readonly node: Node;
  readonly code: readonly ClassicInsn[];
  readonly jump: number | null;
  readonly k: number;
}

export interface EmitOptions {
  readonly snaplen: number;
  /** First word of scratch memory that no `put` of the graph uses. */
  readonly firstFree: number;
  /** Whether a register keeps its value from one block to the next. */
  readonly reuse: boolean;
}

export interface Emitted {
  readonly program: ClassicInsn[];
  readonly words: number;
}

function common(a: Registers, b: Registers): Registers {
  return { a: a.a === b.a ? a.a : null, x: a.x === b.x ? a.x : null };
}

function blocksOf(root: Node, options: EmitOptions): { blocks: Block[]; words: number } {
  const entry = new Map<Node, Registers>();
  const blocks: Block[] = [];
  let words = options.firstFree;
  const leave = (to: Node, registers: Registers): void => {
    const known = entry.get(to);
    entry.set(to, known === undefined ? registers : common(known, registers));
  };
  for (const node of inOrder(root)) {
    const start = options.reuse ? (entry.get(node) ?? NOTHING) : NOTHING;
    const sequence = new Sequence(start, options.firstFree);
    if (node.is === "leaf") {
      blocks.push({ node, code: [classic(BPF_RET | BPF_K, node.accept ? options.snaplen : 0)], jump: null, k: 0 });
      continue;
    }
    if (node.is === "put") {
      const { word, value } = node;
      if (word === null) sequence.intoA(value);
      else sequence.store(value, word.n);
      // What was computed from the word's former content is no more; what was put there is the word's content now.
      const now = (held: Value | null): Value | null =>
        word === null || held === null ? held : held === value ? word : readsWord(held, word) ? null : held;
      leave(node.next, { a: now(sequence.a), x: now(sequence.x) });
      blocks.push({ node, code: sequence.code, jump: null, k: 0 });
    } else {
      const { relation, left, right } = node.test;
      if (right.op === "const") sequence.intoA(left);
      else sequence.intoAandX(left, right);
      leave(node.yes, sequence);
      leave(node.no, sequence);
      const jump = BPF_JMP | relation | (right.op === "const" ? BPF_K : BPF_X);
      blocks.push({ node, code: sequence.code, jump, k: right.op === "const" ? right.k : 0 });
    }
    words = Math.max(words, sequence.used);
  }
  return { blocks, words };
}

/** Jumps reach 255 instructions; where a target is further, the jump goes to an unconditional one right behind it, which reaches any. */
function layOut(blocks: readonly Block[]): ClassicInsn[] {
  const farYes = new Set<Node>();
  const farNo = new Set<Node>();
  for (;;) {
    const startOf = new Map<Node, number>();
    let at = 0;
    blocks.forEach((block, n) => {
      startOf.set(block.node, at);
      at += block.code.length;
      if (block.jump !== null) at += 1 + (farYes.has(block.node) ? 1 : 0) + (farNo.has(block.node) ? 1 : 0);
      else if (block.node.is === "put" && blocks[n + 1]?.node !== block.node.next) at += 1;
    });
    const before = farYes.size + farNo.size;
    const program: ClassicInsn[] = [];
    blocks.forEach((block, n) => {
      program.push(...block.code);
      const { node } = block;
      if (node.is === "put" && blocks[n + 1]?.node !== node.next) {
        program.push(classic(BPF_JMP | BPF_JA, (startOf.get(node.next) ?? 0) - program.length - 1));
      }
      if (node.is !== "decision" || block.jump === null) return;
      const from = program.length + 1;
      const yes = startOf.get(node.yes) ?? 0;
      const no = startOf.get(node.no) ?? 0;
      const hops = [farYes.has(node), farNo.has(node)];
      if (yes - from > 255) farYes.add(node);
      if (no - from > 255) farNo.add(node);
      program.push(
        classic(
          block.jump,
          block.k,
          hops[0] ? 0 : (yes - from) & 0xff,
          hops[1] ? (hops[0] ? 1 : 0) : (no - from) & 0xff,
        ),
      );
      if (hops[0]) program.push(classic(BPF_JMP | BPF_JA, yes - program.length - 1));
      if (hops[1]) program.push(classic(BPF_JMP | BPF_JA, no - program.length - 1));
    });
    if (farYes.size + farNo.size === before) return program;
  }
}

/**
 * Blocks of the same instructions that go to the same places become one, the last of them: without a load of their own they may test
 * different values, but by the same instructions.
 */
function mergeBlocks(blocks: readonly Block[]): Block[] {
  const one = new Map<string, Node>();
  const now = new Map<Node, Node>();
  const kept: Block[] = [];
  const of = (node: Node): Node => now.get(node) ?? node;
  for (const block of [...blocks].reverse()) {
    const { node, code, jump, k } = block;
    if (node.is === "decision") {
      node.yes = of(node.yes);
      node.no = of(node.no);
    } else if (node.is === "put") node.next = of(node.next);
    const text = code.map((insn) => `${insn.code},${insn.k}`).join(";");
    const key = `${text};${jump},${k}>${after(node)
      .map(({ id }) => id)
      .join(",")}`;
    const same = one.get(key);
    if (same === undefined) {
      one.set(key, node);
      kept.push(block);
    } else now.set(node, same);
  }
  return kept.reverse();
}

const isLoadOf = ({ code }: ClassicInsn): boolean => code === (BPF_LD | BPF_MEM) || code === (BPF_LDX | BPF_MEM);
const isStore = ({ code }: ClassicInsn): boolean => code === BPF_ST || code === BPF_STX;

/** Without stores to words that nothing loads: their content was still in a register wherever it was wanted. */
function withoutDeadStores(blocks: readonly Block[]): Block[] {
  const loaded = new Set(blocks.flatMap(({ code }) => code.filter(isLoadOf).map(({ k }) => k)));
  return blocks.map((block) => ({ ...block, code: block.code.filter((insn) => !isStore(insn) || loaded.has(insn.k)) }));
}

/** The program of a graph: its nodes in order, the registers' contents carried from node to node. */
export function emit(root: Node, options: EmitOptions): Emitted {
  const { blocks, words } = blocksOf(root, options);
  return { program: layOut(options.reuse ? mergeBlocks(withoutDeadStores(blocks)) : blocks), words };
}
