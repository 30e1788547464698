import { type Blocks, GOTO, LEAVE, TAKEN } from "./blocks.ts";
import type { Cfg } from "./cfg.ts";
import { type Locals, Registers } from "./registers.ts";
import { VOID, W, type WasmBytes } from "./wasm.ts";

/** Emits what a loop header begins with, inside the loop. */
export type HeaderCode = (out: WasmBytes) => void;

/** Nesting that V8 surely takes; deeper functions are dispatched. */
export const MAX_NESTING = 1000;

const TREE = 0;
const END = 1;
const AFTER_IF = 2;

/**
 * Writes a reducible graph as nested blocks and loops, by its dominator tree (Norman Ramsey, "Beyond Relooper: recursive
 * translation of unstructured control flow to structured control flow", ICFP 2022), with an explicit stack.
 *
 * A block where forward edges meet follows the end of a wasm `block` that encloses all of its predecessors; a loop
 * header opens a `loop`; any other block stands in the place of the one jump to it. Nothing falls through except past
 * such an `end`.
 *
 * Returns false, with `out` as it was, where the nesting would be too deep.
 */
export function writeStructured(out: WasmBytes, cfg: Cfg, blocks: Blocks, locals: Locals, header: HeaderCode): boolean {
  const r = new Registers(out, locals);
  const { count, idom, forward } = cfg;
  const origin = out.length;
  // Children in the dominator tree that are merge points, last in reverse postorder first.
  const firstChild = new Int32Array(count).fill(-1);
  const nextChild = new Int32Array(count).fill(-1);
  const size = new Int32Array(count).fill(1);
  for (let b = 1; b < count; b++) {
    if (forward[b]! < 2) continue;
    nextChild[b] = firstChild[idom[b]!]!;
    firstChild[idom[b]!] = b;
  }
  for (let b = count - 1; b > 0; b--) size[idom[b]!]! += size[b]!;
  const blockDepth = new Int32Array(count).fill(-1);
  const loopDepth = new Int32Array(count).fill(-1);
  let depth = 0;
  const tasks: number[] = [TREE, 0];
  const isJump = (from: number, to: number): boolean => to <= from || forward[to]! >= 2;
  const label = (from: number, to: number): number => depth - 1 - (to <= from ? loopDepth[to]! : blockDepth[to]!);

  /** Goes from `b` to `to` for good: a branch, or the target's own code. */
  const go = (b: number, to: number): void => {
    r.values = blocks.after[b]!;
    r.convert(blocks.before[to]!);
    if (isJump(b, to)) out.op(W.br, label(b, to));
    else tasks.push(to, TREE);
  };

  const finish = (b: number): void => {
    const how = blocks.ending[b]!;
    const next = cfg.next[b]!;
    const taken = cfg.taken[b]!;
    if (how === LEAVE) return;
    if (how === GOTO || how === TAKEN) {
      const to = how === GOTO ? next : taken;
      if (to < 0) out.u8(W.unreachable);
      else go(b, to);
      return;
    }
    r.values = blocks.after[b]!;
    if (next >= 0 && isJump(b, taken) && !r.needsConversion(blocks.before[taken]!)) {
      out.op(W.br_if, label(b, taken));
      go(b, next);
      return;
    }
    if (next >= 0 && isJump(b, next) && !r.needsConversion(blocks.before[next]!)) {
      out.u8(W.i32_eqz);
      out.op(W.br_if, label(b, next));
      go(b, taken);
      return;
    }
    // The side with less code goes inside: nesting by conditions then grows with the logarithm of the size only.
    const jumps = next >= 0 && isJump(b, next);
    const inverted = next >= 0 && !isJump(b, taken) && (jumps || size[next]! < size[taken]!);
    if (inverted) out.u8(W.i32_eqz);
    const inside = inverted ? next : taken;
    const outside = inverted ? taken : next;
    out.u8(W.if);
    out.u8(VOID);
    depth++;
    if (isJump(b, inside)) {
      go(b, inside);
      out.u8(W.end);
      depth--;
      if (outside < 0) out.u8(W.unreachable);
      else go(b, outside);
      return;
    }
    // The stack runs last in, first out: inside, end, then outside with its conversions.
    r.convert(blocks.before[inside]!);
    tasks.push(b, outside, AFTER_IF, inside, TREE);
  };

  while (tasks.length > 0) {
    const task = tasks.pop()!;
    if (task === END) {
      out.u8(W.end);
      depth--;
      continue;
    }
    if (task === AFTER_IF) {
      const outside = tasks.pop()!;
      const from = tasks.pop()!;
      out.u8(W.end);
      depth--;
      if (outside < 0) out.u8(W.unreachable);
      else go(from, outside);
      continue;
    }
    const b = tasks.pop()!;
    if (depth > MAX_NESTING) {
      out.length = origin;
      return false;
    }
    if (blocks.before[b]!.length === 0) {
      out.u8(W.unreachable);
      continue;
    }
    if (cfg.header[b] === 1) {
      out.u8(W.loop);
      out.u8(VOID);
      loopDepth[b] = depth++;
      tasks.push(END);
      header(out);
    }
    // The child that comes last in the code is the outermost block.
    for (let child = firstChild[b]!; child >= 0; child = nextChild[child]!) {
      out.u8(W.block);
      out.u8(VOID);
      blockDepth[child] = depth++;
      tasks.push(child, TREE, END);
    }
    out.copy(blocks.code, blocks.start[b]!, blocks.end[b]!);
    finish(b);
  }
  return true;
}
