import type { ArgAbi, HelperBinding, Insn, MapRef, RetAbi } from "../../isa/index.ts";
import {
  CPU_ID,
  FAULT_CODE,
  FAULT_HELPER,
  FAULT_PROGRAM,
  FAULT_SLOT,
  FAULT_VALUE,
  MAP_CPU_STRIDE,
  MAP_DATA,
  MAP_MAX_ENTRIES,
  MAP_STRIDE,
  MAX_TAIL_CALLS,
  SKB_DATA,
  SKB_LEN,
  TAIL_CALLS,
} from "../../runtime/layout.ts";
import { swap16, swap32 } from "./alu.ts";
import type { Imports, WasmImport } from "./imports.ts";
import type { Registers } from "./registers.ts";
import { CONST, FP, FULL, innerMapValue, isNarrow } from "./values.ts";
import { VOID, W, type WasmBytes } from "./wasm.ts";

/** What calls need to know of the program around them. */
export interface CallContext {
  readonly imports: Imports;
  /** Slot of the running program in the function table. */
  readonly programSlot: number;
  /** wasm function of the subprogram that starts at a slot. */
  functionIndex(start: number): number;
  /** With a budget: keeps the FUEL cell and the local that stands for it the same around calls. */
  storeFuel(out: WasmBytes): void;
  loadFuel(out: WasmBytes): void;
}

const BPF_MAP_LOOKUP_ELEM = 1;
const BPF_GET_SMP_PROCESSOR_ID = 8;
const EINVAL = 22;
const E2BIG = 7;
const MAX_LOOPS = 1 << 23;

/** Ends the run: writes the FAULT cells and traps. The value is an i64 that `value` pushes. */
export function emitFault(out: WasmBytes, context: CallContext, code: number, slot: number, value: () => void): void {
  for (const [cell, number] of [
    [FAULT_CODE, code],
    [FAULT_PROGRAM, context.programSlot],
    [FAULT_SLOT, slot],
  ] as const) {
    out.i32(cell);
    out.i32(number);
    out.access(W.i32_store, 0);
  }
  out.i32(FAULT_VALUE);
  value();
  out.access(W.i64_store, 0);
  context.storeFuel(out);
  out.u8(W.unreachable);
}

function pushArgument(r: Registers, abi: ArgAbi, reg: number): void {
  const { out } = r;
  if (abi === "u64") {
    r.get64(reg);
    return;
  }
  const v = r.value(reg);
  if (abi !== "flags" || isNarrow(v)) {
    r.get32(reg);
    return;
  }
  // More than 32 bits become -1, which no flag check accepts.
  if (v.kind === CONST) {
    out.i32(-1);
    return;
  }
  out.i32(-1);
  r.get32(reg);
  r.get64(reg);
  out.i64(-1, 0);
  out.u8(W.i64_gt_u);
  out.u8(W.select);
}

function takeResult(r: Registers, abi: RetAbi): void {
  r.clobber();
  switch (abi) {
    case "int":
      r.out.u8(W.i64_extend_i32_s);
      r.set64(0);
      return;
    case "ptr":
      r.set32(0);
      return;
    case "u64":
      r.set64(0);
      return;
    default:
      r.setNumber(0, 0, 0);
  }
}

function emitHelper(r: Registers, context: CallContext, binding: HelperBinding, target: WasmImport): void {
  const { out } = r;
  context.storeFuel(out);
  for (const [n, abi] of binding.args.entries()) pushArgument(r, abi, n + 1);
  if (binding.callback === true) out.op(W.local_get, r.locals.bottom);
  out.op(W.call, target.index);
  takeResult(r, binding.ret);
  context.loadFuel(out);
}

