import { type Form, type Insn, imm64 } from "../isa/index.ts";
import { helperById } from "../uapi/index.ts";
import { type OperandKind, type Piece, pieces } from "./grammar.ts";
import { llvmTemplate, ubpfSpellings, verifierTemplate } from "./spelling.ts";

/**
 * `kernel`: what `assemble` reads back to the same bytes; `llvm`: the text of llvm-objdump 19 (which does not tell local calls
 * from helper calls); `verifier`: the text of the Linux verifier's log and of bpftool; `ubpf`: `mov %r0, 1`.
 */
export type Style = "kernel" | "llvm" | "verifier" | "ubpf";

export interface FormatOptions {
  readonly style?: Style;
  /** In style `llvm`: name 32-bit registers in narrow loads and stores, as llvm-objdump does with --mcpu=v3 and later. */
  readonly alu32?: boolean;
  /** Name of a helper by number; by default those of Linux 6.18. */
  readonly helper?: (id: number) => string | undefined;
  /** What stands for a branch or local call instead of its displacement; null keeps the displacement. */
  readonly target?: (i: Insn) => string | null;
  /** The operand of a 64-bit load or call that a relocation names; null prints the number. */
  readonly reference?: (i: Insn) => string | null;
}

const sign = (value: number, digits: string): string => (value < 0 ? `-${digits}` : digits);
const hex = (value: number): string => sign(value, `0x${Math.abs(value).toString(16)}`);
const plus = (value: number): string => (value < 0 ? String(value) : `+${value}`);

interface Printer {
  readonly template: (f: Form, options: FormatOptions) => string;
  readonly imm: (value: number, f: Form) => string;
  readonly off: (value: number) => string;
  /** The immediate added to a register in a packet load. */
  readonly plusImm: (value: number) => string;
  readonly imm64: (i: Insn) => string;
  /** A displacement for which there is no label. */
  readonly jump: (value: number) => string;
  readonly callee: (i: Insn, options: FormatOptions) => string;
}

const helperName = (id: number, options: FormatOptions): string | undefined =>
  options.helper === undefined ? helperById(id)?.name : options.helper(id);

/** Offsets with spaces around the sign, as LLVM writes them. */
const spaced = (digits: (v: number) => string) => (value: number) =>
  value < 0 ? `- ${digits(-value)}` : `+ ${digits(value)}`;

