import type { HelperTable, ProgramImage } from "../../isa/index.ts";
import { FAULT_FUEL, FRAME_SIZE, FUEL } from "../../runtime/layout.ts";
import type { Runtime } from "../runtime.ts";
import { type BlockSource, compileBlocks } from "./blocks.ts";
import { type CallContext, emitFault } from "./calls.ts";
import { buildCfg } from "./cfg.ts";
import { jitError } from "./errors.ts";
import { Imports } from "./imports.ts";
import { MAY_GOTO_LIMIT } from "./jumps.ts";
import type { Locals } from "./registers.ts";
import { writeDispatched, writeStructured } from "./structure.ts";
import { anyValue, FULL, u32Value, undefinedValue } from "./values.ts";
import { I32, I64, SECTION, VOID, W, WasmBytes } from "./wasm.ts";

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

/** A program as a WebAssembly module. */
export interface CompiledProgram {
  readonly bytes: Uint8Array;
  /** Instantiates the module over the runtime's memory and puts its entry and callbacks into the function table. */
  install(): void;
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

interface FunctionRange {
  readonly start: number;
  readonly end: number;
}

function writeFunction(
  out: WasmBytes,
  image: ProgramImage,
  env: JitEnvironment,
  imports: Imports,
  indices: ReadonlyMap<number, number>,
  range: FunctionRange,
): void {
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
  const size = out.beginSized();
  out.leb(2);
  out.leb(narrowCount);
  out.u8(I32);
  out.leb(wideCount);
  out.u8(I64);
  out.op(W.local_get, locals.fp);
  out.i32(FRAME_SIZE);
  out.u8(W.i32_sub);
  out.op(W.local_set, locals.bottom);
  if (image.code.some((i, slot) => i?.form.kind === "may_goto" && slot >= range.start && slot < range.end)) {
    out.i32(MAY_GOTO_LIMIT + 1);
    out.op(W.local_set, locals.mayGoto);
  }
  context.loadFuel(out);
  const header = (): void => {
    if (!budget) return;
    out.op(W.local_get, locals.fuel);
    out.i64(0, 0);
    out.u8(W.i64_lt_s);
    out.u8(W.if);
    out.u8(VOID);
    emitFault(out, context, FAULT_FUEL, range.start, () => out.i64(0, 0));
    out.u8(W.end);
  };
  header();
  if (!cfg.reducible || !writeStructured(out, cfg, blocks, locals, header)) {
    writeDispatched(out, cfg, blocks, locals, header);
  }
  out.u8(W.unreachable);
  out.u8(W.end);
  out.endSized(size);
}

function section(out: WasmBytes, id: number, write: () => void): void {
  out.u8(id);
  const start = out.beginSized();
  write();
  out.endSized(start);
}

/** Compiles a verified program to a WebAssembly module; every function of the program is a function of the module. */
export function compileProgram(image: ProgramImage, env: JitEnvironment): CompiledProgram {
  const starts = image.subprogs;
  const imports = new Imports(image.code, image.maps.values(), env.helpers, env.runtime);
  const indices = new Map(starts.map((start, n) => [start, imports.list.length + n]));
  const pointers = new Set<number>([0]);
  image.code.forEach((i, slot) => {
    if (i?.form.name === "ld_imm64_func") pointers.add(slot + 1 + i.off);
  });
  const out = new WasmBytes(1024 + 16 * image.code.length);
  out.append(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  section(out, SECTION.type, () => imports.writeTypes(out));
  section(out, SECTION.import, () => imports.writeImports(out));
  section(out, SECTION.function, () => {
    out.leb(starts.length);
    for (const start of starts) out.leb(start === 0 ? imports.entryType : imports.functionType);
  });
  section(out, SECTION.export, () => {
    out.leb(pointers.size);
    for (const start of pointers) {
      out.name(String(start));
      out.u8(0);
      out.leb(indices.get(start) ?? 0);
    }
  });
  section(out, SECTION.code, () => {
    out.leb(starts.length);
    starts.forEach((start, n) => {
      const range = { start, end: starts[n + 1] ?? image.code.length };
      writeFunction(out, image, env, imports, indices, range);
    });
  });
  const bytes = out.view();
  let instance: WebAssembly.Instance | undefined;
  return {
    bytes,
    install: () => {
      const { runtime } = env;
      instance ??= new WebAssembly.Instance(new WebAssembly.Module(bytes), imports.object(runtime));
      for (const start of pointers) {
        runtime.table.set(start === 0 ? env.slot : env.functionSlot(start), instance.exports[String(start)]);
      }
    },
  };
}
