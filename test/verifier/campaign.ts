import { kernelBtf, kernelFacts } from "../../src/cli/verify/judge.ts";
import { readVector } from "../../src/cli/verify/vectors.ts";
import { type Verdict, type VerifyOptions, verify } from "../../src/verifier/index.ts";
import { GENERATORS, generateVector } from "./generate.ts";
import type { KernelVerdicts } from "./kernel-verdict.ts";
import type { Vector } from "./vector.ts";

/** What a campaign of random programs was told to do. */
export interface Campaign {
  readonly programs: number;
  readonly seed: number;
  readonly from: number;
  readonly generators: readonly string[];
}

export const ALL_GENERATORS = Object.keys(GENERATORS);

/** The programs of a campaign, one generator after the other in turn. */
export function* vectors({ programs, seed, from, generators }: Campaign): Generator<Vector> {
  const rounds = Math.ceil(programs / generators.length);
  for (let n = from; n < from + rounds; n++) for (const name of generators) yield generateVector(name, seed, n);
}

/** Where two verifiers part, or one with itself. */
export interface Parting {
  readonly name: string;
  readonly what: string;
}

export interface CampaignReport {
  programs: number;
  accepted: number;
  readonly acceptedBy: Record<string, number>;
  verdictsEqual: number;
  processedEqual: number;
  readonly partings: Parting[];
  /** Milliseconds in the kernel's system calls, and in ours. */
  kernelTime: number;
  ownTime: number;
}

const lastLine = (text: string) => text.split("\n").at(-1) ?? "";
/** The kernel's message: the last line before the statistics. */
const reason = (log: string) =>
  log.split("\n").findLast((line) => line !== "" && !/^(processed|verification time|stack depth) /.test(line)) ?? "";
const word = (errno: number, message: string) => (errno === 0 ? "accepts" : `refuses with ${errno}, "${message}"`);

/** The running kernel's facts, if there is one. */
const facts = kernelFacts(kernelBtf(undefined));

/** What our verifier says of a vector. */
export function ask(vector: Vector, options: VerifyOptions = {}): Verdict {
  return verify(readVector(vector).input, { kernel: facts, ...options });
}

/** Both verifiers on every program; verdict and errno decide, the processed count is counted. */
export function compareVerdicts(
  kernel: KernelVerdicts,
  campaign: Campaign,
  report: (parting: Parting) => void,
): CampaignReport {
  const result: CampaignReport = {
    programs: 0,
    accepted: 0,
    acceptedBy: {},
    verdictsEqual: 0,
    processedEqual: 0,
    partings: [],
    kernelTime: 0,
    ownTime: 0,
  };
  for (const vector of vectors(campaign)) {
    result.programs++;
    const start = performance.now();
    const said = kernel.ask(vector);
    const middle = performance.now();
    const own = ask(vector, { logLevel: 4 });
    result.kernelTime += middle - start;
    result.ownTime += performance.now() - middle;
    if (said.errno === 0) {
      result.accepted++;
      const generator = vector.name.split("-")[0]!;
      result.acceptedBy[generator] = (result.acceptedBy[generator] ?? 0) + 1;
    }
    if (said.processed === own.stats.insnProcessed) result.processedEqual++;
    if (said.errno === own.errno) {
      result.verdictsEqual++;
      continue;
    }
    const ours = word(own.errno, lastLine(own.failure?.message ?? ""));
    const parting = { name: vector.name, what: `the kernel ${word(said.errno, reason(said.log))}; anybpf ${ours}` };
    result.partings.push(parting);
    report(parting);
  }
  return result;
}
