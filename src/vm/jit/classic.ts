import { ancillaryAt } from "../../classic/ancillary.ts";
import {
  BPF_A,
  BPF_ABS,
  BPF_ADD,
  BPF_ALU,
  BPF_AND,
  BPF_B,
  BPF_DIV,
  BPF_H,
  BPF_IMM,
  BPF_IND,
  BPF_JA,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JMP,
  BPF_JSET,
  BPF_K,
  BPF_LD,
  BPF_LDX,
  BPF_LEN,
  BPF_LSH,
  BPF_MEM,
  BPF_MEMWORDS,
  BPF_MISC,
  BPF_MOD,
  BPF_MSH,
  BPF_MUL,
  BPF_NEG,
  BPF_OR,
  BPF_RET,
  BPF_RSH,
  BPF_ST,
  BPF_STX,
  BPF_SUB,
  BPF_TAX,
  BPF_TXA,
  BPF_W,
  BPF_X,
  BPF_XOR,
  type ClassicInsn,
} from "../../classic/insn.ts";
import { planBlocks } from "./classic-blocks.ts";
import { jitError } from "./errors.ts";
import { I32, SECTION, VOID, W, WasmBytes } from "./wasm.ts";

/**
 * Classic BPF straight to WebAssembly. The converted program would see each packet as an `sk_buff` in a frame of its own; a filter
 * over a capture needs neither, and reads the packets where they lie.
 *
 * Where libpcap's `bpf_filter` and Linux part, this is libpcap, since tcpdump is the judge of filters: an address X + k does not wrap
 * around at 2^32, a negative offset that is no extension lies beyond the packet, and a shift by X of 32 or more gives 0.
 */

/** Packets of one call at most. */
export const FILTER_PACKETS = 8192;
const COLUMN = FILTER_PACKETS * 4;
/** Columns of u32 in the filter's memory: position of each packet from `base`, bytes present, length on the wire, and the result. */
export const FILTER_OFFSETS = 0;
export const FILTER_LENGTHS = COLUMN;
export const FILTER_WIRE_LENGTHS = 2 * COLUMN;
export const FILTER_RESULTS = 3 * COLUMN;
/** Where packets may lie. */
export const FILTER_INPUT = 4 * COLUMN;

/** `match(base, count)`: fills the column of results and returns how many of them are not 0. */
export type FilterFunction = (base: number, count: number) => number;

/** Locals of the one function. */
const L = {
  base: 0,
  end: 1,
  at: 2,
  packet: 3,
  length: 4,
  wire: 5,
  a: 6,
  x: 7,
  result: 8,
  accepted: 9,
  scratch: 10,
} as const;

const CLASS = 0x07;
const MODE = 0xe0;
const SIZE = 0x18;
const OPERATION = 0xf0;

const SIZES = new Map([
  [BPF_W, 4],
  [BPF_H, 2],
  [BPF_B, 1],
]);
const ARITHMETIC = new Map<number, number>([
  [BPF_ADD, W.i32_add],
  [BPF_SUB, W.i32_sub],
  [BPF_MUL, W.i32_mul],
  [BPF_DIV, W.i32_div_u],
  [BPF_MOD, W.i32_rem_u],
  [BPF_OR, W.i32_or],
  [BPF_AND, W.i32_and],
  [BPF_XOR, W.i32_xor],
  [BPF_LSH, W.i32_shl],
  [BPF_RSH, W.i32_shr_u],
]);
const COMPARISONS = new Map<number, number>([
  [BPF_JEQ, W.i32_eq],
  [BPF_JGT, W.i32_gt_u],
  [BPF_JGE, W.i32_ge_u],
  [BPF_JSET, W.i32_and],
]);

class FilterWriter {
  readonly #out: WasmBytes;
  readonly #program: readonly ClassicInsn[];
  /** Instructions at which an open block ends, innermost last. */
  readonly #open: number[] = [];
  /** Bytes that the packet surely has where an instruction is reached; -1 where none is. */
  readonly #present: Float64Array;
  #known = 0;

  constructor(out: WasmBytes, program: readonly ClassicInsn[]) {
    this.#out = out;
    this.#program = program;
    this.#present = new Float64Array(program.length).fill(-1);
    this.#present[0] = 0;
  }

