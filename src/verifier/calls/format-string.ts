/**
 * Format strings of bpf_snprintf and its like (bpf_bprintf_prepare): `%` with flags out of `0+- `, a width, and `d i u x X` with up to two `l`,
 * `c`, `s`, `p` with `K x s S`, `pB`, `pi4 pI4 pi6 pI6`, `pks`, `pus`. Conversions of strings and pointers end at the string's end, a blank or
 * punctuation.
 */

const FLAGS = "0+- ";
const INTEGERS = "iduxX";
/** Pointers printed as addresses of one kind or another. */
const POINTER_SUFFIXES = "KxsS";

// Kinds of characters as the kernel's table has them: Latin-1 beyond ASCII.
function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 9 && code <= 13) || code === 0xa0;
}
function isPunctuation(code: number): boolean {
  if (code >= 0x80) return (code > 0xa0 && code < 0xc0) || code === 0xd7 || code === 0xf7;
  return code > 0x20 && code < 0x7f && !/[0-9A-Za-z]/.test(String.fromCharCode(code));
}
/** ASCII's control characters, but for blanks, are refused; what lies beyond ASCII is text in UTF-8. */
function isText(code: number): boolean {
  return code >= 0x80 || (code >= 0x20 && code < 0x7f) || isSpace(code);
}

/** Whether a conversion ends before the character at `at`. */
function ends(format: string, at: number): boolean {
  if (at >= format.length) return true;
  const code = format.charCodeAt(at);
  return isSpace(code) || isPunctuation(code);
}

/** Index of the last character of the pointer conversion whose `p` is at `at`; -1 where it is none. */
function pointerEnd(format: string, at: number): number {
  const next = format[at + 1] ?? "";
  if (ends(format, at + 1)) return at;
  if ((next === "k" || next === "u") && format[at + 2] === "s") return ends(format, at + 3) ? at + 2 : -1;
  if (POINTER_SUFFIXES.includes(next)) return at;
  if (next === "B") return at + 1;
  const version = format[at + 2];
  return (next === "i" || next === "I") && (version === "4" || version === "6") ? at + 2 : -1;
}

/** Index of the last character of the conversion that starts at `at`, after `%`; -1 where it is none. */
function conversionEnd(format: string, start: number): number {
  let at = start;
  while (at < format.length && FLAGS.includes(format[at]!)) at++;
  if (/[1-9]/.test(format[at] ?? "")) while (/[0-9]/.test(format[at] ?? "")) at++;
  if (format[at] === "p") return pointerEnd(format, at);
  if (format[at] === "s") return ends(format, at + 1) ? at : -1;
  if (format[at] === "c") return at;
  for (let longs = 0; longs < 2 && format[at] === "l"; longs++) at++;
  return at < format.length && INTEGERS.includes(format[at]!) ? at : -1;
}

/** Whether a format (one character per byte) is valid and wants at most `args` arguments. */
export function isFormatValid(format: string, args: number): boolean {
  let wanted = 0;
  for (let at = 0; at < format.length; at++) {
    const code = format.charCodeAt(at);
    if (!isText(code)) return false;
    if (format[at] !== "%") continue;
    if (format[at + 1] === "%") {
      at++;
      continue;
    }
    if (wanted >= args) return false;
    const end = conversionEnd(format, at + 1);
    if (end < 0) return false;
    at = end;
    wanted++;
  }
  return true;
}
