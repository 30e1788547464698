import { describe, expect, test } from "vitest";
import { btfToC, btfToRaw, parseBtf } from "../../src/btf/index.ts";
import {
  BPFTOOL,
  bpftool,
  btfOf,
  compileFile,
  compileText,
  fixture,
  hasBpftool,
  hasClang,
  hasVmlinux,
  layouts,
  readBytes,
  usesOf,
  VMLINUX,
} from "./tools.ts";

/** C text of a kernel redeclares what clang knows (`__builtin_*`), and declares structs within parameter lists. */
const KERNEL_FLAGS = ["-w"];

describe.skipIf(!hasClang)("C text of a compiled fixture", () => {
  const path = compileFile(fixture("types.c"));
  const original = btfOf(path);
  test("compiles to the same layouts", () => {
    const text = btfToC(original);
    const again = btfOf(
      compileText(text + usesOf(original), [
        "-Wall",
        "-Werror",
        "-Wno-ignored-qualifiers",
        "-Wno-missing-declarations",
      ]),
    );
    const [want, got] = [layouts(original), layouts(again)];
    for (const [name, layout] of want) expect(`${name} ${got.get(name)}`).toBe(`${name} ${layout}`);
  });
  test("one type brings what it needs", () => {
    const text = btfToC(original, original.find("bar", "struct"));
    expect(text).toContain("struct foo {\n\tstruct bar *b;\n};");
    expect(text).not.toContain("squeezed");
    const again = btfOf(compileText(`${text}struct bar use;`));
    expect(layouts(again).get("struct bar")).toBe(layouts(original).get("struct bar"));
  });
  test.skipIf(!hasBpftool)("raw text is bpftool's", () => {
    expect(`${[...btfToRaw(original)].join("\n")}\n`).toBe(bpftool("btf", "dump", "file", path));
  });
});

describe.skipIf(!hasVmlinux || !hasClang || !hasBpftool)(`the kernel's own types, against ${BPFTOOL}`, () => {
  const original = hasVmlinux ? parseBtf(readBytes(VMLINUX), "vmlinux") : null!;
  test("raw text is the same", () => {
    expect(`${[...btfToRaw(original)].join("\n")}\n` === bpftool("btf", "dump", "file", VMLINUX)).toBe(true);
  }, 60_000);
  test("C text compiles to the layouts of bpftool's and of the kernel", () => {
    const kernel = layouts(original);
    // clang takes minutes over all 11,000 types; a spread of them by value brings most of the rest along.
    const uses = usesOf(
      original,
      [...kernel.keys()].filter((_name, i) => i % 40 === 0),
    );
    const ours = layouts(btfOf(compileText(btfToC(original) + uses, KERNEL_FLAGS)));
    const theirText = bpftool("btf", "dump", "file", VMLINUX, "format", "c");
    const theirs = layouts(btfOf(compileText(theirText + uses, KERNEL_FLAGS)));
    const differs = (a: Map<string, string>, b: Map<string, string>) =>
      [...a].filter(([name, layout]) => b.has(name) && b.get(name) !== layout).map(([name]) => name);
    console.info(
      `${ours.size} types; other layout than the kernel's: ours ${differs(kernel, ours).length}, bpftool's ${differs(kernel, theirs).length}`,
    );
    // va_list is the compiler's own type, and another one for BPF than for x86-64.
    expect(differs(kernel, ours).filter((name) => name !== "struct warn_args")).toEqual([]);
  }, 120_000);
});
