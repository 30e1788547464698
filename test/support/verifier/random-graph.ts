import type { Random } from "../../differential/random.ts";
import { call, EXIT, load, mov, movReg, slot, store } from "./insns.ts";

/** A function's instructions with calls still by number of the function: `local` a call, `callback` a load of its address. */
export type Part = Uint8Array | { readonly local: number } | { readonly callback: number; readonly dst: number };

/** Joins functions into a program; functions that nobody names are left out. */
export function link(functions: readonly (readonly Part[])[]): Uint8Array {
  const used = new Set([0]);
  for (const n of used) for (const part of functions[n]!) if (!(part instanceof Uint8Array)) used.add(named(part));
  const starts = new Map<number, number>();
  let at = 0;
  for (const [n, parts] of functions.entries()) {
    starts.set(n, at);
    if (used.has(n))
      for (const part of parts) at += part instanceof Uint8Array ? part.length / 8 : "local" in part ? 1 : 2;
  }
  const out: number[] = [];
  for (const [n, parts] of functions.entries()) {
    if (!used.has(n)) continue;
    for (const part of parts) {
      const distance = (to: number): number => starts.get(to)! - out.length / 8 - 1;
      if (part instanceof Uint8Array) out.push(...part);
      else if ("local" in part) out.push(...slot(0x85, 0, 1, 0, distance(part.local)));
      else out.push(...slot(0x18, part.dst, 4, 0, distance(part.callback)), ...slot(0));
    }
  }
  return Uint8Array.from(out);
}

function named(part: Exclude<Part, Uint8Array>): number {
  return "local" in part ? part.local : part.callback;
}

const BPF_LOOP = 181;
const HELPERS = [1, 2, 3, 5, 6, 7, 8, 8, 12, 14, 25, 26, 28, 35, 65, 164, 169, 170, 171, 180, BPF_LOOP, 209, 1000];
const ALU = [0xb7, 0x07, 0x0f, 0xbf, 0xb4, 0x87, 0xd4, 0xdc, 0xd7, 0x37, 0x3f, 0xc7, 0xbc];
const JUMPS = [0x15, 0x1d, 0x55, 0x5d, 0xa5, 0x26, 0x2e, 0xc6, 0x45];
const ATOMICS = [0, 1, 0x41, 0xe1, 0xf1, 0x100, 0x110, 0xa0];

/**
 * Any instructions with any jumps, some of them wild; the walk ends at the first one, which reads a register that holds nothing.
 * What is decided before the walk is all there is to see.
 */
export function randomGraph(random: Random, kfuncs: readonly number[]): Uint8Array {
  const count = 1 + random.below(4);
  const lengths = Array.from({ length: count }, () => 3 + random.below(random.pick([6, 12, 30])));
  const starts = lengths.map((_, n) => lengths.slice(0, n).reduce((sum, length) => sum + length, 0));
  const wild = random.below(25) === 0;
  const out: Uint8Array[] = [];
  for (const [n, length] of lengths.entries()) {
    const start = starts[n]!;
    const end = start + length;
    while (out.length < end) {
      const i = out.length;
      const anywhere = (): number => start + random.below(length) - i - 1;
      if (i === 0) out.push(movReg(0, 2));
      else if (n === 0 && i < count && i < end - 1) out.push(slot(0x85, 0, 1, 0, starts[i]! - i - 1));
      else if (i === end - 1)
        out.push(random.pick([EXIT, EXIT, EXIT, slot(0x05, 0, 0, anywhere()), slot(0x06, 0, 0, 0, anywhere())]));
      else out.push(...anything(random, { start, end, i, starts, wild, kfuncs, anywhere }));
    }
  }
  const bytes = new Uint8Array(out.length * 8);
  for (const [i, insn] of out.entries()) bytes.set(insn, i * 8);
  return bytes;
}

interface Place {
  readonly start: number;
  readonly end: number;
  readonly i: number;
  readonly starts: readonly number[];
  readonly wild: boolean;
  readonly kfuncs: readonly number[];
  readonly anywhere: () => number;
}

