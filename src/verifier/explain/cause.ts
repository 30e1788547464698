import * as I from "../insns.ts";
import type { Failure } from "../types.ts";
import { KIND_ROWS } from "./rows.ts";
import type { Change, Comparison, PathValues, Value } from "./values.ts";

/** Something that happened on the path and has to do with the refusal. */
export interface Evidence {
  readonly insn: number;
  readonly what: string;
}

/** What the path shows to be behind a refusal. */
export interface Cause {
  /** A word of the kind's row; null = nothing more is known. */
  readonly word: string | null;
  readonly evidence: readonly Evidence[];
}

/** What a cause is looked for with. */
interface Scene {
  readonly failure: Failure;
  readonly insns: I.Insns;
  readonly values: PathValues;
  /** The register at fault and what the log says of it; -1 = none. */
  readonly reg: number;
  readonly known: string;
  readonly value: Value | null;
}

const NOTHING: Cause = { word: null, evidence: [] };
const SIGNED = [I.BPF_JSGT, I.BPF_JSGE, I.BPF_JSLT, I.BPF_JSLE];
const ORDERED = [I.BPF_JGT, I.BPF_JGE, I.BPF_JLT, I.BPF_JLE, ...SIGNED];

function cause(word: string, { values }: Scene, ...told: readonly (readonly [step: number, what: string])[]): Cause {
  const evidence = told.filter(([step]) => step >= 0).map(([step, what]) => ({ insn: values.insn(step), what }));
  return { word, evidence };
}

const lastVariable = ({ changes }: Value): number => changes.findLast(({ what }) => what === "variable")?.step ?? -1;
const side = (c: Comparison, value: Value): Value => (c.left.root === value.root ? c.left : c.right);