/** Lookup in an array: one comparison and one multiplication; of an inner map only the strides are known beforehand. */
function emitArrayLookup(r: Registers, map: MapRef, direct: NonNullable<MapRef["direct"]>): void {
  const { out, locals } = r;
  const pointer = r.value(1);
  const key = r.value(2);
  const index = key.kind === FP ? r.frame.get(key.lo) : undefined;
  const addCpu = (): void => {
    if (direct.cpuStride === 0) return;
    out.i32(CPU_ID);
    out.access(W.i32_load, 0);
    if (pointer.kind === CONST) out.i32(direct.cpuStride);
    else out.access(W.i32_load, r.address(1, MAP_CPU_STRIDE));
    out.u8(W.i32_mul);
    out.u8(W.i32_add);
  };
  if (index !== undefined && pointer.kind === CONST) {
    const found = index >>> 0 < map.maxEntries;
    const address = found ? direct.base + (index >>> 0) * direct.stride : 0;
    if (!found || direct.cpuStride === 0) {
      r.clobber();
      r.setNumber(0, address, 0);
      return;
    }
    out.i32(address);
    addCpu();
    r.clobber();
    r.set32(0);
    return;
  }
  // base + i * stride if i < max_entries else 0, as a select: V8 makes a conditional move of it.
  out.access(W.i32_load, r.address(2, 0));
  out.op(W.local_tee, locals.temp32);
  if (direct.stride !== 1) {
    out.i32(direct.stride);
    out.u8(W.i32_mul);
  }
  if (pointer.kind === CONST) out.i32(direct.base);
  else out.access(W.i32_load, r.address(1, MAP_DATA));
  out.u8(W.i32_add);
  addCpu();
  out.i32(0);
  out.op(W.local_get, locals.temp32);
  if (pointer.kind === CONST) out.i32(map.maxEntries);
  else out.access(W.i32_load, r.address(1, MAP_MAX_ENTRIES));
  out.u8(W.i32_lt_u);
  out.u8(W.select);
  r.clobber();
  r.set32(0);
}

/**
 * bpf_tail_call(ctx, map, index): goes on in another program, with this one's frame given up.
 * Falls through with an index beyond the map, an empty element, or after 33 tail calls; only taken calls count, as on x86.
 */
function emitTailCall(r: Registers, context: CallContext): void {
  const { out, locals } = r;
  const pointer = r.value(2);
  const map = pointer.kind === CONST ? pointer.map : undefined;
  out.u8(W.block);
  out.u8(VOID);
  r.get32(3);
  out.op(W.local_tee, locals.second32);
  if (map === undefined) {
    r.get32(2);
    out.access(W.i32_load, MAP_MAX_ENTRIES);
  } else out.i32(map.maxEntries);
  out.u8(W.i32_ge_u);
  out.op(W.br_if, 0);
  if (map?.direct === undefined) {
    r.get32(2);
    out.access(W.i32_load, MAP_DATA);
  } else out.i32(map.direct.base);
  out.op(W.local_get, locals.second32);
  if (map?.direct === undefined) {
    r.get32(2);
    out.access(W.i32_load, MAP_STRIDE);
  } else out.i32(map.direct.stride);
  out.u8(W.i32_mul);
  out.u8(W.i32_add);
  out.access(W.i32_load, 0);
  out.op(W.local_tee, locals.second32);
  out.u8(W.i32_eqz);
  out.op(W.br_if, 0);
  out.i32(TAIL_CALLS);
  out.access(W.i32_load, 0);
  out.op(W.local_tee, locals.temp32);
  out.i32(MAX_TAIL_CALLS);
  out.u8(W.i32_ge_u);
  out.op(W.br_if, 0);
  out.i32(TAIL_CALLS);
  out.op(W.local_get, locals.temp32);
  out.i32(1);
  out.u8(W.i32_add);
  out.access(W.i32_store, 0);
  context.storeFuel(out);
  r.get32(1);
  out.op(W.local_get, locals.fp);
  out.op(W.local_get, locals.second32);
  context.imports.table = true;
  out.u8(W.return_call_indirect);
  out.leb(context.imports.entryType);
  out.leb(0);
  out.u8(W.end);
  r.clobber();
  r.setNumber(0, 0, 0);
}

