import { describe, expect, test } from "vitest";
import { type Btf, BtfBuilder, parseBtf } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import { walkStruct, walkToEnd } from "./struct-walk.ts";

/*
 * struct inner { int a; struct other *p; };                                  16 bytes
 * union either { struct other *one; struct inner *two; };                    8 bytes
 * struct outer { int n; u8 bytes[4]; struct inner in; struct inner many[2];  0, 4, 8, 24
 *                union either u; void *raw; struct other __rcu *r; char tail[]; };  56, 64, 72, 80
 */
const builder = new BtfBuilder();
const int = builder.add({
  kind: "int",
  name: "int",
  size: 4,
  signed: true,
  char: false,
  bool: false,
  bits: 32,
  bitOffset: 0,
});
const char = builder.add({
  kind: "int",
  name: "char",
  size: 1,
  signed: true,
  char: false,
  bool: false,
  bits: 8,
  bitOffset: 0,
});
const other = builder.add({ kind: "struct", name: "other", size: 4, members: [member("x", int, 0)] });
const pOther = builder.add({ kind: "ptr", name: "", type: other });
const inner = builder.add({
  kind: "struct",
  name: "inner",
  size: 16,
  members: [member("a", int, 0), member("p", pOther, 8)],
});
const pInner = builder.add({ kind: "ptr", name: "", type: inner });
const either = builder.add({
  kind: "union",
  name: "either",
  size: 8,
  members: [member("one", pOther, 0), member("two", pInner, 0)],
});
const raw = builder.add({ kind: "ptr", name: "", type: 0 });
const tag = builder.add({ kind: "type_tag", name: "rcu", type: other });
const pRcu = builder.add({ kind: "ptr", name: "", type: tag });
const bytes = builder.add({ kind: "array", name: "", type: char, indexType: int, count: 4 });
const many = builder.add({ kind: "array", name: "", type: inner, indexType: int, count: 2 });
const tail = builder.add({ kind: "array", name: "", type: char, indexType: int, count: 0 });
const outer = builder.add({
  kind: "struct",
  name: "outer",
  size: 80,
  members: [
    member("n", int, 0),
    member("bytes", bytes, 4),
    member("in", inner, 8),
    member("many", many, 24),
    member("u", either, 56),
    member("raw", raw, 64),
    member("r", pRcu, 72),
    member("tail", tail, 80),
  ],
});
const btf: Btf = parseBtf(builder.finish(), "test");

function member(name: string, type: number, offset: number) {
  return { name, type, bitOffset: 8 * offset, bitSize: 0 };
}

describe("what lies at an offset of a structure", () => {
  const CASES: readonly (readonly [off: number, size: number, found: object])[] = [
    [0, 4, { found: "scalar", flags: 0 }],
    [1, 1, { found: "scalar" }],
    [4, 4, { found: "scalar" }],
    // An array of numbers may be read across its elements, not beyond its end.
    [
      6,
      4,
      { found: "nothing", message: "access beyond the end of member bytes (mend:8) in struct outer with off 6 size 4" },
    ],
    [8, 4, { found: "scalar" }],
    [16, 8, { found: "pointer", id: other, member: "p", flags: 0 }],
    [16, 4, { found: "nothing", message: "cannot access ptr member p with moff 8 in struct inner with off 8 size 4" }],
    [40, 4, { found: "scalar" }],
    [48, 8, { found: "pointer", id: other, member: "p" }],
    [56, 8, { found: "pointer", id: other, member: "one", flags: L.PTR_UNTRUSTED }],
    [64, 8, { found: "opaque" }],
    [72, 8, { found: "pointer", id: other, member: "r", flags: L.MEM_RCU }],
    // Behind the structure lies an array of any length.
    [80, 1, { found: "scalar" }],
    [1000, 4, { found: "scalar" }],
    [12, 4, { found: "nothing", message: "struct inner doesn't have field at offset 4" }],
  ];
  for (const [off, size, found] of CASES) {
    test(`${size} bytes at ${off}`, () => expect(walkToEnd(btf, outer, off, size)).toMatchObject(found));
  }

  test("a structure that starts there is an answer of one step", () => {
    expect(walkStruct(btf, outer, 8, 1, 0)).toMatchObject({ found: "struct", id: inner });
    expect(walkStruct(btf, outer, 24, 1, 0)).toMatchObject({ found: "struct", id: inner });
    expect(walkStruct(btf, outer, 40, 1, 0)).toMatchObject({ found: "struct", id: inner });
  });

  test("offsets before the structure are far behind it", () => {
    const message = "access beyond struct inner at off 4294967288 size 1";
    expect(walkStruct(btf, inner, -8, 1, 0)).toMatchObject({ found: "nothing", message });
  });

  test("what is no structure has no members", () => {
    expect(walkStruct(btf, int, 0, 1, 0)).toMatchObject({ found: "nothing", message: "Type 'int' is not a struct" });
  });
});
