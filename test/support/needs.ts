import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";

/** Notes a skipped check and its reason where the test command lists them at its end; returns true for `skipIf`. */
export function skipped(what: string, reason: string): true {
  const line = `${what}: ${reason}`;
  if (process.env["ANYBPF_SKIP_LOG"] !== undefined) appendFileSync(process.env["ANYBPF_SKIP_LOG"], `${line}\n`);
  console.warn(`SKIPPED ${line}`);
  return true;
}

const known = new Map<string, boolean>();

/** Whether a command is on the PATH. */
export function hasTool(command: string): boolean {
  let found = known.get(command);
  if (found === undefined) {
    found = spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
    known.set(command, found);
  }
  return found;
}

/** For `describe.skipIf(missing("what is checked", "clang-19"))`: true, and said aloud, where a tool is not installed. */
export function missing(what: string, ...commands: string[]): boolean {
  const absent = commands.filter((c) => !hasTool(c));
  return absent.length > 0 && skipped(what, `${absent.join(", ")} not installed`);
}
