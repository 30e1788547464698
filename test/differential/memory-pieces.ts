import { FORMS, type Form } from "../../src/isa/index.ts";
import { block } from "./pieces.ts";
import { ARRAY, DIRECT, DIRECT_REGISTERS, HASH, KEYS, MAPS } from "./program.ts";
import { CALLEE_SAVED, type Pointer } from "./state.ts";
import type { Writer } from "./writer.ts";

/** Pieces of programs that reach memory: the stack, the packet, elements of maps. */

const BPF_MAP_LOOKUP_ELEM = 1;
const BPF_MAP_UPDATE_ELEM = 2;
const BPF_MAP_DELETE_ELEM = 3;

const LOADS = FORMS.filter((f) => ["ldx", "ldxs", "load_acquire"].includes(f.kind));
const STORES = FORMS.filter((f) => ["st", "stx", "store_release"].includes(f.kind));
const LEGACY = FORMS.filter((f) => f.kind === "ld_abs" || f.kind === "ld_ind");
const ATOMICS = FORMS.filter((f) => f.kind === "atomic");
/** Atomics, acquire and release have no packets to work on (the verifier's atomic_ptr_type_ok). */
const PLAIN = (f: Form) => !["atomic", "load_acquire", "store_release"].includes(f.kind);

interface Place {
  readonly register: number;
  readonly offset: number;
}

/** An offset inside the memory behind a pointer; map elements and packets may be reached unaligned. */
function offsetIn(w: Writer, pointer: Pointer, form: Form): number {
  const size = form.width >> 3;
  const loose = pointer.kind !== "stack" && PLAIN(form) && w.random.chance(30);
  const align = loose || pointer.kind === "packet" ? 1 : size;
  const first = Math.ceil(pointer.low / align) * align;
  return first + align * w.random.below(Math.floor((pointer.high - size - first) / align) + 1);
}

/** Memory for one access: what a pointer reaches, or the arena, whose bytes are written first where they are to be read. */
function placeFor(w: Writer, form: Form, reads: boolean): Place {
  const size = form.width >> 3;
  const usable = w
    .pointers()
    .filter(({ pointer }) => pointer.high - pointer.low >= 2 * size && (pointer.kind !== "packet" || PLAIN(form)));
  if (usable.length > 0 && w.random.chance(70)) {
    const { register, pointer } = w.random.pick(usable);
    return { register, offset: offsetIn(w, pointer, form) };
  }
  let offset = w.arena(size);
  for (let tries = 0; reads && tries < 4 && !w.state.written(offset, size); tries++) offset = w.arena(size);
  if (reads) w.initialise(offset, size);
  return { register: 10, offset };
}

/**
 * Memory for an atomic that reads what was there. Never the stack: Linux 6.18 loses track of what such an instruction takes from
 * a stack slot (CVE-2026-43009, precision through atomic fetch) and removes code as dead that is not.
 */
function placeOffStack(w: Writer, form: Form): Place | undefined {
  const size = form.width >> 3;
  const usable = w
    .pointers()
    .filter(({ pointer: { kind, low, high } }) => kind !== "stack" && kind !== "packet" && high - low >= 2 * size);
  if (usable.length === 0) return undefined;
  const { register, pointer } = w.random.pick(usable);
  return { register, offset: offsetIn(w, pointer, form) };
}

export function load(w: Writer): void {
  const form = w.random.pick(LOADS);
  const { register, offset } = placeFor(w, form, true);
  const dst = w.target();
  w.emit(form, { dst, src: register, off: offset });
  w.state.setScalar(dst);
}

export function store(w: Writer): void {
  const form = w.random.pick(STORES);
  const value = form.kind === "st" ? { imm: w.immediate() } : { src: w.scalar() };
  const { register, offset } = placeFor(w, form, false);
  w.emit(form, { dst: register, off: offset, ...value });
  if (register === 10) w.state.write(offset, form.width >> 3);
}

