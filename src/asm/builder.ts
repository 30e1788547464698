import { type Code, FORMS, type Form, form, type Insn, insn, loadImm64, slots } from "../isa/index.ts";
import { helperByName } from "../uapi/index.ts";
import { defineErrors } from "../util/index.ts";

const buildError = defineErrors({
  E_ASM_BUILD_LABEL: (d: { name: string; problem: string }) => `label "${d.name}" ${d.problem}`,
  E_ASM_BUILD_RANGE: (d: { insn: string; what: string; value: string }) =>
    `${d.insn}: ${d.what} ${d.value} does not fit`,
  E_ASM_BUILD_HELPER: (d: { name: string }) => `no helper is named "${d.name}"`,
});

/** A register as an operand, told apart from a number by its type. */
export interface Register {
  readonly register: number;
}

export const R0: Register = { register: 0 };
export const R1: Register = { register: 1 };
export const R2: Register = { register: 2 };
export const R3: Register = { register: 3 };
export const R4: Register = { register: 4 };
export const R5: Register = { register: 5 };
export const R6: Register = { register: 6 };
export const R7: Register = { register: 7 };
export const R8: Register = { register: 8 };
export const R9: Register = { register: 9 };
/** The frame pointer. */
export const R10: Register = { register: 10 };

/** Where a jump goes: a label, or a displacement in slots from the next instruction. */
export type To = string | number;

/** An instruction that is complete but for the label it goes to. */
export interface Item {
  readonly insn: Insn;
  readonly label: string | null;
}
/** A label before the next instruction. */
export interface LabelItem {
  readonly define: string;
}

type Bits = 32 | 64;
type AluOp =
  | ("add" | "sub" | "mul" | "div" | "sdiv" | "or" | "and" | "lsh" | "rsh" | "mod" | "smod" | "xor" | "arsh")
  | "mov";
type JumpOp = "jeq" | "jgt" | "jge" | "jset" | "jne" | "jsgt" | "jsge" | "jlt" | "jle" | "jslt" | "jsle";
type AtomicOp = `${"atomic" | "fetch"}_${"add" | "or" | "and" | "xor"}` | "xchg" | "cmpxchg";
type MovsxName = "movsx8_32" | "movsx16_32" | "movsx8_64" | "movsx16_64" | "movsx32_64";
type Two = (dst: Register, src: Register | number) => Item;
type Jump = (dst: Register, src: Register | number, to: To) => Item;
type Unary = (dst: Register) => Item;
type Load = (dst: Register, src: Register, off?: number) => Item;
type Store = (dst: Register, off: number, src: Register) => Item;

/** One function per instruction, named as in the instruction table without `_imm` and `_reg`. */
export type Instructions = { readonly [K in `${AluOp}${Bits}`]: Two } & {
  readonly [K in `${JumpOp}${Bits}`]: Jump;
} & { readonly [K in `neg${Bits}` | `${"le" | "be" | "bswap"}${16 | 32 | 64}`]: Unary } & {
  readonly [K in MovsxName]: (dst: Register, src: Register) => Item;
} & { readonly [K in `ldx${8 | 16 | 32 | 64}` | `ldxs${8 | 16 | 32}` | `load_acquire${8 | 16 | 32 | 64}`]: Load } & {
  readonly [K in `stx${8 | 16 | 32 | 64}` | `store_release${8 | 16 | 32 | 64}` | `${AtomicOp}${Bits}`]: Store;
} & {
  readonly [K in `st${8 | 16 | 32 | 64}`]: (dst: Register, off: number, imm: number) => Item;
} & { readonly [K in `ld_abs${8 | 16 | 32}`]: (imm: number) => Item } & {
  readonly [K in `ld_ind${8 | 16 | 32}`]: (src: Register, imm?: number) => Item;
} & { readonly [K in "ja" | "ja32" | "may_goto" | "call_local"]: (to: To) => Item } & {
  readonly [K in "ld_imm64_map_fd" | "ld_imm64_map_idx"]: (dst: Register, map: number) => Item;
} & {
  readonly [K in "ld_imm64_map_value" | "ld_imm64_map_idx_value" | "ld_imm64_btf_id"]: (
    dst: Register,
    low: number,
    high: number,
  ) => Item;
} & {
  readonly ld_imm64: (dst: Register, value: bigint) => Item;
  readonly ld_imm64_func: (dst: Register, to: To) => Item;
  readonly addr_space_cast: (dst: Register, src: Register, toSpace: number, fromSpace: number) => Item;
  /** A helper by number or name. */
  readonly call_helper: (helper: number | string) => Item;
  readonly call_kfunc: (btfId: number, module?: number) => Item;
  readonly call_reg: (target: Register) => Item;
  readonly exit: () => Item;
};

type Argument = Register | number | bigint | string | undefined;
type Make = (...args: never[]) => Item;

function reg(arg: Argument): number {
  return (arg as Register).register;
}

