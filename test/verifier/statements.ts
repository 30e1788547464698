import * as M from "./vector.ts";
import type { Kind, Mark, Writer } from "./writer.ts";

/** One thing that a random program does; `depth` is how deep blocks may still nest. */
export type Statement = (w: Writer, depth: number, block: (w: Writer, depth: number) => void) => void;

const ALU = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0];
const COMPARE = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0];
const INTERESTING = [
  0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 127, 255, 256, 0x7fff, 0xffff, 0x7fffffff, -1, -2, -8, -64, -0x80000000,
];
const SIZES = [0x10, 0x08, 0x00, 0x18];
const BYTES: Readonly<Record<number, number>> = { 16: 1, 8: 2, 0: 4, 24: 8 };
const VALUE_SIZES: Readonly<Record<number, number>> = Object.fromEntries(M.MAPS.map((map, n) => [n, map.value_size]));

function constant(w: Writer): number {
  return w.random.chance(70) ? w.random.pick(INTERESTING) : w.random.u32() | 0;
}

function scalar(w: Writer): number {
  const found = w.having("scalar");
  if (found !== null) return found;
  const r = w.target();
  w.movImm(r, constant(w));
  return r;
}

/** Arithmetic on scalars, 64 and 32 bits wide; seldom on whatever there is. */
export const arithmetic: Statement = (w) => {
  const wide = w.random.chance(55) ? 7 : 4;
  const dst = w.random.chance(97) ? scalar(w) : w.target();
  const op = w.random.pick(ALU);
  const roll = w.random.below(100);
  if (roll < 6) return w.raw(wide | 0x80, dst, 0, 0, 0);
  if (roll < 12) return w.raw(w.random.pick([0xd4, 0xdc, 0xd7]), dst, 0, 0, w.random.pick([16, 32, 64]));
  if (roll < 20) {
    const from = scalar(w);
    w.raw(wide | 0xb8, dst, from, w.random.pick(wide === 7 ? [8, 16, 32] : [8, 16]), 0);
    w.kinds[dst] = "scalar";
    return;
  }
  const shift = op === 0x60 || op === 0x70 || op === 0xc0;
  const division = op === 0x30 || op === 0x90;
  const off = division && w.random.chance(30) ? 1 : 0;
  if (w.random.chance(45)) {
    const src = w.random.chance(97) ? scalar(w) : w.random.below(10);
    w.raw(wide | op | 8, dst, src, off, 0);
    if (op === 0xb0) w.kinds[dst] = wide === 7 ? w.kinds[src]! : "scalar";
    return;
  }
  let imm = shift && w.random.chance(96) ? w.random.below(wide === 7 ? 64 : 32) : constant(w);
  if (division && imm === 0 && w.random.chance(90)) imm = 3;
  w.raw(wide | op, dst, 0, off, imm);
  if (op === 0xb0) w.kinds[dst] = "scalar";
};

/** A number of which the verifier knows little. */
export const unknown: Statement = (w) => {
  const r = w.target();
  const roll = w.random.below(4);
  const values = w.values();
  const ctx = w.having("ctx");
  if (roll < 2 && values.length > 0) {
    const size = w.random.pick(SIZES);
    w.raw(w.random.chance(25) && size !== 0x18 ? 0x81 | size : 0x61 | size, r, w.random.pick(values), 0, 0);
  } else if (roll < 3 && ctx !== null) w.raw(0x61, r, ctx, w.type === 6 ? 16 : w.random.pick([0, 8, 16]), 0);
  else return w.call(w.random.pick([7, 5, 8]));
  w.kinds[r] = "scalar";
};

/** Keeps a scalar in bounds: by a mask, a shift, a comparison. */
export const bound: Statement = (w) => {
  const r = scalar(w);
  const limit = w.random.pick([1, 3, 7, 8, 15, 16, 31, 32, 47, 63]);
  const roll = w.random.below(5);
  const wide = w.random.chance(60) ? 7 : 4;
  if (roll === 0) return w.raw(wide | 0x50, r, 0, 0, limit);
  if (roll === 1)
    return w.raw(wide | 0x70, r, 0, 0, wide === 7 ? w.random.pick([58, 60, 61]) : w.random.pick([26, 28, 29]));
  const skip: Mark = { at: 0 };
  const jump = w.random.chance(60) ? 5 : 6;
  if (roll === 2) w.jump(jump | 0x20, r, 0, limit, exitMark(w));
  else if (roll === 3) w.jump(jump | w.random.pick([0x60, 0x20, 0x30]), r, 0, limit, exitMark(w));
  else {
    w.jump(jump | w.random.pick([0xa0, 0xb0, 0xc0]), r, 0, limit, skip);
    w.movImm(r, w.random.below(limit + 1));
    w.bind(skip);
  }
};

