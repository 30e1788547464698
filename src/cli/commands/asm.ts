import { rmSync, writeFileSync } from "node:fs";
import { type Assembly, assemble, assemblyToElf, codeOf, codeToC, codeToHex, type Syntax } from "../../asm/index.ts";
import { encode } from "../../isa/index.ts";
import { defineErrors } from "../../util/index.ts";
import type { Options } from "../command.ts";
import { readBytes } from "../run/files.ts";

const outputError = defineErrors({
  E_ASM_OUTPUT: (d: { file: string; reason: string }) => `cannot write ${d.file}: ${d.reason}`,
});

/** What each --format writes, and the extension of the file it goes to by default; null: standard output. */
const FORMATS: Readonly<
  Record<string, { readonly extension: string | null; readonly make: (a: Assembly) => Uint8Array | string }>
> = {
  elf: { extension: ".o", make: (a) => assemblyToElf(a) },
  raw: { extension: ".bin", make: (a) => encode(codeOf(a)) },
  hex: { extension: null, make: (a) => codeToHex(codeOf(a)) },
  c: { extension: null, make: (a) => codeToC(codeOf(a)) },
};

function write(file: string, contents: Uint8Array | string): void {
  try {
    writeFileSync(file, contents);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Nothing half-written stays behind; a place that could not be opened was not touched.
    if (code === "ENOSPC" || code === "EIO") rmSync(file, { force: true });
    throw outputError("E_ASM_OUTPUT", { file, reason: code ?? String(error) });
  }
}

/** `anybpf asm FILE`: assembles a text. */
export function asm(args: readonly string[], options: Options): number {
  const file = args[0]!;
  const source = new TextDecoder().decode(readBytes(file));
  const assembly = assemble(source, {
    file: file === "-" ? "<stdin>" : file,
    syntax: options["syntax"] as Syntax,
    allowUndefined: options["allowUndefined"] === true,
  });
  const { extension, make } = FORMATS[options["format"] as string]!;
  const contents = make(assembly);
  const given = options["output"] as string | undefined;
  const implied = extension === null || file === "-" ? "-" : file.replace(/(\.[A-Za-z]+)?$/, extension);
  const output = given ?? implied;
  if (output === "-") process.stdout.write(contents);
  else write(output, contents);
  return 0;
}