function signedHex64(i: Insn): string {
  const value = BigInt.asIntN(64, imm64(i));
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/** How bpftool names what a 64-bit immediate stands for. */
function verifierImm64(i: Insn): string {
  switch (i.form.op) {
    case "map_fd":
      return `map[id:${i.imm >>> 0}]`;
    case "map_value":
      return `map[id:${i.imm >>> 0}][0]+${i.hi >>> 0}`;
    case "map_idx":
      return `map[idx:${i.imm >>> 0}]`;
    case "map_idx_value":
      return `map[idx:${i.imm >>> 0}]+${i.hi >>> 0}`;
    case "func":
      return `subprog[${plus(i.off)}]`;
    default:
      return `0x${imm64(i).toString(16)}`;
  }
}

function verifierCallee(i: Insn, options: FormatOptions): string {
  if (i.form.op === "local") return `pc${plus(i.off)}`;
  if (i.form.op === "kfunc") return `kernel-function#${i.imm}`;
  return `${helperName(i.imm, options) ?? "unknown"}#${i.imm}`;
}

const PRINTERS: Readonly<Record<Style, Printer>> = {
  kernel: {
    template: (f) => f.kernel,
    imm: String,
    off: spaced(String),
    plusImm: spaced(String),
    imm64: (i) => `0x${imm64(i).toString(16)}`,
    jump: plus,
    callee: (i, options) => helperName(i.imm, options) ?? String(i.imm),
  },
  llvm: {
    template: (f, options) => llvmTemplate(f, options.alu32 ?? false),
    imm: hex,
    off: spaced((v) => `0x${v.toString(16)}`),
    plusImm: (v) => (v === 0 ? "" : spaced((n) => `0x${n.toString(16)}`)(v)),
    imm64: signedHex64,
    jump: (v) => sign(v, `0x${Math.abs(v).toString(16)}`).replace(/^(?!-)/, "+"),
    callee: (i) => hex(i.imm),
  },
  verifier: {
    template: verifierTemplate,
    imm: (v, f) => (f.kind === "jmp" ? `0x${(v >>> 0).toString(16)}` : String(v)),
    off: plus,
    plusImm: (v) => `+ ${v}`,
    imm64: verifierImm64,
    jump: (v) => `pc${plus(v)}`,
    callee: verifierCallee,
  },
  ubpf: {
    template: (f) => ubpfSpellings(f)[0] ?? f.kernel,
    imm: String,
    off: (v) => (v === 0 ? "" : plus(v)),
    plusImm: (v) => (v === 0 ? "" : plus(v)),
    imm64: (i) => `0x${imm64(i).toString(16)}`,
    jump: plus,
    callee: (i) => String(i.imm),
  },
};

const compiled = new Map<string, Piece[]>();

function piecesOf(f: Form, style: Style, options: FormatOptions): Piece[] {
  const key = `${style}${options.alu32 === true ? "+" : ""}${f.id}`;
  let found = compiled.get(key);
  if (found === undefined) compiled.set(key, (found = pieces(PRINTERS[style].template(f, options))));
  return found;
}

function target(i: Insn, printer: Printer, options: FormatOptions): string {
  return options.target?.(i) ?? printer.jump(i.off);
}

function operand(kind: OperandKind, i: Insn, printer: Printer, options: FormatOptions): string {
  switch (kind) {
    case "imm":
      // The template of helper calls has {imm}; their operand is a name where there is one.
      return i.form.kind === "call" && i.form.op === "helper" ? printer.callee(i, options) : printer.imm(i.imm, i.form);
    case "imm64":
      return options.reference?.(i) ?? printer.imm64(i);
    case "hi":
      return printer.imm(i.hi, i.form);
    case "off":
      return printer.off(i.off);
    case "plus_imm":
      return printer.plusImm(i.imm);
    case "off16":
      return printer.imm(i.off, i.form);
    case "jump":
      return target(i, printer, options);
    case "callee":
      return printer.callee(i, options);
    case "as_dst":
      return printer.imm(i.imm >>> 16, i.form);
    case "as_src":
      return printer.imm(i.imm & 0xffff, i.form);
    default:
      return "";
  }
}

/** Calls are told apart by their source register, which only the relocation or the displacement's form shows in text. */
function formatCall(i: Insn, style: Style, options: FormatOptions): string | null {
  const { op } = i.form;
  if (op === "reg" || style === "verifier") return null;
  const reference = options.reference?.(i) ?? null;
  if (reference !== null && style !== "llvm") return `call ${reference}`;
  if (style === "llvm") return `call ${hex(op === "local" ? i.off : i.imm)}`;
  if (op !== "local") return null;
  const label = options.target?.(i) ?? null;
  if (style === "ubpf") return `call local ${label ?? plus(i.off)}`;
  return `call ${label ?? `pc${plus(i.off)}`}`;
}

/** The text of one instruction, without slot number or opcode. A form that uBPF's syntax lacks appears in kernel syntax. */
export function formatInsn(i: Insn, options: FormatOptions = {}): string {
  const wanted = options.style ?? "kernel";
  const style = wanted === "ubpf" && i.form.ubpf === null ? "kernel" : wanted;
  if (i.form.kind === "call") {
    const call = formatCall(i, style, options);
    if (call !== null) return call;
  }
  const printer = PRINTERS[style];
  let text = "";
  for (const piece of piecesOf(i.form, style, options)) {
    if ("literal" in piece) text += piece.literal;
    else if (piece.prefix !== "") text += piece.prefix + i[piece.field];
    else text += operand(piece.operand, i, printer, options);
  }
  // An offset of zero may leave its space behind: `skb[r3 ]`.
  return text.replace(" ]", "]");
}
