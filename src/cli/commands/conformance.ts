import { readFileSync } from "node:fs";
import { fromHex } from "../../util/index.ts";
import { type EngineName, runConformance } from "../../vm/index.ts";
import type { Options } from "../command.ts";

/**
 * The plugin of the bpf_conformance project: instructions in hexadecimal on standard input, memory in hexadecimal as
 * argument, r0 in hexadecimal on standard output.
 */
export function conformance(args: readonly string[], options: Options): number {
  const memory = fromHex(args[0] ?? "", "memory");
  const code = fromHex(readFileSync(0, "utf8"), "standard input");
  const r0 = runConformance(code, memory, options["engine"] as EngineName);
  process.stdout.write(`${r0.toString(16)}\n`);
  return 0;
}
