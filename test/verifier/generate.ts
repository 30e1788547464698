import { Random } from "../differential/random.ts";
import * as S from "./statements.ts";
import type { Vector } from "./vector.ts";
import { type Mark, Writer } from "./writer.ts";

/** What a generator makes programs of: statements with their weights, out of 100 or so. */
type Mix = readonly (readonly [weight: number, statement: S.Statement])[];

interface Generator {
  readonly mix: Mix;
  /** BPF_PROG_TYPE_* and expected attach types. */
  readonly types: readonly (readonly [type: number, attach: number])[];
  /** Statements in the program, at least and at most. */
  readonly length: readonly [number, number];
  readonly functions: boolean;
}

const XDP = [6, 0] as const;
const TC = [3, 0] as const;
const SOCKET = [1, 0] as const;
/** These may return 0 to 1, or 0 to 3. */
const CGROUP = [
  [8, 0],
  [8, 1],
] as const;

/** One row per generator. */
export const GENERATORS: Readonly<Record<string, Generator>> = {
  alu: {
    mix: [
      [50, S.arithmetic],
      [14, S.unknown],
      [14, S.bound],
      [12, S.valueAccess],
      [5, S.lookup],
      [5, S.copy],
    ],
    types: [SOCKET, ...CGROUP],
    length: [4, 16],
    functions: false,
  },
  branches: {
    mix: [
      [30, S.branch],
      [8, S.loop],
      [20, S.arithmetic],
      [12, S.unknown],
      [12, S.bound],
      [10, S.valueAccess],
      [8, S.stack],
    ],
    types: [SOCKET, XDP, ...CGROUP],
    length: [5, 16],
    functions: false,
  },
  stack: {
    mix: [
      [50, S.stack],
      [12, S.branch],
      [12, S.arithmetic],
      [8, S.unknown],
      [8, S.copy],
      [5, S.loop],
      [5, S.lookup],
    ],
    types: [SOCKET, XDP],
    length: [5, 16],
    functions: false,
  },
  maps: {
    mix: [
      [25, S.lookup],
      [28, S.valueAccess],
      [8, S.mapWrite],
      [12, S.bound],
      [8, S.branch],
      [10, S.arithmetic],
      [5, S.ringbuf],
      [4, S.loop],
    ],
    types: [SOCKET, XDP, TC],
    length: [3, 8],
    functions: false,
  },
  packets: {
    mix: [
      [50, S.packet],
      [10, S.bound],
      [10, S.unknown],
      [10, S.branch],
      [8, S.arithmetic],
      [4, S.movePacket],
      [4, S.copy],
      [4, S.loop],
    ],
    types: [XDP, TC],
    length: [3, 10],
    functions: false,
  },
  calls: {
    mix: [
      [20, S.arithmetic],
      [14, S.branch],
      [10, S.stack],
      [10, S.unknown],
      [8, S.valueAccess],
      [8, S.lookup],
      [6, S.ringbuf],
      [6, S.tailCall],
      [6, S.bound],
      [4, S.loop],
      [4, S.packet],
    ],
    types: [XDP, TC, SOCKET],
    length: [2, 6],
    functions: true,
  },
};

function statement(random: Random, mix: Mix): S.Statement {
  let roll = random.below(mix.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, s] of mix) if ((roll -= weight) < 0) return s;
  throw new RangeError("weights");
}

interface Callee {
  readonly mark: Mark;
  readonly callback: boolean;
  /** Functions that nobody calls are left out: the verifier refuses them. */
  called: boolean;
}

function block(w: Writer, depth: number, mix: Mix, count: number, callees: readonly Callee[]): void {
  const nested = (inner: Writer, d: number): void => {
    if (d >= 0) block(inner, d, mix, w.random.between(1, 3), callees);
  };
  for (let n = 0; n < count; n++) {
    if (callees.length > 0 && w.random.chance(25)) call(w, w.random.pick(callees));
    else {
      const s = statement(w.random, mix);
      if (depth <= 0 && (s === S.branch || s === S.loop)) S.arithmetic(w, 0, nested);
      else s(w, depth, nested);
    }
  }
}

