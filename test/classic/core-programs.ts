import fc from "fast-check";
import {
  ANCILLARY,
  CLASSIC_OPS,
  type ClassicInsn,
  type ClassicOp,
  checkClassic,
  classic,
} from "../../src/classic/index.ts";
import { BpfError } from "../../src/util/index.ts";

/** Random classic programs: such as Linux takes, and such as it may not. */

const SPECIAL = [0, 1, 2, 4, 12, 14, 0x0f, 0xff, 0x800, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];
const constant = fc.oneof(fc.constantFrom(...SPECIAL), fc.nat({ max: 80 }), fc.nat({ max: 0xffff_ffff }));
/** Offsets of loads: mostly inside a packet, some near its end, some at what negative ones mean. */
const offset = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 60 }) },
  { weight: 1, arbitrary: fc.nat({ max: 300 }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(0xfff0_0000, 0xffe0_0000, 0xffdf_fff0), fc.nat({ max: 40 }))
      .map(([a, b]) => a + b),
  },
);

export interface ProgramOptions {
  /** Ancillary loads to use, by `what`; left out: all. */
  readonly ancillary?: readonly string[];
  readonly maxLength?: number;
  /** Largest result of `ret #k`; left out: any. */
  readonly maxReturn?: number;
}

interface Choice {
  readonly op: ClassicOp;
  readonly k: number;
  readonly extension: number;
  readonly jt: number;
  readonly jf: number;
  readonly where: number;
}

/** Instructions that end early or fail often are rarer, so that programs get somewhere. */
function weight({ kind }: ClassicOp): number {
  if (kind === "ret_k" || kind === "ret_a" || kind === "ja") return 1;
  return kind === "jmp" || kind === "ld_abs" ? 5 : 3;
}

const choice: fc.Arbitrary<Choice> = fc.record({
  op: fc.oneof(...CLASSIC_OPS.map((op) => ({ weight: weight(op), arbitrary: fc.constant(op) }))),
  k: constant,
  extension: fc.nat({ max: 1000 }),
  jt: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 30 })),
  jf: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 30 })),
  where: offset,
});

function made(c: Choice, left: number, written: Set<number>, options: ProgramOptions): ClassicInsn {
  const { op } = c;
  const skip = (n: number): number => (left === 0 ? 0 : n % left);
  switch (op.kind) {
    case "ld_abs": {
      const usable = ANCILLARY.filter((row) => options.ancillary?.includes(row.what) ?? true);
      const row = c.extension % 3 === 0 ? usable[c.extension % Math.max(1, usable.length)] : undefined;
      return classic(op.code, row === undefined ? c.where : 0xffff_f000 + row.offset);
    }
    case "ld_ind":
    case "ldx_msh":
      return classic(op.code, c.where);
    case "ld_mem":
    case "ldx_mem": {
      const known = [...written];
      if (known.length === 0) return classic(0x87);
      return classic(op.code, known[c.extension % known.length]);
    }
    case "st":
    case "stx":
      written.add(c.k % 16);
      return classic(op.code, c.k % 16);
    case "alu":
      if (op.x || op.mnemonic === "neg") return classic(op.code, 0);
      if (op.mnemonic === "lsh" || op.mnemonic === "rsh") return classic(op.code, c.k % 32);
      if (op.mnemonic === "div" || op.mnemonic === "mod") return classic(op.code, c.k === 0 ? 3 : c.k);
      return classic(op.code, c.k);
    case "ja":
      return classic(op.code, skip(c.jt));
    case "jmp":
      return classic(op.code, op.x ? 0 : c.k, skip(c.jt), skip(c.jf));
    case "ret_k":
      return classic(op.code, options.maxReturn === undefined ? c.k : c.k % (options.maxReturn + 1));
    case "ld_imm":
    case "ldx_imm":
      return classic(op.code, c.k);
    default:
      return classic(op.code);
  }
}

function accepted(program: readonly ClassicInsn[]): boolean {
  try {
    checkClassic(program);
    return true;
  } catch (error) {
    if (error instanceof BpfError) return false;
    throw error;
  }
}

/** Programs that Linux accepts; they end with `last` or `ret a`. */
export function checkedProgram(options: ProgramOptions = {}, last: readonly ClassicInsn[] = [classic(0x16)]) {
  return fc
    .array(choice, { minLength: 1, maxLength: options.maxLength ?? 40 })
    .map((choices) => {
      const written = new Set<number>();
      const body = choices.map((c, n) => made(c, choices.length - n, written, options));
      return [...body, ...last];
    })
    .map((program) => {
      if (accepted(program)) return program;
      // A word of scratch memory may be read before it is written: then all are written first.
      return [...Array.from({ length: 16 }, (_, k) => classic(0x02, k)), ...program];
    })
    .filter(accepted);
}

/** Instructions of any kind with operands of any kind: near to what Linux accepts, mostly beside it. */
export const anyProgram: fc.Arbitrary<ClassicInsn[]> = fc
  .tuple(
    fc.oneof(checkedProgram({ maxLength: 12 }), fc.constant<ClassicInsn[]>([])),
    fc.array(
      fc.record({
        at: fc.nat({ max: 30 }),
        field: fc.constantFrom("code", "jt", "jf", "k", "cut", "double"),
        value: fc.oneof(
          fc.nat({ max: 20 }),
          fc.nat({ max: 255 }),
          constant,
          fc.constantFrom(...CLASSIC_OPS.map(({ code }) => code)),
          fc.nat({ max: 80 }).map((n) => 0xffff_f000 + n),
        ),
      }),
      { maxLength: 4 },
    ),
  )
  .map(([program, changes]) => {
    const out = [...program];
    for (const { at, field, value } of changes) {
      const n = at % Math.max(1, out.length);
      const insn = out[n];
      if (insn === undefined) continue;
      if (field === "cut") out.splice(n, 1);
      else if (field === "double") out.splice(n, 0, insn);
      else {
        const limit = field === "k" ? 0x1_0000_0000 : field === "code" ? 0x10000 : 0x100;
        out[n] = { ...insn, [field]: value % limit };
      }
    }
    return out;
  });

/** Bytes that look a little like packets: headers of IP, then anything. */
export const packetBytes: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.constantFrom(
      [],
      [0x45, 0, 0, 40, 0, 0, 0, 0, 64, 17],
      [0x46, 0, 0, 60, 0, 0, 0x20, 0, 64, 6],
      [0x60, 0, 0, 0, 0, 20, 6],
    ),
    fc.uint8Array({ maxLength: 120 }),
  )
  .map(([head, rest]) => Uint8Array.from([...head, ...rest]));
