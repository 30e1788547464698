import { findMapType } from "../uapi/index.ts";
import type { Arguments } from "./arguments.ts";
import type { AsmMap, ScalarType } from "./assembly.ts";

const SCALAR = /^(?:__)?([us])(8|16|32|64)$/;
const U32 = { what: "a 32-bit number", low: 0n, high: 0xffffffffn };
/** Elements of an array type in `key=u8[6]`. */
const COUNT = { what: "an array length", low: 1n, high: 0xffffn };

interface Size {
  readonly size: number;
  readonly type: ScalarType | null;
}

/** `4`, `u32` or `u8[6]`. */
function readSize(args: Arguments): Size {
  const token = args.peek();
  const scalar = token.kind === "ident" ? SCALAR.exec(token.text) : null;
  if (scalar === null) return { size: Number(args.number(U32)), type: null };
  args.next();
  const bits = Number(scalar[2]) as 8 | 16 | 32 | 64;
  let count: number | null = null;
  if (args.accept("[")) {
    count = Number(args.number(COUNT));
    args.expect("]");
  }
  return { size: (bits / 8) * (count ?? 1), type: { bits, signed: scalar[1] === "s", count } };
}

/** A map type by the kernel's name in full, by bpftool's label, or by number. */
function readType(args: Arguments): number {
  const token = args.peek();
  if (token.kind !== "ident" && token.kind !== "string") return Number(args.number(U32));
  const row = findMapType(token.text);
  if (row === undefined) args.refuse("a map type such as hash, array, lru_hash or ringbuf");
  args.next();
  return row.id;
}

/**
 * `.map NAME, type=hash, key=4, value=u64, max_entries=1024[, flags=0][, pinning=by_name]`: declares a map.
 * `key` and `value` take a size in bytes or a type `u8` … `s64`, with `[N]` for an array.
 */
export function readMapDirective(args: Arguments, line: number): AsmMap {
  const name = args.name("a map name").text;
  let type: number | null = null;
  let key: Size = { size: 0, type: null };
  let value: Size = { size: 0, type: null };
  let maxEntries = 0;
  let flags = 0;
  let pinning = 0;
  const seen = new Set<string>();
  while (args.accept(",")) {
    const word = args.name("an attribute such as type=hash");
    if (seen.has(word.text)) args.fail(`attribute "${word.text}" stands twice`);
    seen.add(word.text);
    args.expect("=");
    if (word.text === "type") type = readType(args);
    else if (word.text === "key") key = readSize(args);
    else if (word.text === "value") value = readSize(args);
    else if (word.text === "max_entries") maxEntries = Number(args.number(U32));
    else if (word.text === "flags") flags = Number(args.number(U32));
    else if (word.text === "pinning") {
      if (args.peek().text === "by_name") {
        args.next();
        pinning = 1;
      } else pinning = Number(args.number({ what: "a pinning mode", low: 0n, high: 1n }));
    } else args.fail(`unknown attribute "${word.text}" (type, key, value, max_entries, flags, pinning)`);
  }
  args.end();
  if (type === null) args.fail("attribute type=… is missing");
  return {
    name,
    type,
    keySize: key.size,
    valueSize: value.size,
    keyType: key.type,
    valueType: value.type,
    maxEntries,
    flags,
    pinning,
    line,
  };
}