export function atomic(w: Writer): void {
  const form = w.random.pick(ATOMICS);
  const compares = form.op === "cmpxchg";
  if (compares && !w.free(0)) return;
  if (compares && !w.state.isScalar(0)) w.constant(0);
  const fetches = form.op.startsWith("fetch_") || form.op === "xchg";
  const src = fetches ? w.operand() : w.scalar();
  const place = fetches || compares ? placeOffStack(w, form) : placeFor(w, form, true);
  if (place === undefined) return;
  const { register, offset } = place;
  // The memory's bytes may have been written with what the register held: a comparison should not always fail.
  if (compares && w.random.chance(50)) {
    w.emit(form.width === 64 ? "ldx64" : "ldx32", { dst: 0, src: register, off: offset });
  }
  w.emit(form, { dst: register, src, off: offset });
}

/** Holds a pointer in a register while a block is written, and perhaps writes it to the stack and back meanwhile. */
function hold(w: Writer, register: number, pointer: Pointer, pieces: number): void {
  const { locked } = w;
  w.state.setPointer(register, pointer);
  w.locked |= 1 << register;
  const slot = w.random.chance(15) ? w.takeSlot() : undefined;
  if (slot !== undefined) w.emit("stx64", { dst: 10, src: register, off: slot });
  block(w, pieces);
  if (slot !== undefined) {
    if (w.reachable) {
      const again = w.target();
      w.emit("ldx64", { dst: again, src: 10, off: slot });
      w.state.setPointer(again, pointer);
      w.locked |= 1 << again;
      block(w, 2);
      w.state.forget(1 << again);
    }
    w.giveSlot(slot);
  }
  w.state.forget(1 << register);
  w.locked = locked;
}

/** A register to hold a pointer in; mostly one that calls leave alone. */
function holder(w: Writer): number {
  return w.random.chance(70) && w.freeCount(CALLEE_SAVED) > 1 ? w.target(CALLEE_SAVED) : w.target();
}

/** The packet, behind a comparison with its end. */
export function packet(w: Writer): void {
  const { random } = w;
  const { locked } = w;
  const context = w.loadContext();
  if (context === undefined) return;
  w.locked |= 1 << context;
  const start = holder(w);
  w.locked |= 1 << start;
  const end = w.target();
  w.locked |= 1 << end;
  w.emit("ldx32", { dst: start, src: context, off: w.kind.data });
  w.emit("ldx32", { dst: end, src: context, off: w.kind.dataEnd });
  w.state.forget((1 << start) | (1 << end));
  if (!w.strict && random.chance(10)) {
    const by = w.operand();
    w.emit(random.chance(50) ? "and64_imm" : "and32_imm", { dst: by, imm: random.pick([1, 7, 15, 60]) });
    w.emit("add64_reg", { dst: start, src: by });
  }
  const limit = w.target();
  const length = random.chance(30) ? random.between(9, 14) : random.between(9, 110);
  w.emit("mov64_reg", { dst: limit, src: start });
  w.emit("add64_imm", { dst: limit, imm: length });
  w.state.forget(1 << limit);
  const short = w.label();
  const [form, dst, src, jumpsIfInside] = random.pick([
    ["jgt64_reg", limit, end, false],
    ["jlt64_reg", end, limit, false],
    ["jle64_reg", limit, end, true],
    ["jge64_reg", end, limit, true],
  ] as const);
  if (jumpsIfInside) {
    const inside = w.label();
    w.arrive(inside);
    w.emit(form, { dst, src }, inside);
    w.goto(short);
    w.place(inside);
  } else {
    w.arrive(short);
    w.emit(form, { dst, src }, short);
  }
  const forward = random.chance(20) ? random.below(length - 8) : 0;
  if (forward > 0) w.emit("add64_imm", { dst: start, imm: forward });
  w.locked = locked;
  hold(w, start, { kind: "packet", low: -forward, high: length - forward }, random.between(1, 5));
  finish(w, short);
}

