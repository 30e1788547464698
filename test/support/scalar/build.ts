import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What is used of the compiler: its own types would declare a console of their own for everybody. */
interface Compiler {
  main(
    args: readonly string[],
    host: {
      readonly readFile: (name: string) => string | null;
      readonly writeFile: (name: string, contents: string | Uint8Array) => void;
      readonly listFiles: () => readonly string[];
    },
  ): Promise<{ readonly error: Error | null }>;
}
const COMPILER: string = "assemblyscript/asc";
const asc = ((await import(COMPILER)) as { readonly default: Compiler }).default;

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SOURCES = "src/runtime/assembly/verifier/";
const WIDTH = `${SOURCES}width.ts`;
const OPTIONS =
  "--noAssert --runtime stub --importMemory --noExportMemory --maximumMemory 65536 --enable simd --enable bulk-memory " +
  "--use abort= --disableWarning 201";

const files = new Map<string, string | null>();

function read(name: string): string | null {
  let text = files.get(name);
  if (text === undefined) {
    try {
      text = readFileSync(join(ROOT, name), "utf8");
    } catch {
      text = null;
    }
    files.set(name, text);
  }
  return text;
}

export interface BuildOptions {
  /** Bits of a word; its half has half of them. */
  readonly bits?: number;
  /** Instead of -O3. */
  readonly optimize?: string;
  /** Sources that differ from those on the disk, by path. */
  readonly changed?: ReadonlyMap<string, string>;
}

/** Compiles a module of the verifier's AssemblyScript in this process; null where it does not compile. */
export async function buildVerifier(entry: string, options: BuildOptions = {}): Promise<Uint8Array | null> {
  const { bits = 64, optimize = "-O3", changed } = options;
  let wasm: Uint8Array | null = null;
  const { error } = await asc.main(
    [
      SOURCES + entry,
      "-o",
      "out.wasm",
      "--initialMemory",
      "512",
      "--memoryBase",
      "1024",
      optimize,
      ...OPTIONS.split(" "),
    ],
    {
      readFile: (name) => {
        const text = changed?.get(name) ?? read(name);
        if (text === null || name !== WIDTH) return text;
        const narrow = text.replace("BITS: i32 = 64", `BITS: i32 = ${bits}`);
        if (narrow === text && bits !== 64) throw new Error("the width's constant has another name");
        return narrow;
      },
      writeFile: (_name, contents) => {
        if (typeof contents !== "string") wasm = contents;
      },
      listFiles: () => [],
    },
  );
  return error === null ? wasm : null;
}