const exits = new WeakMap<Writer, Mark>();
/** Where the program ends early; r0 is set there. */
export function exitMark(w: Writer): Mark {
  let mark = exits.get(w);
  if (mark === undefined) exits.set(w, (mark = { at: -1 }));
  return mark;
}
export function takeExit(w: Writer): Mark | undefined {
  const mark = exits.get(w);
  exits.delete(w);
  return mark;
}

function sides(w: Writer, first: () => void, second: (() => void) | null): void {
  const before: Kind[] = [...w.kinds];
  first();
  const after = w.kinds;
  w.kinds = [...before];
  second?.();
  const sloppy = w.random.chance(6);
  w.kinds = w.kinds.map((kind, r) => (kind === after[r] || sloppy ? kind : "none"));
}

/** A comparison of scalars with a block on one or both sides. */
export const branch: Statement = (w, depth, block) => {
  const a = scalar(w);
  const cls = w.random.chance(60) ? 5 : 6;
  const op = w.random.pick(COMPARE);
  const otherwise: Mark = { at: 0 };
  const end: Mark = { at: 0 };
  if (w.random.chance(40)) w.jump(cls | op | 8, a, scalar(w), 0, otherwise);
  else w.jump(cls | op, a, 0, constant(w), otherwise);
  const two = w.random.chance(50);
  sides(
    w,
    () => {
      block(w, depth - 1);
      if (two) w.jump(0x05, 0, 0, 0, end);
      w.bind(two ? otherwise : end);
    },
    two
      ? () => {
          block(w, depth - 1);
          w.bind(end);
        }
      : null,
  );
  if (!two) otherwise.at = end.at;
};

/** A loop with a counter; its bound is a constant, or a number in bounds. */
export const loop: Statement = (w, depth, block) => {
  const counter = w.random.pick([6, 7, 8, 9]);
  if (w.kinds[counter] === "ctx" || w.counters.includes(counter)) return;
  w.movImm(counter, 0);
  const head: Mark = { at: 0 };
  const out: Mark = { at: 0 };
  const before = [...w.kinds];
  w.bind(head);
  // Branches in long loops cost verifiers millions of steps; a few such programs are enough.
  const long = w.random.chance(25);
  const rounds = w.random.pick(long ? [5, 8, 20] : [1, 2, 3, 4]);
  const inner = long && w.random.chance(95) ? 0 : 1;
  if (w.random.chance(25)) w.jump(0xe5, 0, 0, 0, out);
  // A loop whose counter is lost costs a verifier a million steps: few of them will do.
  w.kinds[counter] = "none";
  w.counters.push(counter);
  block(w, Math.min(depth - 1, inner));
  w.counters.pop();
  w.kinds[counter] = "scalar";
  w.raw(w.random.chance(80) ? 0x07 : 0x04, counter, 0, 0, w.random.chance(99) ? 1 : 0);
  w.jump(w.random.pick([0xa5, 0xa5, 0xc5, 0xa6, 0x55]), counter, 0, rounds, head);
  w.bind(out);
  w.kinds = w.kinds.map((kind, r) => (kind === before[r] || w.random.chance(3) ? kind : "none"));
  w.kinds[counter] = "scalar";
};

function access(w: Writer, r: number, off: number): void {
  const size = w.random.pick(SIZES);
  const roll = w.random.below(10);
  if (roll < 5) {
    const dst = w.target();
    w.raw(0x61 | size, dst, r, off, 0);
    w.kinds[dst] = "scalar";
  } else if (roll < 7) w.raw(0x62 | size, r, 0, off, constant(w));
  else if (roll < 9) w.raw(0x63 | size, r, scalar(w), off, 0);
  else
    w.raw(
      w.random.chance(50) ? 0xc3 : 0xdb,
      r,
      scalar(w),
      off & ~7,
      w.random.pick([0, 1, 0x40, 0x50, 0xa1, 0xe1, 0xf1]),
    );
}

/** A load or store in a map's value, at a fixed or a variable offset. */
export const valueAccess: Statement = (w) => {
  const values = w.values();
  if (values.length === 0) return lookup(w, 0, () => undefined);
  const value = w.random.pick(values);
  const size = VALUE_SIZES[Number(w.kinds[value]!.slice(5))] ?? 8;
  const near = w.random.chance(85) ? w.random.below(size) & ~7 : size - w.random.below(10);
  if (w.random.chance(45)) return access(w, value, near);
  const index = scalar(w);
  const pointer = w.target();
  if (pointer === index || pointer === value) return access(w, value, near);
  w.mov(pointer, value);
  w.raw(w.random.chance(90) ? 0x0f : 0x1f, pointer, index, 0, 0);
  access(w, pointer, w.random.chance(75) ? 0 : w.random.below(16));
  if (w.random.chance(50)) w.kinds[pointer] = "none";
};