/** The end of a piece with a way around it; the way may have pieces of its own. */
function finish(w: Writer, otherwise: ReturnType<Writer["label"]>): void {
  if (w.random.chance(25)) {
    const after = w.label();
    if (w.reachable) w.goto(after);
    w.place(otherwise);
    block(w, 2);
    w.place(after);
  } else w.place(otherwise);
}

/** Length of the packet; only who may turn pointers into numbers may ask so. */
export function packetLength(w: Writer): void {
  if (w.strict) return;
  const { locked } = w;
  const context = w.loadContext();
  if (context === undefined) return;
  w.locked |= 1 << context;
  const start = w.target();
  w.locked |= 1 << start;
  const end = w.target();
  w.emit("ldx32", { dst: start, src: context, off: w.kind.data });
  w.emit("ldx32", { dst: end, src: context, off: w.kind.dataEnd });
  w.emit("sub64_reg", { dst: end, src: start });
  w.state.forget(1 << start);
  w.state.setScalar(end);
  w.locked = locked;
}

/** A field of the context that is a number, or a part of one. */
export function contextField(w: Writer): void {
  const context = w.loadContext();
  if (context === undefined) return;
  const { random } = w;
  const field = random.pick(w.kind.reads);
  const { offset, size, unit } = field;
  const width = field.narrow && random.chance(30) ? random.pick([1, 2]) : unit;
  // Of fields that the kernel keeps in less than 4 bytes it answers their upper half with the lower one.
  const step = w.kind.ctx?.fields.includes(field) ? width : unit;
  const dst = w.target();
  w.emit(`ldx${8 * width}`, { dst, src: context, off: offset + step * random.below(size / step) });
  w.state.setScalar(dst);
}

/** Writes a field of the context. */
export function contextStore(w: Writer): void {
  if (w.kind.writes.length === 0) return;
  const { locked, random } = w;
  const context = w.loadContext();
  if (context === undefined) return;
  w.locked |= 1 << context;
  const { offset, size, unit } = random.pick(w.kind.writes);
  const off = offset + unit * random.below(size / unit);
  if (random.chance(40)) w.emit(`st${8 * unit}`, { dst: context, off, imm: w.immediate() });
  else w.emit(`stx${8 * unit}`, { dst: context, src: w.scalar(), off });
  w.locked = locked;
}

/** LD_ABS or LD_IND, which want the context in r6 (RFC 9669 section 5.5 calls them legacy). Beyond the packet they end the program. */
export function legacyLoad(w: Writer): void {
  if (!w.legacy || w.context === null || !w.free(0)) return;
  const { locked, random } = w;
  const inPlace = "register" in w.context && w.context.register === 6;
  if (!inPlace) {
    if (!w.free(6)) return;
    if ("register" in w.context) w.emit("mov64_reg", { dst: 6, src: w.context.register });
    else w.emit("ldx64", { dst: 6, src: 10, off: w.context.slot });
    w.state.forget(1 << 6);
    w.locked |= 1 << 6;
  }
  const form = random.pick(LEGACY);
  const imm = random.below(random.pick([13, 13, 60, 120]));
  if (form.kind === "ld_ind") {
    const src = w.operand();
    w.emit("and64_imm", { dst: src, imm: random.pick([0, 1, 3, 15]) });
    w.emit(form, { src, imm });
  } else w.emit(form, { imm });
  w.locked = locked;
  w.afterCall();
}

/** Writes a key to the arena and returns where; keys go one beyond what arrays have, and never far. */
function key(w: Writer, map: number): number {
  const { keySize } = MAPS[map]!;
  const offset = w.arena(keySize);
  if (w.random.chance(40)) w.emit(`st${keySize * 8}`, { dst: 10, off: offset, imm: w.random.below(KEYS) });
  else {
    const register = w.operand();
    w.emit(w.random.chance(50) ? "and64_imm" : "and32_imm", { dst: register, imm: w.random.pick([1, 3, 7]) });
    w.emit(`stx${keySize * 8}`, { dst: 10, src: register, off: offset });
  }
  w.state.write(offset, keySize);
  return offset;
}

