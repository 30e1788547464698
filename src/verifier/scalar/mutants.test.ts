import { describe, expect, it } from "vitest";
import { buildVerifier } from "../../../test/support/scalar/build.ts";
import { equivalence } from "../../../test/support/scalar/equivalent.ts";
import { type Call, Judge } from "../../../test/support/scalar/kill.ts";
import { type Mutant, mutants } from "../../../test/support/scalar/mutants.ts";
import { traceRecorded } from "../../../test/support/scalar/vectors.ts";

/** Every n-th mutant, from the given one on: `node scripts/mutate-scalar.mjs`. Without it, a few. */
const EVERY = Number(process.env["ANYBPF_MUTANTS"] ?? 397);
const FROM = Number(process.env["ANYBPF_MUTANTS_FROM"] ?? 3);

const NARROW: readonly (readonly [number, readonly Call[]])[] = [
  [8, [["check_next"], ["check_range"], ["prepare", 0], ["check_unary"], ["check_tnums", 0x20]]],
  [4, [["prepare", 1], ["check_relations"], ["check_binary", 0x20, 0, 29], ["check_compare", 0x10, 1, 29]]],
];

describe("changed scalar sources", () => {
  it(
    "are found out, but for those that change nothing",
    async () => {
      const judge = new Judge(traceRecorded(), 30_000);
      const all = mutants().filter((_, n) => n % EVERY === FROM % EVERY);
      const count = { mutants: all.length, refused: 0, found: 0, equivalent: 0, survived: 0 };
      const survivors: string[] = [];

      const survives = async (mutant: Mutant): Promise<boolean> => {
        const changed = new Map([[mutant.file, mutant.source]]);
        for (const [bits, calls] of [[64, null] as const, ...NARROW]) {
          const wasm = await buildVerifier(bits === 64 ? "scalar.ts" : "checks/index.ts", {
            bits,
            optimize: "-O0",
            changed,
          });
          // Sources that do not compile at 64 bits are no mutants; the width's own constant is another at another width.
          if (wasm === null) {
            count.refused++;
            return false;
          }
          if (!(await judge.holds(wasm, calls))) {
            count.found++;
            return false;
          }
        }
        return true;
      };

      for (const mutant of all) {
        if (equivalence(mutant) !== undefined) count.equivalent++;
        else if (await survives(mutant)) {
          count.survived++;
          const { file, line, from, to, text } = mutant;
          survivors.push(`${file}:${line}: ${from} -> ${to} in ${text}`);
          if (EVERY < 10) console.log(survivors.at(-1));
        }
      }
      await judge.close();
      console.log(`mutants of the scalar domain: ${JSON.stringify(count)}`);
      expect(survivors).toEqual([]);
    },
    24 * 3_600_000,
  );
});
