// What `npm start` and `npm test` need before they can begin: installed packages and compiled sources.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs a command in the repository; when it fails, so does this script, with its status. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs the locked packages unless they are there and not older than the lock file. */
export function ensureInstalled() {
  const marker = join(root, "node_modules/.package-lock.json");
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs) return;
  console.log("installing packages …");
  // Not `npm ci`: it refuses a lock file without the optional packages of other platforms, which not every registry has.
  run("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]);
}

function newest(dir) {
  let time = 0;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}

/** Compiles src/ to dist/ unless dist/ is newer. */
export function ensureBuilt() {
  const main = join(root, "dist/cli/main.js");
  const stamp = join(root, "dist/node.tsbuildinfo");
  if (existsSync(main) && existsSync(stamp) && statSync(stamp).mtimeMs >= newest(join(root, "src"))) return;
  console.log("building …");
  run(process.execPath, ["scripts/build.mjs"]);
}
