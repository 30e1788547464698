import type { Blocks } from "./blocks.ts";
import type { CallContext } from "./calls.ts";
import type { Cfg } from "./cfg.ts";
import { writeDispatched } from "./dispatch.ts";
import type { ModuleContext } from "./function.ts";
import { MAY_GOTO_LIMIT } from "./jumps.ts";
import type { Locals } from "./registers.ts";
import { UNDEF } from "./values.ts";
import { VOID, W, type WasmBytes } from "./wasm.ts";

/** V8 takes function bodies of 7,654,321 bytes; control flow and conversions come on top of what is counted here. */
export const SEGMENT_LIMIT = 4_000_000;
const SEGMENT_BYTES = 500_000;
const SEGMENT_BLOCKS = 10_000;

/** Numbers of the module's globals, there only with segments: r0 to r9 (i64), then i32s. */
export const GLOBAL = { registers: 0, mayGoto: 10, block: 11, segment: 12, count: 13 } as const;

/** A function too large for one body, and how its pieces begin and end. */
export interface LargeFunction {
  readonly module: ModuleContext;
  readonly cfg: Cfg;
  readonly blocks: Blocks;
  readonly locals: Locals;
  readonly isEntry: boolean;
  readonly context: CallContext;
  begin(out: WasmBytes): number;
  header(out: WasmBytes): void;
  finish(out: WasmBytes, size: number): void;
}

/** First blocks of the segments, and the number of blocks as the last. */
function findSegments(cfg: Cfg, blocks: Blocks): number[] {
  const bounds = [0];
  let bytes = 0;
  for (let b = 0; b < cfg.count; b++) {
    bytes += blocks.end[b]! - blocks.start[b]!;
    if (bytes > SEGMENT_BYTES || b - bounds[bounds.length - 1]! >= SEGMENT_BLOCKS) {
      bounds.push(b);
      bytes = blocks.end[b]! - blocks.start[b]!;
    }
  }
  bounds.push(cfg.count);
  return bounds;
}

/**
 * Writes a function that is too large for one wasm body as several, each with a stretch of its blocks. Between them the
 * registers pass through globals: a segment that control leaves stores them with the number of the next segment and
 * returns to the loop in the function proper, which calls that one. No call of the program's lies between store and load.
 */
export function writeSegments(out: WasmBytes, f: LargeFunction): void {
  const { module, locals, context } = f;
  const bounds = findSegments(f.cfg, f.blocks);
  const count = bounds.length - 1;
  const type = f.isEntry ? module.imports.entryType : module.imports.functionType;
  const parameters = f.isEntry ? 2 : 6;
  const firstIndex = module.imports.list.length + module.indices.size + module.partTypes.length;
  const segmentOf = (block: number): number => {
    let low = 0;
    for (let high = count - 1; low < high; ) {
      const middle = (low + high + 1) >> 1;
      if (bounds[middle]! <= block) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  for (let reg = 1; reg <= (f.isEntry ? 1 : 5); reg++) {
    out.op(W.local_get, f.isEntry ? locals.narrow[reg]! : locals.wide[reg]!);
    if (f.isEntry) out.u8(W.i64_extend_i32_u);
    out.op(W.global_set, GLOBAL.registers + reg);
  }
  out.i32(MAY_GOTO_LIMIT + 1);
  out.op(W.global_set, GLOBAL.mayGoto);
  out.i32(0);
  out.op(W.global_set, GLOBAL.block);
  context.storeFuel(out);
  // The state local is the segment, temp64 what it returned.
  out.u8(W.loop);
  out.u8(VOID);
  out.i32(-1);
  out.op(W.global_set, GLOBAL.segment);
  for (let n = 0; n <= count; n++) {
    out.u8(W.block);
    out.u8(VOID);
  }
  out.op(W.local_get, locals.state);
  out.u8(W.br_table);
  out.leb(count - 1);
  for (let n = 0; n < count; n++) out.leb(n);
  for (let n = 0; n < count; n++) {
    out.u8(W.end);
    for (let p = 0; p < parameters; p++) out.op(W.local_get, p);
    out.op(W.call, firstIndex + n);
    out.op(W.local_set, locals.temp64);
    out.op(W.br, count - 1 - n);
    writeSegment(f, bounds[n]!, bounds[n + 1]!, segmentOf, bounds);
    module.partTypes.push(type);
  }
  out.u8(W.end);
  out.op(W.global_get, GLOBAL.segment);
  out.op(W.local_tee, locals.state);
  out.i32(0);
  out.u8(W.i32_ge_s);
  out.op(W.br_if, 0);
  out.op(W.local_get, locals.temp64);
  out.u8(W.return);
  out.u8(W.end);
}

function writeSegment(
  f: LargeFunction,
  from: number,
  to: number,
  segmentOf: (block: number) => number,
  bounds: readonly number[],
): void {
  const { locals, context } = f;
  const out = f.module.parts;
  const size = f.begin(out);
  for (let reg = 0; reg < 10; reg++) {
    out.op(W.global_get, GLOBAL.registers + reg);
    out.op(W.local_tee, locals.wide[reg]!);
    out.u8(W.i32_wrap_i64);
    out.op(W.local_set, locals.narrow[reg]!);
  }
  out.op(W.global_get, GLOBAL.mayGoto);
  out.op(W.local_set, locals.mayGoto);
  out.op(W.global_get, GLOBAL.block);
  out.op(W.local_set, locals.state);
  writeDispatched(out, f.cfg, f.blocks, locals, f.header, {
    from,
    to,
    leave: (r, block) => {
      for (let reg = 0; reg < 10; reg++) {
        if (r.value(reg).kind === UNDEF || ((f.cfg.liveIn[block]! >> reg) & 1) === 0) continue;
        r.get64(reg);
        out.op(W.global_set, GLOBAL.registers + reg);
      }
      out.op(W.local_get, locals.mayGoto);
      out.op(W.global_set, GLOBAL.mayGoto);
      const segment = segmentOf(block);
      out.i32(segment);
      out.op(W.global_set, GLOBAL.segment);
      out.i32(block - bounds[segment]!);
      out.op(W.global_set, GLOBAL.block);
      context.storeFuel(out);
      out.i64(0, 0);
      out.u8(W.return);
    },
  });
  f.finish(out, size);
}
