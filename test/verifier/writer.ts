import { BtfBuilder } from "../../src/btf/index.ts";
import { toHex } from "../../src/util/index.ts";
import type { Random } from "../differential/random.ts";
import { MAPS, type Vector } from "./vector.ts";

/** A place to jump to; bound once. */
export interface Mark {
  at: number;
}

/** What the writer believes of a register; random programs may well be wrong about it. */
export type Kind =
  | "none"
  | "scalar"
  | "ctx"
  | "fp"
  | "packet"
  | "packet_end"
  | "packet_meta"
  | "nullable"
  | "record"
  | `value${number}`;

/** BTF in which every function is `static int f(void)`. */
const FUNCTION_BTF = (() => {
  const builder = new BtfBuilder();
  const signed = { size: 4, signed: true, char: false, bool: false, bitOffset: 0, bits: 32 };
  const int = builder.add({ kind: "int", name: "int", ...signed });
  const proto = builder.add({ kind: "func_proto", name: "", type: int, params: [] });
  const type = builder.add({ kind: "func", name: "f", type: proto, linkage: "static" });
  return { hex: toHex(builder.finish()), type };
})();

/** Writes raw instructions of one program, with jumps to marks and loads of maps. */
export class Writer {
  readonly random: Random;
  readonly #words: { code: number; regs: number; off: number; imm: number; mark: Mark | null; wide: boolean }[] = [];
  readonly #fixups: { insn: number; map: number }[] = [];
  readonly #functions: number[] = [0];
  kinds: Kind[] = Array.from({ length: 11 }, () => "none");
  /** Bytes of stack believed to be written, lowest offset per 8-byte slot. */
  written = new Set<number>();
  /** Registers that count rounds of the loops around. */
  counters: number[] = [];
  type = 6;
  attachType = 0;
  flags = 0;

  constructor(random: Random) {
    this.random = random;
    this.kinds[1] = "ctx";
    this.kinds[10] = "fp";
  }

  get length(): number {
    return this.#words.length;
  }
  raw(code: number, dst: number, src: number, off: number, imm: number): void {
    this.#words.push({ code, regs: dst | (src << 4), off, imm, mark: null, wide: false });
  }
  jump(code: number, dst: number, src: number, imm: number, mark: Mark): void {
    this.#words.push({ code, regs: dst | (src << 4), off: 0, imm, mark, wide: false });
  }
  bind(mark: Mark): void {
    mark.at = this.length;
  }
  loadMap(dst: number, map: number): void {
    this.#fixups.push({ insn: this.length, map });
    this.raw(0x18, dst, 1, 0, 0);
    this.raw(0, 0, 0, 0, 0);
  }
  loadWide(dst: number, low: number, high: number): void {
    this.raw(0x18, dst, 0, 0, low);
    this.raw(0, 0, 0, 0, high);
  }
  mov(dst: number, src: number): void {
    this.raw(0xbf, dst, src, 0, 0);
    this.kinds[dst] = this.kinds[src]!;
  }
  movImm(dst: number, imm: number): void {
    this.raw(0xb7, dst, 0, 0, imm);
    this.kinds[dst] = "scalar";
  }
  call(helper: number): void {
    this.raw(0x85, 0, 0, 0, helper);
    for (let r = 1; r <= 5; r++) this.kinds[r] = "none";
    this.kinds[0] = "scalar";
  }
  /** A call of (or, with `load`, the address of) a function that starts at the mark. */
  local(mark: Mark, load: number | null): void {
    if (load === null) {
      this.#words.push({ code: 0x85, regs: 0x10, off: 0, imm: 0, mark, wide: true });
      for (let r = 1; r <= 5; r++) this.kinds[r] = "none";
      this.kinds[0] = "scalar";
    } else {
      this.#words.push({ code: 0x18, regs: load | 0x40, off: 0, imm: 0, mark, wide: true });
      this.raw(0, 0, 0, 0, 0);
    }
  }
  startFunction(mark: Mark): void {
    this.bind(mark);
    this.#functions.push(this.length);
  }

  /** A register of which the writer believes one of these kinds, or null. */
  having(...kinds: Kind[]): number | null {
    const found = this.kinds.flatMap((kind, r) => (kinds.includes(kind) ? [r] : []));
    return found.length === 0 ? null : this.random.pick(found);
  }
  values(): number[] {
    return this.kinds.flatMap((kind, r) => (kind.startsWith("value") ? [r] : []));
  }
  /** A register to write; the context's last copy is spared, and counters of loops are nearly always. */
  target(): number {
    const spared = this.kinds.filter((kind) => kind === "ctx").length > 1 ? "" : "ctx";
    const counters = this.random.chance(99) ? this.counters : [];
    const free = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((r) => this.kinds[r] !== spared && !counters.includes(r));
    return this.random.pick(free);
  }

  finish(name: string): Vector {
    const bytes = new Uint8Array(this.length * 8);
    const view = new DataView(bytes.buffer);
    this.#words.forEach((word, i) => {
      const distance = word.mark === null ? 0 : word.mark.at - i - 1;
      view.setUint8(i * 8, word.code);
      view.setUint8(i * 8 + 1, word.regs);
      view.setInt16(i * 8 + 2, word.mark !== null && !word.wide ? distance : word.off, true);
      view.setInt32(i * 8 + 4, word.mark !== null && word.wide ? distance : word.imm, true);
    });
    const several = this.#functions.length > 1;
    const info = new Uint8Array(Uint32Array.from(this.#functions.flatMap((at) => [at, FUNCTION_BTF.type])).buffer);
    return {
      name,
      prog_type: this.type,
      expected_attach_type: this.attachType,
      prog_flags: this.flags,
      license: "GPL",
      insns: toHex(bytes),
      maps: MAPS,
      fixups: this.#fixups,
      func_info: several ? toHex(info) : null,
      func_info_rec: 8,
      btf: several ? FUNCTION_BTF.hex : null,
    };
  }
}