function mapArguments(w: Writer, map: number, keyAt: number): void {
  const set = [() => w.emit("ld_imm64_map_fd", { dst: 1, imm: map }), () => w.stackAddress(2, keyAt)];
  for (const step of w.random.shuffle(set)) step();
  w.state.forget(0b110);
}

/** An element of a map, behind a comparison with null. */
export function mapLookup(w: Writer): void {
  const { random } = w;
  const map = random.pick([ARRAY, HASH]);
  if (!w.free(0)) return;
  mapArguments(w, map, key(w, map));
  w.helper(BPF_MAP_LOOKUP_ELEM);
  w.state.forget(1);
  const absent = w.label();
  if (random.chance(75)) {
    w.arrive(absent);
    w.emit("jeq64_imm", { dst: 0 }, absent);
  } else {
    const found = w.label();
    w.arrive(found);
    w.emit("jne64_imm", { dst: 0 }, found);
    w.goto(absent);
    w.place(found);
  }
  const register = random.chance(30) ? 0 : holder(w);
  if (register !== 0) w.emit("mov64_reg", { dst: register, src: 0 });
  if (map === HASH) w.hashOpen++;
  element(w, register, MAPS[map]!.valueSize);
  if (map === HASH) w.hashOpen--;
  finish(w, absent);
}

/** Works on an element that a register points at, perhaps from an offset that is not known beforehand. */
function element(w: Writer, register: number, size: number): void {
  const { random } = w;
  let high = size;
  w.state.forget(1 << register);
  if (random.chance(20)) {
    const { locked } = w;
    w.locked |= 1 << register;
    const by = w.operand();
    w.locked = locked;
    w.emit("and64_imm", { dst: by, imm: 8 });
    w.emit("add64_reg", { dst: register, src: by });
    high -= 8;
  }
  hold(w, register, { kind: "map", low: 0, high }, random.between(1, 5));
}

/** The one element of an array, by its address. */
export function directValue(w: Writer): void {
  const register = holder(w);
  const hi = 8 * w.random.below(6);
  w.emit("ld_imm64_map_value", { dst: register, imm: DIRECT, hi });
  element(w, register, DIRECT_REGISTERS - hi);
}

export function mapUpdate(w: Writer): void {
  if (w.hashOpen > 0 || !w.free(0)) return;
  const { random } = w;
  const map = random.pick([ARRAY, HASH, HASH]);
  const { valueSize } = MAPS[map]!;
  const keyAt = key(w, map);
  const { locked } = w;
  let value = w.arena(valueSize, 8);
  // The value may cover the key: then it is the key's bytes that are stored.
  w.initialise(value, valueSize);
  const fromMap = random.chance(15);
  mapArguments(w, map, keyAt);
  if (fromMap) {
    value = 8 * random.below(4);
    w.emit("ld_imm64_map_value", { dst: 3, imm: DIRECT, hi: value });
  } else w.stackAddress(3, value);
  w.emit(random.chance(50) ? "mov64_imm" : "mov32_imm", { dst: 4, imm: random.pick([0, 0, 0, 1, 2]) });
  w.helper(BPF_MAP_UPDATE_ELEM);
  w.locked = locked;
  if (map === HASH) w.mutates = true;
}

export function mapDelete(w: Writer): void {
  if (w.hashOpen > 0 || !w.free(0)) return;
  const map = w.random.chance(85) ? HASH : ARRAY;
  mapArguments(w, map, key(w, map));
  w.helper(BPF_MAP_DELETE_ELEM);
  if (map === HASH) w.mutates = true;
}
