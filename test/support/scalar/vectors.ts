import * as L from "../../../src/runtime/verifier-layout.ts";
import { StateMemory } from "../../../src/verifier/memory.ts";
import type { StateFunctions } from "../../../src/verifier/state-functions.ts";
import { Random } from "../../differential/random.ts";
import { anyRecord } from "./contradictions.ts";
import { readRecorded } from "./recorded.ts";
import { relationCases } from "./relations.ts";
import { walkProgram } from "./walk.ts";

/** No jump: the side of jset on which no bit is set. */
const NOT_JSET = 0x48;

/** Calls of the domain: how many of their leading arguments are registers. */
const TRACED: ReadonlyMap<keyof StateFunctions, number> = new Map([
  ["mark_unknown", 1],
  ["mark_known", 1],
  ["set_known", 1],
  ["set_known32", 1],
  ["forget_ranges", 1],
  ["bounds_sane", 1],
  ["alu", 2],
  ["fork_kind", 2],
  ["zext32", 1],
  ["truncate", 1],
  ["sign_extend", 1],
  ["byte_swap", 1],
  ["branch_taken", 2],
  ["refine", 2],
  ["add_const", 1],
]);

/** Calls on records that may contradict themselves: leading arguments that are registers, and the rest. */
const ON_ANY: readonly (readonly [keyof StateFunctions, number, ...number[]])[] = [
  ["copy_reg", 2],
  ["sync_bounds", 1],
  ["bounds_violation", 1],
  ["set_known32", 1, -5],
  ["zext32", 1],
  ["truncate", 1, 1],
  ["truncate", 1, 2],
  ["truncate", 1, 4],
  ["sign_extend", 1, 1, 0],
  ["sign_extend", 1, 2, 0],
  ["sign_extend", 1, 4, 0],
  ["sign_extend", 1, 1, 1],
  ["sign_extend", 1, 2, 1],
  ["alu", 2, 0x50, 0, 0],
  ["alu", 2, 0x40, 1, 0],
  ["branch_taken", 2, NOT_JSET, 0],
];
const ANY = 2000;
/** Some that were found by looking for them, of many more. */
const PICKED_ANY = [43248, 430826, 838960, 849938, 1452052, 2308092];

/** One call: registers before and after, byte for byte, and the answer. */
export interface Vector {
  readonly name: string;
  readonly registers: number;
  /** Arguments after the registers; whether both registers are one. */
  readonly rest: readonly number[];
  readonly same: boolean;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly answer: number | undefined;
}

/** All calls that the recorded programs make, each once. The domain must agree with the recorded answers. */
export function traceRecorded(): Vector[] {
  const found = new Map<string, Vector>();
  for (const { program } of readRecorded()) {
    const m = StateMemory.take();
    const original = m.ops as unknown as Record<string, (...args: number[]) => number | undefined>;
    const traced: Record<string, (...args: number[]) => number | undefined> = { ...original };
    for (const [name, registers] of TRACED) {
      traced[name] = (...args) => {
        const picture = () => Buffer.concat(args.slice(0, registers).map((at) => m.u8.slice(at, at + L.REG_SIZE)));
        const before = picture();
        const answer = original[name]!(...args);
        const rest = args.slice(registers);
        const same = registers === 2 && args[0] === args[1];
        const key = `${name} ${rest} ${same} ${before.toString("latin1")}`;
        if (!found.has(key)) found.set(key, { name, registers, rest, same, before, after: picture(), answer });
        return answer;
      };
    }
    Object.assign(m, { ops: traced });
    walkProgram(m, program);
  }
  const m = StateMemory.take();
  for (const [left, right] of relationCases()) {
    const at = m.scratch(0);
    m.u8.set(left, at);
    m.u8.set(right, at + L.REG_SIZE);
    const pair = Buffer.concat([left, right]);
    const call = { rest: [], same: false };
    const within = m.ops.scalar_within(at, at + L.REG_SIZE);
    found.set(`within ${found.size}`, {
      ...call,
      name: "scalar_within",
      registers: 2,
      before: pair,
      after: pair,
      answer: within,
    });
    const one = { ...call, registers: 1, before: left, after: left };
    found.set(`violation ${found.size}`, { ...one, name: "bounds_violation", answer: m.ops.bounds_violation(at) });
    // Contradictions too are brought into what agreement there is; the answers in between are the domain's own.
    m.ops.sync_bounds(at);
    const after = m.u8.slice(at, at + L.REG_SIZE);
    found.set(`sync ${found.size}`, { ...one, name: "sync_bounds", after, answer: undefined });
  }
  return [...found.values(), ...traceAny(m)];
}

/** What the domain makes of any records at all: the order of rules shows where they contradict each other. */
function traceAny(m: StateMemory): Vector[] {
  const random = new Random(8);
  const [a, b] = [m.scratch(0), m.scratch(1)];
  const functions = m.ops as unknown as Record<string, (...args: number[]) => number | undefined>;
  const vectors: Vector[] = [];
  for (let n = 0; n < ANY; n++) {
    anyRecord(m, a, random);
    anyRecord(m, b, random);
    if (random.chance(20)) m.ops.set_known(a, random.u32(), random.u32());
    if (random.chance(20)) m.ops.set_known(b, random.u32(), random.u32());
    const pair = m.u8.slice(a, a + 2 * L.REG_SIZE);
    for (const [name, registers, ...rest] of ON_ANY) {
      m.u8.set(pair, a);
      const answer = functions[name]!(...[a, b].slice(0, registers), ...rest);
      const [before, after] = [pair.slice(0, registers * L.REG_SIZE), m.u8.slice(a, a + registers * L.REG_SIZE)];
      vectors.push({ name, registers, rest, same: false, before, after, answer });
    }
  }
  for (const n of PICKED_ANY) {
    anyRecord(m, a, new Random(9, n));
    const before = m.u8.slice(a, a + L.REG_SIZE);
    m.ops.sync_bounds(a);
    const after = m.u8.slice(a, a + L.REG_SIZE);
    vectors.push({ name: "sync_bounds", registers: 1, rest: [], same: false, before, after, answer: undefined });
  }
  return vectors;
}
