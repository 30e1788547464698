import { release } from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { Random } from "../../../test/differential/random.ts";
import { runningKernel } from "../../../test/support/linux.ts";
import { skipped } from "../../../test/support/needs.ts";
import { BothVerifiers, kernelBtf, type Trial } from "../../../test/support/verifier/both.ts";
import { call, EXIT, load, mov, program, skipIfZero, store } from "../../../test/support/verifier/insns.ts";
import { ObjectWalks } from "../../../test/support/verifier/object-walks.ts";
import { sizeOf } from "../../btf/index.ts";
import { PROG_TYPE as P } from "../../uapi/index.ts";

const WHAT = "objects against the kernel's verifier";
const btf = kernelBtf();
const usable = btf !== null && release().startsWith("6.18.");
const kernel = usable ? await runningKernel(WHAT) : skipped(WHAT, `Linux ${release()} is not 6.18 with BTF`) && null;

/** Every STEP-th offset of the large structures, another one each run: ANYBPF_SEED says which. */
const STEP = Number(process.env["ANYBPF_WALK_STEP"] ?? 7);
const SEED = Number(process.env["ANYBPF_SEED"] ?? 1);
const WALKS = Number(process.env["ANYBPF_WALKS"] ?? 2000);
const SLEEPABLE = 16;

type Target = Pick<Trial, "type" | "expectedAttachType" | "attachBtfId" | "flags" | "license">;

function struct(name: string): number {
  return btf!.find(name, "struct")[0]!;
}
function tracepoint(name: string): Target {
  const attachBtfId = btf!.find(`btf_trace_${name}`, "typedef")[0]!;
  return { type: P.BPF_PROG_TYPE_TRACING, expectedAttachType: 23, attachBtfId };
}
function iterator(name: string, flags = 0): Target {
  const attachBtfId = btf!.find(`bpf_iter_${name}`, "func")[0]!;
  return { type: P.BPF_PROG_TYPE_TRACING, expectedAttachType: 28, attachBtfId, flags };
}
function structOps(name: string, member: number): Target {
  return { type: P.BPF_PROG_TYPE_STRUCT_OPS, expectedAttachType: member, attachBtfId: struct(name) };
}
const tc: Target = { type: P.BPF_PROG_TYPE_SCHED_CLS };
const dissector: Target = { type: P.BPF_PROG_TYPE_FLOW_DISSECTOR };
const writable: Target = { type: P.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE };
const netfilter: Target = { type: P.BPF_PROG_TYPE_NETFILTER, expectedAttachType: 45 };

/** A program that puts a pointer into r2 and then touches what is behind it; `bytes`: how far. */
interface Case {
  readonly name: string;
  readonly target: () => Target;
  readonly bytes: () => number;
  readonly reach: (access: Uint8Array) => Uint8Array;
  readonly write?: true;
}

const argument = (off: number) => (access: Uint8Array) => program(load(8, 2, 1, off), access);
const nullable = (off: number) => (access: Uint8Array) =>
  program(load(8, 2, 1, off), skipIfZero(2, access.length / 8), access);
const viaHelper = (id: number) => (access: Uint8Array) =>
  program(
    load(8, 1, 1, 168),
    skipIfZero(1, 3 + access.length / 8),
    call(id),
    skipIfZero(0, 1 + access.length / 8),
    program(Uint8Array.of(0xbf, 0x02, 0, 0, 0, 0, 0, 0)),
    access,
  );
const of = (name: string) => () => sizeOf(btf!, struct(name));