function anything(random: Random, place: Place): Uint8Array[] {
  const { end, i, starts, wild } = place;
  const reg = (): number => random.below(10);
  const far = (): number => (wild && random.below(10) === 0 ? random.below(40) - 20 : place.anywhere());
  const jump = (): number => (random.below(3) ? random.below(end - i - 1) : far());
  const callee = (): number => random.pick(starts.slice(1)) - i - 1;
  const register = (code: number): number => (code & 8 ? reg() : 0);
  switch (random.below(18)) {
    case 0:
    case 1: {
      const code = random.pick(ALU);
      return [slot(code, reg(), register(code), 0, 16)];
    }
    case 2:
    case 3:
    case 4: {
      const code = random.pick(JUMPS);
      return [slot(code, reg(), register(code), jump(), 3)];
    }
    case 5:
      if (random.below(4)) return [mov(reg(), 0)];
      return [random.below(2) ? slot(0x05, 0, 0, jump()) : slot(0x06, 0, 0, 0, jump())];
    case 6: {
      if (i + 2 >= end) return [mov(1, 0)];
      const half = slot(wild && random.below(20) === 0 ? 1 : 0);
      if (random.below(6) === 0 && starts.length > 1) return [slot(0x18, reg(), 4, 0, callee()), half];
      return [slot(0x18, reg(), 0, 0, 7), half];
    }
    case 7:
    case 8:
      return [call(random.pick(HELPERS))];
    case 9:
      return [starts.length > 1 ? slot(0x85, 0, 1, 0, callee() + (wild ? random.below(3) : 0)) : call(7)];
    case 10:
      return [slot(0x85, 0, 2, 0, random.pick(place.kfuncs))];
    case 11:
      return [slot(0xe5, 0, 0, jump())];
    case 12:
      return [slot(random.pick([0x61, 0x69, 0x71, 0x79, 0x81, 0x89]), reg(), random.below(11), -8)];
    case 13:
      return [store(random.pick([4, 8]), random.below(11), -8 * (1 + random.below(4)), reg())];
    case 14:
      return [slot(random.pick([0x62, 0x7a]), random.below(11), 0, -8, 5)];
    case 15:
      return [slot(0xdb, random.below(11), reg(), -8, random.pick(ATOMICS))];
    case 16:
      return [random.below(25) ? mov(3, 0) : slot(random.pick([0x20, 0x30, 0x40]), 0, random.below(3), 0, 3)];
    default:
      if (random.below(20) === 0) return [EXIT];
      return [wild && random.below(8) === 0 ? slot(random.below(256), 0, 0, 0, random.below(4)) : mov(4, 0)];
  }
}

const zero = (off: number, value: number): Uint8Array => slot(0x7a, 10, 0, off, value);
const add = (dst: number, imm: number): Uint8Array => slot(0x07, dst, 0, 0, imm);

/** Functions that read and write their own stack and their callers', in branches, loops, calls and callbacks: stack liveness by call chain. */
export function randomStack(random: Random): Uint8Array {
  const count = 1 + random.below(4);
  return link(Array.from({ length: count }, (_, n) => stackFunction(random, n, count)));
}

