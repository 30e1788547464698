// Random programs on the running kernel, the JIT and both interpreters: `npm run differential -- --programs N --seed S`.
// `--from K` starts with program K of the seed, as the line of a failure says. Without CAP_BPF our engines are compared alone.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureInstalled, root } from "./setup.mjs";

const { values: options } = parseArgs({
  options: {
    programs: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
  },
});
for (const [name, value] of Object.entries(options)) {
  if (!/^\d{1,9}$/.test(value)) {
    console.error(`--${name} takes a number of at most nine digits, not "${value}"`);
    process.exit(2);
  }
}

ensureInstalled();
const vitest = spawnSync(
  process.execPath,
  [join(root, "node_modules/vitest/vitest.mjs"), "run", "test/differential", "--disable-console-intercept"],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ANYBPF_PROGRAMS: options.programs, ANYBPF_SEED: options.seed, ANYBPF_FROM: options.from },
  },
);
process.exit(vitest.status ?? 1);
