import { defineErrors } from "../../util/index.ts";
import { BPF_MAXINSNS, type ClassicInsn, classic, decodeClassic } from "../insn.ts";

const readError = defineErrors({
  E_SECCOMP_COUNT: (d: { said: number; found: number }) => `the text says ${d.said} instructions, but has ${d.found}`,
  E_SECCOMP_FORM: (d: { line: number; column: number; found: string }) =>
    `line ${d.line}, column ${d.column}: "${d.found}" where an instruction (code, jt, jf, k) was expected`,
  E_SECCOMP_RANGE: (d: { line: number; column: number; number: string; limit: number }) =>
    `line ${d.line}, column ${d.column}: ${d.number} is above ${d.limit}`,
  E_SECCOMP_RAW: (d: { length: number }) => `raw filter of ${d.length} bytes: not a multiple of 8 (struct sock_filter)`,
});

/** `raw`: struct sock_filter in a row; `decimal`: `4,32 0 0 0,…`, as tcpdump -ddd and iptables have it; `c`: `{ 0x20, 0, 0, 0 },`. */
export type FilterFormat = "raw" | "decimal" | "c" | "text";

/** By the looks of the bytes: NULs and other control characters are in no text. */
export function filterFormat(bytes: Uint8Array): FilterFormat {
  if (bytes.some((b) => (b < 0x20 && b !== 0x09 && b !== 0x0a && b !== 0x0d) || b >= 0xf5)) return "raw";
  const text = new TextDecoder().decode(bytes);
  if (/^\s*\d+\s*[,\n]\s*\d+\s+\d+\s+\d+\s+\d+\s*(,|\n|$)/.test(text)) return "decimal";
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|#.*/g, "");
  return /\{\s*(0[xX][0-9a-fA-F]+|\d+)\s*,|BPF_(STMT|JUMP)/.test(code) ? "c" : "text";
}

const LIMITS = [0xffff, 0xff, 0xff, 0xffffffff];

/** A place in a text, from 1 on. */
function position(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}

function insnAt(text: string, at: number, words: readonly string[]): ClassicInsn {
  const values = words.map((w, i) => {
    const value = Number(w);
    if (value > LIMITS[i]!) throw readError("E_SECCOMP_RANGE", { ...position(text, at), number: w, limit: LIMITS[i]! });
    return value;
  });
  const [code, jt, jf, k] = values as [number, number, number, number];
  return classic(code, k, jt, jf);
}

/** Between instructions only these may stand. */
function readMatches(text: string, pattern: RegExp, from: number, filler: RegExp): ClassicInsn[] {
  const insns: ClassicInsn[] = [];
  let end = from;
  const gap = (to: number) => {
    const between = text.slice(end, to);
    const wrong = between.search(filler);
    if (wrong >= 0) throw readError("E_SECCOMP_FORM", { ...position(text, end + wrong), found: between[wrong]! });
  };
  pattern.lastIndex = from;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    gap(match.index);
    // A little more than is allowed, so that the checker can say so.
    if (insns.length <= BPF_MAXINSNS) insns.push(insnAt(text, match.index, match.slice(1, 5)));
    end = pattern.lastIndex;
  }
  gap(text.length);
  return insns;
}

function readDecimal(text: string): ClassicInsn[] {
  const head = /^\s*(\d+)\s*[,\n]/.exec(text)!;
  const insns = readMatches(text, /(\d+)\s+(\d+)\s+(\d+)\s+(\d+)/g, head[0].length, /[^\s,]/);
  const said = Number(head[1]);
  if (said !== insns.length) throw readError("E_SECCOMP_COUNT", { said, found: insns.length });
  return insns;
}

function readC(source: string): ClassicInsn[] {
  // Comments become blanks, so that places stay what they are.
  const text = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*|^\s*#.*/gm, (comment) => comment.replace(/[^\n]/g, " "));
  const n = "\\s*(0[xX][0-9a-fA-F]+|\\d+)[uUlL]*\\s*";
  const from = /^[^{]*=\s*\{/.exec(text)?.[0].length ?? 0;
  return readMatches(text, new RegExp(`\\{${n},${n},${n},${n},?\\s*\\}`, "g"), from, /[^\s,;{}]/);
}

/**
 * Instructions from raw bytes (of a little-endian machine), decimal text or C initialisers.
 * @throws BpfError `E_SECCOMP_COUNT`, `E_SECCOMP_FORM`, `E_SECCOMP_RANGE`, `E_SECCOMP_RAW`
 */
export function readFilter(bytes: Uint8Array, format: Exclude<FilterFormat, "text">): ClassicInsn[] {
  if (format !== "raw") {
    const text = new TextDecoder().decode(bytes);
    return format === "decimal" ? readDecimal(text) : readC(text);
  }
  if (bytes.length % 8 !== 0) throw readError("E_SECCOMP_RAW", { length: bytes.length });
  return decodeClassic(bytes);
}

const hex = (v: number, digits: number) => `0x${v.toString(16).padStart(digits, "0")}`;

/** One initialiser of struct sock_filter a line. */
export function filterToC(insns: readonly ClassicInsn[]): string {
  return insns.map(({ code, jt, jf, k }) => `{ ${hex(code, 2)}, ${jt}, ${jf}, ${hex(k, 8)} },\n`).join("");
}

/** The count and then the instructions, a line each: tcpdump -ddd's form. */
export function filterToDecimal(insns: readonly ClassicInsn[]): string {
  return `${insns.length}\n${insns.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}\n`).join("")}`;
}
