import { ERRNO } from "../uapi/index.ts";
import { formatAddress, formatPointer } from "./format-pointer.ts";

/**
 * The format strings of bpf_trace_printk, bpf_trace_vprintk and bpf_snprintf: the part of printf that the kernel lets
 * programs use (bpf-helpers(7); Documentation/core-api/printk-formats.rst). Text is bytes, one character each (Latin-1).
 */

/** What a format reads besides its arguments. */
export interface FormatSource {
  /** Bytes of the NUL-terminated text at an address, without the NUL; null where nothing is mapped. */
  text(address: bigint): string | null;
  /** `size` bytes at an address; null where nothing is mapped. */
  bytes(address: bigint, size: number): Uint8Array | null;
}

/** One conversion: `%-08lx` has flags `-0`, width 8, size 8, type `x`. */
interface Conversion {
  readonly flags: string;
  readonly width: number;
  /** Bytes of the argument that count. */
  readonly size: 4 | 8;
  /** `d`, `u`, `x`, `X`, `c`, `s`, or `p` with its letters: `p`, `px`, `pI4`. */
  readonly type: string;
}

/** Literal text and conversions in order. */
export type Format = readonly (string | Conversion)[];

const SPACE = /^[\t-\r \xa0]$/;
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;
const CONVERSION = /([0+\- ]*)([1-9][0-9]*)?(?:(l{0,2})([diuxX])|(c)|(s)|p((?:[ku]s|B|[iI][46]|[KxsS])?))/y;

/** Whether a string or pointer conversion may end before `next`. */
function ends(next: string | undefined): boolean {
  return next === undefined || SPACE.test(next) || PUNCTUATION.test(next);
}

/**
 * Parses the text of a format (without its NUL) that has `count` arguments.
 * -EINVAL as the kernel for control characters, unknown conversions and more conversions than arguments.
 */
export function parseFormat(text: string, count: number): Format | number {
  const out: (string | Conversion)[] = [];
  let literal = "";
  let used = 0;
  for (let at = 0; at < text.length; ) {
    const c = text[at]!;
    const code = c.charCodeAt(0);
    if (code === 0x7f || (code < 0x20 && !SPACE.test(c))) return -ERRNO.EINVAL;
    if (c !== "%") {
      literal += c;
      at++;
      continue;
    }
    if (text[at + 1] === "%") {
      literal += "%";
      at += 2;
      continue;
    }
    if (used >= count) return -ERRNO.EINVAL;
    CONVERSION.lastIndex = at + 1;
    const match = CONVERSION.exec(text);
    if (match === null) return -ERRNO.EINVAL;
    at = CONVERSION.lastIndex;
    const [, flags = "", width = "0", long, integer, char, string, pointer] = match;
    if (string !== undefined || pointer === "ks" || pointer === "us" || pointer === "") {
      if (!ends(text[at])) return -ERRNO.EINVAL;
    }
    const type = integer ?? char ?? string ?? `p${pointer}`;
    const size = pointer !== undefined || string !== undefined || (long ?? "") !== "" ? 8 : 4;
    out.push(literal, { flags, width: Number(width), size, type: type === "i" ? "d" : type });
    literal = "";
    used++;
    // The letters after a pointer's type belong to it.
    if (pointer !== undefined) while (/^[0-9A-Za-z]$/.test(text[at] ?? "")) at++;
  }
  out.push(literal);
  return out;
}

function pad(text: string, { flags, width }: Conversion): string {
  return flags.includes("-") ? text.padEnd(width) : text.padStart(width);
}

function formatInteger(value: bigint, conversion: Conversion): string {
  const { flags, width, size, type } = conversion;
  let sign = "";
  let digits: string;
  if (type === "d") {
    const signed = BigInt.asIntN(size * 8, value);
    sign = signed < 0n ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
    digits = (signed < 0n ? -signed : signed).toString();
  } else {
    digits = BigInt.asUintN(size * 8, value).toString(type === "u" ? 10 : 16);
    if (type === "X") digits = digits.toUpperCase();
  }
  if (flags.includes("0") && !flags.includes("-")) digits = digits.padStart(width - sign.length, "0");
  return pad(sign + digits, conversion);
}

function formatOne(conversion: Conversion, value: bigint, source: FormatSource): string {
  const { type } = conversion;
  if (type === "c") return pad(String.fromCharCode(Number(value & 0xffn)), conversion);
  if (type === "s") return pad(source.text(value) ?? "", conversion);
  if (type === "pks" || type === "pus") return source.text(value) ?? "";
  const letter = type[1];
  if (letter === "I" || letter === "i") {
    const size = type[2] === "4" ? 4 : 16;
    return formatAddress(letter, source.bytes(value, size) ?? new Uint8Array(size));
  }
  return type[0] === "p"
    ? formatPointer(letter, value, conversion.flags, conversion.width)
    : formatInteger(value, conversion);
}

/** Text of a format with its arguments. */
export function formatText(format: Format, args: readonly bigint[], source: FormatSource): string {
  let out = "";
  let next = 0;
  for (const part of format) out += typeof part === "string" ? part : formatOne(part, args[next++] ?? 0n, source);
  return out;
}