function stackFunction(random: Random, n: number, count: number): Part[] {
  const own = (): number => -8 * (1 + random.below(4));
  const callers = (): number => 8 * random.below(4);
  const access = (): Uint8Array =>
    random.pick([
      zero(own(), random.below(3)),
      load(8, 8, 10, own()),
      slot(0x7a, 6, 0, callers(), random.below(4)),
      load(8, 8, 6, callers()),
      load(4, 8, 10, -4 * (1 + random.below(8))),
      slot(0x62, 10, 0, -4 * (1 + random.below(8)), 5),
    ]);
  const pointer = (dst: number): Uint8Array[] =>
    random.below(3) ? [movReg(dst, 10), add(dst, -32)] : [movReg(dst, 6), add(dst, 0)];
  const parts: Part[] = n > 0 ? [movReg(6, 1)] : [movReg(6, 10), add(6, -64)];
  for (let s = 1; s <= (n > 0 ? 4 : 8); s++)
    parts.push(n > 0 && random.below(2) ? store(8, 10, -8 * s, 1) : zero(-8 * s, s));
  parts.push(call(7), movReg(7, 0));
  for (let block = 2 + random.below(8); block > 0; block--) {
    const callee = n + 1 + random.below(Math.max(count - n - 1, 1));
    const mayCall = callee < count;
    switch (random.below(8)) {
      case 0: {
        const length = 1 + random.below(3);
        parts.push(slot(random.pick([0x15, 0x55, 0x25]), 7, 0, length, random.below(8)));
        for (let i = 0; i < length; i++) parts.push(access());
        break;
      }
      case 1:
      case 2:
        if (mayCall) parts.push(...pointer(1), { local: callee });
        break;
      case 3: {
        const inside = [add(9, 1), access()];
        if (random.below(2)) inside.push(call(7), slot(0x55, 0, 0, 1, 3), zero(-24, 9));
        parts.push(mov(9, 0), ...inside, slot(0xa5, 9, 0, -inside.length - 1, 2 + random.below(3)));
        break;
      }
      case 4:
        if (!mayCall || random.below(2)) break;
        parts.push(mov(1, 1 + random.below(4)), { callback: callee, dst: 2 }, ...pointer(3), mov(4, 0), call(BPF_LOOP));
        break;
      default:
        parts.push(access());
    }
  }
  parts.push(mov(0, 0), EXIT);
  return parts;
}

/** Chains of calls with stacks of all sizes, some dead, some recursive, some with tail calls or exceptions. */
export function randomChains(random: Random, throwing: number): Uint8Array {
  const count = 1 + random.below(10);
  const functions = Array.from({ length: count }, (_, n): Part[] => {
    const parts: Part[] = n === 0 ? [movReg(6, 1)] : [];
    const deeper = n + 1 < count ? n + 1 + random.below(random.pick([1, count - n - 1])) : -1;
    if (random.below(2))
      parts.push(slot(random.pick([0x7a, 0x72, 0x62]), 10, 0, -8 * (1 + random.below(random.pick([2, 8, 20, 64]))), 1));
    if (deeper > 0) for (let calls = 1 + random.below(2); calls > 0; calls--) parts.push({ local: deeper });
    if (random.below(8) === 0) {
      const dead: Part = random.below(2) || count === 1 ? call(12) : { local: 1 + random.below(count - 1) };
      parts.push(mov(7, 0), slot(0x15, 7, 0, 1, 0), dead);
    }
    if (random.below(14) === 0 && deeper > 0) {
      parts.push(mov(1, 1), { callback: deeper, dst: 2 }, mov(3, 0), mov(4, 0), call(BPF_LOOP));
    }
    if (random.below(20) === 0) parts.push(mov(1, 0), slot(0x85, 0, 2, 0, throwing));
    parts.push(mov(0, 0), EXIT);
    return parts;
  });
  return link(functions);
}

/** Spills and fills around calls that may keep registers, sometimes broken, sometimes used by others. */
export function randomFastcalls(random: Random, kfunc: number): Uint8Array {
  const parts: Uint8Array[] = [1, 2, 3, 4, 5].map((reg) => mov(reg, 0));
  const base = -8 * (3 + random.below(4));
  if (random.below(3) === 0) parts.push(zero(-8 * (1 + random.below(5)), 1));
  for (let calls = 1 + random.below(2); calls > 0; calls--) {
    const regs = [5, 4, 3, 2, 1].slice(0, random.below(4));
    if (random.below(2)) regs.reverse();
    const slip = random.below(8) === 0 ? 8 : 0;
    const at = (j: number): number => base + 8 * j + slip;
    for (let j = regs.length - 1; j >= 0; j--) parts.push(store(8, 10, at(j), regs[j]!));
    parts.push(random.pick([call(8), call(8), call(7), call(5), slot(0x85, 0, 2, 0, kfunc)]));
    for (let j = 0; j < regs.length; j++) parts.push(load(8, regs[j]!, 10, at(j)));
    for (let reg = 1; reg <= 5; reg++) if (!regs.includes(reg)) parts.push(mov(reg, 0));
    if (random.below(6) === 0) parts.push(load(8, 7, 10, base));
    if (random.below(8) === 0) parts.push(store(8, 10, -48, 1));
  }
  return link([[...parts, mov(0, 0), EXIT]]);
}
