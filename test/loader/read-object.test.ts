import { describe, expect, test } from "vitest";
import { getGlobal, linkProgram, type ObjectSpec, readObject, setGlobal } from "../../src/loader/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { missing } from "../support/needs.ts";
import { COMPILERS, compile, fixture, source } from "./compilers.ts";

const map = (spec: ObjectSpec, name: string) => spec.maps.find((m) => m.name === name)!;
const program = (spec: ObjectSpec, name: string) => spec.programs.find((p) => p.name === name)!;

/** What each source must mean, whichever compiler made the object. */
const MEANINGS: Readonly<Record<string, (spec: ObjectSpec) => void>> = {
  maps: (spec) => {
    expect(program(spec, "stage1")).toMatchObject({
      section: "xdp",
      type: 6,
      attachType: 37,
      flags: 0,
      autoload: true,
    });
    expect(program(spec, "stage2")).toMatchObject({ type: 6, attachType: 37, flags: 32, autoload: false });
    const flows = map(spec, "flows");
    expect(flows).toMatchObject({ type: 1, keySize: 16, valueSize: 16, maxEntries: 1024, flags: 1, pinning: 1 });
    expect(spec.btf!.nameOf(flows.valueType)).toBe("counts");
    expect(map(spec, "routes")).toMatchObject({
      type: 11,
      keySize: 8,
      valueSize: 4,
      flags: 5,
      numaNode: 0,
      keyType: 0,
    });
    const outer = map(spec, "outer");
    expect(outer).toMatchObject({ type: 12, keySize: 4, valueSize: 4 });
    expect(outer.inner).toMatchObject({ type: 2, keySize: 4, valueSize: 8, maxEntries: 4 });
    expect(outer.values).toEqual([
      { key: 1, kind: "map", name: "first" },
      { key: 3, kind: "map", name: "second" },
    ]);
    expect(map(spec, "stages").values).toEqual([
      { key: 0, kind: "program", name: "stage1" },
      { key: 5, kind: "program", name: "stage2" },
    ]);
    const linked = linkProgram(spec, program(spec, "stage1"));
    expect(linked.mapReferences.map((r) => r.map)).toEqual(expect.arrayContaining(["flows", "stages"]));
  },
  data: (spec) => {
    expect(spec.license).toBe("Dual BSD/GPL");
    expect(getGlobal(spec, "threshold")).toBe(7);
    expect(getGlobal(spec, "limits")).toEqual({ low: 1, high: 2, total: 3n });
    expect(getGlobal(spec, "counter")).toBe(-3);
    expect(getGlobal(spec, "name")).toBe("anybpf");
    expect(getGlobal(spec, "custom")).toBe(9);
    setGlobal(spec, "threshold", 1000);
    setGlobal(spec, "limits", { low: 5, total: 2n ** 63n });
    expect(getGlobal(spec, "threshold")).toBe(1000);
    expect(getGlobal(spec, "limits")).toEqual({ low: 5, high: 0, total: 2n ** 63n });
    expect(map(spec, ".rodata")).toMatchObject({ frozen: true, origin: "global", maxEntries: 1 });
    expect(map(spec, ".data.custom")).toMatchObject({ frozen: false });
    expect(program(spec, "egress")).toMatchObject({ type: 8, attachType: 1 });
    const linked = linkProgram(spec, program(spec, "classify"));
    expect(linked.functions[0]).toEqual({ start: 0, name: "classify" });
    expect(linked.functions.map((f) => f.name).sort()).toEqual(expect.arrayContaining(["classify", "each", "twice"]));
    // Calls and function addresses land on the functions' first slots.
    linked.code.forEach((i, slot) => {
      const branches = i?.form.name === "call_local" || i?.form.name === "ld_imm64_func";
      if (branches) expect(linked.functions.map((f) => f.start)).toContain(slot + 1 + i.off);
    });
  },
  legacy: (spec) => {
    expect(spec.version).toBe(0x050403);
    expect(program(spec, "probe")).toMatchObject({ type: 2, attachTarget: "do_sys_open" });
    const origin = "legacy";
    expect(map(spec, "table")).toMatchObject({ origin, type: 1, keySize: 4, valueSize: 8, maxEntries: 100, flags: 1 });
    expect(map(spec, "cells")).toMatchObject({ origin, type: 2, maxEntries: 10 });
  },
  iproute2: (spec) => {
    expect(map(spec, "jumps")).toMatchObject({ origin: "iproute2", type: 3, maxEntries: 4, pinning: 2 });
    expect(map(spec, "jumps").values).toEqual([
      { key: 1, kind: "program", name: "one" },
      { key: 3, kind: "program", name: "three" },
    ]);
    expect(map(spec, "outside").inner).toMatchObject({ type: 2, keySize: 4, valueSize: 8, maxEntries: 1 });
    expect(map(spec, "outside").values).toEqual([{ key: 2, kind: "map", name: "inside" }]);
    expect(program(spec, "one")).toMatchObject({ section: "7/1", type: 0, attachType: null });
    expect(program(spec, "entry")).toMatchObject({ type: 3 });
  },
};

describe("committed objects", () => {
  for (const [name, check] of Object.entries(MEANINGS)) test(name, () => check(readObject(fixture(name), { name })));

  test("big-endian", () => {
    const spec = readObject(fixture("data-be"), { name: "data-be" });
    expect(spec.littleEndian).toBe(false);
    MEANINGS["data"]!(spec);
    setGlobal(spec, "threshold", 0x01020304);
    expect([...map(spec, ".rodata").contents!.subarray(0, 4)]).toEqual([1, 2, 3, 4]);
  });

  test("Node's Buffer is as good as a Uint8Array", () => {
    expect(readObject(Buffer.from(fixture("maps"))).maps.length).toBe(readObject(fixture("maps")).maps.length);
  });
});

