/** Opcodes of WebAssembly that the JIT uses, by their names in the specification (dots as underscores). */
export const W = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  br_table: 0x0e,
  return: 0x0f,
  call: 0x10,
  call_indirect: 0x11,
  return_call_indirect: 0x13,
  drop: 0x1a,
  select: 0x1b,
  local_get: 0x20,
  local_set: 0x21,
  local_tee: 0x22,
  global_get: 0x23,
  global_set: 0x24,
  i32_load: 0x28,
  i64_load: 0x29,
  i32_load8_u: 0x2d,
  i32_load16_u: 0x2f,
  i64_load8_s: 0x30,
  i64_load16_s: 0x32,
  i64_load32_s: 0x34,
  i32_store: 0x36,
  i64_store: 0x37,
  i32_store8: 0x3a,
  i32_store16: 0x3b,
  i64_store8: 0x3c,
  i64_store16: 0x3d,
  i64_store32: 0x3e,
  i32_const: 0x41,
  i64_const: 0x42,
  i32_eqz: 0x45,
  i32_eq: 0x46,
  i32_ne: 0x47,
  i32_lt_s: 0x48,
  i32_lt_u: 0x49,
  i32_gt_s: 0x4a,
  i32_gt_u: 0x4b,
  i32_le_s: 0x4c,
  i32_le_u: 0x4d,
  i32_ge_s: 0x4e,
  i32_ge_u: 0x4f,
  i64_eqz: 0x50,
  i64_eq: 0x51,
  i64_ne: 0x52,
  i64_lt_s: 0x53,
  i64_lt_u: 0x54,
  i64_gt_s: 0x55,
  i64_gt_u: 0x56,
  i64_le_s: 0x57,
  i64_le_u: 0x58,
  i64_ge_s: 0x59,
  i64_ge_u: 0x5a,
  i32_add: 0x6a,
  i32_sub: 0x6b,
  i32_mul: 0x6c,
  i32_div_s: 0x6d,
  i32_div_u: 0x6e,
  i32_rem_s: 0x6f,
  i32_rem_u: 0x70,
  i32_and: 0x71,
  i32_or: 0x72,
  i32_xor: 0x73,
  i32_shl: 0x74,
  i32_shr_s: 0x75,
  i32_shr_u: 0x76,
  i32_rotl: 0x77,
  i64_add: 0x7c,
  i64_sub: 0x7d,
  i64_mul: 0x7e,
  i64_div_s: 0x7f,
  i64_div_u: 0x80,
  i64_rem_s: 0x81,
  i64_rem_u: 0x82,
  i64_and: 0x83,
  i64_or: 0x84,
  i64_xor: 0x85,
  i64_shl: 0x86,
  i64_shr_s: 0x87,
  i64_shr_u: 0x88,
  i64_rotl: 0x89,
  i32_wrap_i64: 0xa7,
  i64_extend_i32_s: 0xac,
  i64_extend_i32_u: 0xad,
  i32_extend8_s: 0xc0,
  i32_extend16_s: 0xc1,
  i64_extend8_s: 0xc2,
  i64_extend16_s: 0xc3,
  i64_extend32_s: 0xc4,
} as const;

/** Value types and the empty block type. */
export const I32 = 0x7f;
export const I64 = 0x7e;
export const VOID = 0x40;

/** A growable buffer of wasm code: bytes, LEB128 numbers and the few instruction shapes that have operands. */
export class WasmBytes {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
  }

  #reserve(count: number): void {
    const need = this.length + count;
    if (need <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(need, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  u8(value: number): void {
    if (this.length === this.bytes.length) this.#reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Unsigned LEB128 of a number below 2^32. */
  leb(value: number): void {
    this.#reserve(5);
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** Signed LEB128 of a signed 32-bit number. */
  sleb(value: number): void {
    this.#reserve(5);
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>= 7;
    }
    this.bytes[this.length++] = rest & 0x7f;
  }

  /** Signed LEB128 of the signed 64-bit number with these halves. */
  sleb64(lo: number, hi: number): void {
    if (hi === lo >> 31) {
      this.sleb(lo);
      return;
    }
    this.#reserve(10);
    let l = lo | 0;
    let h = hi | 0;
    while (!((h === 0 && l >>> 0 < 64) || (h === -1 && l >>> 0 >= 0xffffffc0))) {
      this.bytes[this.length++] = (l & 0x7f) | 0x80;
      l = (l >>> 7) | (h << 25);
      h >>= 7;
    }
    this.bytes[this.length++] = l & 0x7f;
  }

  append(from: Uint8Array): void {
    this.#reserve(from.length);
    this.bytes.set(from, this.length);
    this.length += from.length;
  }

  /** Copies bytes `start` to `end` of another buffer to the end of this one. */
  copy(from: WasmBytes, start: number, end: number): void {
    this.#reserve(end - start);
    this.bytes.set(from.bytes.subarray(start, end), this.length);
    this.length += end - start;
  }

  name(text: string): void {
    this.leb(text.length);
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i));
  }

  /** An instruction with one unsigned operand: a local, a label, a function. */
  op(code: number, operand: number): void {
    this.u8(code);
    this.leb(operand);
  }
  /** A load or store; `align` is never more than a hint, so 0. */
  access(code: number, offset: number): void {
    this.u8(code);
    this.u8(0);
    this.leb(offset);
  }
  i32(value: number): void {
    this.u8(W.i32_const);
    this.sleb(value);
  }
  i64(lo: number, hi: number): void {
    this.u8(W.i64_const);
    this.sleb64(lo, hi);
  }

  /** Starts something that begins with its own size in bytes; give the result to `endSized`. */
  beginSized(): number {
    this.#reserve(5);
    this.length += 5;
    return this.length;
  }
  /** Writes the size of what began at `start` as a 5-byte LEB128 before it. */
  endSized(start: number): void {
    let rest = this.length - start;
    for (let i = start - 5; i < start - 1; i++) {
      this.bytes[i] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[start - 1] = rest;
  }

  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

/** Ids of the module's sections. */
export const SECTION = { type: 1, import: 2, function: 3, global: 6, export: 7, code: 10 } as const;
