// Sets up what is missing, builds, runs every test and lists what was skipped and why.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, root } from "./setup.mjs";

ensureInstalled();
ensureBuilt();

const dir = mkdtempSync(join(tmpdir(), "anybpf-test-"));
const skips = join(dir, "skips.txt");
const report = join(dir, "report.json");
const vitest = spawnSync(
  process.execPath,
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: "inherit", env: { ...process.env, ANYBPF_SKIP_LOG: skips } },
);

let status = vitest.status ?? 1;
let totals = { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
try {
  totals = JSON.parse(readFileSync(report, "utf8"));
} catch {
  status ||= 1;
}
let reasons = [];
try {
  reasons = [...new Set(readFileSync(skips, "utf8").trim().split("\n"))];
} catch {}
rmSync(dir, { recursive: true });
console.log(reasons.length === 0 ? "\nskipped: nothing" : `\nskipped:\n${reasons.map((r) => `  ${r}`).join("\n")}`);
console.log(`\n${totals.numPassedTests} passed, ${totals.numFailedTests} failed, ${totals.numPendingTests} skipped`);
process.exit(status);