// gcc 12 puts `const volatile` variables into .data and names clones of functions its own way: `data` is another object there.
const GCC_SOURCES = new Set(["maps", "legacy", "iproute2"]);

for (const compiler of COMPILERS) {
  const what = `meaning of objects of ${compiler.command}`;
  describe.skipIf(missing(what, compiler.command))(what, () => {
    for (const [name, check] of Object.entries(MEANINGS)) {
      if (compiler.command === "bpf-gcc" && !GCC_SOURCES.has(name)) continue;
      test(name, () => check(readObject(compile(source(name), compiler), { name })));
    }
  });
}

describe.skipIf(missing("objects that are refused", "clang-19"))("refused", () => {
  const CASES: readonly [what: string, code: string, text: string, error: RegExp][] = [
    ["no code at all", "E_OBJECT_NO_PROGRAMS", "int x = 1;", /no section holds code/],
    [
      "subprograms only",
      "E_OBJECT_NO_PROGRAMS",
      "int a(void){return 1;} int b(void){return 2;}",
      /2 functions are all in ".text"/,
    ],
    [
      "undefined function",
      "E_RELOC_UNDEFINED",
      'extern int away(void); SEC("xdp") int p(void *c) { return away(); }',
      /section \d+ "xdp": function "p": instruction 0 at 0x0: symbol "away" is defined nowhere/,
    ],
    [
      "undefined variable",
      "E_RELOC_UNDEFINED",
      'extern int away; SEC("xdp") int p(void *c) { return away; }',
      /"away" is defined nowhere; declare it with __ksym or __kconfig/,
    ],
    [
      "unknown map type",
      "E_MAP_TYPE",
      'struct { __uint(type, 77); } m SEC(".maps"); SEC("xdp") int p(void *c) { return 1; }',
      /map "m": map type 77 is unknown/,
    ],
    [
      "map without a type",
      "E_MAP_TYPE",
      'struct { __uint(max_entries, 7); } m SEC(".maps"); SEC("xdp") int p(void *c) { return 1; }',
      /map "m" has no type/,
    ],
    [
      "unknown map attribute",
      "E_MAP_FIELD",
      'struct { __uint(type, 1); __uint(colour, 2); } m SEC(".maps"); SEC("xdp") int p(void *c) { return 1; }',
      /field "colour" is no map attribute/,
    ],
    [
      "key size and type disagree",
      "E_MAP_FIELD",
      'struct { __uint(type, 1); __uint(key_size, 8); __type(key, int); } m SEC(".maps"); SEC("xdp") int p(void *c) { return 1; }',
      /field "key" says 4 bytes, the type 8|field "key"/,
    ],
    [
      "map that is no struct",
      "E_MAP_SHAPE",
      'int m SEC(".maps") = 1; SEC("xdp") int p(void *c) { return 1; }',
      /map "m" is declared as \w+, not as a struct/,
    ],
    [
      "maps of maps of maps",
      "E_MAP_INNER",
      `struct i { __uint(type, 2); __uint(max_entries, 1); __type(key, int); __type(value, int); };
       struct o { __uint(type, 12); __uint(max_entries, 1); __type(key, int); __array(values, struct i); };
       struct { __uint(type, 12); __uint(max_entries, 1); __type(key, int); __array(values, struct o); } m SEC(".maps");
       SEC("xdp") int p(void *c) { return 1; }`,
      /cannot hold maps or programs itself/,
    ],
    [
      "legacy record too short",
      "E_MAP_RECORD",
      'struct { int a, b; } m SEC("maps") = { 1, 2 }; SEC("xdp") int p(void *c) { return 1; }',
      /map "m": 8 bytes are no map definition/,
    ],
    [
      "address of something strange",
      "E_RELOC_SECTION",
      'int strange SEC("odd") = 1; SEC("xdp") int p(void *c) { return *(volatile int *)&strange; }',
      /symbol "strange" lies in section "odd"/,
    ],
    [
      "global data without end",
      "E_OBJECT_DATA_SIZE",
      'char big[1 << 30]; SEC("xdp") int p(void *c) { return big[5]; }',
      /1073741824 bytes of global data/,
    ],
  ];
  for (const [what, code, text, error] of CASES) {
    test(what, () => {
      const bytes = compile(`#include "bpf.h"\n${text}`);
      const caught = catching(() => readObject(bytes, { name: "bad.o" }));
      expect(caught).toBeInstanceOf(BpfError);
      expect(caught.message).toMatch(error);
      expect(caught.code).toBe(code);
      expect(caught.message).toMatch(/^bad\.o: [^\n]*nothing was loaded \[E_\w+\]$/);
    });
  }

  test(".maps without BTF", () => {
    const plain = { command: "clang-19", args: ["-target", "bpf", "-O2"] };
    const caught = catching(() => readObject(compile(source("maps"), plain)));
    expect(caught.code).toBe("E_MAP_NO_BTF");
  });

  test("one function in .text is a program of unknown type", () => {
    const spec = readObject(compile("int only(void *c) { return 42; }"));
    expect(spec.programs).toMatchObject([{ name: "only", section: ".text", type: 0 }]);
  });
});

function catching(run: () => unknown): BpfError {
  try {
    run();
  } catch (error) {
    return error as BpfError;
  }
  throw new Error("nothing was thrown");
}
