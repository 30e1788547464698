/** Instructions as bytes, for programs of a few of them. */

export function slot(code: number, dst = 0, src = 0, off = 0, imm = 0): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  bytes[0] = code;
  bytes[1] = dst | (src << 4);
  view.setInt16(2, off, true);
  view.setInt32(4, imm, true);
  return bytes;
}

export function program(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const SIZES: Readonly<Record<number, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };

export const EXIT = slot(0x95);
export const mov = (dst: number, imm: number): Uint8Array => slot(0xb7, dst, 0, 0, imm);
export const movReg = (dst: number, src: number): Uint8Array => slot(0xbf, dst, src);
export const load = (size: number, dst: number, src: number, off: number): Uint8Array =>
  slot(0x61 | SIZES[size]!, dst, src, off);
export const loadSigned = (size: number, dst: number, src: number, off: number): Uint8Array =>
  slot(0x81 | SIZES[size]!, dst, src, off);
export const store = (size: number, dst: number, off: number, src: number): Uint8Array =>
  slot(0x63 | SIZES[size]!, dst, src, off);
export const call = (helper: number): Uint8Array => slot(0x85, 0, 0, 0, helper);
/** Skips the next `count` instructions if the register is 0. */
export const skipIfZero = (reg: number, count: number): Uint8Array => slot(0x15, reg, 0, count, 0);
