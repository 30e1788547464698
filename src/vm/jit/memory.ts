import type { Insn } from "../../isa/index.ts";
import type { Registers } from "./registers.ts";
import { CONST, FP, FULL, isNarrow } from "./values.ts";
import { VOID, W } from "./wasm.ts";

const LOAD_MAX = { 8: 0xff, 16: 0xffff, 32: FULL, 64: FULL } as const;

function loadOp(width: number): number {
  return width === 8 ? W.i32_load8_u : width === 16 ? W.i32_load16_u : width === 32 ? W.i32_load : W.i64_load;
}

function emitLoad(r: Registers, i: Insn): void {
  const { width } = i.form;
  r.out.access(loadOp(width), r.address(i.src, i.off));
  if (width === 64) r.set64(i.dst);
  else r.set32(i.dst, LOAD_MAX[width]);
}

function emitSignedLoad(r: Registers, i: Insn): void {
  const { width } = i.form;
  const op = width === 8 ? W.i64_load8_s : width === 16 ? W.i64_load16_s : W.i64_load32_s;
  r.out.access(op, r.address(i.src, i.off));
  r.set64(i.dst);
}

/** Remembers 32-bit constants in the frame (keys of map lookups, mostly), and forgets what a store may overwrite. */
function noteStore(r: Registers, i: Insn, constant: number | undefined): void {
  const base = r.value(i.dst);
  if (base.kind !== FP) {
    r.frame.clear();
    return;
  }
  const at = base.lo + i.off;
  const size = i.form.width >> 3;
  if (r.frame.size > 0)
    for (const offset of r.frame.keys()) if (offset < at + size && at < offset + 4) r.frame.delete(offset);
  if (constant !== undefined && size >= 4) r.frame.set(at, constant);
}

function emitStoreImm(r: Registers, i: Insn): void {
  const { out } = r;
  const { width } = i.form;
  const offset = r.address(i.dst, i.off);
  if (width === 64) {
    out.i64(i.imm, i.imm >> 31);
    out.access(W.i64_store, offset);
  } else {
    out.i32(i.imm);
    out.access(width === 8 ? W.i32_store8 : width === 16 ? W.i32_store16 : W.i32_store, offset);
  }
  noteStore(r, i, i.imm);
}

function emitStore(r: Registers, i: Insn): void {
  const { out } = r;
  const { width } = i.form;
  const offset = r.address(i.dst, i.off);
  const v = r.value(i.src);
  if (width === 64) {
    r.get64(i.src);
    out.access(W.i64_store, offset);
  } else if (isNarrow(v) || v.kind === CONST) {
    r.get32(i.src);
    out.access(width === 8 ? W.i32_store8 : width === 16 ? W.i32_store16 : W.i32_store, offset);
  } else {
    r.get64(i.src);
    out.access(width === 8 ? W.i64_store8 : width === 16 ? W.i64_store16 : W.i64_store32, offset);
  }
  noteStore(r, i, r.const32(i.src));
}

const ATOMIC32: Readonly<Record<string, number>> = { add: W.i32_add, or: W.i32_or, and: W.i32_and, xor: W.i32_xor };
const ATOMIC64: Readonly<Record<string, number>> = { add: W.i64_add, or: W.i64_or, and: W.i64_and, xor: W.i64_xor };

/**
 * Atomics (RFC 9669 section 5.3). A guest memory belongs to one thread, and nothing interrupts a run between two
 * instructions, so a plain load and store are atomic.
 */
function emitAtomic(r: Registers, i: Insn): void {
  const { out, locals } = r;
  const { op, width } = i.form;
  const wide = width === 64;
  const load = wide ? W.i64_load : W.i32_load;
  const store = wide ? W.i64_store : W.i32_store;
  const get = (reg: number): void => (wide ? r.get64(reg) : r.get32(reg));
  const set = (reg: number): void => (wide ? r.set64(reg) : r.set32(reg));
  const old = wide ? locals.temp64 : locals.temp32;
  if (r.value(i.dst).kind === FP) noteStore(r, i, undefined);
  else r.frame.clear();
  if (op === "cmpxchg") {
    out.access(load, r.address(i.dst, i.off));
    out.op(W.local_tee, old);
    get(0);
    out.u8(wide ? W.i64_eq : W.i32_eq);
    out.u8(W.if);
    out.u8(VOID);
    const offset = r.address(i.dst, i.off);
    get(i.src);
    out.access(store, offset);
    out.u8(W.end);
    out.op(W.local_get, old);
    set(0);
    return;
  }
  const fetch = op === "xchg" || op.startsWith("fetch_");
  if (!fetch) {
    const offset = r.address(i.dst, i.off);
    out.access(load, r.address(i.dst, i.off));
    get(i.src);
    out.u8((wide ? ATOMIC64 : ATOMIC32)[op]!);
    out.access(store, offset);
    return;
  }
  out.access(load, r.address(i.dst, i.off));
  out.op(W.local_set, old);
  const offset = r.address(i.dst, i.off);
  if (op === "xchg") get(i.src);
  else {
    out.op(W.local_get, old);
    get(i.src);
    out.u8((wide ? ATOMIC64 : ATOMIC32)[op.slice(6)]!);
  }
  out.access(store, offset);
  out.op(W.local_get, old);
  set(i.src);
}

/** Emits an instruction that loads or stores, packet loads apart. */
export function emitMemory(r: Registers, i: Insn): void {
  switch (i.form.kind) {
    case "ldx":
    case "load_acquire":
      emitLoad(r, i);
      return;
    case "ldxs":
      emitSignedLoad(r, i);
      return;
    case "st":
      emitStoreImm(r, i);
      return;
    case "stx":
    case "store_release":
      emitStore(r, i);
      return;
    default:
      emitAtomic(r, i);
  }
}