function item(f: Form, operands: Partial<Insn>, to?: To): Item {
  const made = insn(f, typeof to === "number" ? { ...operands, off: to } : operands);
  const check = (what: string, value: number, low: number, high: number) => {
    if (!Number.isInteger(value) || value < low || value > high) {
      throw buildError("E_ASM_BUILD_RANGE", { insn: f.name, what, value: String(value) });
    }
  };
  const far = f.name === "ja32" || f.op === "local" || f.op === "func";
  check("offset", made.off, far ? -(2 ** 31) : -32768, far ? 2 ** 31 - 1 : 32767);
  check("immediate", made.imm, -(2 ** 31), 2 ** 32 - 1);
  check("immediate", made.hi, -(2 ** 31), 2 ** 32 - 1);
  const wrapped = { ...made, imm: made.imm | 0, hi: made.hi | 0 };
  return { insn: wrapped, label: typeof to === "string" ? to : null };
}

function helperId(helper: number | string): number {
  if (typeof helper === "number") return helper;
  const row = helperByName(helper);
  if (row === undefined) throw buildError("E_ASM_BUILD_HELPER", { name: helper });
  return row.id;
}

/** The function that makes instructions of a row; rows with an immediate and a register form share one. */
function maker(f: Form): (...args: Argument[]) => Item {
  const { kind, op } = f;
  switch (kind) {
    case "alu":
    case "mov":
    case "jmp": {
      const base = f.name.replace(/_(imm|reg)$/, "");
      const withImm = form(`${base}_imm`);
      const withReg = form(`${base}_reg`);
      return (dst, src, to) =>
        typeof src === "number"
          ? item(withImm, { dst: reg(dst), imm: src }, to as To | undefined)
          : item(withReg, { dst: reg(dst), src: reg(src) }, to as To | undefined);
    }
    case "neg":
    case "end":
      return (dst) => item(f, { dst: reg(dst) });
    case "movsx":
      return (dst, src) => item(f, { dst: reg(dst), src: reg(src) });
    case "addr_cast":
      return (dst, src, to, from) =>
        item(f, { dst: reg(dst), src: reg(src), imm: ((to as number) << 16) | (from as number) });
    case "ldx":
    case "ldxs":
    case "load_acquire":
      return (dst, src, off) => item(f, { dst: reg(dst), src: reg(src), off: (off as number | undefined) ?? 0 });
    case "st":
      return (dst, off, imm) => item(f, { dst: reg(dst), off: off as number, imm: imm as number });
    case "stx":
    case "atomic":
    case "store_release":
      return (dst, off, src) => item(f, { dst: reg(dst), off: off as number, src: reg(src) });
    case "ld_abs":
      return (imm) => item(f, { imm: imm as number });
    case "ld_ind":
      return (src, imm) => item(f, { src: reg(src), imm: (imm as number | undefined) ?? 0 });
    case "ja":
    case "may_goto":
      return (to) => item(f, {}, to as To);
    case "ld_imm64":
      if (op === "value") return (dst, value) => ({ insn: loadImm64(reg(dst), value as bigint), label: null });
      if (op === "func") return (dst, to) => item(f, { dst: reg(dst) }, to as To);
      return (dst, low, high) => item(f, { dst: reg(dst), imm: low as number, hi: (high as number | undefined) ?? 0 });
    case "call":
      if (op === "helper") return (helper) => item(f, { imm: helperId(helper as number | string) });
      if (op === "local") return (to) => item(f, {}, to as To);
      if (op === "reg") return (target) => item(f, { dst: reg(target) });
      return (btfId, module) => item(f, { imm: btfId as number, off: (module as number | undefined) ?? 0 });
    case "exit":
      return () => item(f, {});
  }
}

/** The name under which a row's function stands in `asm`. */
function methodName(f: Form): string {
  return f.kind === "alu" || f.kind === "mov" || f.kind === "jmp" ? f.name.replace(/_(imm|reg)$/, "") : f.name;
}

/**
 * Instructions as functions: `build([asm.mov64(R0, 2), asm.exit()])`.
 * Each throws BpfError `E_ASM_BUILD_RANGE` for a number that its field cannot hold.
 */
export const asm: Instructions = Object.fromEntries(
  FORMS.map((f) => [methodName(f), maker(f) as Make]),
) as unknown as Instructions;

/** A label: `build([label("again"), …, asm.ja("again")])`. */
export function label(name: string): LabelItem {
  return { define: name };
}

/** Lays out instructions and resolves their labels. @throws BpfError `E_ASM_BUILD_LABEL`, `E_ASM_BUILD_RANGE`. */
export function build(items: Iterable<Item | LabelItem>): Code {
  const labels = new Map<string, number>();
  const code: (Insn | null)[] = [];
  const open: { slot: number; name: string }[] = [];
  for (const i of items) {
    if ("define" in i) {
      if (labels.has(i.define)) throw buildError("E_ASM_BUILD_LABEL", { name: i.define, problem: "is defined twice" });
      labels.set(i.define, code.length);
      continue;
    }
    if (i.label !== null) open.push({ slot: code.length, name: i.label });
    code.push(i.insn);
    if (slots(i.insn) === 2) code.push(null);
  }
  for (const { slot, name } of open) {
    const to = labels.get(name);
    if (to === undefined) throw buildError("E_ASM_BUILD_LABEL", { name, problem: "is not defined" });
    const { insn: linked } = item(code[slot]!.form, code[slot]!, to - (slot + 1));
    code[slot] = linked;
  }
  return code;
}
