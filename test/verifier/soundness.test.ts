import { expect, test } from "vitest";
import { type Fd, SimulatedKernel } from "../../src/kernel/index.ts";
import { BpfError, fromHex } from "../../src/util/index.ts";
import { Random } from "../differential/random.ts";
import { ALL_GENERATORS, ask, vectors } from "./campaign.ts";
import { MAPS, type Vector } from "./vector.ts";

/** What the verifier accepts runs without a fault where every access is checked; and pruning changes no verdict. */

const ACCEPTED = Number(process.env["ANYBPF_VERDICTS"] ?? 1000);
const SEED = Number(process.env["ANYBPF_SEED"] ?? 11);
const INPUTS = 4;
/** Programs that share a kernel and its maps. */
const PER_KERNEL = 500;

/** A kernel that verifies nothing and checks everything, with the maps of random programs. */
class Checker {
  readonly kernel = new SimulatedKernel({ verify: false, budget: 200_000n });
  readonly #maps: Fd[] = [];
  left = PER_KERNEL;

  constructor() {
    for (const map of MAPS) {
      this.#maps.push(
        this.kernel.mapCreate({
          type: map.type,
          keySize: map.key_size,
          valueSize: map.value_size,
          maxEntries: map.max_entries,
          flags: map.flags,
          name: map.name,
          ...(map.inner < 0 ? {} : { innerMapFd: this.#maps[map.inner]! }),
        }),
      );
    }
  }

  /** What went wrong, or null. Running out of the budget is no fault: may_goto loops may be long. */
  run(vector: Vector, random: Random): string | null {
    this.left--;
    const insns = fromHex(vector.insns);
    const view = new DataView(insns.buffer);
    for (const { insn, map } of vector.fixups) view.setInt32(insn * 8 + 4, this.#maps[map]!, true);
    const fd = this.kernel.progLoad({
      type: vector.prog_type,
      expectedAttachType: vector.expected_attach_type,
      insns,
      license: vector.license,
    });
    try {
      for (let n = 0; n < INPUTS; n++) {
        const dataIn = random.bytes(random.pick([14, 20, 64, 200]));
        this.kernel.progTestRun(fd, { dataIn });
      }
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      return error.code === "E_RUN_BUDGET" ? null : error.message;
    } finally {
      this.kernel.close(fd);
    }
    return null;
  }
}

test(`${ACCEPTED} accepted programs run on ${INPUTS} inputs without a fault`, { timeout: 3_600_000 }, () => {
  const faults: string[] = [];
  let accepted = 0;
  let checker = new Checker();
  const campaign = { programs: 1e9, seed: SEED, from: 0, generators: ALL_GENERATORS };
  for (const vector of vectors(campaign)) {
    if (accepted >= ACCEPTED) break;
    if (!ask(vector).accepted) continue;
    accepted++;
    if (checker.left === 0) checker = new Checker();
    const fault = checker.run(vector, new Random(SEED, accepted));
    if (fault !== null) faults.push(`${vector.name}: ${fault}`);
  }
  console.log(`${accepted} accepted programs x ${INPUTS} inputs, ${faults.length} faults`);
  expect(faults).toEqual([]);
});

const E2BIG = 7;
const EFAULT = 14;
/** Where loops and callbacks are, pruning is what ends them. */
function hasLoop(insns: Uint8Array): boolean {
  const view = new DataView(insns.buffer);
  for (let at = 0; at < insns.length; at += 8) {
    const jump = [5, 6].includes(view.getUint8(at) & 7);
    const callback = view.getUint8(at) === 0x18 && view.getUint8(at + 1) >> 4 === 4;
    if (callback || (jump && view.getInt16(at + 2, true) < 0)) return true;
  }
  return false;
}

/** Without pruning a program may cost too much, which says nothing. */
const tooMuch = (errno: number) => errno === E2BIG || errno === EFAULT;

test("pruning changes no verdict", { timeout: 3_600_000 }, () => {
  const differences: string[] = [];
  let compared = 0;
  const campaign = { programs: ACCEPTED, seed: SEED, from: 0, generators: ALL_GENERATORS };
  for (const vector of vectors(campaign)) {
    if (hasLoop(fromHex(vector.insns))) continue;
    const { errno } = ask(vector);
    for (const pruning of ["off", 1, 2] as const) {
      const other = ask(vector, { pruning });
      if (tooMuch(errno) || tooMuch(other.errno)) continue;
      compared++;
      if (other.errno !== errno)
        differences.push(`${vector.name}: ${errno} with pruning, ${other.errno} with ${pruning}`);
    }
  }
  console.log(`pruning off and at random: ${compared} verdicts compared`);
  expect(differences).toEqual([]);
});
