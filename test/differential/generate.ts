import type { Insn } from "../../src/isa/index.ts";
import { insn } from "../../src/isa/index.ts";
import type { TestRunAttr } from "../../src/kernel/index.ts";
import { end } from "./control-pieces.ts";
import { type Kind, TC, XDP } from "./kinds.ts";
import { block } from "./pieces.ts";
import { DIRECT, DIRECT_REGISTERS, DIRECT_STACK, type Item, type Trial } from "./program.ts";
import { Random } from "./random.ts";
import { ARENA, CALLEE_SAVED } from "./state.ts";
import { type Draft, type Label, MEMORY_SIZE, type Parameter, registers, type Signature, Writer } from "./writer.ts";

/** A random program: its number under a seed gives it again. */
export interface Generated extends Trial {
  readonly seed: number;
  readonly number: number;
}

const SIZES = [14, 64, 110, 300] as const;

function inputs(random: Random, { ctx }: Kind): TestRunAttr[] {
  return SIZES.map((size, n) => {
    const length = n === 0 ? size : random.between(SIZES[n - 1]! + 1, size);
    const fill = random.below(8);
    const dataIn = fill < 2 ? new Uint8Array(length).fill(fill === 0 ? 0 : 0xff) : random.bytes(length);
    // Linux refuses some contexts with a packet of nothing but its Ethernet header.
    if (ctx === null || random.chance(50) || length === 14) return { dataIn };
    const ctxIn = new Uint8Array(ctx.size);
    for (const { offset, size } of ctx.fields) ctxIn.set(random.bytes(size), offset);
    return { dataIn, ctxIn };
  });
}

/** Writes program `number` of `seed`: only what the verifier is documented to accept, all of it bounded. */
export function generate(seed: number, number: number): Generated {
  const random = new Random(seed, number, 0x616e7962);
  const kind = random.chance(65) ? XDP : TC;
  // Most programs keep to what CAP_BPF alone allows: no pointer that becomes a number.
  const strict = random.chance(75);
  const callees: Signature[] = [];
  const functions: Draft[][] = [];
  for (let n = random.pick([0, 0, 1, 1, 2, 3]); n > 0; n--) {
    const { drafts, signature } = subprogram(random, kind, callees, strict);
    functions.unshift(drafts);
    callees.push(signature);
  }
  const main = mainFunction(random, kind, callees, strict);
  const called = reached(main, functions);
  const items = link([main, ...random.shuffle(called)]);
  return { seed, number, kind, items, inputs: inputs(random, kind) };
}

/** Functions that nobody calls are left out: the verifier refuses them. */
function reached(main: Draft[], functions: readonly Draft[][]): Draft[][] {
  const found = new Set<Draft[]>();
  const visit = (drafts: Draft[]): void => {
    for (const { insn, label } of drafts) {
      if (label === undefined || (insn.form.kind !== "call" && insn.form.kind !== "ld_imm64")) continue;
      const target = functions.find((f) => entries.get(f) === label);
      if (target === undefined || found.has(target)) continue;
      found.add(target);
      visit(target);
    }
  };
  visit(main);
  return functions.filter((f) => found.has(f));
}

const entries = new WeakMap<Draft[], Label>();

function mainFunction(random: Random, kind: Kind, callees: readonly Signature[], strict: boolean): Draft[] {
  const w = new Writer(random, kind, callees, false, strict);
  w.legacy = kind.legacy;
  keepContext(w, 1);
  const start = random.between(1, 9);
  for (const r of random.shuffle(registers(0x3ff & ~w.locked)).slice(0, start)) w.constant(r);
  if (random.chance(50)) w.initialise(-ARENA, ARENA);
  block(w, random.between(3, 14));
  if (w.reachable) {
    dump(w);
    end(w);
  }
  return scatter(w);
}

/** Keeps the context in a register or in the stack. */
function keepContext(w: Writer, from: number): void {
  if (w.random.chance(60)) {
    const register = w.target(CALLEE_SAVED);
    w.emit("mov64_reg", { dst: register, src: from });
    w.locked |= 1 << register;
    w.context = { register };
  } else {
    const slot = w.takeSlot()!;
    w.emit("stx64", { dst: 10, src: from, off: slot });
    w.context = { slot };
  }
}

/** Writes registers, and some of the stack, where they can be compared. */
function dump(w: Writer): void {
  const dead = registers(0x3ff & ~w.state.scalars & ~w.locked);
  const base = dead.length > 0 ? w.random.pick(dead) : w.target();
  w.state.forget(1 << base);
  w.emit("ld_imm64_map_value", { dst: base, imm: DIRECT });
  for (const r of registers(w.state.scalars)) w.emit("stx64", { dst: base, src: r, off: DIRECT_REGISTERS + 8 * r });
  const kept = registers(w.state.scalars);
  if (kept.length === 0 || w.random.chance(60)) return;
  const by = w.target(0x3ff & ~(1 << base));
  for (let at = 0; at < ARENA; at += 8) {
    if (!w.state.written(at - ARENA, 8)) continue;
    w.emit("ldx64", { dst: by, src: 10, off: at - ARENA });
    w.emit("stx64", { dst: base, src: by, off: DIRECT_STACK + at });
    w.state.setScalar(by);
  }
}

