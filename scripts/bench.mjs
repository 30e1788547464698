// Benchmarks: ratios from interleaved runs, never bare times.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, root, run } from "./setup.mjs";

ensureInstalled();
ensureBuilt();
const main = join(root, "bench/main.mjs");
if (existsSync(main)) run(process.execPath, [main, ...process.argv.slice(2)]);
