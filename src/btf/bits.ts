/** The unsigned integer in `bits` bits at a bit offset. In big-endian data bits count from the most significant one, as C compilers lay out bit fields. */
export function readBits(bytes: Uint8Array, bitOffset: number, bits: number, littleEndian: boolean): bigint {
  const first = Math.floor(bitOffset / 8);
  const end = Math.ceil((bitOffset + bits) / 8);
  let all = 0n;
  for (let i = first; i < end; i++) all = (all << 8n) | BigInt(bytes[littleEndian ? end - 1 - (i - first) : i]!);
  const skip = littleEndian ? bitOffset - first * 8 : end * 8 - bitOffset - bits;
  return BigInt.asUintN(bits, all >> BigInt(skip));
}

/** Puts the low `bits` bits of an integer at a bit offset and leaves the bits around as they are. */
export function writeBits(
  bytes: Uint8Array,
  bitOffset: number,
  bits: number,
  littleEndian: boolean,
  value: bigint,
): void {
  const first = Math.floor(bitOffset / 8);
  const end = Math.ceil((bitOffset + bits) / 8);
  const skip = BigInt(littleEndian ? bitOffset - first * 8 : end * 8 - bitOffset - bits);
  const mask = ((1n << BigInt(bits)) - 1n) << skip;
  let all = readBits(bytes, first * 8, (end - first) * 8, littleEndian);
  all = (all & ~mask) | ((BigInt.asUintN(bits, value) << skip) & mask);
  for (let i = first; i < end; i++) {
    bytes[littleEndian ? i : end - 1 - (i - first)] = Number(all & 0xffn);
    all >>= 8n;
  }
}
