import { type Btf, btfToC, btfToRaw, layoutText } from "../../btf/index.ts";
import { defineErrors } from "../../util/index.ts";
import { readBtf } from "../btf-file.ts";
import type { Options } from "../command.ts";
import { EXIT_USAGE } from "../exit.ts";

const btfCommandError = defineErrors({
  E_BTF_NO_TYPE: (d: { file: string; name: string }) => `${d.file}: it has no struct or union "${d.name}"`,
});

const USAGE = `usage: anybpf btf dump file FILE [format raw|c] [root_id ID]
       anybpf btf layout FILE NAME`;

/** The keywords after `dump file FILE`: pairs, each at most once. Null where the words are no such pairs. */
function dumpOptions(words: readonly string[]): { format: "raw" | "c"; root: number | null } | null {
  let format: "raw" | "c" = "raw";
  let root: number | null = null;
  for (let i = 0; i < words.length; i += 2) {
    const [key, value] = [words[i]!, words[i + 1]];
    if (key === "format" && (value === "raw" || value === "c")) format = value;
    else if (key === "root_id" && value !== undefined && /^\d{1,9}$/.test(value)) root = Number(value);
    else return null;
  }
  return { format, root };
}

function dump(btf: Btf, { format, root }: { format: "raw" | "c"; root: number | null }): void {
  const ids = root === null ? undefined : [root];
  if (format === "c") {
    process.stdout.write(btfToC(btf, ids));
    return;
  }
  // Large BTF is 12 MB of text: written in pieces of some size rather than line by line.
  let piece = "";
  for (const line of btfToRaw(btf, ids)) {
    piece += `${line}\n`;
    if (piece.length > 1 << 16) {
      process.stdout.write(piece);
      piece = "";
    }
  }
  process.stdout.write(piece);
}

/** `anybpf btf dump file FILE [format raw|c]` with bpftool's words, and `anybpf btf layout FILE NAME`. */
export function btf(args: readonly string[], options: Options): number {
  const [what, ...rest] = args;
  const baseFile = options["baseBtf"] as string | undefined;
  const base = baseFile === undefined ? null : readBtf(baseFile, null);
  if (what === "dump" && rest[0] === "file" && rest[1] !== undefined) {
    const chosen = dumpOptions(rest.slice(2));
    if (chosen !== null) {
      dump(readBtf(rest[1], base), chosen);
      return 0;
    }
  }
  if (what === "layout" && rest.length === 2) {
    const [file, name] = rest as [string, string];
    const types = readBtf(file, base);
    const ids = [...types.find(name, "struct"), ...types.find(name, "union")];
    if (ids.length === 0) throw btfCommandError("E_BTF_NO_TYPE", { file, name });
    process.stdout.write(ids.map((id) => layoutText(types, id)).join("\n"));
    return 0;
  }
  process.stderr.write(`${USAGE}\n`);
  return EXIT_USAGE;
}
