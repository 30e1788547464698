import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { inspectObject } from "../../src/cli/inspect/report.ts";
import { renderInspect } from "../../src/cli/inspect/text.ts";
import { readObject } from "../../src/loader/index.ts";
import { fixture } from "./compilers.ts";

const report = (name: string) => inspectObject(readObject(fixture(name), { name: `${name}.o` }));

describe("inspect", () => {
  test("text", () => {
    expect(renderInspect(report("maps"))).toMatchInlineSnapshot(`
      "maps.o: BPF object, little-endian, license Dual BSD/GPL

      programs
        stage1  SEC("xdp")         xdp  22 instructions  attach xdp
          maps flows, stages
          helpers map_lookup_elem, tail_call
        stage2  SEC("?xdp.frags")  xdp  23 instructions  attach xdp, loaded only when asked for
          maps outer, routes
          helpers map_lookup_elem

      maps
        first          array          key __u32 (4)         value __u64 (8)               4 entries
        second         array          key __u32 (4)         value __u64 (8)               4 entries
        outer          array_of_maps  key __u32 (4)         value 4 bytes                 8 entries
          [1] = map first
          [3] = map second
          inner        array          key __u32 (4)         value __u64 (8)               4 entries
        stages         prog_array     key 4 bytes           value 4 bytes                 8 entries
          [0] = program stage1
          [5] = program stage2
        flows          hash           key struct flow (16)  value struct counts (16)  1,024 entries  no_prealloc, pinned by name
        routes         lpm_trie       key 8 bytes           value 4 bytes                16 entries  no_prealloc, numa_node, numa node 0
        .rodata.cst16  array          key 4 bytes           value 16 bytes                  1 entry  rdonly_prog, frozen

      functions
        stage1  xdp         global  slot 0  22 instructions
        stage2  ?xdp.frags  global  slot 0  23 instructions

      relocations
        xdp          slot 8  map  flows
        xdp         slot 16  map  stages
        ?xdp.frags   slot 5  map  outer
        ?xdp.frags  slot 15  map  routes

      BTF
        65 types: 18 ptr, 14 array, 8 struct, 7 int, 7 var, 4 typedef, 3 func_proto, 2 func, 2 datasec
      "
    `);
  });

  test("CO-RE accesses by name", () => {
    expect(report("core").relocations.map((r) => r.target)).toEqual(
      expect.arrayContaining(["field_byte_offset of struct task.parent", "enumval_value of enum state.OPEN"]),
    );
  });

  test("every object has a report that JSON can carry, of the shape that the schema says", () => {
    const schema = JSON.parse(readFileSync(new URL("../../schema/inspect.schema.json", import.meta.url), "utf8"));
    const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema);
    for (const name of ["maps", "data", "data-be", "legacy", "iproute2", "core", "extern"]) {
      const one = report(name);
      expect(JSON.parse(JSON.stringify(one))).toEqual(one);
      expect(validate(one), JSON.stringify(validate.errors)).toBe(true);
      expect(renderInspect(one)).toContain(`${name}.o: BPF object, ${name === "data-be" ? "big" : "little"}-endian`);
    }
  });

  test("values of globals by type, in both byte orders", () => {
    for (const name of ["data", "data-be"]) {
      const text = (global: string) => report(name).globals.find((g) => g.name === global)?.text;
      expect([text("threshold"), text("counter"), text("name")]).toEqual(["7", "-3", '"anybpf"']);
      expect(text("limits")).toBe("{low: 1, high: 2, total: 3}");
    }
  });
});
