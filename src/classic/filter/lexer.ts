import { filterError, type Place } from "./errors.ts";
import { FOREIGN_WORDS, NUMBER_WORDS, PLAIN_WORDS, PROTOCOL_WORDS, type Proto } from "./keywords.ts";

export type Token = Place &
  (
    | { readonly kind: "proto"; readonly text: string; readonly proto: Proto }
    | { readonly kind: "word"; readonly text: string }
    | { readonly kind: "foreign"; readonly text: string; readonly of: string }
    | { readonly kind: "number"; readonly text: string; readonly value: number }
    /** `1.2`, `1.2.3`, `1.2.3.4`; an IPv6 address; a MAC address; `$` and one byte; any other name. */
    | { readonly kind: "ipv4" | "ipv6" | "mac" | "arcnet" | "name"; readonly text: string }
    | { readonly kind: "sign"; readonly text: string }
    | { readonly kind: "end"; readonly text: "" }
  );

const SIGNS = /(?:>=|<=|!=|==|<<|>>|&&|\|\||[+\-*/%:[\]!<>()&|^=])/y;
const B = "[0-9A-Fa-f]{1,2}";
const B2 = "[0-9A-Fa-f]{4}";
const MAC = new RegExp(
  `(?:${B}(?::${B}){5}|${B}(?:-${B}){5}|${B}(?:\\.${B}){5}|${B2}\\.${B2}\\.${B2}|${B2}${B2}${B2})`,
  "y",
);
const NUMBER = /(?:0[xX][0-9A-Fa-f]+|[0-9]+)/y;
const N = "(?:0[xX][0-9A-Fa-f]+|[0-9]+)";
const IPV4 = new RegExp(`${N}(?:\\.${N}){1,3}`, "y");
const WORD = /[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?/y;
const ESCAPED = /\\[^ !()\n\t]+/y;
const ARCNET = new RegExp(`\\$${B}`, "y");
const BROKEN_MAC = new RegExp(`${B}:+(?:${B}:+)+`, "y");
const IPV6_LETTERS = /[0-9A-Fa-fxX:.]+/y;
const IPV6_TAIL = new RegExp(`(^|:)(${N}\\.${N}\\.${N}\\.${N})$`);

const SYNONYMS = new Map([
  ["==", "="],
  ["&&", "and"],
  ["||", "or"],
  ["!", "not"],
]);

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

/** Whether the text has the shape of an IPv6 address (RFC 4291 section 2.2), with or without a dotted quad at its end. */
function looksLikeIpv6(text: string): boolean {
  const tail = IPV6_TAIL.exec(text);
  const hex = tail ? text.slice(0, text.length - (tail[2] ?? "").length) : text;
  const most = tail ? 6 : 8;
  const halves = hex.split("::");
  if (halves.length > 2) return false;
  const trimmed = tail && !hex.endsWith("::") ? hex.replace(/:$/, "") : hex;
  if (tail && hex !== "" && !hex.endsWith(":")) return false;
  const groups = (part: string): number => {
    if (part === "") return 0;
    const list = part.split(":");
    return list.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group)) ? list.length : Number.NaN;
  };
  const parts = trimmed.split("::").map(groups);
  if (parts.length === 1) return parts[0] === most;
  return (parts[0] ?? 0) + (parts[1] ?? 0) < most;
}

function ipv6At(text: string, at: number): string {
  const run = matchAt(IPV6_LETTERS, text, at).slice(0, 64);
  if (!run.includes(":")) return "";
  for (let length = run.length; length >= 2; length--) {
    const candidate = run.slice(0, length);
    if (looksLikeIpv6(candidate)) return candidate;
  }
  return "";
}

/** `017` is octal and `0x11` hexadecimal, as in C. */
function numberOf(text: string, place: Place): number {
  const octal = /^0[0-9]/.test(text);
  if (octal && /[89]/.test(text))
    throw filterError("E_FILTER_NUMBER", { text, why: "contains a digit that is not octal", ...place });
  const value = octal ? Number.parseInt(text, 8) : Number(text);
  if (value > 0xffffffff) throw filterError("E_FILTER_NUMBER", { text, why: "does not fit in 32 bits", ...place });
  return value;
}

/** The longest of all forms wins; of equally long ones the first of this list. */
function tokenAt(text: string, at: number): Token {
  const column = at + 1;
  const sign = matchAt(SIGNS, text, at);
  const word = matchAt(WORD, text, at);
  const mac = matchAt(MAC, text, at);
  const number = matchAt(NUMBER, text, at);
  const ipv4 = matchAt(IPV4, text, at);
  const ipv6 = ipv6At(text, at);
  const broken = matchAt(BROKEN_MAC, text, at);
  const most = Math.max(sign.length, word.length, mac.length, number.length, ipv4.length, ipv6.length, broken.length);
  const place = { column, length: most };
  if (most === 0) {
    const arcnet = matchAt(ARCNET, text, at);
    if (arcnet !== "") return { kind: "arcnet", text: arcnet, column, length: arcnet.length };
    const escaped = matchAt(ESCAPED, text, at);
    if (escaped !== "") return { kind: "name", text: escaped.slice(1), column, length: escaped.length };
    const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
    throw filterError("E_FILTER_SYNTAX", { what: `unexpected character '${char}'`, column, length: 1 });
  }
  if (word.length === most && Object.hasOwn(PROTOCOL_WORDS, word)) {
    return { kind: "proto", text: word, proto: PROTOCOL_WORDS[word as keyof typeof PROTOCOL_WORDS], ...place };
  }
  const plain = word.length === most ? PLAIN_WORDS.get(word) : undefined;
  if (plain !== undefined) return { kind: "word", text: plain, ...place };
  const foreign = word.length === most ? FOREIGN_WORDS.get(word) : undefined;
  if (foreign !== undefined) return { kind: "foreign", text: word, of: foreign, ...place };
  if (sign.length === most) {
    const meaning = SYNONYMS.get(sign) ?? sign;
    return { kind: /^[a-z]/.test(meaning) ? "word" : "sign", text: meaning, ...place };
  }
  if (mac.length === most) return { kind: "mac", text: mac, ...place };
  if (number.length === most) return { kind: "number", text: number, value: numberOf(number, place), ...place };
  if (ipv4.length === most) return { kind: "ipv4", text: ipv4, ...place };
  if (ipv6.length === most) return { kind: "ipv6", text: ipv6, ...place };
  if (broken.length === most)
    throw filterError("E_FILTER_ADDRESS", { text: broken, why: "bogus ethernet address", ...place });
  const named = NUMBER_WORDS.get(word);
  if (named !== undefined) return { kind: "number", text: word, value: named, ...place };
  return { kind: "name", text: word, ...place };
}

/**
 * The words of an expression; the last one is of kind `end`.
 * @throws BpfError `E_FILTER_SYNTAX`, `E_FILTER_NUMBER`, `E_FILTER_ADDRESS`
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    if (/[ \r\n\t]/.test(text[at] ?? "")) {
      at++;
      continue;
    }
    const token = tokenAt(text, at);
    tokens.push(token);
    at += token.length;
  }
  tokens.push({ kind: "end", text: "", column: text.length + 1, length: 1 });
  return tokens;
}
