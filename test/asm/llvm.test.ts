import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { assemble, assemblyToElf, codeSections, listObject } from "../../src/asm/index.ts";
import { type ElfFile, parseElf } from "../../src/elf/index.ts";
import { toHex } from "../../src/util/index.ts";
import { missing } from "../support/needs.ts";

const FIXTURES = fileURLToPath(new URL("fixtures/", import.meta.url));
const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "anybpf-asm-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

// v1 and v2 have no 32-bit or fetching atomics.
const LEVELS: Record<string, readonly string[]> = {
  "mixed.c": ["v1", "v2", "v3", "v4"],
  "atomics.c": ["v3", "v4"],
  "signed.c": ["v4"],
};
const cases = Object.entries(LEVELS).flatMap(([file, levels]) => levels.map((cpu) => [file, cpu] as const));

function clang(file: string, cpu: string, ...more: string[]): string {
  const output = join(work, `${file}.${cpu}${more.includes("-S") ? ".s" : ".o"}`);
  execFileSync("clang-19", ["-target", "bpf", "-O2", `-mcpu=${cpu}`, ...more, join(FIXTURES, file), "-o", output]);
  return output;
}

function objdump(path: string, ...more: string[]): string[] {
  return execFileSync("llvm-objdump-19", ["-d", "--no-show-raw-insn", ...more, path], { encoding: "utf8" }).split("\n");
}

function listing(path: string, alu32: boolean): string[] {
  return listObject(parseElf(readFileSync(path), path), { file: path, alu32 }).split("\n");
}

/**
 * Our lines, but llvm-objdump's where it is wrong without --mcpu=v3: 32-bit atomics are unknown to it,
 * and fetching 32-bit addition is shown as one that does not fetch.
 */
function comparable(ours: string[], theirs: string[]): string[] {
  return ours.map((line, i) => {
    const other = theirs[i] ?? "";
    const wrong = other.endsWith("\t<unknown>") || (/\tlock \*\(u32/.test(other) && line.includes("atomic_fetch_add"));
    return wrong ? other : line;
  });
}

describe.skipIf(missing("listings against llvm-objdump", "clang-19", "llvm-objdump-19"))("listings", () => {
  test.each(cases)("%s at -mcpu=%s equals llvm-objdump -d", (file, cpu) => {
    const path = clang(file, cpu, "-g", "-c");
    const plain = objdump(path);
    expect(comparable(listing(path, false), plain)).toEqual(plain);
    expect(listing(path, true)).toEqual(objdump(path, "--mcpu=v4"));
  });

  const objects = (readdirSync(EXAMPLES, { recursive: true }) as string[]).filter((f) => f.endsWith(".o"));
  test.skipIf(objects.length === 0).each(objects)("%s equals llvm-objdump -d", (file) => {
    const path = join(EXAMPLES, file);
    const plain = objdump(path);
    expect(comparable(listing(path, false), plain)).toEqual(plain);
  });
});

interface Reduced {
  readonly code: Record<string, string>;
  readonly data: Record<string, string>;
  readonly relocations: Record<string, string[]>;
  readonly functions: string[];
}

/** What must be the same in clang's object and in ours, whatever the order of sections and symbols. */
function reduce(elf: ElfFile): Reduced {
  const code: Record<string, string> = {};
  const data: Record<string, string> = {};
  const relocations: Record<string, string[]> = {};
  const name = (index: number) => elf.sections[index]?.name ?? "";
  for (const section of codeSections(elf)) code[section.name] = toHex(section.data);
  for (const section of elf.sections) {
    if (/^(\.data|\.rodata|license|\.maps)/.test(section.name)) data[section.name] = toHex(section.data);
    const list = elf.relocations.get(section.index);
    if (list === undefined) continue;
    relocations[section.name] = list.map(
      (r) => `${r.offset}:${r.type}:${r.symbol.name === "" ? name(r.symbol.section) : r.symbol.name}`,
    );
  }
  const functions = elf.symbols
    .filter((s) => s.type === 2)
    .map((s) => `${s.name}:${s.bind}:${name(s.section)}:${s.value}:${s.size}`);
  return { code, data, relocations, functions: functions.sort() };
}

describe.skipIf(missing("assembling clang's text", "clang-19"))("clang's own text", () => {
  test.each(cases)("%s at -mcpu=%s assembles to clang's object", (file, cpu) => {
    const object = clang(file, cpu, "-c");
    const text = readFileSync(clang(file, cpu, "-S"), "utf8");
    const ours = assemblyToElf(assemble(text, { file, allowUndefined: true }), { btf: false });
    expect(reduce(parseElf(ours, "ours.o"))).toEqual(reduce(parseElf(readFileSync(object), object)));
  });
});
