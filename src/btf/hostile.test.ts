import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuTime } from "../../test/support/time.ts";
import { BpfError } from "../util/index.ts";
import {
  BtfBuilder,
  btfToC,
  btfToRaw,
  encodeBtfExt,
  layoutText,
  parseBtf,
  parseBtfExt,
  readValue,
  resolveCoreRelo,
  sizeOf,
  typeName,
} from "./index.ts";

function valid(): { btf: Uint8Array; ext: Uint8Array } {
  const b = new BtfBuilder();
  const int = b.add({
    kind: "int",
    name: "int",
    size: 4,
    signed: true,
    char: false,
    bool: false,
    bits: 32,
    bitOffset: 0,
  });
  const node = b.nextId;
  b.add({
    kind: "struct",
    name: "node",
    size: 32,
    members: [
      { name: "next", type: node + 1, bitOffset: 0, bitSize: 0 },
      { name: "f", type: int, bitOffset: 64, bitSize: 3 },
      { name: "", type: node + 3, bitOffset: 128, bitSize: 0 },
    ],
  });
  b.add({ kind: "ptr", name: "", type: node });
  const array = b.add({ kind: "array", name: "", type: int, indexType: int, count: 4 });
  b.add({
    kind: "union",
    name: "",
    size: 16,
    members: [
      { name: "list", type: array, bitOffset: 0, bitSize: 0 },
      { name: "one", type: int, bitOffset: 0, bitSize: 0 },
    ],
  });
  const alias = b.add({ kind: "typedef", name: "node_t", type: node });
  b.add({ kind: "const", name: "", type: alias });
  const e = b.add({ kind: "enum", name: "e", size: 4, signed: false, values: [{ name: "A", value: 1n }] });
  b.add({ kind: "enum64", name: "e64", size: 8, signed: true, values: [{ name: "B", value: -1n }] });
  const proto = b.add({
    kind: "func_proto",
    name: "",
    type: int,
    params: [
      { name: "n", type: node + 1 },
      { name: "", type: 0 },
    ],
  });
  const func = b.add({ kind: "func", name: "prog", type: proto, linkage: "global" });
  const v = b.add({ kind: "var", name: "g", type: alias, linkage: "global" });
  b.add({ kind: "datasec", name: ".bss", size: 32, vars: [{ type: v, offset: 0, size: 32 }] });
  b.add({ kind: "fwd", name: "later", union: false });
  b.add({ kind: "float", name: "double", size: 8 });
  b.add({ kind: "decl_tag", name: "tag", type: node, component: 0 });
  b.add({ kind: "type_tag", name: "user", type: int });
  const core = [
    [node, "0:0", 0],
    [node, "0:1", 4],
    [node, "0:2:0:3", 0],
    [node, "0", 8],
    [node, "0", 12],
    [e, "0", 11],
    [e, "0", 10],
  ] as const;
  const ext = encodeBtfExt(
    {
      funcs: new Map([["xdp", [{ offset: 0, type: func }]]]),
      lines: new Map([["xdp", [{ offset: 0, file: "a.c", source: "int x;", line: 3, column: 4 }]]]),
      coreRelos: new Map([["xdp", core.map(([type, access, kind]) => ({ offset: 0, type, access, kind }))]]),
    },
    b,
  );
  return { btf: b.finish(), ext };
}

/** Everything that reads types: all of it must end, with a result or a BpfError. */
function useAll(bytes: Uint8Array, extBytes: Uint8Array, littleValue: Uint8Array): void {
  const attempt = (run: () => unknown): void => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
    }
  };
  attempt(() => {
    const btf = parseBtf(bytes, "mutated");
    const target = parseBtf(valid().btf, "target");
    for (let id = 0; id < btf.count; id++) {
      attempt(() => id > 0 && btf.type(id));
      attempt(() => sizeOf(btf, id));
      attempt(() => typeName(btf, id));
      attempt(() => layoutText(btf, id));
      attempt(() => readValue(btf, id, littleValue));
    }
    attempt(() => btf.find("node"));
    attempt(() => btfToC(btf));
    attempt(() => [...btfToRaw(btf)]);
    attempt(() => {
      const ext = parseBtfExt(extBytes, btf, "mutated ext");
      for (const relo of ext.coreRelos.get("xdp") ?? []) {
        attempt(() => resolveCoreRelo(btf, relo, target));
        attempt(() => resolveCoreRelo(target, relo, btf));
      }
    });
  });
}

const edits = (length: number) =>
  fc.array(fc.tuple(fc.nat(length - 1), fc.oneof(fc.constantFrom(0, 1, 2, 3, 0x7f, 0x80, 0xff), fc.nat(255))), {
    minLength: 1,
    maxLength: 6,
  });