  /** The program's code, in `block $done { block $reject { … } }`: leaves by one of them. */
  body(): void {
    const program = this.#program;
    const { opens } = planBlocks(program);
    program.forEach((insn, n) => {
      while (this.#open.at(-1) === n) {
        this.#out.u8(W.end);
        this.#open.pop();
      }
      for (const target of opens[n]!) {
        this.#out.u8(W.block);
        this.#out.u8(VOID);
        this.#open.push(target);
      }
      const known = this.#present[n]!;
      if (known < 0) return;
      this.#known = known;
      this.#insn(insn, n);
    });
  }

  #insn(insn: ClassicInsn, n: number): void {
    const out = this.#out;
    const { code, k } = insn;
    switch (code & CLASS) {
      case BPF_LD:
        this.#load(insn, n);
        out.op(W.local_set, L.a);
        break;
      case BPF_LDX:
        this.#load(insn, n);
        out.op(W.local_set, L.x);
        break;
      case BPF_ST:
      case BPF_STX:
        out.op(W.local_get, (code & CLASS) === BPF_ST ? L.a : L.x);
        out.op(W.local_set, this.#word(insn, n));
        break;
      case BPF_ALU:
        this.#arithmetic(insn, n);
        out.op(W.local_set, L.a);
        break;
      case BPF_JMP:
        this.#jump(insn, n);
        return;
      case BPF_RET:
        if (code === (BPF_RET | BPF_A)) out.op(W.local_get, L.a);
        else if (code === (BPF_RET | BPF_K)) out.i32(k);
        else throw jitError("E_JIT_CLASSIC", { insn: n, code });
        out.op(W.local_set, L.result);
        out.op(W.br, this.#open.length + 1);
        return;
      default: {
        const toX = code === (BPF_MISC | BPF_TAX);
        if (!toX && code !== (BPF_MISC | BPF_TXA)) throw jitError("E_JIT_CLASSIC", { insn: n, code });
        out.op(W.local_get, toX ? L.a : L.x);
        out.op(W.local_set, toX ? L.x : L.a);
      }
    }
    this.#reach(n, n + 1);
  }

  /** Notes that control goes from `n` to `target`. */
  #reach(n: number, target: number): void {
    if (target >= this.#program.length) throw jitError("E_JIT_CLASSIC_TARGET", { insn: n, target });
    const before = this.#present[target]!;
    this.#present[target] = before < 0 ? this.#known : Math.min(before, this.#known);
  }

  #word({ k, code }: ClassicInsn, n: number): number {
    if (k >= BPF_MEMWORDS) throw jitError("E_JIT_CLASSIC", { insn: n, code });
    return L.scratch + k;
  }

