// Changes each operator and constant of the verifier's scalar sources in turn and lists the changes that no check finds out:
// `node scripts/mutate-scalar.mjs [--every N] [--from K]`. Needs no kernel: what Linux answered is recorded.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureInstalled, root } from "./setup.mjs";

const { values: options } = parseArgs({
  options: { every: { type: "string", default: "1" }, from: { type: "string", default: "0" } },
});
for (const [name, value] of Object.entries(options)) {
  if (!/^\d{1,6}$/.test(value)) {
    console.error(`--${name} takes a number of at most six digits, not "${value}"`);
    process.exit(2);
  }
}

ensureInstalled();
const vitest = spawnSync(
  process.execPath,
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "src/verifier/scalar/mutants.test.ts",
    "--disable-console-intercept",
  ],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ANYBPF_MUTANTS: options.every, ANYBPF_MUTANTS_FROM: options.from },
  },
);
process.exit(vitest.status ?? 1);
