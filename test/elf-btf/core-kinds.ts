/** One CO-RE relocation and what it becomes: the local types and expression, the target's types, the value in both byte orders. */
export interface CoreRow {
  readonly what: string;
  readonly kind: string;
  readonly local: string;
  readonly expression: string;
  readonly target: string;
  /** A number; two where the byte orders differ (little, big); "id", which compilers choose; "poison"; or the code of the error. */
  readonly becomes: bigint | number | readonly [little: number, big: number] | "id" | "poison" | "E_CORE_AMBIGUOUS";
}

const P = "__attribute__((preserve_access_index))";
const at = (type: string, field: string) => `((${type} *)0)->${field}`;
const info = (kind: number) => (type: string, field: string) =>
  `__builtin_preserve_field_info(${at(type, field)}, ${kind})`;
const OFFSET = info(0);
const SIZE = info(1);
const EXISTS = info(2);
const SIGNED = info(3);
const LSHIFT = info(4);
const RSHIFT = info(5);
const typeInfo = (type: string, kind: number) => `__builtin_preserve_type_info(*(${type} *)0, ${kind})`;
const typeId = (type: string, kind: number) => `__builtin_btf_type_id(*(${type} *)0, ${kind})`;
const enumerator = (type: string, name: string, kind: number) =>
  `__builtin_preserve_enum_value(*(typeof(${type}) *)${name}, ${kind})`;

type Body = readonly [what: string, local: string, expression: string, target: string, becomes: CoreRow["becomes"]];
const rows = (kind: string, bodies: readonly Body[]): CoreRow[] =>
  bodies.map(([what, local, expression, target, becomes]) => ({ what, kind, local, expression, target, becomes }));

