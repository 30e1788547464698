import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { assemble, assembleBytes, assembleCode, assemblyToElf, codeToC } from "../../src/asm/index.ts";
import { toHex } from "../../src/util/index.ts";
import { conformanceDir, readCase, readConformanceCases } from "../conformance/cases.ts";
import { missing, skipped } from "../support/needs.ts";

const work = mkdtempSync(join(tmpdir(), "anybpf-asm-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const SOURCE = `
.license "GPL"
.map flows, type=hash, key=u32, value=u64[2], max_entries=1024
.map counter, type=array, key=4, value=8, max_entries=1
.section "xdp"
.globl count
count:
	r6 = 7
	*(u32 *)(r10 - 4) = w6
	r2 = r10
	r2 += -4
	r1 = flows ll
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	r1 = 1
	lock *(u64 *)(r0 + 0) += r1
	call helper
	r1 = hits ll
	r0 = *(u64 *)(r1 + 0)
	r0 += 1
	*(u64 *)(r1 + 0) = r0
out:	r0 = 2
	exit
.text
helper:	r0 = limit ll
	r0 = *(u64 *)(r0 + 0)
	exit
.section .rodata
limit:	.quad 0x1234
.bss
.globl hits
hits:	.zero 8
`;

function run(command: string, ...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: "utf8" });
  expect(status, `${command} ${args.join(" ")}\n${stderr}`).toBe(0);
  return stdout;
}

function object(): string {
  const path = join(work, "count.o");
  writeFileSync(path, assemblyToElf(assemble(SOURCE, { file: "count.s" })));
  return path;
}

test.skipIf(missing("objects of ours against llvm-objdump", "llvm-objdump-19"))("llvm-objdump reads our object", () => {
  const text = run("llvm-objdump-19", "-dr", object());
  expect(text).toContain("<count>:");
  expect(text).toMatch(/R_BPF_64_64\tflows\n/);
  expect(text).toMatch(/R_BPF_64_32\t\.text\n/);
  expect(text).toMatch(/R_BPF_64_64\thits\n/);
});

describe.skipIf(missing("objects of ours against bpftool", "bpftool"))("bpftool", () => {
  test("reads our BTF", () => {
    const text = run("bpftool", "btf", "dump", "file", object());
    expect(text).toContain("DATASEC '.maps' size=64 vlen=2");
    expect(text).toContain("FUNC 'count'");
  });

  test("makes a skeleton of our object, so libbpf opens it", () => {
    const text = run("bpftool", "gen", "skeleton", object(), "name", "count");
    expect(text).toContain("struct bpf_map *flows;");
    expect(text).toContain("struct bpf_program *count;");
  });
});

test.skipIf(missing("C arrays of ours against a C compiler", "clang-19"))(
  "a C array compiles to the same bytes",
  () => {
    const source = "r1 = 0x123456789abcdef0 ll\nr2 = 0x80000000\nif w1 s> -5 goto +1\n*(u64 *)(r10 - 8) = r1\nexit";
    const path = join(work, "array.c");
    writeFileSync(
      path,
      `#include <stdio.h>\n#include <linux/bpf.h>\n${codeToC(assembleCode(source))}
int main(void) { return fwrite(program, sizeof program, 1, stdout) != 1; }\n`,
    );
    run("clang-19", "-Wall", "-Werror", path, "-o", join(work, "array"));
    const { stdout } = spawnSync(join(work, "array"));
    expect(toHex(stdout)).toBe(toHex(assembleBytes(source)));
  },
);

const cases = readConformanceCases();
test.skipIf(cases.length === 0 && skipped("conformance vectors assemble", `${conformanceDir()} is not there`))(
  "every conformance vector assembles",
  () => {
    expect(cases).toHaveLength(313);
    expect(cases.every((c) => c.code.length > 0)).toBe(true);
  },
);

test("a case file's raw words are its assembler text's bytes", () => {
  const asm = "-- asm\nlddw %r0, 0x1122334455667788\nexit\n";
  const raw = "-- raw\n0x5566778800000018\n0x1122334400000000\n0x0000000000000095\n";
  const rest = "-- mem\n00 01\n02\n-- result\n0x1122334455667788\n";
  const fromAsm = readCase("x", `# head\n${asm}${rest}`);
  expect(fromAsm).toEqual(readCase("x", raw + rest));
  expect([...fromAsm.memory]).toEqual([0, 1, 2]);
  expect(fromAsm.result).toBe(0x1122334455667788n);
});
