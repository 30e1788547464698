import { describe, expect, it } from "vitest";
import { type Code, FORMS, type Form, type Insn, imm64, insn, layOut, loadImm64, slots } from "../../isa/index.ts";
import { STACK_TOP } from "../../runtime/layout.ts";
import { GuestMemory } from "../memory.ts";
import { plainImage } from "../plain-image.ts";
import { createRuntime } from "../runtime.ts";
import { compileProgram } from "./index.ts";

// Random programs with any control flow, against a plain interpreter on BigInts written from RFC 9669.

const memory = new GuestMemory();
const runtime = createRuntime(memory, { call_helper: () => undefined, call_function: () => 0n });
const CTX_SIZE = 256;
const ctx = memory.alloc(CTX_SIZE);

const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
const ones = (width: number): bigint => (1n << BigInt(width)) - 1n;

function alu(form: Form, a: bigint, b: bigint): bigint {
  const w = form.width;
  const ua = BigInt.asUintN(w, a);
  const ub = BigInt.asUintN(w, b);
  const sa = BigInt.asIntN(w, a);
  const sb = BigInt.asIntN(w, b);
  const count = ub & BigInt(w - 1);
  const results: Record<string, () => bigint> = {
    add: () => ua + ub,
    sub: () => ua - ub,
    mul: () => ua * ub,
    div: () => (ub === 0n ? 0n : ua / ub),
    sdiv: () => (sb === 0n ? 0n : sa / sb),
    mod: () => (ub === 0n ? ua : ua % ub),
    smod: () => (sb === 0n ? ua : sa % sb),
    or: () => ua | ub,
    and: () => ua & ub,
    xor: () => ua ^ ub,
    lsh: () => ua << count,
    rsh: () => ua >> count,
    arsh: () => sa >> count,
    mov: () => ub,
  };
  return BigInt.asUintN(w, results[form.op]!());
}

function swap(value: bigint, width: number): bigint {
  let result = 0n;
  for (let i = 0; i < width; i += 8) result = (result << 8n) | ((value >> BigInt(i)) & 0xffn);
  return result;
}

function jump(form: Form, a: bigint, b: bigint): boolean {
  const w = form.width;
  const [ua, ub, sa, sb] = [BigInt.asUintN(w, a), BigInt.asUintN(w, b), BigInt.asIntN(w, a), BigInt.asIntN(w, b)];
  switch (form.op) {
    case "jeq":
      return ua === ub;
    case "jne":
      return ua !== ub;
    case "jgt":
      return ua > ub;
    case "jge":
      return ua >= ub;
    case "jlt":
      return ua < ub;
    case "jle":
      return ua <= ub;
    case "jsgt":
      return sa > sb;
    case "jsge":
      return sa >= sb;
    case "jslt":
      return sa < sb;
    case "jsle":
      return sa <= sb;
    default:
      return (ua & ub) !== 0n;
  }
}

function load(at: bigint, width: number): bigint {
  let value = 0n;
  for (let i = width / 8 - 1; i >= 0; i--) value = (value << 8n) | BigInt(memory.u8[Number(at) + i]!);
  return value;
}

