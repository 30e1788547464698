import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureInstalled, root } from "./setup.mjs";

/** Runs the tests of random programs at `paths` with the number of programs (`variable` of the environment), seed and first program asked for. */
export function campaign(paths, variable, programs) {
  const { values: options } = parseArgs({
    options: {
      programs: { type: "string", default: programs },
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
    [join(root, "node_modules/vitest/vitest.mjs"), "run", ...paths, "--disable-console-intercept"],
    {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, [variable]: options.programs, ANYBPF_SEED: options.seed, ANYBPF_FROM: options.from },
    },
  );
  process.exit(vitest.status ?? 1);
}
