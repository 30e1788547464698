import { release } from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { Random } from "../../../test/differential/random.ts";
import { runningKernel } from "../../../test/support/linux.ts";
import { skipped } from "../../../test/support/needs.ts";
import { BothVerifiers, kernelBtf, type Trial } from "../../../test/support/verifier/both.ts";
import {
  randomChains,
  randomFastcalls,
  randomGraph,
  randomStack,
} from "../../../test/support/verifier/random-graph.ts";
import { PROG_TYPE as P } from "../../uapi/index.ts";

const WHAT = "structure and stack liveness against the kernel's verifier";
const btf = kernelBtf();
const usable = btf !== null && release().startsWith("6.18.");
const kernel = usable ? await runningKernel(WHAT) : skipped(WHAT, `Linux ${release()} is not 6.18 with BTF`) && null;

const TYPES = [P.BPF_PROG_TYPE_SOCKET_FILTER, P.BPF_PROG_TYPE_SCHED_CLS, P.BPF_PROG_TYPE_XDP, P.BPF_PROG_TYPE_KPROBE];
const KFUNCS = [
  "bpf_iter_num_new",
  "bpf_iter_num_next",
  "bpf_iter_num_destroy",
  "bpf_rdonly_cast",
  "bpf_obj_new_impl",
  "bpf_rbtree_add_impl",
  "bpf_dynptr_from_skb",
  "bpf_wq_set_callback_impl",
  "bpf_cast_to_kern_ctx",
  "bpf_preempt_disable",
];
const kfunc = (name: string): number => btf!.find(name, "func")[0]!;
/** BPF_F_TEST_STATE_FREQ: a state is kept wherever one may be. */
const STATE_FREQ = 8;

function* trials(
  count: number,
  seed: number,
  flags: readonly number[],
  make: (random: Random) => Uint8Array,
): Iterable<Trial> {
  const random = new Random(seed);
  for (let n = 0; n < count; n++) {
    const type = random.pick(TYPES);
    yield { name: `seed ${seed} program ${n}`, type, flags: random.pick(flags), insns: make(random) };
  }
}

describe.skipIf(kernel === null)(WHAT, () => {
  afterAll(() => kernel?.[Symbol.dispose]());

  const kinds: readonly (readonly [string, number, readonly number[], (random: Random) => Uint8Array])[] = [
    ["functions, jumps, live registers", 2000, [0], (random) => randomGraph(random, KFUNCS.map(kfunc))],
    ["stack liveness", 500, [0, 0, STATE_FREQ], randomStack],
    ["stack depth", 1000, [0], (random) => randomChains(random, kfunc("bpf_throw"))],
    ["fast calls", 500, [0], (random) => randomFastcalls(random, kfunc("bpf_rdonly_cast"))],
  ];
  for (const [name, count, flags, make] of kinds) {
    for (const mode of ["root", "bpf"] as const) {
      it(`${name}: verdicts and logs, as ${mode}`, () => {
        const both = new BothVerifiers(kernel!, btf!, { mode });
        const some = mode === "root" ? count : count / 5;
        expect(both.differences(trials(some, 1, flags, make))).toEqual([]);
        console.log(`${name}, as ${mode}: ${both.compared} programs, ${both.accepted} accepted, logs alike`);
      }, 300_000);
    }
  }
});