function subprogram(random: Random, kind: Kind, callees: readonly Signature[], strict: boolean) {
  const callback = random.chance(30);
  const w = new Writer(random, kind, callees, callback, strict);
  const parameters: Parameter[] = callback
    ? ["scalar", "memory"]
    : Array.from({ length: random.below(6) }, () => random.pick(["scalar", "scalar", "scalar", "memory"] as const));
  if (!callback && random.chance(30)) parameters[random.below(Math.min(5, parameters.length + 1))] = "context";
  parameters.forEach((parameter, n) => {
    if (parameter === "scalar") w.state.setScalar(n + 1);
  });
  // Arguments stay where they are or move to registers that calls leave alone, before anything else is written.
  const argumentsAt = parameters.reduce((bits, _, n) => bits | (1 << (n + 1)), 0);
  parameters.forEach((parameter, n) => {
    const from = n + 1;
    if (parameter === "context" && w.context === null) keepContext(w, from);
    if (parameter !== "memory") return;
    const pointer = { kind: "stack", low: 0, high: MEMORY_SIZE } as const;
    w.state.setPointer(from, pointer);
    w.locked |= 1 << from;
    if (w.freeCount(CALLEE_SAVED) > 2 && random.chance(60)) {
      const register = w.target(CALLEE_SAVED & ~argumentsAt);
      w.mov(register, from);
      w.locked |= 1 << register;
      w.locked &= ~(1 << from);
      w.state.forget(1 << from);
    }
  });
  // A callback's rounds count as a loop's.
  if (callback) w.repeats = 7;
  if (w.state.scalars === 0) w.constant(w.target(CALLEE_SAVED));
  block(w, random.between(1, 7));
  if (w.reachable) end(w);
  const drafts = scatter(w);
  const entry: Label = { at: 0, state: null };
  entries.set(drafts, entry);
  const signature: Signature = { parameters, mutates: w.mutates, depth: 1 + w.calleeDepth, callback, entry };
  return { drafts, signature };
}

/** Labels of a function, by the item that they stand before. */
const places = new WeakMap<Draft[], Map<Label, number>>();

/** Lays some functions out in another order than control takes: pieces of them in random order, joined by jumps. */
function scatter(w: Writer): Draft[] {
  const { random, items } = w;
  const labels = new Set(items.flatMap(({ label }) => (label === undefined || isCall(label, w) ? [] : [label])));
  if (items.length < 12 || !random.chance(25)) {
    places.set(items, new Map([...labels].map((label) => [label, label.at])));
    return items;
  }
  const cuts = new Set<number>();
  for (let n = random.between(1, 5); n > 0; n--) cuts.add(random.between(1, items.length - 1));
  const starts = [0, ...[...cuts].sort((a, b) => a - b)];
  const chunks = starts.map((start, n) => ({ start, end: starts[n + 1] ?? items.length }));
  const order = [chunks[0]!, ...random.shuffle(chunks.slice(1))];
  const result: Draft[] = [];
  const moved = new Map<number, number>();
  const joints = new Map<number, Label>();
  for (const start of starts) joints.set(start, { at: -1, state: null });
  for (const [n, { start, end }] of order.entries()) {
    for (let at = start; at < end; at++) {
      moved.set(at, result.length);
      result.push(items[at]!);
    }
    const last = items[end - 1]!.insn.form.kind;
    if (last === "exit" || last === "ja" || order[n + 1]?.start === end) continue;
    result.push({ insn: insn(random.chance(50) ? "ja" : "ja32"), label: joints.get(end)! });
  }
  const at = new Map([...labels].map((label) => [label, moved.get(label.at)!]));
  for (const [start, joint] of joints) at.set(joint, moved.get(start)!);
  places.set(result, at);
  return result;
}

function isCall(label: Label, w: Writer): boolean {
  return w.callees.some((c) => c.entry === label);
}

/** Puts functions behind one another and says of each branch which item it goes to. */
function link(functions: readonly Draft[][]): Item[] {
  const bases: number[] = [];
  let base = 0;
  const targets = new Map<Label, number>();
  for (const drafts of functions) {
    bases.push(base);
    const entry = entries.get(drafts);
    if (entry !== undefined) targets.set(entry, base);
    for (const [label, at] of places.get(drafts)!) targets.set(label, base + at);
    base += drafts.length;
  }
  return functions
    .flat()
    .map(({ insn, label }: { insn: Insn; label?: Label }) =>
      label === undefined ? { insn } : { insn, target: targets.get(label)! },
    );
}
