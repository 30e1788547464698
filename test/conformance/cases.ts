import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { assembleBytes } from "../../src/asm/index.ts";
import { fromHex } from "../../src/util/index.ts";

/** One public test vector of the bpf_conformance project. */
export interface Case {
  readonly name: string;
  readonly code: Uint8Array;
  /** What r1 points at; r2 is its length. Empty: r1 = r2 = 0. */
  readonly memory: Uint8Array;
  /** Expected r0 as an unsigned 64-bit number; 0 where the program must be refused. */
  readonly result: bigint;
  /** Why the program must be refused, null for one that runs. */
  readonly error: string | null;
}

/** The folder of the vectors: the environment variable ANYBPF_CONFORMANCE, else beside the repository. */
export function conformanceDir(): string {
  return process.env["ANYBPF_CONFORMANCE"] ?? fileURLToPath(new URL("../../../shared/conformance", import.meta.url));
}

/** Sections of a `.data` file by name: the lines after `-- NAME`, comments of the head left out. */
export function readSections(text: string): Map<string, string> {
  const sections = new Map<string, string>();
  let name = "";
  for (const line of text.split(/\r?\n/)) {
    const header = /^-- *(.*?) *$/.exec(line);
    if (header !== null) {
      name = header[1]!;
      sections.set(name, "");
    } else if (name !== "") sections.set(name, sections.get(name)! + line + "\n");
  }
  return sections;
}

function rawCode(text: string): Uint8Array {
  const words = text.split(/\s+/).filter((w) => w !== "");
  const bytes = new Uint8Array(words.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setBigUint64(i * 8, BigInt(word), true);
  return bytes;
}

/** One case from the text of a `.data` file; the instructions come from `-- asm`, or from `-- raw` where only that is there. */
export function readCase(name: string, text: string): Case {
  const sections = readSections(text);
  const asm = sections.get("asm");
  const raw = sections.get("raw");
  if (asm === undefined && raw === undefined) throw new Error(`${name}: neither an asm nor a raw section`);
  const memory = (sections.get("mem") ?? "").replace(/#.*$/gm, "");
  return {
    name,
    code: asm === undefined ? rawCode(raw!) : assembleBytes(asm, { file: `${name}.data`, syntax: "ubpf" }),
    memory: fromHex(memory, `${name}.data`),
    result: BigInt.asUintN(64, BigInt((sections.get("result") ?? "0").trim())),
    error: sections.get("error")?.trim() ?? null,
  };
}

/** Every case of a folder of `.data` files, by name; an empty list where the folder is missing. */
export function readConformanceCases(dir: string = conformanceDir()): Case[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((f) => f.endsWith(".data"))
    .sort()
    .map((f) => readCase(f.slice(0, -".data".length), readFileSync(`${dir}/${f}`, "utf8")));
}
