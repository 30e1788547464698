import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Answers } from "./kernel-log.ts";

const FILE = fileURLToPath(new URL("recorded-6.18.44.json.gz", import.meta.url));

/** A program and what the kernel said of it, as far as the domain answers at all. */
export interface Recorded {
  readonly program: Uint8Array;
  readonly kernel: Answers;
}

interface Row {
  readonly program: string;
  readonly kernel: readonly (readonly [string, readonly (readonly [number, string])[]])[];
}

/** What Linux 6.18.44 answered; made by `ANYBPF_RECORD=1 npx vitest run src/verifier/scalar/kernel.test.ts`. */
export function readRecorded(): Recorded[] {
  const rows = JSON.parse(gunzipSync(readFileSync(FILE)).toString()) as readonly Row[];
  return rows.map(({ program, kernel }) => ({
    program: new Uint8Array(Buffer.from(program, "base64")),
    kernel: new Map(kernel.map(([key, registers]) => [key, new Map(registers)])),
  }));
}

export function writeRecorded(recorded: readonly Recorded[]): void {
  const rows = recorded.map(
    ({ program, kernel }): Row => ({
      program: Buffer.from(program).toString("base64"),
      kernel: [...kernel].map(([key, registers]) => [key, [...registers]]),
    }),
  );
  writeFileSync(FILE, gzipSync(JSON.stringify(rows), { level: 9 }));
}
