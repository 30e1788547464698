import { afterEach, describe, expect, test, vi } from "vitest";
import { btf } from "../../src/cli/commands/btf.ts";
import { bpftool, compileFile, fixture, hasBpftool, hasClang } from "./tools.ts";

function run(...args: string[]): { status: number; out: string } {
  let out = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  return { status: btf(args, {}), out };
}

afterEach(() => void vi.restoreAllMocks());

describe.skipIf(!hasClang)("anybpf btf", () => {
  const object = compileFile(fixture("types.c"));
  test.skipIf(!hasBpftool)("dump file prints what bpftool prints", () => {
    expect(run("dump", "file", object)).toEqual({ status: 0, out: bpftool("btf", "dump", "file", object) });
  });
  test("dump file … format c", () =>
    expect(run("dump", "file", object, "format", "c").out).toContain("struct squeezed {"));
  test("layout shows holes", () => {
    const { out } = run("layout", object, "holes");
    expect(out).toContain("/* XXX 7 bytes hole, try to pack */");
    expect(out).toMatch(/size: 128, cachelines: 2, members: 5/);
  });
  test("unknown words are wrong usage, unknown types an error", () => {
    expect(run("dump", "fil", object).status).toBe(2);
    expect(run("dump", "file", object, "format", "d").status).toBe(2);
    expect(() => run("layout", object, "nope")).toThrow(expect.objectContaining({ code: "E_BTF_NO_TYPE" }));
  });
});
