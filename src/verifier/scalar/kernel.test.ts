import { afterAll, describe, expect, it } from "vitest";
import { Random } from "../../../test/differential/random.ts";
import { runningKernel } from "../../../test/support/linux.ts";
import { skipped } from "../../../test/support/needs.ts";
import { count, differences } from "../../../test/support/scalar/compare.ts";
import { EDGES, PICKED, PICKED_SEED } from "../../../test/support/scalar/edges.ts";
import { ScalarProgram } from "../../../test/support/scalar/generate.ts";
import { type Answers, parseKernelLog } from "../../../test/support/scalar/kernel-log.ts";
import { type Recorded, writeRecorded } from "../../../test/support/scalar/recorded.ts";
import { walkProgram } from "../../../test/support/scalar/walk.ts";
import { StateMemory } from "../memory.ts";

const WHAT = "scalars against the kernel's verifier";
/** Of this release and patch level on, the kernel follows what the domain follows. */
const REFERENCE = /^6\.18\.(\d+)/;
const PROGRAMS = Number(process.env["ANYBPF_SCALAR_PROGRAMS"] ?? 8);
const SEED = Number(process.env["ANYBPF_SEED"] ?? 1);
const TRIALS = 700;

const { release } = await import("node:os");
const patch = REFERENCE.exec(release())?.[1];
const usable = patch !== undefined && Number(patch) >= 44;
const kernel = usable ? await runningKernel(WHAT) : skipped(WHAT, `Linux ${release()} is not 6.18.44`) && null;

function kernelAnswers(program: Uint8Array): Answers {
  let text = "";
  const log = (whole: string) => {
    text = whole;
  };
  kernel!.close(kernel!.progLoad({ type: 1, insns: program, license: "GPL", logLevel: 2, log }));
  return parseKernelLog(text);
}

describe.skipIf(kernel === null)(WHAT, () => {
  afterAll(() => kernel?.[Symbol.dispose]());

  it(`says of ${PROGRAMS * TRIALS} pairs of operands what the kernel says`, () => {
    let compared = 0;
    for (let n = 0; n < PROGRAMS; n++) {
      const m = StateMemory.take();
      const writer = new ScalarProgram(m, new Random(SEED, n));
      for (let trial = 0; trial < TRIALS; trial++) writer.trial();
      const program = writer.finish();
      const ours = walkProgram(m, program);
      compared += count(ours);
      expect(differences(ours, kernelAnswers(program)), `program ${n} of seed ${SEED}`).toEqual([]);
    }
    console.log(`scalars: ${compared} registers of ${PROGRAMS} programs as the kernel has them`);
  }, 3_600_000);

  it.runIf(process.env["ANYBPF_RECORD"] === "1")("is recorded", () => {
    const recorded: Recorded[] = [];
    const record = (m: StateMemory, program: Uint8Array) => {
      const ours = walkProgram(m, program);
      const all = kernelAnswers(program);
      const known: Answers = new Map();
      for (const [key, registers] of ours) {
        known.set(key, new Map([...registers.keys()].map((r) => [r, all.get(key)?.get(r) ?? "nothing"])));
      }
      recorded.push({ program, kernel: known });
    };
    for (let n = 0; n < 6; n++) {
      const m = StateMemory.take();
      const writer = new ScalarProgram(m, new Random(2026, n));
      for (let trial = 0; trial < 400; trial++) writer.trial();
      record(m, writer.finish());
    }
    const m = StateMemory.take();
    const edges = new ScalarProgram(m, new Random(2026));
    for (const text of EDGES) edges.text(text);
    record(m, edges.finish());
    for (const n of PICKED) {
      const writer = new ScalarProgram(m, new Random(PICKED_SEED, n));
      writer.trial();
      record(m, writer.finish());
    }
    writeRecorded(recorded);
  });
});