/** All kinds of enum bpf_core_relo_kind. Type names are unique to a row, for all rows are compiled together. */
export const CORE_ROWS: readonly CoreRow[] = [
  ...rows("field_byte_offset", [
    [
      "a field that moved",
      `struct o1 { int a; int b; } ${P};`,
      OFFSET("struct o1", "b"),
      "struct o1 { long b0; char c[20]; int b; };",
      28,
    ],
    [
      "an element of an array",
      `struct o2 { int a[8]; } ${P};`,
      OFFSET("struct o2", "a[3]"),
      "struct o2 { char x[5]; int a[4]; };",
      20,
    ],
    [
      "a field of an element",
      `struct i3 { int p, q; } ${P}; struct o3 { struct i3 in[4]; } ${P};`,
      OFFSET("struct o3", "in[2].q"),
      "struct i3 { long more; int q; }; struct o3 { int n; struct i3 in[3]; };",
      48,
    ],
    [
      "beyond the target's array",
      `struct o4 { int a[8]; int z; } ${P};`,
      OFFSET("struct o4", "a[7]"),
      "struct o4 { int a[4]; int z; };",
      "poison",
    ],
    [
      "beyond an array of one element, though the last member",
      `struct o5 { int n; int a[8]; } ${P};`,
      OFFSET("struct o5", "a[7]"),
      "struct o5 { long n; int a[1]; };",
      "poison",
    ],
    [
      "a flexible array",
      `struct o6 { int n; short a[]; } ${P};`,
      OFFSET("struct o6", "a[5]"),
      "struct o6 { long n; short a[]; };",
      18,
    ],
    [
      "into an anonymous struct of the target",
      `struct o7 { int a; } ${P};`,
      OFFSET("struct o7", "a"),
      "struct o7 { long x; union { struct { int y; struct { int a; }; }; long z; }; };",
      12,
    ],
    [
      "out of an anonymous union",
      `struct o8 { int x; union { long y; struct { int q; int a; }; }; } ${P};`,
      OFFSET("struct o8", "a"),
      "struct o8 { int a; };",
      0,
    ],
    [
      "an element of the root",
      `struct o9 { int a, b; } ${P};`,
      `__builtin_preserve_field_info(((struct o9 *)0)[3].b, 0)`,
      "struct o9 { long x, b0; int b; };",
      88,
    ],
    [
      "a flavor of the program",
      `struct o10___mine { int b; } ${P};`,
      OFFSET("struct o10___mine", "b"),
      "struct o10 { long a; int b; };",
      8,
    ],
    [
      "a flavor of the target",
      `struct o11 { int b; } ${P};`,
      OFFSET("struct o11", "b"),
      "struct o11___v2 { long a, c; int b; };",
      16,
    ],
    [
      "only the last flavor counts",
      `struct o12___a___b { int b; } ${P};`,
      OFFSET("struct o12___a___b", "b"),
      "struct o12___a { int z; int b; }; struct o12 { long z; int b; };",
      "poison",
    ],
    [
      "two candidates that differ",
      `struct o13 { int b; } ${P};`,
      OFFSET("struct o13", "b"),
      "struct o13 { int b; }; struct o13___x { int a, b; };",
      "E_CORE_AMBIGUOUS",
    ],
    [
      "two candidates that agree",
      `struct o14 { int b; } ${P};`,
      OFFSET("struct o14", "b"),
      "struct o14 { int a, b; }; struct o14___x { int q, b; long r; };",
      4,
    ],
    [
      "a second candidate without the field",
      `struct o15 { int b; } ${P};`,
      OFFSET("struct o15", "b"),
      "struct o15 { int a, b; }; struct o15___x { int c; };",
      4,
    ],
    ["no such field", `struct o16 { int b; } ${P};`, OFFSET("struct o16", "b"), "struct o16 { int a; };", "poison"],
    ["no such type", `struct o17 { int b; } ${P};`, OFFSET("struct o17", "b"), "", "poison"],
    [
      "a union is no struct",
      `struct o18 { int b; } ${P};`,
      OFFSET("struct o18", "b"),
      "union o18 { int b; };",
      "poison",
    ],
    [
      "an int that became a pointer",
      `struct o19 { int b; } ${P};`,
      OFFSET("struct o19", "b"),
      "struct o19 { long a; int *b; };",
      "poison",
    ],
    [
      "a pointer to another type",
      `struct o20 { int *b; } ${P};`,
      OFFSET("struct o20", "b"),
      "struct o20 { long a; struct o20 *b; };",
      8,
    ],
    [
      "a bit field: where its load begins",
      `struct o21 { unsigned a : 3; unsigned b : 5; } ${P};`,
      OFFSET("struct o21", "b"),
      "struct o21 { int x, y; unsigned a : 9; unsigned b : 5; };",
      8,
    ],
  ]),
  ...rows("field_byte_size", [
    ["a longer array", `struct s1 { char a[16]; } ${P};`, SIZE("struct s1", "a"), "struct s1 { char a[32]; };", 32],
    ["a wider integer", `struct s2 { int a; } ${P};`, SIZE("struct s2", "a"), "struct s2 { long a; };", 8],
    [
      "a struct",
      `struct s3i { int a; } ${P}; struct s3 { struct s3i a; } ${P};`,
      SIZE("struct s3", "a"),
      "struct s3i { int a, b, c; }; struct s3 { struct s3i a; };",
      12,
    ],
    [
      "a bit field: the load",
      `struct s4 { int a : 3; } ${P};`,
      SIZE("struct s4", "a"),
      "struct s4 { long x; short a : 3; };",
      2,
    ],
    ["none", `struct s5 { int a; } ${P};`, SIZE("struct s5", "a"), "struct s5 { int b; };", "poison"],
  ]),
  ...rows("field_exists", [
    ["yes", `struct e1 { int a; } ${P};`, EXISTS("struct e1", "a"), "struct e1 { long b; int a; };", 1],
    ["no", `struct e2 { int a; } ${P};`, EXISTS("struct e2", "a"), "struct e2 { long b; };", 0],
    [
      "of another kind",
      `struct e3 { int a; } ${P};`,
      EXISTS("struct e3", "a"),
      "struct e3 { struct { int x; } a; };",
      0,
    ],
    ["no such type", `struct e4 { int a; } ${P};`, EXISTS("struct e4", "a"), "", 0],
    [
      "in a flavor of its own",
      `struct e5 { int a; } ${P}; struct e5___new { int b; } ${P};`,
      EXISTS("struct e5___new", "b"),
      "struct e5 { int b; };",
      1,
    ],
    [
      "in one candidate of two",
      `struct e6 { int b; } ${P};`,
      EXISTS("struct e6", "b"),
      "struct e6 { int a; }; struct e6___x { int b; };",
      1,
    ],
  ]),
  ...rows("field_signed", [
    ["became signed", `struct g1 { unsigned a; } ${P};`, SIGNED("struct g1", "a"), "struct g1 { long x; int a; };", 1],
    ["became unsigned", `struct g2 { int a; } ${P};`, SIGNED("struct g2", "a"), "struct g2 { unsigned a; };", 0],
    [
      "a signed bit field",
      `struct g3 { unsigned a : 3; } ${P};`,
      SIGNED("struct g3", "a"),
      "struct g3 { int b : 2; int a : 4; };",
      1,
    ],
    [
      "an enum with a negative value",
      `enum g4e { G4A, G4B }; struct g4 { enum g4e a; } ${P};`,
      SIGNED("struct g4", "a"),
      "enum g4e { G4A = -1, G4B }; struct g4 { enum g4e a; };",
      1,
    ],
    ["none", `struct g5 { int a; } ${P};`, SIGNED("struct g5", "a"), "struct g5 { int b; };", "poison"],
  ]),
  ...rows("field_lshift_u64", [
    [
      "a bit field",
      `struct l1 { unsigned a : 3; unsigned v : 9; } ${P};`,
      LSHIFT("struct l1", "v"),
      "struct l1 { unsigned a : 5; unsigned v : 7; unsigned z : 20; };",
      [52, 37],
    ],
    [
      "a bit field of 64",
      `struct l2 { unsigned long v : 40; } ${P};`,
      LSHIFT("struct l2", "v"),
      "struct l2 { unsigned long a : 11; unsigned long v : 33; };",
      [20, 11],
    ],
    [
      "a whole field",
      `struct l3 { short v; } ${P};`,
      LSHIFT("struct l3", "v"),
      "struct l3 { char a[3]; unsigned char v; };",
      [56, 56],
    ],
    [
      "none",
      `struct l4 { unsigned a : 3; } ${P};`,
      LSHIFT("struct l4", "a"),
      "struct l4 { unsigned b : 3; };",
      "poison",
    ],
  ]),
  ...rows("field_rshift_u64", [
    [
      "a bit field",
      `struct r1 { unsigned a : 3; unsigned v : 9; } ${P};`,
      RSHIFT("struct r1", "v"),
      "struct r1 { unsigned a : 5; unsigned v : 7; unsigned z : 20; };",
      57,
    ],
    ["a whole field", `struct r2 { short v; } ${P};`, RSHIFT("struct r2", "v"), "struct r2 { int v; };", 32],
    [
      "none",
      `struct r3 { unsigned a : 3; } ${P};`,
      RSHIFT("struct r3", "a"),
      "struct r3 { unsigned b : 3; };",
      "poison",
    ],
  ]),
  ...rows("type_id_local", [
    ["with such a type there", "struct tl1 { int a; };", typeId("struct tl1", 0), "struct tl1 { long a; };", "id"],
    ["without", "struct tl2 { int a; };", typeId("struct tl2", 0), "", "id"],
  ]),
  ...rows("type_id_target", [
    ["a struct", "struct tt1 { int a; };", typeId("struct tt1", 1), "struct tt1 { long a; };", "id"],
    ["an enum", "enum tt2 { TT2A };", typeId("enum tt2", 1), "enum tt2 { TT2Z, TT2A };", "id"],
    ["none", "struct tt3 { int a; };", typeId("struct tt3", 1), "", 0],
    [
      "two of the name",
      "struct tt4 { int a; };",
      typeId("struct tt4", 1),
      "struct tt4 { int a; }; struct tt4___x { int a; };",
      "E_CORE_AMBIGUOUS",
    ],
  ]),
  ...rows("type_exists", [
    ["a struct", "struct te1 { int a; };", typeInfo("struct te1", 0), "struct te1 { long z; };", 1],
    ["none", "struct te2 { int a; };", typeInfo("struct te2", 0), "", 0],
    ["a union is no struct", "struct te3 { int a; };", typeInfo("struct te3", 0), "union te3 { int a; };", 0],
    [
      "a typedef of a function",
      "typedef int (*te4)(int, long);",
      typeInfo("te4", 0),
      "typedef int (*te4)(int, long); te4 use_te4;",
      1,
    ],
    [
      "a typedef of another function",
      "typedef int (*te5)(int, long);",
      typeInfo("te5", 0),
      "typedef int (*te5)(int); te5 use_te5;",
      0,
    ],
    [
      "a typedef of a pointer, once an int",
      "typedef int te6;",
      typeInfo("te6", 0),
      "typedef int *te6; te6 use_te6;",
      0,
    ],
    [
      "of two of the name",
      "struct te7 { int a; };",
      typeInfo("struct te7", 0),
      "struct te7 { int a; }; struct te7___x { long a; };",
      1,
    ],
  ]),
  ...rows("type_size", [
    ["a struct", "struct ts1 { int a; };", typeInfo("struct ts1", 1), "struct ts1 { int a[9]; };", 36],
    ["an enum", "enum ts2 { TS2A };", typeInfo("enum ts2", 1), "enum ts2 { TS2A = 0x100000000 };", 8],
    ["none", "struct ts3 { int a; };", typeInfo("struct ts3", 1), "", 0],
    [
      "two that differ",
      "struct ts4 { int a; };",
      typeInfo("struct ts4", 1),
      "struct ts4 { int a; }; struct ts4___x { long a; };",
      "E_CORE_AMBIGUOUS",
    ],
  ]),
  ...rows("enumval_exists", [
    ["yes", "enum ee1 { EE1A, EE1B };", enumerator("enum ee1", "EE1B", 0), "enum ee1 { EE1Z, EE1B = 9 };", 1],
    ["no", "enum ee2 { EE2A, EE2B };", enumerator("enum ee2", "EE2B", 0), "enum ee2 { EE2Z };", 0],
    [
      "of a flavor",
      "enum ee3___new { EE3B___new = 5 };",
      enumerator("enum ee3___new", "EE3B___new", 0),
      "enum ee3 { EE3A, EE3B };",
      1,
    ],
  ]),
  ...rows("enumval_value", [
    ["renumbered", "enum ev1 { EV1A, EV1B };", enumerator("enum ev1", "EV1B", 1), "enum ev1 { EV1Z, EV1B = 99 };", 99],
    [
      "64 bits",
      "enum ev2 { EV2A = 1, EV2B = 0x100000000 };",
      enumerator("enum ev2", "EV2B", 1),
      "enum ev2 { EV2B = 0x7766554433221100 };",
      0x7766554433221100n,
    ],
    [
      "32 bits that became 64",
      "enum ev3 { EV3A = 1 };",
      enumerator("enum ev3", "EV3A", 1),
      "enum ev3 { EV3A = 0x900000000 };",
      0x900000000n,
    ],
    ["negative", "enum ev4 { EV4A = -1, EV4B = 3 };", enumerator("enum ev4", "EV4B", 1), "enum ev4 { EV4B = -7 };", -7],
    ["none", "enum ev5 { EV5A, EV5B };", enumerator("enum ev5", "EV5B", 1), "enum ev5 { EV5Z };", "poison"],
    [
      "two that differ",
      "enum ev6 { EV6A };",
      enumerator("enum ev6", "EV6A", 1),
      "enum ev6 { EV6A }; enum ev6___x { EV6B___x, EV6A___x };",
      "E_CORE_AMBIGUOUS",
    ],
  ]),
  ...rows("type_matches", [
    ["the same", "struct tm1 { int a; char *b; };", typeInfo("struct tm1", 2), "struct tm1 { int a; char *b; };", 1],
    [
      "more and in another order",
      "struct tm2 { int a; char *b; };",
      typeInfo("struct tm2", 2),
      "struct tm2 { long n; char *b; int a; };",
      1,
    ],
    ["a member less", "struct tm3 { int a; int b; };", typeInfo("struct tm3", 2), "struct tm3 { int a; };", 0],
    ["a wider member", "struct tm4 { int a; };", typeInfo("struct tm4", 2), "struct tm4 { long a; };", 0],
    ["another sign", "struct tm5 { int a; };", typeInfo("struct tm5", 2), "struct tm5 { unsigned a; };", 0],
    [
      "an array of another length",
      "struct tm6 { int a[3]; };",
      typeInfo("struct tm6", 2),
      "struct tm6 { int a[4]; };",
      0,
    ],
    [
      "a pointer to a struct of the name",
      "struct tm7i { int a; }; struct tm7 { struct tm7i *p; };",
      typeInfo("struct tm7", 2),
      "struct tm7i { long z; }; struct tm7 { struct tm7i *p; };",
      1,
    ],
    [
      "a pointer to another",
      "struct tm8i { int a; }; struct tm8 { struct tm8i *p; };",
      typeInfo("struct tm8", 2),
      "struct tm8j { int a; }; struct tm8 { struct tm8j *p; };",
      0,
    ],
    [
      "a struct inside that differs",
      "struct tm9i { int a; }; struct tm9 { struct tm9i s; };",
      typeInfo("struct tm9", 2),
      "struct tm9i { long a; }; struct tm9 { struct tm9i s; };",
      0,
    ],
    [
      "an enum with more values",
      "enum tm10 { TM10A, TM10B };",
      typeInfo("enum tm10", 2),
      "enum tm10 { TM10C, TM10B, TM10A };",
      1,
    ],
    ["an enum with fewer", "enum tm11 { TM11A, TM11B };", typeInfo("enum tm11", 2), "enum tm11 { TM11A };", 0],
    [
      "a union",
      "union tm12 { int a; long b; };",
      typeInfo("union tm12", 2),
      "union tm12 { long b; int a; char c; };",
      1,
    ],
    [
      "a typedef of a function",
      "typedef int (*tm13)(struct tm13s *, long);",
      typeInfo("tm13", 2),
      "struct tm13s { int x; }; typedef int (*tm13)(struct tm13s *, long); tm13 use_tm13;",
      1,
    ],
    ["no such type", "struct tm14 { int a; };", typeInfo("struct tm14", 2), "", 0],
    [
      "an enum that became 64 bits wide",
      "enum tm15 { TM15A };",
      typeInfo("enum tm15", 2),
      "enum tm15 { TM15A = 0x100000000 };",
      0,
    ],
  ]),
];
