import { defineErrors } from "./error.ts";

const hexError = defineErrors({
  E_HEX: (d: { what: string; offset: number; found: string }) =>
    `${d.what}: "${d.found}" at character ${d.offset} is no pair of hexadecimal digits`,
});

/** Bytes as lower-case hexadecimal digits without separators. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/**
 * Bytes of hexadecimal text; white space, `:` and `0x` between pairs are passed over.
 * @throws BpfError `E_HEX` naming the first character that does not fit.
 */
export function fromHex(text: string, what = "hexadecimal input"): Uint8Array {
  const out: number[] = [];
  const token = /\s+|:|0x|([0-9a-fA-F]{2})/gy;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw hexError("E_HEX", { what, offset: at, found: text.slice(at, at + 2) });
    if (match[1] !== undefined) out.push(Number.parseInt(match[1], 16));
  }
  return Uint8Array.from(out);
}
