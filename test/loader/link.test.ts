import { describe, expect, test } from "vitest";
import { parseBtf } from "../../src/btf/index.ts";
import { parseElf } from "../../src/elf/index.ts";
import { imm64 } from "../../src/isa/index.ts";
import { linkProgram, POISON_CORE, parseKconfig, readObject, resolveKconfig } from "../../src/loader/index.ts";
import type { BpfError } from "../../src/util/index.ts";
import { fixture } from "./compilers.ts";

function code(error: () => unknown): string {
  try {
    error();
  } catch (e) {
    return (e as BpfError).code;
  }
  return "nothing thrown";
}

describe("CO-RE", () => {
  const spec = readObject(fixture("core"));
  const [program] = spec.programs;
  const elf = parseElf(fixture("core-target"), "core-target");
  const target = parseBtf(elf.sections.find((s) => s.name === ".BTF")!.data, "core-target");

  test("offsets, sizes and constants become the target's", () => {
    const linked = linkProgram(spec, program!, { targetBtf: target });
    const at = (slot: number) => linked.code[slot]!;
    // struct task of the target: counter 0 (8 bytes), comm 8, parent 40, flags 48, pid 52, signedness 56; 64 bytes.
    expect([at(0).form.name, at(0).off]).toEqual(["ldx32", 48]);
    expect([at(1).form.name, at(1).off]).toEqual(["ldx64", 0]);
    expect([at(3).form.name, at(3).off]).toEqual(["ldx64", 40]);
    expect([at(6).form.name, at(6).off]).toEqual(["ldx32", 52]);
    const constants = linked.code.flatMap((i) =>
      i?.form.kind === "ld_imm64" ? [imm64(i)] : i?.form.kind === "mov" ? [BigInt(i.imm)] : [],
    );
    // OPEN, sizeof(struct task), sizeof(comm), and gone does not exist.
    expect(constants).toEqual(expect.arrayContaining([77n, 64n, 32n, 0n]));
    expect(linked.poisoned).toMatchObject([{ slot: 10 }]);
    expect(at(10)).toMatchObject({ imm: POISON_CORE, form: { name: "call_helper" } });
  });

  test("without a target everything stays as compiled", () => {
    const linked = linkProgram(spec, program!);
    expect(linked.code).toEqual(spec.sections[0]!.code);
    expect(linked.poisoned).toEqual([]);
  });
});

describe("externs", () => {
  const spec = readObject(fixture("extern"));
  const [program] = spec.programs;

  test("unknown ones that are not weak are refused by name", () => {
    expect(code(() => linkProgram(spec, program!))).toBe("E_EXTERN_UNRESOLVED");
  });

  test("kfuncs, ksyms and weak ones", () => {
    const linked = linkProgram(spec, program!, {
      externs: ({ name }) =>
        name === "bpf_kernel_function"
          ? { kind: "btf", id: 4711 }
          : name === "bpf_typed"
            ? { kind: "btf", id: 12 }
            : null,
    });
    const calls = linked.code.filter((i) => i?.form.kind === "call");
    expect(calls.map((i) => [i!.form.name, i!.imm])).toEqual([
      ["call_kfunc", 4711],
      ["call_helper", 2002000000 + spec.externs.findIndex((e) => e.name === "bpf_weak_function")],
    ]);
    const loads = linked.code.filter((i) => i?.form.kind === "ld_imm64");
    expect(loads.filter((i) => i!.form.op === "btf_id").map((i) => i!.imm)).toEqual([12]);
    expect(loads.filter((i) => i!.form.op === "value").map((i) => imm64(i!))).toEqual(expect.arrayContaining([0n]));
    const kconfig = linked.mapReferences.filter((r) => r.map === ".kconfig").length;
    expect(kconfig).toBe(5);
  });

  test("kconfig values", () => {
    const config = parseKconfig(
      '# comment\nCONFIG_SMALL=0x1f\nCONFIG_BOOL=y\nCONFIG_TEXT="a long text"\n# CONFIG_X is not set\n',
    );
    const filled = readObject(fixture("extern"));
    resolveKconfig(filled, config, "6.18.44");
    const { contents } = filled.maps.find((m) => m.name === ".kconfig")!;
    const bytes = (name: string) => {
      const e = filled.externs.find((x) => x.name === name)!;
      return [...contents!.subarray(e.offset, e.offset + e.size)];
    };
    expect(bytes("LINUX_KERNEL_VERSION")).toEqual([44, 18, 6, 0]);
    expect(bytes("CONFIG_SMALL")).toEqual([0x1f]);
    expect(bytes("CONFIG_BOOL")).toEqual([1]);
    expect(bytes("CONFIG_MISSING")).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(new TextDecoder().decode(Uint8Array.from(bytes("CONFIG_TEXT")))).toBe("a long \0");
    const again = readObject(fixture("extern"));
    expect(code(() => resolveKconfig(again, new Map()))).toBe("E_KCONFIG_MISSING");
    expect(code(() => resolveKconfig(again, parseKconfig('CONFIG_SMALL=256\nCONFIG_BOOL=y\nCONFIG_TEXT="x"')))).toBe(
      "E_KCONFIG_VALUE",
    );
  });
});

describe("functions", () => {
  test("each is appended once, with its debug information at its new place", () => {
    const spec = readObject(fixture("data"));
    const linked = linkProgram(spec, spec.programs.find((p) => p.name === "classify")!);
    const names = linked.functions.map((f) => f.name);
    expect(new Set(names).size).toBe(names.length);
    expect(linked.funcInfo.map((i) => i.offset)).toEqual(linked.functions.map((f) => f.start));
    expect(linked.funcInfo.map((i) => spec.btf!.nameOf(i.type))).toEqual(names);
    for (const f of linked.functions) expect(linked.lineInfo.some((l) => l.offset === f.start)).toBe(true);
    const offsets = linked.lineInfo.map((l) => l.offset);
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    expect(linked.lineInfo[0]!.source).toContain("bpf_loop");
  });
});