function key(w: Writer, bytes: number): void {
  const at = -8 * w.random.between(1, 4);
  if (w.random.chance(50)) w.raw(0x7a, 10, 0, at, w.random.chance(75) ? w.random.below(6) : constant(w));
  else w.raw(0x7b, 10, scalar(w), at, 0);
  if (bytes > 4 || w.random.chance(90)) w.written.add(at);
  w.mov(2, 10);
  w.raw(0x07, 2, 0, 0, w.random.chance(97) ? at : at - 2);
  w.kinds[2] = "fp";
}

/** bpf_map_lookup_elem, most often with a null check. */
export const lookup: Statement = (w) => {
  const map = w.random.pick([M.ARRAY, M.ARRAY, M.HASH, M.PERCPU, M.LRU, M.RDONLY, M.OUTER, M.TRIE]);
  key(w, M.MAPS[map]!.key_size);
  w.loadMap(1, map);
  w.call(1);
  w.kinds[0] = map === M.OUTER ? "nullable" : (`value${map}` as Kind);
  checkNull(w);
  if (map === M.OUTER) {
    if (w.random.chance(70)) {
      w.mov(1, 0);
      key(w, 4);
      w.call(1);
      w.kinds[0] = `value${M.ARRAY}`;
      checkNull(w);
    }
    return;
  }
  const keep = w.random.pick([6, 7, 8, 9, 0]);
  if (keep !== 0 && w.kinds[keep] !== "ctx" && !w.counters.includes(keep)) w.mov(keep, 0);
};

/** Goes to the exit where r0 is null, most of the time. */
function checkNull(w: Writer): void {
  if (w.random.chance(6)) return;
  const zero = w.random.chance(3) ? w.having("scalar") : null;
  if (zero === null || zero === 0) w.jump(0x15, 0, 0, 0, exitMark(w));
  else w.jump(0x1d, 0, zero, 0, exitMark(w));
}

/** Update, delete, push, pop, peek. */
export const mapWrite: Statement = (w) => {
  const map = w.random.pick([M.ARRAY, M.HASH, M.LRU, M.RDONLY, M.QUEUE, M.PROGS]);
  const { value_size: size } = M.MAPS[map]!;
  for (let at = -64; at < -64 + Math.max(size, 8) && at < -32; at += 8) w.raw(0x7a, 10, 0, at, 1);
  if (map === M.QUEUE) {
    w.mov(2, 10);
    w.raw(0x07, 2, 0, 0, -64);
    w.movImm(3, 0);
    w.loadMap(1, map);
    return w.call(w.random.pick([87, 88, 89]));
  }
  key(w, M.MAPS[map]!.key_size);
  w.mov(3, 10);
  w.raw(0x07, 3, 0, 0, size > 32 ? -size : -64);
  w.movImm(4, w.random.below(3));
  w.loadMap(1, map);
  w.call(w.random.pick([2, 2, 3]));
};

/** Spills, fills, partial and variable accesses of the stack. */
export const stack: Statement = (w) => {
  const slot = -8 * w.random.between(1, 8);
  const inside = w.random.chance(50) ? 0 : w.random.below(8);
  const roll = w.random.below(100);
  const size = w.random.pick(SIZES);
  const at = slot + (inside & ~(BYTES[size]! - 1));
  if (roll < 40) {
    const src = w.random.chance(60) ? scalar(w) : w.random.below(10);
    if (w.kinds[src] === "none" && w.random.chance(95)) return;
    w.raw(0x63 | (w.kinds[src] === "scalar" ? size : 0x18), 10, src, w.kinds[src] === "scalar" ? at : slot, 0);
    if (size === 0x18) w.written.add(slot);
  } else if (roll < 50) w.raw(0x62 | size, 10, 0, at, w.random.chance(50) ? 0 : constant(w));
  else if (roll < 85) {
    const known = [...w.written];
    const from = known.length > 0 && w.random.chance(85) ? w.random.pick(known) + (inside & ~(BYTES[size]! - 1)) : at;
    const dst = w.target();
    w.raw(w.random.chance(10) && size !== 0x18 ? 0x81 | size : 0x61 | size, dst, 10, from, 0);
    w.kinds[dst] = "scalar";
  } else {
    const index = scalar(w);
    const pointer = w.target();
    if (pointer === index) return;
    w.raw(0x57, index, 0, 0, w.random.pick([7, 15, 24]));
    w.mov(pointer, 10);
    w.raw(0x07, pointer, 0, 0, w.random.pick([-64, -48, -32, -16]));
    w.raw(0x0f, pointer, index, 0, 0);
    access(w, pointer, 0);
    w.kinds[pointer] = "none";
  }
};

