import type { Code, Insn } from "../../isa/index.ts";
import { imm64, slots } from "../../isa/index.ts";
import type { MapRef } from "../../isa/program.ts";
import { emitAlu, emitExtendPair } from "./alu.ts";
import { type CallContext, emitCall, emitPacketLoad } from "./calls.ts";
import type { Cfg } from "./cfg.ts";
import { emitCondition, emitMayGoto } from "./jumps.ts";
import { emitMemory } from "./memory.ts";
import { type Locals, Registers } from "./registers.ts";
import { constValue, join, undefinedValue, type Value } from "./values.ts";
import { W, WasmBytes } from "./wasm.ts";

/** How a block ends. */
export const GOTO = 0;
/** An i32 condition lies on the stack: taken if not zero. */
export const BRANCH = 1;
export const TAKEN = 2;
export const LEAVE = 3;

/** The code of each block of a function and the register states around them. */
export interface Blocks {
  readonly code: WasmBytes;
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly ending: Uint8Array;
  /** States at the entry and exit of each block; empty where no path leads to it. */
  readonly before: readonly (readonly Value[])[];
  readonly after: readonly Value[][];
}

/** What the blocks of one function are compiled from. */
export interface BlockSource {
  readonly code: Code;
  readonly cfg: Cfg;
  readonly locals: Locals;
  readonly entry: readonly Value[];
  readonly maps: ReadonlyMap<number, MapRef>;
  readonly context: CallContext;
  /** Table slot of the function that starts at a slot: the value of a function pointer. */
  functionSlot(start: number): number;
  readonly budget: boolean;
}

function emitImmediate(r: Registers, source: BlockSource, i: Insn, slot: number): void {
  if (i.form.op === "func") {
    const start = slot + 1 + i.off;
    r.setConst(i.dst, constValue(source.functionSlot(start), 0, undefined, start));
    return;
  }
  const map = source.maps.get(slot);
  const isMap = map !== undefined && imm64(i) === BigInt(map.address);
  r.setConst(i.dst, constValue(i.imm, i.hi, isMap ? map : undefined));
}

/** Emits one instruction other than a jump or exit. */
function emitInsn(r: Registers, source: BlockSource, i: Insn, slot: number): void {
  switch (i.form.kind) {
    case "ld_imm64":
      emitImmediate(r, source, i, slot);
      return;
    case "call":
      emitCall(r, source.context, i, slot);
      return;
    case "ld_abs":
    case "ld_ind":
      emitPacketLoad(r, source.context, i);
      return;
    case "ldx":
    case "ldxs":
    case "st":
    case "stx":
    case "atomic":
    case "load_acquire":
    case "store_release":
      emitMemory(r, i);
      return;
    default:
      emitAlu(r, i);
  }
}

/** Emits block `b` from the state in `r` and returns how it ends. */
function emitBlock(r: Registers, source: BlockSource, b: number): number {
  const { code, cfg } = source;
  const end = cfg.end[b]!;
  let slot = cfg.start[b]!;
  if (source.budget) {
    r.out.op(W.local_get, r.locals.fuel);
    r.out.i64(end - slot, 0);
    r.out.u8(W.i64_sub);
    r.out.op(W.local_set, r.locals.fuel);
  }
  while (slot < end) {
    const i = code[slot]!;
    const { kind } = i.form;
    if (kind === "jmp") {
      const known = emitCondition(r, i);
      return known === undefined ? BRANCH : known ? TAKEN : GOTO;
    }
    if (kind === "may_goto") {
      emitMayGoto(r);
      return BRANCH;
    }
    if (kind === "ja") return GOTO;
    if (kind === "exit") {
      source.context.storeFuel(r.out);
      r.get64(0);
      r.out.u8(W.return);
      return LEAVE;
    }
    const after = slot + 1 < end ? code[slot + 1] : null;
    if (after != null && emitExtendPair(r, i, after)) {
      slot += 2;
      continue;
    }
    emitInsn(r, source, i, slot);
    slot += slots(i);
  }
  return GOTO;
}

/**
 * Compiles all blocks. What is known of the registers at a block's entry is a forward dataflow problem; a block is
 * emitted anew when its entry state has changed, and its last version is the one that counts.
 */
export function compileBlocks(source: BlockSource): Blocks {
  const { cfg } = source;
  const { count, next, taken, liveIn } = cfg;
  const code = new WasmBytes(64 * count + 256);
  const r = new Registers(code, source.locals);
  const start = new Int32Array(count);
  const end = new Int32Array(count);
  const ending = new Uint8Array(count);
  const unreached: Value[] = [];
  const before: (readonly Value[])[] = new Array(count).fill(unreached);
  const after: Value[][] = new Array(count).fill(unreached);
  const dirty = new Uint8Array(count);
  let pending = 1;
  const flow = (to: number): void => {
    const old = before[to]!;
    const live = liveIn[to]!;
    let changed = false;
    const now: Value[] = [];
    for (let reg = 0; reg < 10; reg++) {
      const value = ((live >> reg) & 1) === 0 ? undefinedValue : r.values[reg]!;
      const known = old[reg];
      const joined = known === undefined ? value : join(known, value);
      if (joined !== known) changed = true;
      now.push(joined);
    }
    if (!changed) return;
    before[to] = now;
    if (dirty[to] === 0) {
      dirty[to] = 1;
      pending++;
    }
  };
  before[0] = source.entry;
  dirty[0] = 1;
  while (pending > 0) {
    for (let b = 0; b < count && pending > 0; b++) {
      if (dirty[b] === 0) continue;
      dirty[b] = 0;
      pending--;
      r.values = [...before[b]!];
      r.frame.clear();
      start[b] = code.length;
      const how = emitBlock(r, source, b);
      ending[b] = how;
      end[b] = code.length;
      after[b] = r.values;
      if ((how === GOTO || how === BRANCH) && next[b]! >= 0) flow(next[b]!);
      if ((how === TAKEN || how === BRANCH) && taken[b]! >= 0) flow(taken[b]!);
    }
  }
  return { code, start, end, ending, before, after };
}
