import { defineErrors } from "../util/index.ts";

/**
 * Classic BPF: the instructions of McCanne and Jacobson's packet filter (1993) as Linux has them (linux/bpf_common.h, linux/filter.h,
 * Documentation/networking/filter.rst). An accumulator A, an index register X, sixteen words of scratch memory, jumps forward only.
 */
export interface ClassicInsn {
  readonly code: number;
  /** Instructions to skip where a comparison holds, and where it does not. */
  readonly jt: number;
  readonly jf: number;
  /** Unsigned 32 bits. */
  readonly k: number;
}

// Classes.
export const BPF_LD = 0x00;
export const BPF_LDX = 0x01;
export const BPF_ST = 0x02;
export const BPF_STX = 0x03;
export const BPF_ALU = 0x04;
export const BPF_JMP = 0x05;
export const BPF_RET = 0x06;
export const BPF_MISC = 0x07;
// Sizes of loads.
export const BPF_W = 0x00;
export const BPF_H = 0x08;
export const BPF_B = 0x10;
// Modes of loads.
export const BPF_IMM = 0x00;
export const BPF_ABS = 0x20;
export const BPF_IND = 0x40;
export const BPF_MEM = 0x60;
export const BPF_LEN = 0x80;
export const BPF_MSH = 0xa0;
// Arithmetic.
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
// Jumps.
export const BPF_JA = 0x00;
export const BPF_JEQ = 0x10;
export const BPF_JGT = 0x20;
export const BPF_JGE = 0x30;
export const BPF_JSET = 0x40;
// Where the second operand, or the value of a return, comes from.
export const BPF_K = 0x00;
export const BPF_X = 0x08;
export const BPF_A = 0x10;
// Moves between A and X.
export const BPF_TAX = 0x00;
export const BPF_TXA = 0x80;

/** Words of scratch memory. */
export const BPF_MEMWORDS = 16;
/** Instructions of one program (BPF_MAXINSNS). */
export const BPF_MAXINSNS = 4096;
/** Offsets of absolute loads from here on mean something else than the packet's bytes (SKF_AD_OFF, SKF_NET_OFF, SKF_LL_OFF). */
export const SKF_AD_OFF = -0x1000;
export const SKF_NET_OFF = -0x100000;
export const SKF_LL_OFF = -0x200000;

export function classic(code: number, k = 0, jt = 0, jf = 0): ClassicInsn {
  return { code, jt, jf, k: k >>> 0 };
}

const insnError = defineErrors({
  E_CLASSIC_LENGTH: (d: { length: number }) => `classic program of ${d.length} bytes is not a multiple of 8`,
});

/** Bytes of one `struct sock_filter`. */
export const SOCK_FILTER_BYTES = 8;

/** The array of `struct sock_filter` in the host's byte order. */
export function encodeClassic(program: readonly ClassicInsn[], littleEndian = true): Uint8Array {
  const bytes = new Uint8Array(program.length * SOCK_FILTER_BYTES);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, jt, jf, k }, n) => {
    const at = n * SOCK_FILTER_BYTES;
    view.setUint16(at, code, littleEndian);
    view.setUint8(at + 2, jt);
    view.setUint8(at + 3, jf);
    view.setUint32(at + 4, k, littleEndian);
  });
  return bytes;
}

/** @throws BpfError `E_CLASSIC_LENGTH` */
export function decodeClassic(bytes: Uint8Array, littleEndian = true): ClassicInsn[] {
  if (bytes.length % SOCK_FILTER_BYTES !== 0) throw insnError("E_CLASSIC_LENGTH", { length: bytes.length });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / SOCK_FILTER_BYTES }, (_, n) => {
    const at = n * SOCK_FILTER_BYTES;
    return {
      code: view.getUint16(at, littleEndian),
      jt: view.getUint8(at + 2),
      jf: view.getUint8(at + 3),
      k: view.getUint32(at + 4, littleEndian),
    };
  });
}
