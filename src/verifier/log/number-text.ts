/** Numbers beyond 16 bits are written in hexadecimal, as unsigned 64-bit ones. */
const DECIMAL_MIN = -0x8000n;
const DECIMAL_MAX = 0x7fffn;
const UNSIGNED_DECIMAL_MAX = 0xffffn;

/** A signed 64-bit number as the log writes it: `-4`, `0x7fffffff`. */
export function signedText(value: bigint): string {
  return value >= DECIMAL_MIN && value <= DECIMAL_MAX ? value.toString() : hexText(value);
}

/** An unsigned 64-bit number as the log writes it. */
export function unsignedText(value: bigint): string {
  return value <= UNSIGNED_DECIMAL_MAX ? value.toString() : hexText(value);
}

/** `%#llx`. */
export function hexText(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`;
}

/** Bits known and unknown: `(0x0; 0xff)`; just the number where all are known. */
export function tnumText(value: bigint, mask: bigint): string {
  return mask === 0n ? unsignedText(value) : `(${hexText(value)}; ${hexText(mask)})`;
}
