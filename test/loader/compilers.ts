import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Directory of the fixtures: sources, objects, and bpf.h for sources made by tests. */
export const FIXTURES = fileURLToPath(new URL("./fixtures", import.meta.url));

/** A committed object by name. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(FIXTURES, `${name}.o`)));
}

export interface Compiler {
  readonly command: string;
  readonly args: readonly string[];
}

const CLANG_ARGS = ["-target", "bpf", "-O2", "-g"];

/** The compilers that objects come from, each with an instruction set that it knows; which of them are here is asked of the system. */
export const COMPILERS: readonly Compiler[] = [
  { command: "clang-13", args: [...CLANG_ARGS, "-mcpu=v2"] },
  { command: "clang-14", args: [...CLANG_ARGS, "-mcpu=v2"] },
  { command: "clang-15", args: [...CLANG_ARGS, "-mcpu=v3"] },
  { command: "clang-16", args: [...CLANG_ARGS, "-mcpu=v3"] },
  { command: "clang-19", args: [...CLANG_ARGS, "-mcpu=v4"] },
  { command: "clang-22", args: [...CLANG_ARGS, "-mcpu=v4"] },
  { command: "bpf-gcc", args: ["-O2", "-gbtf", "-mco-re", "-mcpu=v3"] },
];

/** Compiles C text that may include "bpf.h". */
export function compile(source: string, compiler: Compiler = { command: "clang-19", args: CLANG_ARGS }): Uint8Array {
  const dir = mkdtempSync(join(tmpdir(), "anybpf-loader-"));
  try {
    writeFileSync(join(dir, "t.c"), source);
    const out = join(dir, "t.o");
    execFileSync(compiler.command, [...compiler.args, `-I${FIXTURES}`, "-w", "-c", join(dir, "t.c"), "-o", out], {
      stdio: "pipe",
    });
    return new Uint8Array(readFileSync(out));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The C text of a fixture. */
export function source(name: string): string {
  return readFileSync(join(FIXTURES, `${name}.c`), "utf8");
}