  /** Ends the program with 0 where the number on the stack is not 0. */
  #rejectIf(): void {
    this.#out.op(W.br_if, this.#open.length);
  }

  /** Makes sure that the packet has `count` bytes. */
  #require(count: number): void {
    if (count <= this.#known) return;
    this.#known = count;
    const out = this.#out;
    if (count > 0x7fffffff) {
      out.i32(1);
    } else {
      out.op(W.local_get, L.length);
      out.i32(count);
      out.u8(W.i32_lt_u);
    }
    this.#rejectIf();
  }

  /** Leaves what is loaded on the stack. */
  #load(insn: ClassicInsn, n: number): void {
    const out = this.#out;
    const { code, k } = insn;
    const toX = (code & CLASS) === BPF_LDX;
    const size = SIZES.get(code & SIZE);
    const mode = code & MODE;
    if (mode === BPF_IMM && size === 4) out.i32(k);
    else if (mode === BPF_LEN && size === 4) out.op(W.local_get, L.wire);
    else if (mode === BPF_MEM && size === 4) out.op(W.local_get, this.#word(insn, n));
    else if (mode === BPF_MSH && size === 1 && toX) {
      this.#require(k + 1);
      this.#bytes(1, k, false);
      out.i32(15);
      out.u8(W.i32_and);
      out.i32(2);
      out.u8(W.i32_shl);
    } else if ((mode === BPF_ABS || mode === BPF_IND) && size !== undefined && !toX) {
      if (mode === BPF_ABS && ancillaryAt(k) !== undefined) throw jitError("E_JIT_CLASSIC_METADATA", { insn: n, k });
      this.#require(k + size);
      if (mode === BPF_IND) {
        out.op(W.local_get, L.x);
        out.op(W.local_get, L.length);
        out.i32(k + size);
        out.u8(W.i32_sub);
        out.u8(W.i32_gt_u);
        this.#rejectIf();
      }
      this.#bytes(size, k, mode === BPF_IND);
    } else throw jitError("E_JIT_CLASSIC", { insn: n, code });
  }

  /** Loads `size` bytes at `k`, beyond X where `indexed`, in network order. */
  #bytes(size: number, k: number, indexed: boolean): void {
    const out = this.#out;
    out.op(W.local_get, L.packet);
    if (indexed) {
      out.op(W.local_get, L.x);
      out.u8(W.i32_add);
    }
    if (size === 1) {
      out.access(W.i32_load8_u, k);
    } else if (size === 2) {
      out.access(W.i32_load16_u, k);
      out.op(W.local_tee, L.a);
      out.i32(8);
      out.u8(W.i32_shl);
      out.i32(0xff00);
      out.u8(W.i32_and);
      out.op(W.local_get, L.a);
      out.i32(8);
      out.u8(W.i32_shr_u);
      out.u8(W.i32_or);
    } else {
      out.access(W.i32_load, k);
      out.op(W.local_tee, L.a);
      out.i32(8);
      out.u8(W.i32_rotl);
      out.i32(0x00ff00ff);
      out.u8(W.i32_and);
      out.op(W.local_get, L.a);
      out.i32(24);
      out.u8(W.i32_rotl);
      out.i32(0xff00ff00 | 0);
      out.u8(W.i32_and);
      out.u8(W.i32_or);
    }
  }

  #arithmetic({ code, k }: ClassicInsn, n: number): void {
    const out = this.#out;
    const operation = code & OPERATION;
    const byX = (code & BPF_X) !== 0;
    if (operation === BPF_NEG) {
      out.i32(0);
      out.op(W.local_get, L.a);
      out.u8(W.i32_sub);
      return;
    }
    const op = ARITHMETIC.get(operation);
    if (op === undefined) throw jitError("E_JIT_CLASSIC", { insn: n, code });
    const operand = () => (byX ? out.op(W.local_get, L.x) : out.i32(k));
    if (operation === BPF_DIV || operation === BPF_MOD) {
      operand();
      out.u8(W.i32_eqz);
      this.#rejectIf();
    }
    out.op(W.local_get, L.a);
    operand();
    out.u8(op);
    if (operation === BPF_LSH || operation === BPF_RSH) {
      out.i32(0);
      operand();
      out.i32(32);
      out.u8(W.i32_lt_u);
      out.u8(W.select);
    }
  }

  #jump({ code, k, jt, jf }: ClassicInsn, n: number): void {
    const out = this.#out;
    if ((code & OPERATION) === BPF_JA) {
      this.#go(n, n + 1 + k);
      return;
    }
    const compare = COMPARISONS.get(code & OPERATION);
    if (compare === undefined) throw jitError("E_JIT_CLASSIC", { insn: n, code });
    if (jt === jf) {
      this.#go(n, n + 1 + jt);
      return;
    }
    out.op(W.local_get, L.a);
    if ((code & BPF_X) !== 0) out.op(W.local_get, L.x);
    else out.i32(k);
    out.u8(compare);
    // What comes next is best fallen into.
    const inverted = jt === 0;
    if (inverted) out.u8(W.i32_eqz);
    const branch = n + 1 + (inverted ? jf : jt);
    this.#reach(n, branch);
    out.op(W.br_if, this.#label(branch));
    this.#go(n, n + 1 + (inverted ? jt : jf));
  }

  #go(n: number, target: number): void {
    this.#reach(n, target);
    if (target !== n + 1) this.#out.op(W.br, this.#label(target));
  }

  #label(target: number): number {
    return this.#open.length - 1 - this.#open.lastIndexOf(target);
  }
}

