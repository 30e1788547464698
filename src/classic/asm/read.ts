import { type ClassicInsn, classic, decodeClassic } from "../insn.ts";
import { asmError } from "./errors.ts";
import { Lines, parseNumber } from "./tokens.ts";

/** A number of a program's text and where it stands. */
interface Number32 {
  readonly value: number;
  readonly at: number;
}

const FIELDS = ["code", "jt", "jf", "k"] as const;
const LIMITS = { code: 0xffff, jt: 0xff, jf: 0xff, k: 0xffff_ffff } as const;

/**
 * A program written as numbers: bpf_asm's or tcpdump -ddd's decimal form (the count, then code jt jf k of each instruction), or
 * C initialisers (`{ 0x28, 0, 0, 0x0000000c },`), as bpf_asm -c and tcpdump -dd print them. Between numbers stand blanks, line ends,
 * commas or braces; quotation marks around everything are ignored, as are comments of C.
 * @throws BpfError `E_CBPF_*` with `line` and `column`
 */
export function parseClassic(text: string): ClassicInsn[] {
  const lines = new Lines(text);
  const numbers = readNumbers(text, lines);
  const counted = !text.includes("{");
  const first = numbers[0];
  if (first === undefined) {
    throw asmError("E_CBPF_SYNTAX", { ...lines.position(text.length), wanted: "a program", found: "nothing" });
  }
  const body = counted ? numbers.slice(1) : numbers;
  const program: ClassicInsn[] = [];
  for (let n = 0; n < body.length; n += FIELDS.length) {
    const fields = FIELDS.map((name, field) => {
      const number = body[n + field];
      if (number === undefined) {
        throw asmError("E_CBPF_SYNTAX", { ...lines.position(text.length), wanted: name, found: "the end" });
      }
      if (number.value > LIMITS[name]) {
        throw asmError("E_CBPF_NUMBER", { ...lines.position(number.at), found: `${name} ${number.value}` });
      }
      return number.value;
    });
    program.push(classic(fields[0]!, fields[3]!, fields[1]!, fields[2]!));
  }
  if (counted && first.value !== program.length) {
    throw asmError("E_CBPF_COUNT", { ...lines.position(first.at), said: first.value, found: program.length });
  }
  return program;
}

const PART = /[ \t\r\n,{}'"]+|\/\*[\s\S]*?\*\/|([0-9][A-Za-z0-9]*)/y;

function readNumbers(text: string, lines: Lines): Number32[] {
  const numbers: Number32[] = [];
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const at = PART.lastIndex;
    const found = PART.exec(text);
    if (found === null) {
      throw asmError("E_CBPF_CHARACTER", { ...lines.position(at), found: String.fromCodePoint(text.codePointAt(at)!) });
    }
    if (found[1] === undefined) continue;
    // Only zero is written with leading zeros, by C's %#010x; nobody means octal.
    const value = /^[0-9]+$/.test(found[1]) ? Number(found[1]) : parseNumber(found[1]);
    if (value === null || value > 0xffff_ffff) {
      throw asmError("E_CBPF_NUMBER", { ...lines.position(at), found: found[1] });
    }
    numbers.push({ value, at });
  }
  return numbers;
}

/** Whether bytes are text: none are control characters but blanks and line ends. Eight raw bytes of an instruction hold zeros. */
function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d));
}

/**
 * A program from a file: text as of `parseClassic`, or an array of `struct sock_filter`.
 * @throws BpfError `E_CBPF_*`, `E_CLASSIC_LENGTH`
 */
export function readClassic(bytes: Uint8Array, littleEndian = true): ClassicInsn[] {
  return isText(bytes) ? parseClassic(new TextDecoder().decode(bytes)) : decodeClassic(bytes, littleEndian);
}
