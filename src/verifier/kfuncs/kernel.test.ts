import { release } from "node:os";
import { describe, expect, it } from "vitest";
import { runningKernel } from "../../../test/support/linux.ts";
import { skipped } from "../../../test/support/needs.ts";
import { BothVerifiers, kernelBtf, type Trial } from "../../../test/support/verifier/both.ts";
import { EXIT, mov, movReg, program, slot } from "../../../test/support/verifier/insns.ts";
import { KFUNCS, PROG_TYPE as P } from "../../uapi/index.ts";

/** Every kernel function from programs of many types, with registers of every kind: what the kernel's verifier says, and in which words. */

const WHAT = "calls of kernel functions against the kernel's verifier";
const btf = kernelBtf();
const usable = btf !== null && release().startsWith("6.18.");
const kernel = usable ? await runningKernel(WHAT) : skipped(WHAT, `Linux ${release()} is not 6.18 with BTF`) && null;

const SLEEPABLE = 16;
const TYPES: readonly { readonly type: number; readonly flags?: number; readonly expectedAttachType?: number }[] = [
  { type: P.BPF_PROG_TYPE_SCHED_CLS },
  { type: P.BPF_PROG_TYPE_XDP },
  { type: P.BPF_PROG_TYPE_SYSCALL, flags: SLEEPABLE },
  { type: P.BPF_PROG_TYPE_RAW_TRACEPOINT },
  { type: P.BPF_PROG_TYPE_CGROUP_SKB },
  { type: P.BPF_PROG_TYPE_TRACEPOINT },
  { type: P.BPF_PROG_TYPE_NETFILTER, expectedAttachType: 45 },
];

const kfunc = (id: number, off = 0): Uint8Array => slot(0x85, 0, 2, off, id);
const add = (dst: number, imm: number): Uint8Array => slot(0x07, dst, 0, 0, imm);
const storeZero = (off: number): Uint8Array => slot(0x7a, 10, 0, off, 0);
const each = (registers: readonly number[], make: (n: number) => readonly Uint8Array[]): Uint8Array[] =>
  registers.flatMap(make);

/** What r1 to r5 hold at the call. */
const SHAPES: Readonly<Record<string, readonly Uint8Array[]>> = {
  "context alone": [],
  zeros: each([1, 2, 3, 4, 5], (n) => [mov(n, 0)]),
  stack: [
    ...each([1, 2, 3, 4, 5, 6, 7, 8], (n) => [storeZero(-8 * n)]),
    ...each([1, 2, 3, 4, 5], (n) => [movReg(n, 10), add(n, -64)]),
  ],
  contexts: each([2, 3, 4, 5], (n) => [movReg(n, 1)]),
  "context and numbers": each([2, 3, 4, 5], (n) => [mov(n, 8)]),
  "stack and numbers": [
    storeZero(-8),
    storeZero(-16),
    movReg(1, 10),
    add(1, -16),
    ...each([2, 3, 4, 5], (n) => [mov(n, 8)]),
  ],
};

function* trials(): Iterable<Trial> {
  for (const { name } of KFUNCS) {
    const id = btf!.find(name, "func")[0];
    if (id === undefined) continue;
    for (const target of TYPES) {
      for (const [shape, registers] of Object.entries(SHAPES)) {
        yield {
          ...target,
          name: `${name}, type ${target.type}, ${shape}`,
          insns: program(...registers, kfunc(id), mov(0, 0), EXIT),
        };
      }
    }
  }
}

function* oddities(): Iterable<Trial> {
  const lock = btf!.find("bpf_rcu_read_lock", "func")[0]!;
  const type = P.BPF_PROG_TYPE_SCHED_CLS;
  const odd: Readonly<Record<string, readonly Uint8Array[]>> = {
    unresolved: [kfunc(0), EXIT],
    "unresolved and never reached": [mov(0, 0), slot(0x15, 0, 0, 1, 0), kfunc(0), EXIT],
    "unresolved, of a module": [kfunc(0, 5), mov(0, 0), EXIT],
    "of a module that is none": [kfunc(lock, -1), mov(0, 0), EXIT],
    "no function": [kfunc(1), mov(0, 0), EXIT],
    "no type": [kfunc(0x7fffffff), mov(0, 0), EXIT],
    "no kernel function for programs": [kfunc(btf!.find("do_nanosleep", "func")[0] ?? 1), mov(0, 0), EXIT],
  };
  for (const [name, insns] of Object.entries(odd)) yield { name, type, insns: program(...insns) };
  yield { name: "no GPL", type, insns: program(kfunc(lock), mov(0, 0), EXIT), license: "MIT" };
}

describe.skipIf(kernel === null)("calls of kernel functions", () => {
  it("are judged as by the kernel, in its words", { timeout: 600_000 }, () => {
    const both = new BothVerifiers(kernel!, btf!);
    expect(both.differences([...oddities(), ...trials()])).toEqual([]);
    console.log(`${both.compared} calls of kernel functions compared, ${both.accepted} accepted`);
  });

  it("are judged so without CAP_PERFMON too", { timeout: 600_000 }, () => {
    const both = new BothVerifiers(kernel!, btf!, { mode: "bpf", logs: false });
    expect(both.differences([...oddities(), ...trials()])).toEqual([]);
  });
});