function section(out: WasmBytes, id: number, write: () => void): void {
  out.u8(id);
  const start = out.beginSized();
  write();
  out.endSized(start);
}

function writeFunction(out: WasmBytes, program: readonly ClassicInsn[]): void {
  const set = (local: number, column: number) => {
    out.op(W.local_get, L.at);
    out.access(W.i32_load, column);
    out.op(W.local_set, local);
  };
  out.leb(1);
  out.leb(L.scratch + BPF_MEMWORDS - 2);
  out.u8(I32);
  // `end`, given as a count, becomes the end of a column.
  out.op(W.local_get, L.end);
  out.u8(W.i32_eqz);
  out.u8(W.if);
  out.u8(VOID);
  out.i32(0);
  out.u8(W.return);
  out.u8(W.end);
  out.op(W.local_get, L.end);
  out.i32(2);
  out.u8(W.i32_shl);
  out.op(W.local_set, L.end);
  out.u8(W.loop);
  out.u8(VOID);
  set(L.packet, FILTER_OFFSETS);
  out.op(W.local_get, L.base);
  out.op(W.local_get, L.packet);
  out.u8(W.i32_add);
  out.op(W.local_set, L.packet);
  set(L.length, FILTER_LENGTHS);
  set(L.wire, FILTER_WIRE_LENGTHS);
  const used = new Set(program.filter((i) => (i.code & (CLASS | MODE)) === (BPF_LD | BPF_MEM)).map((i) => i.k));
  for (const i of program) if ((i.code & (CLASS | MODE)) === (BPF_LDX | BPF_MEM)) used.add(i.k);
  for (const local of [L.a, L.x, L.result, ...[...used].filter((k) => k < BPF_MEMWORDS).map((k) => L.scratch + k)]) {
    out.i32(0);
    out.op(W.local_set, local);
  }
  for (let n = 0; n < 2; n++) {
    out.u8(W.block);
    out.u8(VOID);
  }
  new FilterWriter(out, program).body();
  out.u8(W.end);
  out.u8(W.end);
  out.op(W.local_get, L.at);
  out.op(W.local_get, L.result);
  out.access(W.i32_store, FILTER_RESULTS);
  out.op(W.local_get, L.accepted);
  out.op(W.local_get, L.result);
  out.i32(0);
  out.u8(W.i32_ne);
  out.u8(W.i32_add);
  out.op(W.local_set, L.accepted);
  out.op(W.local_get, L.at);
  out.i32(4);
  out.u8(W.i32_add);
  out.op(W.local_tee, L.at);
  out.op(W.local_get, L.end);
  out.u8(W.i32_lt_u);
  out.op(W.br_if, 0);
  out.u8(W.end);
  out.op(W.local_get, L.accepted);
  out.u8(W.end);
}

/**
 * A module with one export, `match` (`FilterFunction`), over the memory that it imports as `env.memory`.
 * @throws BpfError `E_JIT_CLASSIC`, `E_JIT_CLASSIC_TARGET`, `E_JIT_CLASSIC_METADATA`
 */
export function compileClassic(program: readonly ClassicInsn[]): Uint8Array {
  if (program.length === 0) throw jitError("E_JIT_CLASSIC_TARGET", { insn: 0, target: 0 });
  const body = new WasmBytes(256 + 16 * program.length);
  writeFunction(body, program);
  const out = new WasmBytes(128 + body.length);
  out.append(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  section(out, SECTION.type, () => out.append(new Uint8Array([1, 0x60, 2, I32, I32, 1, I32])));
  section(out, SECTION.import, () => {
    out.leb(1);
    out.name("env");
    out.name("memory");
    // A memory of at least one page.
    out.append(new Uint8Array([2, 0, 1]));
  });
  section(out, SECTION.function, () => out.append(new Uint8Array([1, 0])));
  section(out, SECTION.export, () => {
    out.leb(1);
    out.name("match");
    out.append(new Uint8Array([0, 0]));
  });
  section(out, SECTION.code, () => {
    out.leb(1);
    const start = out.beginSized();
    out.append(body.view());
    out.endSized(start);
  });
  return out.view();
}
