/** Pointer digits of `%px`. */
const POINTER_DIGITS = 16;

/**
 * `%p` and its kin. Plain `%p` and `%pK` print a hash, so that addresses stay secret: the kernel's is keyed by a random number, this
 * one is fixed; its upper half is 0 as the kernel's. There are no kernel symbols: `%ps`, `%pS` and `%pB` print the address.
 */
export function formatPointer(letter: string | undefined, value: bigint, flags: string, width: number): string {
  const address = BigInt.asUintN(64, value);
  if (letter === "s" || letter === "S" || letter === "B") return `0x${address.toString(16)}`;
  const shown = letter === "x" ? address : hash(address);
  const text = shown.toString(16).padStart(width === 0 ? POINTER_DIGITS : flags.includes("0") ? width : 0, "0");
  return flags.includes("-") ? text.padEnd(width) : text.padStart(width);
}

/** 32 bits of a mixed address (the finalizer of MurmurHash3). */
function hash(address: bigint): bigint {
  let h = BigInt.asUintN(64, (address ^ (address >> 33n)) * 0xff51afd7ed558ccdn);
  h = BigInt.asUintN(64, (h ^ (h >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return (h ^ (h >> 33n)) & 0xffff_ffffn;
}

/** `%pI4` 10.0.0.1, `%pi4` 010.000.000.001, `%pI6` fe80:0000:...:0001, `%pi6` the same without colons. */
export function formatAddress(letter: "I" | "i", bytes: Uint8Array): string {
  if (bytes.length === 4) return [...bytes].map((b) => String(b).padStart(letter === "i" ? 3 : 0, "0")).join(".");
  const words: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) {
    words.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16).padStart(4, "0"));
  }
  return words.join(letter === "I" ? ":" : "");
}
