/**
 * What the arithmetic and comparing operations compute (RFC 9669 sections 4.1 to 4.3), on BigInt, by the `op` of the instruction table.
 * Operands are unsigned values of `width` bits; results are cut to `width` bits by the caller.
 */
type Binary = (a: bigint, b: bigint, width: 32 | 64) => bigint;
type Compare = (a: bigint, b: bigint, width: 32 | 64) => boolean;

const signed = (value: bigint, width: 32 | 64): bigint => BigInt.asIntN(width, value);
// Section 4.1: shift amounts are masked to the width.
const amount = (b: bigint, width: 32 | 64): bigint => b & BigInt(width - 1);

export const ALU_OPERATIONS: Readonly<Record<string, Binary>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  // Section 4.1: division by zero gives 0, modulo by zero leaves the destination. BigInt division truncates towards zero.
  div: (a, b) => (b === 0n ? 0n : a / b),
  sdiv: (a, b, width) => (b === 0n ? 0n : signed(a, width) / signed(b, width)),
  mod: (a, b) => (b === 0n ? a : a % b),
  smod: (a, b, width) => (b === 0n ? a : signed(a, width) % signed(b, width)),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  xor: (a, b) => a ^ b,
  lsh: (a, b, width) => a << amount(b, width),
  rsh: (a, b, width) => a >> amount(b, width),
  arsh: (a, b, width) => signed(a, width) >> amount(b, width),
};

export const JUMP_CONDITIONS: Readonly<Record<string, Compare>> = {
  jeq: (a, b) => a === b,
  jne: (a, b) => a !== b,
  jgt: (a, b) => a > b,
  jge: (a, b) => a >= b,
  jlt: (a, b) => a < b,
  jle: (a, b) => a <= b,
  jset: (a, b) => (a & b) !== 0n,
  jsgt: (a, b, width) => signed(a, width) > signed(b, width),
  jsge: (a, b, width) => signed(a, width) >= signed(b, width),
  jslt: (a, b, width) => signed(a, width) < signed(b, width),
  jsle: (a, b, width) => signed(a, width) <= signed(b, width),
};

/** The new memory value of an atomic operation (RFC 9669 section 5.3), from the old one and the source register; cmpxchg apart. */
export const ATOMIC_OPERATIONS: Readonly<Record<string, (old: bigint, source: bigint) => bigint>> = {
  add: (old, source) => old + source,
  or: (old, source) => old | source,
  and: (old, source) => old & source,
  xor: (old, source) => old ^ source,
  xchg: (_old, source) => source,
};

/** `value` with its `width / 8` bytes in reverse order. */
export function swapBytes(value: bigint, width: number): bigint {
  let swapped = 0n;
  for (let at = 0; at < width; at += 8) swapped = (swapped << 8n) | ((value >> BigInt(at)) & 0xffn);
  return swapped;
}