/** bpf_loop(nr, callback, ctx, flags) as a wasm loop: the number of rounds made, or -E2BIG, -EINVAL. */
function emitLoop(r: Registers, context: CallContext): void {
  const { out, locals } = r;
  const callback = r.value(2);
  context.storeFuel(out);
  r.get32(1);
  out.op(W.local_set, locals.temp32);
  out.i32(0);
  out.op(W.local_set, locals.second32);
  r.get64(3);
  out.op(W.local_set, locals.temp64);
  if (callback.func < 0) {
    r.get64(2);
    out.op(W.local_set, locals.second64);
  }
  // As in the kernel, flags are looked at first.
  r.get64(4);
  out.u8(W.i64_eqz);
  out.u8(W.if);
  out.u8(VOID);
  out.op(W.local_get, locals.temp32);
  out.i32(MAX_LOOPS);
  out.u8(W.i32_gt_u);
  out.u8(W.if);
  out.u8(VOID);
  // The kernel opens the loop in code and puts this in the lower half of r0.
  out.i64(-E2BIG, 0);
  out.op(W.local_set, locals.wide[0]!);
  out.u8(W.else);
  out.u8(W.block);
  out.u8(VOID);
  out.u8(W.loop);
  out.u8(VOID);
  out.op(W.local_get, locals.second32);
  out.op(W.local_get, locals.temp32);
  out.u8(W.i32_ge_u);
  out.op(W.br_if, 1);
  out.op(W.local_get, locals.second32);
  out.u8(W.i64_extend_i32_u);
  out.op(W.local_get, locals.temp64);
  for (let n = 0; n < 3; n++) out.i64(0, 0);
  out.op(W.local_get, locals.bottom);
  // The count goes up before the call: the round in which the callback asks to stop counts.
  out.op(W.local_get, locals.second32);
  out.i32(1);
  out.u8(W.i32_add);
  out.op(W.local_set, locals.second32);
  if (callback.func >= 0) out.op(W.call, context.functionIndex(callback.func));
  else {
    out.op(W.local_get, locals.second64);
    out.u8(W.i32_wrap_i64);
    context.imports.table = true;
    out.u8(W.call_indirect);
    out.leb(context.imports.functionType);
    out.leb(0);
  }
  out.u8(W.i64_eqz);
  out.op(W.br_if, 0);
  out.u8(W.end);
  out.u8(W.end);
  out.op(W.local_get, locals.second32);
  out.u8(W.i64_extend_i32_u);
  out.op(W.local_set, locals.wide[0]!);
  out.u8(W.end);
  out.u8(W.else);
  out.i64(-EINVAL, -1);
  out.op(W.local_set, locals.wide[0]!);
  out.u8(W.end);
  r.clobber();
  out.op(W.local_get, locals.wide[0]!);
  r.set64(0);
  context.loadFuel(out);
}

function emitHelperCall(r: Registers, context: CallContext, id: number, slot: number): void {
  const { out } = r;
  const binding = context.imports.binding(id);
  if (id === BPF_GET_SMP_PROCESSOR_ID && binding !== undefined) {
    out.i32(CPU_ID);
    out.access(W.i32_load, 0);
    r.clobber();
    r.set32(0);
    return;
  }
  if (binding?.intrinsic !== undefined) {
    if (binding.intrinsic === "tail_call") emitTailCall(r, context);
    else emitLoop(r, context);
    return;
  }
  const map = r.value(1).map;
  if (id === BPF_MAP_LOOKUP_ELEM && map?.direct !== undefined) {
    emitArrayLookup(r, map, map.direct);
    return;
  }
  const target = context.imports.helper(id, map);
  if (binding === undefined || target === undefined) {
    emitFault(out, context, FAULT_HELPER, slot, () => out.i64(id, 0));
    r.clobber();
    return;
  }
  emitHelper(r, context, binding, target);
  if (id === BPF_MAP_LOOKUP_ELEM && map?.inner !== undefined) r.values[0] = innerMapValue(map.inner);
}

