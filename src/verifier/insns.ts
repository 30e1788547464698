import { SLOT_BYTES } from "../isa/index.ts";

/** Parts of the opcode byte (RFC 9669 section 3; linux/bpf_common.h). The verifier judges raw fields: it must word what is wrong with them. */
export const BPF_LD = 0x00;
export const BPF_LDX = 0x01;
export const BPF_ST = 0x02;
export const BPF_STX = 0x03;
export const BPF_ALU = 0x04;
export const BPF_JMP = 0x05;
export const BPF_JMP32 = 0x06;
export const BPF_ALU64 = 0x07;

export const BPF_W = 0x00;
export const BPF_H = 0x08;
export const BPF_B = 0x10;
export const BPF_DW = 0x18;

export const BPF_IMM = 0x00;
export const BPF_ABS = 0x20;
export const BPF_IND = 0x40;
export const BPF_MEM = 0x60;
export const BPF_MEMSX = 0x80;
export const BPF_ATOMIC = 0xc0;

export const BPF_K = 0x00;
export const BPF_X = 0x08;

export const BPF_ADD = 0x00;
export const BPF_SUB = 0x10;
export const BPF_MUL = 0x20;
export const BPF_DIV = 0x30;
export const BPF_OR = 0x40;
export const BPF_AND = 0x50;
export const BPF_LSH = 0x60;
export const BPF_RSH = 0x70;
export const BPF_NEG = 0x80;
export const BPF_MOD = 0x90;
export const BPF_XOR = 0xa0;
export const BPF_MOV = 0xb0;
export const BPF_ARSH = 0xc0;
export const BPF_END = 0xd0;

export const BPF_JA = 0x00;
export const BPF_JEQ = 0x10;
export const BPF_JGT = 0x20;
export const BPF_JGE = 0x30;
export const BPF_JSET = 0x40;
export const BPF_JNE = 0x50;
export const BPF_JSGT = 0x60;
export const BPF_JSGE = 0x70;
export const BPF_CALL = 0x80;
export const BPF_EXIT = 0x90;
export const BPF_JLT = 0xa0;
export const BPF_JLE = 0xb0;
export const BPF_JSLT = 0xc0;
export const BPF_JSLE = 0xd0;
export const BPF_JCOND = 0xe0;

export const BPF_PSEUDO_MAP_FD = 1;
export const BPF_PSEUDO_MAP_VALUE = 2;
export const BPF_PSEUDO_BTF_ID = 3;
export const BPF_PSEUDO_FUNC = 4;
export const BPF_PSEUDO_MAP_IDX = 5;
export const BPF_PSEUDO_MAP_IDX_VALUE = 6;
export const BPF_PSEUDO_CALL = 1;
export const BPF_PSEUDO_KFUNC_CALL = 2;

export const BPF_FETCH = 0x01;
export const BPF_XCHG = 0xe1;
export const BPF_CMPXCHG = 0xf1;
export const BPF_LOAD_ACQ = 0x100;
export const BPF_STORE_REL = 0x110;

/** A program's slots as raw fields, an array each; the numbers are what bpf(2) got, or what the verifier has put in their place. */
export class Insns {
  readonly count: number;
  readonly code: Uint8Array;
  readonly dst: Uint8Array;
  readonly src: Uint8Array;
  readonly off: Int16Array;
  readonly imm: Int32Array;

  /** @param bytes whole slots, little-endian */
  constructor(bytes: Uint8Array) {
    const count = Math.floor(bytes.length / SLOT_BYTES);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.count = count;
    this.code = new Uint8Array(count);
    this.dst = new Uint8Array(count);
    this.src = new Uint8Array(count);
    this.off = new Int16Array(count);
    this.imm = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const at = i * SLOT_BYTES;
      const regs = view.getUint8(at + 1);
      this.code[i] = view.getUint8(at);
      this.dst[i] = regs & 15;
      this.src[i] = regs >> 4;
      this.off[i] = view.getInt16(at + 2, true);
      this.imm[i] = view.getInt32(at + 4, true);
    }
  }

  /** Class of the instruction at `i`: BPF_LD … BPF_ALU64. */
  class(i: number): number {
    return this.code[i]! & 7;
  }
  /** Operation of an arithmetic or jump instruction: BPF_ADD …, BPF_JEQ … */
  op(i: number): number {
    return this.code[i]! & 0xf0;
  }
  isLdImm64(i: number): boolean {
    return this.code[i] === (BPF_LD | BPF_IMM | BPF_DW);
  }
  isHelperCall(i: number): boolean {
    return this.code[i] === (BPF_JMP | BPF_CALL) && this.src[i] === 0;
  }
  isLocalCall(i: number): boolean {
    return this.code[i] === (BPF_JMP | BPF_CALL) && this.src[i] === BPF_PSEUDO_CALL;
  }
  isKfuncCall(i: number): boolean {
    return this.code[i] === (BPF_JMP | BPF_CALL) && this.src[i] === BPF_PSEUDO_KFUNC_CALL;
  }
  /** A 64-bit load of a function's address. */
  isFuncLoad(i: number): boolean {
    return this.isLdImm64(i) && this.src[i] === BPF_PSEUDO_FUNC;
  }
  isMayGoto(i: number): boolean {
    return this.code[i] === (BPF_JMP | BPF_JCOND) && this.src[i] === 0;
  }
}