/** Loads of packet pointers, comparisons with the end, accesses behind (or without) them. */
export const packet: Statement = (w) => {
  const ctx = w.having("ctx");
  let data = w.having("packet");
  let end = w.having("packet_end");
  const [dataOff, endOff, metaOff] = w.type === 6 ? [0, 4, 8] : [76, 80, 140];
  if (data === null || end === null || w.random.chance(15)) {
    if (ctx === null) return;
    data = w.target();
    w.raw(0x61, data, ctx, w.random.chance(90) ? dataOff : metaOff, 0);
    w.kinds[data] = "packet";
    end = w.target();
    if (w.kinds[end] === "ctx") return;
    w.raw(0x61, end, ctx, w.random.chance(95) ? endOff : dataOff, 0);
    w.kinds[end] = "packet_end";
    if (end === data) return;
  }
  const room = w.random.pick([1, 2, 8, 14, 20, 34, 64]);
  const p = w.target();
  if (p === end || p === data) return;
  w.mov(p, data);
  if (w.random.chance(35)) {
    const index = scalar(w);
    if (w.random.chance(85)) w.raw(0x57, index, 0, 0, w.random.pick([3, 15, 60, 255, 0xffff]));
    w.raw(0x0f, p, index, 0, 0);
    const q = w.target();
    if (q !== p && q !== end) {
      w.mov(q, p);
      data = q;
    }
  }
  w.raw(0x07, p, 0, 0, room);
  const order = w.random.chance(50);
  const code = 5 | 8 | w.random.pick(order ? [0x20, 0x20, 0x30] : [0xa0, 0xa0, 0xb0]);
  w.jump(code, order ? p : end, order ? end : p, 0, exitMark(w));
  access(w, data, w.random.chance(85) ? w.random.below(room) : room);
};

/** A helper that moves the packet: pointers before it are void. */
export const movePacket: Statement = (w) => {
  const ctx = w.having("ctx");
  if (ctx === null || ctx === 0) return;
  const keep = ctx >= 6 ? ctx : w.random.pick([6, 7, 8, 9]);
  if (keep !== ctx) w.mov(keep, ctx);
  w.mov(1, keep);
  w.movImm(2, w.random.pick([0, 4, -4]));
  w.movImm(3, 0);
  w.call(w.type === 6 ? w.random.pick([44, 54, 65]) : w.random.pick([39, 38]));
  if (w.random.chance(93)) {
    w.kinds = w.kinds.map((kind) => (kind.startsWith("packet") ? "none" : kind));
  }
};

/** bpf_ringbuf_reserve, something written, submit or discard; seldom forgotten. */
export const ringbuf: Statement = (w) => {
  const size = w.random.pick([8, 16, 24]);
  w.loadMap(1, M.RING);
  w.movImm(2, size);
  w.movImm(3, 0);
  w.call(131);
  w.kinds[0] = "record";
  checkNull(w);
  const keep = w.random.pick([6, 7, 8, 9]);
  if (w.kinds[keep] === "ctx" || w.counters.includes(keep)) return;
  w.mov(keep, 0);
  access(w, keep, w.random.chance(90) ? w.random.below(size / 8) * 8 : size);
  if (w.random.chance(6)) return;
  w.mov(1, keep);
  if (w.random.chance(4)) w.raw(0x07, 1, 0, 0, 8);
  w.movImm(2, 0);
  w.call(w.random.pick([132, 133]));
  w.kinds[keep] = "none";
};

/** bpf_tail_call. */
export const tailCall: Statement = (w) => {
  const ctx = w.having("ctx");
  if (ctx === null) return;
  const keep = ctx >= 6 ? ctx : w.random.pick([6, 7, 8, 9]);
  if (keep !== ctx) w.mov(keep, ctx);
  w.mov(1, keep);
  w.movImm(3, w.random.below(4));
  w.loadMap(2, M.PROGS);
  w.call(12);
};

/** Copies of registers, pointers with small constants added. */
export const copy: Statement = (w) => {
  const from = w.random.chance(90)
    ? w.having("scalar", "fp", "packet", "ctx", ...w.values().map((r) => w.kinds[r]!))
    : w.random.below(11);
  if (from === null) return;
  const to = w.target();
  w.mov(to, from);
  if (w.kinds[from] !== "ctx" && w.random.chance(40)) w.raw(0x07, to, 0, 0, w.random.pick([1, 4, 8, -8, -4, 16]));
  if (w.kinds[from] === "fp") w.kinds[to] = "none";
};