/** Calls a function with what there is, or hands it to bpf_loop or bpf_for_each_map_elem. */
function call(w: Writer, callee: Callee): void {
  callee.called = true;
  const context = w.having("ctx");
  if (context !== null && context < 6) {
    const keep = w.random.pick([6, 7, 8, 9]);
    w.mov(keep, context);
  }
  if (callee.callback) {
    const each = w.random.chance(30);
    if (each) w.loadMap(1, w.random.pick([0, 1]));
    else w.movImm(1, w.random.pick([1, 2, 5, 100]));
    w.local(callee.mark, 2);
    w.mov(3, 10);
    w.raw(0x07, 3, 0, 0, w.random.pick([-8, -16]));
    if (w.random.chance(80)) w.raw(0x7a, 10, 0, -16, 0);
    if (w.random.chance(80)) w.raw(0x7a, 10, 0, -8, 0);
    w.movImm(4, 0);
    w.call(each ? 164 : 181);
    return;
  }
  for (const r of [1, 2]) {
    if (w.random.chance(30)) {
      w.mov(r, 10);
      w.raw(0x07, r, 0, 0, w.random.pick([-8, -16]));
    } else if (w.kinds[r] === "none" || w.random.chance(30)) w.movImm(r, w.random.below(100));
  }
  w.local(callee.mark, null);
}

/** Sets r0 and leaves; programs of some types may only return a few numbers. */
function leave(w: Writer): void {
  const value = w.having("scalar");
  if (value === null || w.random.chance(50)) w.movImm(0, w.random.chance(93) ? w.random.below(2) : 7);
  else {
    w.mov(0, value);
    if (w.random.chance(80)) w.raw(w.random.chance(50) ? 0x57 : 0x54, 0, 0, 0, 1);
  }
  if (w.random.chance(97)) w.raw(0x95, 0, 0, 0, 0);
  const early = S.takeExit(w);
  if (early !== undefined) {
    w.bind(early);
    w.movImm(0, w.random.below(2));
    w.raw(0x95, 0, 0, 0, 0);
  }
}

function subprogram(w: Writer, callee: Callee, mix: Mix, later: readonly Callee[]): void {
  w.startFunction(callee.mark);
  w.kinds = w.kinds.map(() => "none");
  w.written = new Set();
  w.kinds[10] = "fp";
  w.kinds[1] = "scalar";
  w.kinds[2] = callee.callback ? "none" : "scalar";
  block(w, 1, mix, w.random.between(1, 4), later);
  leave(w);
}

/** Program `number` of a generator under a seed: often refused, often not, and for many reasons. */
export function generateVector(name: string, seed: number, number: number): Vector {
  const generator = GENERATORS[name]!;
  const random = new Random(seed, number, name.length * 7919 + name.charCodeAt(0));
  const w = new Writer(random);
  const [type, attach] = random.pick(generator.types);
  w.type = type;
  w.attachType = attach;
  const callees: Callee[] = generator.functions
    ? Array.from({ length: random.between(1, 3) }, () => ({
        mark: { at: 0 },
        callback: random.chance(35),
        called: false,
      }))
    : [];
  if (random.chance(85)) w.mov(6, 1);
  if (random.chance(60)) S.lookup(w, 0, () => undefined);
  for (let n = random.between(0, 3); n > 0; n--) S.unknown(w, 0, () => undefined);
  block(w, 2, generator.mix, random.between(...generator.length), callees);
  leave(w);
  callees.forEach((callee, n) => {
    if (callee.called) subprogram(w, callee, generator.mix, callees.slice(n + 1));
  });
  return w.finish(`${name}-${seed}-${number}`);
}
