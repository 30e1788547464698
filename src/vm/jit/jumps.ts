import type { Insn } from "../../isa/index.ts";
import type { Registers } from "./registers.ts";
import { CONST, isNarrow } from "./values.ts";
import { W } from "./wasm.ts";

const COMPARE32: Readonly<Record<string, number>> = {
  jeq: W.i32_eq,
  jne: W.i32_ne,
  jgt: W.i32_gt_u,
  jge: W.i32_ge_u,
  jlt: W.i32_lt_u,
  jle: W.i32_le_u,
  jsgt: W.i32_gt_s,
  jsge: W.i32_ge_s,
  jslt: W.i32_lt_s,
  jsle: W.i32_le_s,
};

const COMPARE64: Readonly<Record<string, number>> = {
  jeq: W.i64_eq,
  jne: W.i64_ne,
  jgt: W.i64_gt_u,
  jge: W.i64_ge_u,
  jlt: W.i64_lt_u,
  jle: W.i64_le_u,
  jsgt: W.i64_gt_s,
  jsge: W.i64_ge_s,
  jslt: W.i64_lt_s,
  jsle: W.i64_le_s,
};

/** The unsigned form of a signed comparison: the same for numbers that are zero-extended from 32 bits. */
const UNSIGNED: Readonly<Record<string, string>> = { jsgt: "jgt", jsge: "jge", jslt: "jlt", jsle: "jle" };

/** Whether two known operands make the jump taken. */
function decide(op: string, width: number, a: bigint, b: bigint): boolean {
  const signed = UNSIGNED[op];
  const x = signed === undefined ? BigInt.asUintN(width, a) : BigInt.asIntN(width, a);
  const y = signed === undefined ? BigInt.asUintN(width, b) : BigInt.asIntN(width, b);
  switch (signed ?? op) {
    case "jeq":
      return x === y;
    case "jne":
      return x !== y;
    case "jgt":
      return x > y;
    case "jge":
      return x >= y;
    case "jlt":
      return x < y;
    case "jle":
      return x <= y;
    default:
      return (x & y) !== 0n;
  }
}

/** Pushes the condition of a `jmp` as an i32, or tells that it is known: then nothing is pushed. */
export function emitCondition(r: Registers, i: Insn): boolean | undefined {
  const { out } = r;
  const { op, width, source } = i.form;
  const a = r.value(i.dst);
  const reg = source === "reg";
  const b = reg ? r.value(i.src) : undefined;
  const lo = b === undefined ? i.imm : b.lo;
  const hi = b === undefined ? i.imm >> 31 : b.hi;
  const constant = b === undefined || b.kind === CONST;
  if (a.kind === CONST && constant) {
    const x = (BigInt(a.hi) << 32n) | BigInt(a.lo >>> 0);
    const y = (BigInt(hi) << 32n) | BigInt(lo >>> 0);
    return decide(op, width, x, y);
  }
  const narrow = isNarrow(a) && (b === undefined ? hi === 0 : isNarrow(b));
  if (width === 32 || narrow) {
    const name = width === 32 ? op : (UNSIGNED[op] ?? op);
    r.get32(i.dst);
    if (constant && lo === 0 && name === "jeq") {
      out.u8(W.i32_eqz);
      return undefined;
    }
    if (constant && lo === 0 && name === "jne") return undefined;
    if (constant) out.i32(lo);
    else r.get32(i.src);
    out.u8(name === "jset" ? W.i32_and : COMPARE32[name]!);
    return undefined;
  }
  r.get64(i.dst);
  if (constant && lo === 0 && hi === 0 && op === "jeq") {
    out.u8(W.i64_eqz);
    return undefined;
  }
  if (constant) out.i64(lo, hi);
  else r.get64(i.src);
  if (op === "jset") {
    out.u8(W.i64_and);
    out.i64(0, 0);
    out.u8(W.i64_ne);
  } else out.u8(COMPARE64[op]!);
  return undefined;
}

/** Most iterations of a function's `may_goto` jumps taken together (the kernel's BPF_MAX_LOOPS). */
export const MAY_GOTO_LIMIT = 8 * 1024 * 1024;

/** Pushes the condition of a `may_goto`: the function's iterations are used up. Otherwise one of them is used. */
export function emitMayGoto(r: Registers): void {
  const { out, locals } = r;
  out.op(W.local_get, locals.mayGoto);
  out.op(W.local_get, locals.mayGoto);
  out.i32(0);
  out.u8(W.i32_ne);
  out.u8(W.i32_sub);
  out.op(W.local_set, locals.mayGoto);
  out.op(W.local_get, locals.mayGoto);
  out.u8(W.i32_eqz);
}
