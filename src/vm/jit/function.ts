import type { HelperTable, ProgramImage } from "../../isa/index.ts";
import { FAULT_FUEL, FRAME_SIZE, FUEL } from "../../runtime/layout.ts";
import type { Runtime } from "../runtime.ts";
import { type BlockSource, type Blocks, compileBlocks } from "./blocks.ts";
import { type CallContext, emitFault } from "./calls.ts";
import { buildCfg } from "./cfg.ts";
import { writeDispatched } from "./dispatch.ts";
import { jitError } from "./errors.ts";
import type { Imports } from "./imports.ts";
import { MAY_GOTO_LIMIT } from "./jumps.ts";
import type { Locals } from "./registers.ts";
import { SEGMENT_LIMIT, writeSegments } from "./segments.ts";
import { writeStructured } from "./structure.ts";
import { anyValue, FULL, u32Value, undefinedValue } from "./values.ts";
import { I32, I64, VOID, W, type WasmBytes } from "./wasm.ts";

/** What a program is compiled into and called by. */
export interface JitEnvironment {
  readonly runtime: Runtime;
  readonly helpers: HelperTable;
  /** Index of the program in the function table. */
  readonly slot: number;
  /** Index in the function table of an address-taken function: the value of its pointer. */
  functionSlot(subprogStart: number): number;
  /** Count instructions down in the FUEL cell and end the run with FAULT_FUEL when it is used up. */
  readonly budget?: boolean;
}

/** Wasm locals: parameters first, then i32s, then i64s. */
function layOutLocals(entry: boolean): { locals: Locals; narrowCount: number; wideCount: number } {
  let next = entry ? 2 : 6;
  const narrow: number[] = [];
  const wide: number[] = [];
  const narrowStart = next;
  for (let reg = 0; reg < 10; reg++) narrow.push(entry && reg === 1 ? 0 : next++);
  const rest32 = { bottom: next++, temp32: next++, second32: next++, mayGoto: next++, state: next++ };
  const wideStart = next;
  for (let reg = 0; reg < 10; reg++) wide.push(!entry && reg >= 1 && reg <= 5 ? reg - 1 : next++);
  const rest64 = { temp64: next++, second64: next++, fuel: next++ };
  return {
    locals: { wide, narrow, fp: entry ? 1 : 5, ...rest32, ...rest64 },
    narrowCount: wideStart - narrowStart,
    wideCount: next - wideStart,
  };
}

/** Slots of a function. */
export interface FunctionRange {
  readonly start: number;
  readonly end: number;
}

/** The module around a function: where its calls go and where its parts, if it is large, are put. */
export interface ModuleContext {
  readonly image: ProgramImage;
  readonly env: JitEnvironment;
  readonly imports: Imports;
  /** wasm function of each subprogram, by first slot. */
  readonly indices: ReadonlyMap<number, number>;
  /** Bodies of the functions that hold parts of large ones, and per body its type. */
  readonly parts: WasmBytes;
  readonly partTypes: number[];
}

/** Writes the body of the BPF function in slots `range` to `out`. */
export function writeFunction(out: WasmBytes, module: ModuleContext, range: FunctionRange): void {
  const { image, env, imports, indices } = module;
  const isEntry = range.start === 0;
  const { locals, narrowCount, wideCount } = layOutLocals(isEntry);
  const cfg = buildCfg(image.code, range.start, range.end);
  const budget = env.budget === true;
  const context: CallContext = {
    imports,
    programSlot: env.slot,
    functionIndex: (start) => {
      const index = indices.get(start);
      if (index === undefined) throw jitError("E_JIT_TARGET", { slot: range.start, target: start });
      return index;
    },
    storeFuel: (to) => {
      if (!budget) return;
      to.i32(FUEL);
      to.op(W.local_get, locals.fuel);
      to.access(W.i64_store, 0);
    },
    loadFuel: (to) => {
      if (!budget) return;
      to.i32(FUEL);
      to.access(W.i64_load, 0);
      to.op(W.local_set, locals.fuel);
    },
  };
  const entry = Array.from({ length: 10 }, (_, reg) => {
    if (isEntry) return reg === 1 ? u32Value(FULL) : undefinedValue;
    return reg >= 1 && reg <= 5 ? anyValue : undefinedValue;
  });
  const source: BlockSource = {
    code: image.code,
    cfg,
    locals,
    entry,
    maps: image.maps,
    context,
    functionSlot: (start) => env.functionSlot(start),
    budget,
  };
  const blocks = compileBlocks(source);
  const begin = (to: WasmBytes): number => {
    const size = to.beginSized();
    to.leb(2);
    to.leb(narrowCount);
    to.u8(I32);
    to.leb(wideCount);
    to.u8(I64);
    to.op(W.local_get, locals.fp);
    to.i32(FRAME_SIZE);
    to.u8(W.i32_sub);
    to.op(W.local_set, locals.bottom);
    context.loadFuel(to);
    return size;
  };
  const header = (to: WasmBytes): void => {
    if (!budget) return;
    to.op(W.local_get, locals.fuel);
    to.i64(0, 0);
    to.u8(W.i64_lt_s);
    to.u8(W.if);
    to.u8(VOID);
    emitFault(to, context, FAULT_FUEL, range.start, () => to.i64(0, 0));
    to.u8(W.end);
  };
  const finish = (to: WasmBytes, size: number): void => {
    to.u8(W.unreachable);
    to.u8(W.end);
    to.endSized(size);
  };
  const size = begin(out);
  header(out);
  if (codeSize(blocks) > SEGMENT_LIMIT) {
    writeSegments(out, { module, cfg, blocks, locals, isEntry, context, begin, header, finish });
  } else {
    if (cfg.mayGoto) {
      out.i32(MAY_GOTO_LIMIT + 1);
      out.op(W.local_set, locals.mayGoto);
    }
    if (!cfg.reducible || !writeStructured(out, cfg, blocks, locals, header)) {
      writeDispatched(out, cfg, blocks, locals, header);
    }
  }
  finish(out, size);
}

function codeSize(blocks: Blocks): number {
  let size = 0;
  for (const [b, end] of blocks.end.entries()) size += end - blocks.start[b]!;
  return size;
}
