import { readObject } from "../../loader/index.ts";
import type { Options } from "../command.ts";
import { inspectObject } from "../inspect/report.ts";
import { renderInspect } from "../inspect/text.ts";
import { readBytes } from "../run/files.ts";

/** `anybpf inspect FILE`: what an object holds. */
export function inspect(args: readonly string[], options: Options): number {
  const file = args[0]!;
  const report = inspectObject(readObject(readBytes(file), { name: file }));
  const json = options["json"] === true;
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : renderInspect(report));
  return 0;
}