function store(at: bigint, width: number, value: bigint): void {
  for (let i = 0; i < width / 8; i++) memory.u8[Number(at) + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

/** r0 at the exit, or undefined after `limit` instructions. */
function interpret(code: Code, limit: number): bigint | undefined {
  const r = new Array<bigint>(11).fill(0n);
  r[1] = BigInt(ctx);
  r[10] = BigInt(STACK_TOP);
  let pc = 0;
  for (let n = 0; n < limit; n++) {
    const i = code[pc]!;
    const { form } = i;
    const { kind, op, width } = form;
    const b = form.source === "imm" ? BigInt(i.imm) : r[i.src]!;
    pc += slots(i);
    switch (kind) {
      case "alu":
      case "mov":
        r[i.dst] = alu(form, r[i.dst]!, b);
        break;
      case "movsx":
        r[i.dst] = BigInt.asUintN(form.result, BigInt.asIntN(width, b));
        break;
      case "neg":
        r[i.dst] = BigInt.asUintN(width, -r[i.dst]!);
        break;
      case "end":
        r[i.dst] = op === "le" ? r[i.dst]! & ones(width) : swap(r[i.dst]!, width);
        break;
      case "ld_imm64":
        r[i.dst] = imm64(i);
        break;
      case "ldx":
      case "load_acquire":
        r[i.dst] = load(r[i.src]! + BigInt(i.off), width);
        break;
      case "ldxs":
        r[i.dst] = u64(BigInt.asIntN(width, load(r[i.src]! + BigInt(i.off), width)));
        break;
      case "st":
      case "stx":
      case "store_release":
        store(r[i.dst]! + BigInt(i.off), width, u64(b));
        break;
      case "atomic": {
        const at = r[i.dst]! + BigInt(i.off);
        const old = load(at, width);
        const source = r[i.src]! & ones(width);
        if (op === "cmpxchg") {
          if (old === (r[0]! & ones(width))) store(at, width, source);
          r[0] = old;
          break;
        }
        const base = op.replace("fetch_", "");
        const made = base === "xchg" ? source : alu({ ...form, op: base }, old, source);
        store(at, width, made);
        if (op === "xchg" || op.startsWith("fetch_")) r[i.src] = old;
        break;
      }
      case "ja":
        pc += i.off;
        break;
      case "jmp":
        if (jump(form, r[i.dst]!, b)) pc += i.off;
        break;
      default:
        return r[0]!;
    }
  }
  return undefined;
}

function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const KINDS = new Set("alu mov movsx neg end ldx ldxs st stx atomic load_acquire store_release".split(" "));
const PLAIN = FORMS.filter((f) => KINDS.has(f.kind));
const JUMPS = FORMS.filter((f) => f.kind === "jmp");
const IMMS = [0, 1, -1, 2, 7, 8, 31, 32, 63, 64, 255, 0xffff, 0x7fffffff, -0x80000000];

/** A program of `blocks` blocks whose jumps go anywhere (`forward`: mostly onwards); registers end up in the context. */
function randomProgram(seed: number, blocks: number, forward: boolean): Code {
  const random = randomSource(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const below = (n: number): number => Math.floor(random() * n);
  const imm = (): number => (random() < 0.6 ? pick(IMMS) : (random() * 2 ** 32) | 0);
  const list: { insn: Insn; target?: number }[] = [];
  const starts: number[] = [];
  list.push({ insn: insn("mov64_reg", { dst: 9, src: 1 }) });
  for (let reg = 0; reg < 9; reg++) {
    const value = (BigInt(imm()) << 32n) | BigInt(imm() >>> 0);
    list.push({ insn: random() < 0.5 ? loadImm64(reg, value) : insn("mov64_imm", { dst: reg, imm: imm() }) });
  }
  for (let at = -512; at < 0; at += 8) list.push({ insn: insn("st64", { dst: 10, off: at, imm: at }) });
  for (let b = 0; b < blocks; b++) {
    starts.push(list.length);
    for (let n = below(6); n > 0; n--) {
      const form = pick(PLAIN);
      const memoryForm = !["alu", "mov", "movsx", "neg", "end"].includes(form.kind);
      const base = random() < 0.5 ? 9 : 10;
      const off =
        base === 9
          ? below(CTX_SIZE / 8 - 1) * 8 + below(2)
          : -8 - 8 * below(63) + below(2) * (form.kind === "atomic" ? 0 : 1);
      const loads = form.kind.startsWith("ld") || form.kind === "load_acquire";
      list.push({
        insn: insn(form, {
          dst: memoryForm && !loads ? base : below(9),
          src: form.fields.includes("src")
            ? loads
              ? base
              : below(random() < 0.05 && form.kind === "mov" ? 10 : 9)
            : 0,
          off: memoryForm ? Math.min(off, base === 10 ? -8 : CTX_SIZE - 8) : 0,
          imm: form.fields.includes("imm") ? imm() : 0,
        }),
      });
    }
    if (random() < 0.2) {
      // Extension by a pair of shifts, as compilers without 32-bit instructions do it.
      const reg = below(9);
      list.push({ insn: insn("lsh64_imm", { dst: reg, imm: 32 }) });
      list.push({ insn: insn(random() < 0.5 ? "rsh64_imm" : "arsh64_imm", { dst: reg, imm: 32 }) });
    }
    if (random() < 0.3) {
      // A pointer into the frame, used directly and left behind for the blocks to come.
      const reg = below(9);
      const offset = -16 - 8 * below(60);
      list.push({ insn: insn("mov64_reg", { dst: reg, src: 10 }) });
      list.push({ insn: insn("add64_imm", { dst: reg, imm: offset }) });
      list.push({ insn: insn("stx64", { dst: reg, src: below(9), off: 8 * below(2) }) });
      list.push({ insn: insn("ldx32", { dst: below(9), src: reg, off: 4 }) });
    }
    const target = (): number =>
      forward && random() < 0.85 ? b + 1 + below(Math.min(4, blocks - b)) : below(blocks + 1);
    if (random() < 0.85) {
      const form = pick(JUMPS);
      list.push({
        insn: insn(form, {
          dst: below(9),
          src: form.source === "reg" ? below(9) : 0,
          imm: form.source === "imm" ? imm() : 0,
        }),
        target: target(),
      });
    } else if (random() < 0.6) list.push({ insn: insn("ja"), target: target() });
  }
  starts.push(list.length);
  for (let reg = 0; reg < 9; reg++) list.push({ insn: insn("stx64", { dst: 9, src: reg, off: 8 * reg }) });
  list.push({ insn: insn("exit") });
  const slotOf: number[] = [];
  let slot = 0;
  for (const { insn: i } of list) {
    slotOf.push(slot);
    slot += slots(i);
  }
  return layOut(
    list.map(({ insn: i, target }, n) =>
      target === undefined ? i : { ...i, off: slotOf[starts[target]!]! - slotOf[n]! - 1 },
    ),
  );
}

function snapshot(): string {
  return [...memory.u8.subarray(ctx, ctx + CTX_SIZE), ...memory.u8.subarray(STACK_TOP - 512, STACK_TOP)].join();
}

function reset(): void {
  for (let i = 0; i < CTX_SIZE; i++) memory.u8[ctx + i] = (i * 37) & 255;
}

function compareOne(seed: number, blocks: number, forward: boolean): boolean {
  const code = randomProgram(seed, blocks, forward);
  reset();
  const expected = interpret(code, 3000);
  if (expected === undefined) return false;
  const after = snapshot();
  reset();
  const compiled = compileProgram(plainImage("random", code), {
    runtime,
    helpers: new Map(),
    slot: 1,
    functionSlot: () => 2,
  });
  expect(WebAssembly.validate(compiled.bytes), `seed ${seed} is valid`).toBe(true);
  compiled.install();
  const result = (runtime.table.get(1) as (ctx: number, fp: number) => bigint)(ctx, STACK_TOP);
  expect(`${seed}: ${u64(result)}`).toBe(`${seed}: ${expected}`);
  if (snapshot() !== after) expect.fail(`seed ${seed}: memory differs`);
  return true;
}

describe("random programs", () => {
  it("give what the reference gives on mostly structured control flow", () => {
    let ran = 0;
    for (let seed = 1; seed <= 400; seed++) if (compareOne(seed, 1 + (seed % 40), true)) ran++;
    expect(ran).toBeGreaterThan(200);
  });
  it("give what the reference gives on any control flow", () => {
    let ran = 0;
    for (let seed = 1001; seed <= 2000; seed++) if (compareOne(seed, 1 + (seed % 60), false)) ran++;
    expect(ran).toBeGreaterThan(200);
  });
});