describe("hostile BTF", () => {
  const { btf, ext } = valid();
  const value = new Uint8Array(64).fill(0x5a);
  test("the sample itself is fine", () => {
    const parsed = parseBtf(btf, "sample");
    expect(parsed.find("node")).toEqual([2]);
    expect(parseBtfExt(ext, parsed, "sample").coreRelos.get("xdp")).toHaveLength(7);
    expect(btfToC(parsed)).toContain("struct node {\n\tstruct node *next;\n\tint f: 3;\n");
  });
  test("changed bytes give a result or a BpfError, soon", () => {
    fc.assert(
      fc.property(edits(btf.length), edits(ext.length), fc.nat(btf.length), (a, b, cut) => {
        const [x, y] = [btf.slice(), ext.slice()];
        for (const [at, to] of a) x[at] = to;
        for (const [at, to] of b) y[at] = to;
        const start = cpuTime();
        useAll(cut % 5 === 0 ? x.subarray(0, cut) : x, y, value);
        expect(cpuTime() - start).toBeLessThan(1000);
      }),
      { numRuns: 400 },
    );
  }, 60_000);
  test.each([
    ["24 bytes of header only", (b: Uint8Array) => b.subarray(0, 24), "E_BTF_RANGE"],
    ["23 bytes", (b: Uint8Array) => b.subarray(0, 23), "E_BTF_SHORT"],
    ["magic", (b: Uint8Array) => b.with(0, 0), "E_BTF_MAGIC"],
    ["version", (b: Uint8Array) => b.with(2, 9), "E_BTF_VERSION"],
    ["hdr_len beyond the data", (b: Uint8Array) => b.with(6, 0xff), "E_BTF_HEADER"],
    ["no final NUL", (b: Uint8Array) => b.with(b.length - 1, 65), "E_BTF_STRING_TABLE"],
    ["kind 20", (b: Uint8Array) => b.with(24 + 7, 20), "E_BTF_KIND"],
    ["name beyond the strings", (b: Uint8Array) => b.with(24 + 2, 0xff), "E_BTF_NAME"],
    ["int of 3 bytes", (b: Uint8Array) => b.with(24 + 8, 3), "E_BTF_SIZE"],
  ] as const)("%s", (_name, change, code) => {
    expect(() => parseBtf(change(btf), 'bad.o: section 9 ".BTF"')).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(/^bad\.o: section 9/) }),
    );
  });
  const refused = (add: (b: BtfBuilder) => void) => {
    const b = new BtfBuilder();
    add(b);
    return () => parseBtf(b.finish(), "made");
  };
  test("a typedef of itself, a struct in itself, an array of itself", () => {
    const cycle = expect.objectContaining({ code: "E_BTF_CYCLE" });
    expect(refused((b) => b.add({ kind: "typedef", name: "t", type: 1 }))).toThrow(cycle);
    expect(refused((b) => b.add({ kind: "array", name: "", type: 1, indexType: 1, count: 1 }))).toThrow(cycle);
    expect(refused((b) => b.add({ kind: "ptr", name: "", type: 1 }))).toThrow(cycle);
    const members = [{ name: "a", type: 2, bitOffset: 0, bitSize: 0 }];
    expect(
      refused((b) => {
        b.add({ kind: "struct", name: "s", size: 4, members });
        b.add({ kind: "typedef", name: "t", type: 1 });
      }),
    ).toThrow(cycle);
  });
  test("100,000 typedefs in a row, 100,000 structs in each other", () => {
    const deep = expect.objectContaining({ code: "E_BTF_DEPTH" });
    expect(
      refused((b) => {
        for (let i = 0; i < 100_000; i++) b.add({ kind: "typedef", name: "t", type: i });
      }),
    ).toThrow(deep);
    expect(
      refused((b) => {
        for (let i = 0; i < 100_000; i++)
          b.add({ kind: "struct", name: "s", size: 4, members: [{ name: "", type: i, bitOffset: 0, bitSize: 0 }] });
      }),
    ).toThrow(deep);
  });
  test("nested pairs of empty structs do not multiply", () => {
    const b = new BtfBuilder();
    for (let i = 0; i < 60; i++) {
      const member = { name: "", type: i, bitOffset: 0, bitSize: 0 };
      b.add({ kind: "struct", name: "", size: 0, members: i === 0 ? [] : [member, member] });
    }
    const start = cpuTime();
    useAll(b.finish(), ext, value);
    expect(cpuTime() - start).toBeLessThan(20_000);
  }, 60_000);
});