/** Emits a call: of a helper or kfunc, of a subprogram, or of the helper whose number is in a register. */
export function emitCall(r: Registers, context: CallContext, i: Insn, slot: number): void {
  const { out, locals } = r;
  switch (i.form.op) {
    case "local":
      context.storeFuel(out);
      for (let reg = 1; reg <= 5; reg++) r.get64(reg);
      out.op(W.local_get, locals.bottom);
      out.op(W.call, context.functionIndex(slot + 1 + i.off));
      r.clobber();
      r.set64(0);
      context.loadFuel(out);
      return;
    case "reg": {
      // Linux has no callx; as in uBPF the register holds a helper's number, here one known at compile time.
      const id = r.const32(i.dst);
      if (id !== undefined) {
        emitHelperCall(r, context, id, slot);
        return;
      }
      emitFault(out, context, FAULT_HELPER, slot, () => r.get64(i.dst));
      r.clobber();
      return;
    }
    default:
      emitHelperCall(r, context, i.imm, slot);
  }
}

const LOADS: Readonly<Record<number, number>> = { 8: W.i32_load8_u, 16: W.i32_load16_u, 32: W.i32_load };

/**
 * LD_ABS and LD_IND (RFC 9669 section 5.5): r0 = bytes of the packet of the skb in r6, in network order.
 * What lies beyond the packet ends the function with r0 = 0; negative offsets go through the runtime.
 */
export function emitPacketLoad(r: Registers, context: CallContext, i: Insn): void {
  const { out, locals } = r;
  const size = i.form.width >> 3;
  // temp32 = offset; second32 = address
  if (i.form.kind === "ld_ind") {
    r.get32(i.src);
    if (i.imm !== 0) {
      out.i32(i.imm);
      out.u8(W.i32_add);
    }
  } else out.i32(i.imm);
  out.op(W.local_set, locals.temp32);
  out.u8(W.block);
  out.u8(VOID);
  // offset <= len - size with both in i64: neither sum nor difference can wrap.
  out.op(W.local_get, locals.temp32);
  out.i32(0);
  out.u8(W.i32_ge_s);
  out.u8(W.if);
  out.u8(VOID);
  out.op(W.local_get, locals.temp32);
  out.i32(size);
  out.u8(W.i32_add);
  out.u8(W.i64_extend_i32_u);
  out.access(W.i32_load, r.address(6, SKB_LEN));
  out.u8(W.i64_extend_i32_u);
  out.u8(W.i64_le_u);
  out.u8(W.if);
  out.u8(VOID);
  out.access(W.i32_load, r.address(6, SKB_DATA));
  out.op(W.local_get, locals.temp32);
  out.u8(W.i32_add);
  out.op(W.local_set, locals.second32);
  out.op(W.br, 2);
  out.u8(W.end);
  out.u8(W.else);
  if (context.imports.packetAddress !== undefined) {
    r.get32(6);
    out.op(W.local_get, locals.temp32);
    out.i32(size);
    out.op(W.call, context.imports.packetAddress.index);
    out.op(W.local_tee, locals.second32);
    out.op(W.br_if, 1);
  }
  out.u8(W.end);
  context.storeFuel(out);
  out.i64(0, 0);
  out.u8(W.return);
  out.u8(W.end);
  out.op(W.local_get, locals.second32);
  out.access(LOADS[i.form.width]!, 0);
  if (size === 2) swap16(r);
  else if (size === 4) swap32(r);
  r.clobber();
  r.set32(0, i.form.width === 8 ? 0xff : i.form.width === 16 ? 0xffff : FULL);
}
