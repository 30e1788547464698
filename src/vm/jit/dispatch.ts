import { type Blocks, BRANCH, LEAVE, TAKEN } from "./blocks.ts";
import type { Cfg } from "./cfg.ts";
import { type Locals, Registers } from "./registers.ts";
import type { HeaderCode } from "./structure.ts";
import { VOID, W, type WasmBytes } from "./wasm.ts";

/** Blocks in one inner `br_table`; with two levels the nesting is the square root of the number of blocks. */
function chunkSize(count: number): number {
  return Math.max(16, Math.ceil(Math.sqrt(count)));
}

/** Some of a function's blocks, and what to emit where control leaves them for block `to` with the registers in `r`. */
export interface BlockRange {
  readonly from: number;
  readonly to: number;
  leave(r: Registers, to: number): void;
}

/**
 * Writes any graph as a loop around a `br_table` over the number of the next block: for irreducible graphs, and for
 * those whose structured form would nest too deeply. The state local holds the block's number within the range.
 */
export function writeDispatched(
  out: WasmBytes,
  cfg: Cfg,
  blocks: Blocks,
  locals: Locals,
  header: HeaderCode,
  range: BlockRange = { from: 0, to: cfg.count, leave: () => undefined },
): void {
  const count = range.to - range.from;
  const chunk = chunkSize(count);
  const chunks = Math.ceil(count / chunk);
  const r = new Registers(out, locals);
  let depth = 0;
  const go = (b: number, to: number): void => {
    r.values = blocks.after[b]!;
    if (to < range.from || to >= range.to) {
      range.leave(r, to);
      return;
    }
    r.convert(blocks.before[to]!);
    out.i32(to - range.from);
    out.op(W.local_set, locals.state);
    out.op(W.br, depth - 1);
  };
  const table = (first: number, size: number): void => {
    out.op(W.local_get, locals.state);
    if (first > 0) {
      out.i32(first);
      out.u8(W.i32_sub);
    }
    out.u8(W.br_table);
    out.leb(size - 1);
    for (let n = 0; n < size; n++) out.leb(n);
  };
  out.u8(W.loop);
  out.u8(VOID);
  depth++;
  header(out);
  for (let n = 0; n < chunks; n++) {
    out.u8(W.block);
    out.u8(VOID);
    depth++;
  }
  out.op(W.local_get, locals.state);
  out.i32(chunk);
  out.u8(W.i32_div_u);
  out.u8(W.br_table);
  out.leb(chunks - 1);
  for (let n = 0; n < chunks; n++) out.leb(n);
  for (let c = 0; c < chunks; c++) {
    out.u8(W.end);
    depth--;
    const first = c * chunk;
    const size = Math.min(chunk, count - first);
    for (let n = 0; n < size; n++) {
      out.u8(W.block);
      out.u8(VOID);
      depth++;
    }
    table(first, size);
    for (let b = range.from + first; b < range.from + first + size; b++) {
      out.u8(W.end);
      depth--;
      if (blocks.before[b]!.length === 0) {
        out.u8(W.unreachable);
        continue;
      }
      out.copy(blocks.code, blocks.start[b]!, blocks.end[b]!);
      const how = blocks.ending[b]!;
      if (how === LEAVE) continue;
      if (how === BRANCH) {
        out.u8(W.if);
        out.u8(VOID);
        depth++;
        go(b, cfg.taken[b]!);
        out.u8(W.end);
        depth--;
      }
      const to = how === TAKEN ? cfg.taken[b]! : cfg.next[b]!;
      if (to < 0) out.u8(W.unreachable);
      else go(b, to);
    }
  }
  out.u8(W.end);
}