const CASES: readonly Case[] = [
  { name: "task", target: () => tracepoint("sched_switch"), bytes: of("task_struct"), reach: argument(8) },
  { name: "skb", target: () => tracepoint("kfree_skb"), bytes: of("sk_buff"), reach: argument(0) },
  { name: "nullable sock", target: () => tracepoint("kfree_skb"), bytes: of("sock"), reach: nullable(24) },
  {
    name: "device of an skb",
    target: () => tracepoint("kfree_skb"),
    bytes: of("net_device"),
    reach: (access) => program(load(8, 2, 1, 0), load(8, 2, 2, 16), access),
  },
  { name: "iterated task", target: () => iterator("task"), bytes: of("task_struct"), reach: nullable(8) },
  {
    name: "iterated task, sleepable",
    target: () => iterator("task", SLEEPABLE),
    bytes: of("task_struct"),
    reach: nullable(8),
  },
  { name: "iterated cgroup", target: () => iterator("cgroup"), bytes: of("cgroup"), reach: nullable(8) },
  {
    name: "iterated cgroup, sleepable",
    target: () => iterator("cgroup", SLEEPABLE),
    bytes: of("cgroup"),
    reach: nullable(8),
  },
  { name: "iterated file", target: () => iterator("task_file"), bytes: of("file"), reach: nullable(24) },
  { name: "sequence file", target: () => iterator("task"), bytes: of("bpf_iter_meta"), reach: argument(0) },
  { name: "netfilter's skb", target: () => netfilter, bytes: of("sk_buff"), reach: argument(8) },
  { name: "netfilter's state", target: () => netfilter, bytes: of("nf_hook_state"), reach: argument(0) },
  { name: "tcp_sock", target: () => structOps("tcp_congestion_ops", 2), bytes: of("tcp_sock"), reach: argument(0) },
  {
    name: "tcp_sock, write",
    target: () => structOps("tcp_congestion_ops", 2),
    bytes: of("tcp_sock"),
    reach: argument(0),
    write: true,
  },
  {
    name: "dummy state, write",
    target: () => structOps("bpf_dummy_ops", 1),
    bytes: () => 8,
    reach: argument(0),
    write: true,
  },
  { name: "task, write", target: () => tracepoint("sched_switch"), bytes: () => 24, reach: argument(8), write: true },
  {
    name: "without GPL",
    target: () => ({ ...tracepoint("sched_switch"), license: "MIT" }),
    bytes: () => 8,
    reach: argument(8),
  },
  { name: "sock_common", target: () => tc, bytes: () => 88, reach: nullable(168) },
  { name: "sock", target: () => tc, bytes: () => 88, reach: viaHelper(95) },
  { name: "sock, write", target: () => tc, bytes: () => 16, reach: nullable(168), write: true },
  { name: "flow keys", target: () => dissector, bytes: () => 60, reach: argument(144) },
  { name: "flow keys, write", target: () => dissector, bytes: () => 60, reach: argument(144), write: true },
  { name: "tracepoint buffer", target: () => writable, bytes: () => 32, reach: argument(0) },
  { name: "tracepoint buffer, write", target: () => writable, bytes: () => 32, reach: argument(0), write: true },
  { name: "key buffer", target: () => iterator("bpf_map_elem"), bytes: () => 16, reach: nullable(16) },
  {
    name: "key buffer, write",
    target: () => iterator("bpf_map_elem"),
    bytes: () => 16,
    reach: nullable(16),
    write: true,
  },
  {
    name: "value buffer, write",
    target: () => iterator("bpf_map_elem"),
    bytes: () => 16,
    reach: nullable(24),
    write: true,
  },
];

function* trials({ name, target, bytes, reach, write }: Case): Iterable<Trial> {
  const end = bytes() + 16;
  const step = end > 300 ? STEP : 1;
  for (let off = -4 + (SEED % step); off < end; off += step) {
    for (const size of [1, 2, 4, 8]) {
      const access = write ? program(mov(3, 0), store(size, 2, off, 3)) : load(size, 3, 2, off);
      yield { name: `${name} ${off}:${size}`, ...target(), insns: program(reach(access), mov(0, 0), EXIT) };
    }
  }
}

describe.skipIf(kernel === null)(WHAT, () => {
  afterAll(() => kernel?.[Symbol.dispose]());

  let compared = 0;
  let accepted = 0;
  for (const one of CASES) {
    it(one.name, () => {
      const both = new BothVerifiers(kernel!, btf!);
      expect(both.differences(trials(one))).toEqual([]);
      expect(both.compared).toBeGreaterThan(0);
      compared += both.compared;
      accepted += both.accepted;
    }, 300_000);
  }
  it(`${WALKS} random walks`, () => {
    const walks = new ObjectWalks(btf!);
    const both = new BothVerifiers(kernel!, btf!);
    const programs = Array.from({ length: WALKS }, (_, n) => walks.next(new Random(SEED, n), `seed ${SEED} walk ${n}`));
    expect(both.differences(programs)).toEqual([]);
    expect(both.accepted / both.compared).toBeGreaterThan(0.15);
    console.log(`random walks: ${both.compared} programs, ${both.accepted} accepted, logs alike`);
  }, 3_600_000);

  afterAll(() => console.log(`objects: ${compared} programs, ${accepted} accepted, logs alike`));
});