function packetBounds(scene: Scene): Cause {
  const { values, value, known } = scene;
  if (value === null) return NOTHING;
  const compared = values.comparisonsOf(value).filter(({ op }) => ORDERED.includes(op));
  const last = compared.at(-1);
  if (last === undefined) return cause("unchecked", scene);
  if (Number(/[(,]r=(\d+)/.exec(known)?.[1] ?? 0) > 0) return cause("short", scene, [last.step, "compared here"]);
  const moved = lastVariable(value);
  const same = compared.filter((c) => lastVariable(side(c, value)) === moved).at(-1);
  if (same === undefined) {
    return cause("order", scene, [last.step, "compared here"], [moved, "a number is added here, after that"]);
  }
  const umax = Number(/umax[^=]*=(?:[a-z0-9]+=)*(0x[0-9a-f]+|\d+)/.exec(known)?.[1] ?? 0);
  if (umax + value.offset >= 0xffff) return cause("range", scene, [same.step, "compared here, which teaches nothing"]);
  return cause("side", scene, [
    same.step,
    same.taken ? "compared here; the path jumps" : "compared here; the path goes on",
  ]);
}

/** The number behind an offset or size: what was added to the pointer, or the register itself. */
function numberOf({ insns, failure, values, value, known }: Scene): Value | null {
  const { insn } = failure;
  const cls = insns.class(insn);
  const adds = cls === I.BPF_ALU64 && insns.op(insn) === I.BPF_ADD && (insns.code[insn]! & I.BPF_X) !== 0;
  if (adds) {
    const other = values.register(insns.src[insn]!);
    return other?.address === true && value?.address === false ? value : other;
  }
  return value?.added ?? (known.startsWith("scalar") || known.startsWith("P") ? value : null);
}

const changesAfter = ({ changes }: Value, step: number, ...what: readonly Change["what"][]) =>
  changes.find((change) => change.step > step && what.includes(change.what));

const CUT: Readonly<Record<string, string>> = {
  narrow: "the comparison sees 32 bits only",
  memory: "it is loaded in another way than it was stored",
};

function lostLimit(scene: Scene): Cause {
  const { values } = scene;
  const number = numberOf(scene);
  if (number === null || number.origin === "constant") return NOTHING;
  const compared = values.comparisonsOf(number).filter(({ op }) => ORDERED.includes(op));
  const last = compared.at(-1);
  const used = [number.step, "made what it is here"] as const;
  if (last === undefined) {
    const lost = changesAfter(number, -1, "memory");
    if (lost !== undefined) return cause("memory", scene, [lost.step, CUT["memory"]!]);
    const twin = number.place === null ? undefined : values.comparisons.findLast((c) => isTwin(c, number));
    if (twin === undefined) return cause("unchecked", scene);
    return cause(
      "reloaded",
      scene,
      [twin.step, "another load of it was compared here"],
      [number.step, "loaded again here"],
    );
  }
  const seen = [last.step, "compared here"] as const;
  const lost = changesAfter(number, last.step, "memory");
  if (lost !== undefined) return cause("memory", scene, seen, [lost.step, CUT["memory"]!]);
  const changed = changesAfter(number, last.step, "arithmetic", "variable");
  if (changed !== undefined) return cause("changed", scene, seen, [changed.step, "changed here, after that"]);
  const checked = side(last, number);
  const isNarrow = (value: Value) => value.changes.some(({ what }) => what === "narrow");
  if ((!last.wide || isNarrow(checked)) && !isNarrow(number)) {
    return cause("narrow", scene, [last.step, `compared here; ${CUT["narrow"]}`], used);
  }
  const word = scene.failure.kind === "V_NEGATIVE_OFFSET" && SIGNED.includes(last.op) ? "signed" : "lower";
  return cause(word, scene, seen);
}

const isTwin = ({ left, right, op }: Comparison, number: Value) =>
  ORDERED.includes(op) && (left.place === number.place || right.place === number.place);

function notAPointer(scene: Scene): Cause {
  const { values, value, known } = scene;
  if (value === null) return NOTHING;
  const nulled = values.comparisonsOf(value).findLast(({ op }) => op === I.BPF_JEQ || op === I.BPF_JNE);
  if (known === "0" || known === "P0") {
    return nulled === undefined ? cause("null", scene) : cause("null", scene, [nulled.step, "compared with NULL here"]);
  }
  const released = values.released.get(value.root);
  if (released !== undefined) {
    return cause("released", scene, [value.step, "still a pointer here"], [released, "given back here"]);
  }
  const moved = value.root.startsWith("context+") && value.address ? values.moves.at(-1) : undefined;
  const madeBefore = moved !== undefined && Number(value.root.split("@")[1]) < values.moves.length;
  if (madeBefore) {
    return cause("moved", scene, [value.step, "still a pointer here"], [moved, "the packet may be moved here"]);
  }
  const lost = value.changes.findLast(({ what }) => what !== "variable");
  if (value.address && lost !== undefined) {
    if (lost.what === "narrow") return cause("truncated", scene, [lost.step, "cut to 32 bits here"]);
    if (lost.what === "memory") return cause("memory", scene, [lost.step, CUT["memory"]!]);
    return cause("arithmetic", scene, [lost.step, "computed here"]);
  }
  if (value.address) return NOTHING;
  if (value.origin === "load") return cause("loaded", scene);
  return value.origin === "helper" || value.origin === "function" ? cause("result", scene) : NOTHING;
}

function nullable(scene: Scene): Cause {
  const { values, value } = scene;
  if (value === null || value.call === null || values.comparisonsOf(value).length > 0) return NOTHING;
  const first = values.comparisons.findLast(
    ({ left, op }) => (op === I.BPF_JEQ || op === I.BPF_JNE) && left.call === value.call && left.root !== value.root,
  );
  return first === undefined
    ? NOTHING
    : cause("again", scene, [first.step, "another lookup's result was compared here"]);
}

function uninitialised(scene: Scene): Cause {
  const { insns, failure, values, reg } = scene;
  if (reg === 0 && insns.class(failure.insn) === I.BPF_JMP && insns.op(failure.insn) === I.BPF_EXIT)
    return cause("result", scene);
  const call = values.emptiedBy(reg);
  return call === null ? NOTHING : cause("call", scene, [call, "emptied by this call"]);
}

function stackUninit(scene: Scene): Cause {
  const { failure, values } = scene;
  const { off, size } = failure.data;
  const from = scene.reg < 0 ? off : (values.stackOffset(scene.reg) ?? off);
  if (typeof from !== "number" || typeof size !== "number") return NOTHING;
  const store = values.lastStore(from, size);
  return store === null ? NOTHING : cause("padding", scene, [store, "other bytes of it are written here"]);
}

function pointerArithmetic({ insns, failure }: Scene): Cause {
  if (failure.message.includes("pkt_end")) return { word: "end", evidence: [] };
  const isAlu32 = insns.class(failure.insn) === I.BPF_ALU;
  return isAlu32 ? { word: "alu32", evidence: [] } : NOTHING;
}

function contextAccess({ insns, failure }: Scene): Cause {
  if (/doesn't have \d+-th argument/.test(failure.message)) return { word: "tracing", evidence: [] };
  const cls = insns.class(failure.insn);
  return cls === I.BPF_ST || cls === I.BPF_STX ? { word: "write", evidence: [] } : NOTHING;
}

function argumentType({ known }: Scene): Cause {
  if (known.includes("or_null")) return { word: "null", evidence: [] };
  return /^P?(?:scalar|-?\d|0x)/.test(known) ? { word: "number", evidence: [] } : NOTHING;
}

/** Rounds after which repetition is what costs. */
const MANY_ROUNDS = 100;

function tooComplex({ failure }: Scene): Cause {
  const rounds = failure.path.filter((insn) => insn === failure.insn).length;
  return rounds < MANY_ROUNDS ? NOTHING : { word: "loop", evidence: [] };
}

const SEARCH: Partial<Record<Failure["kind"], (scene: Scene) => Cause>> = {
  V_PACKET_BOUNDS: packetBounds,
  V_UNBOUNDED_OFFSET: lostLimit,
  V_NEGATIVE_OFFSET: lostLimit,
  V_OUT_OF_RANGE_OFFSET: lostLimit,
  V_SCALAR_AS_POINTER: notAPointer,
  V_NULL_DEREFERENCE: nullable,
  V_UNINIT_REGISTER: uninitialised,
  V_STACK_UNINIT: stackUninit,
  V_POINTER_ARITHMETIC: pointerArithmetic,
  V_CTX_ACCESS: contextAccess,
  V_ARG_TYPE: argumentType,
  V_TOO_COMPLEX: tooComplex,
  V_MAP_VALUE_BOUNDS: ({ known }) => ({ word: known.includes("var_off") ? "index" : "constant", evidence: [] }),
};

/** Looks for the cause behind a refusal; says nothing where the path does not show one. */
export function findCause(failure: Failure, insns: I.Insns, values: PathValues, reg: number): Cause {
  if (failure.insn < 0) return NOTHING;
  const known = failure.registers[reg] ?? "";
  const found = SEARCH[failure.kind]?.({ failure, insns, values, reg, known, value: values.register(reg) }) ?? NOTHING;
  if (found.word === null || KIND_ROWS[failure.kind].causes?.[found.word] !== undefined) return found;
  return { word: null, evidence: found.evidence };
}
