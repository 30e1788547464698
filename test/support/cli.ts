import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository's folder, with a slash at its end. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `anybpf` as built in dist/, in the repository's folder. */
export function anybpf(args: readonly string[], input?: string): CliResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${root}dist/cli/main.js`, ...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    ...(input === undefined ? {} : { input }),
  });
  return { status, stdout, stderr };
}

/** The golden file's text; `UPDATE=1` writes `actual` into it first. */
export function golden(file: string, actual: string): string {
  const path = `${root}${file}`;
  if (process.env["UPDATE"] === "1" || !existsSync(path)) writeFileSync(path, actual);
  return readFileSync(path, "utf8");
}
