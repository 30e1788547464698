import { release } from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { runningKernel } from "../../../test/support/linux.ts";
import { skipped } from "../../../test/support/needs.ts";
import { BothVerifiers, kernelBtf, type Trial } from "../../../test/support/verifier/both.ts";
import {
  call,
  EXIT,
  load,
  loadSigned,
  mov,
  movReg,
  program,
  slot,
  store,
} from "../../../test/support/verifier/insns.ts";
import { ATTACH_TYPES, contextRules, PROG_TYPE as P, PROGRAM_TYPES } from "../../uapi/index.ts";
import type { Mode } from "../types.ts";
import { contextField } from "./context-field.ts";

const WHAT = "contexts, attributes and results against the kernel's verifier";
const btf = kernelBtf();
const usable = btf !== null && release().startsWith("6.18.");
const kernel = usable ? await runningKernel(WHAT) : skipped(WHAT, `Linux ${release()} is not 6.18 with BTF`) && null;

/** Types that kernels may be built without, or whose programs may not be loaded everywhere. */
const ABSENT: readonly number[] = [P.BPF_PROG_TYPE_LIRC_MODE2, P.BPF_PROG_TYPE_EXT, P.BPF_PROG_TYPE_LSM];
const SIZES = [1, 2, 4, 8];
const RAW_TP = 23;
const ITER = 28;
const SLEEPABLE = 16;

/** Expected attach types to ask about, where they matter to the context or the result. */
const ATTACH: Readonly<Record<number, readonly number[]>> = {
  [P.BPF_PROG_TYPE_XDP]: [37, 33, 35],
  [P.BPF_PROG_TYPE_CGROUP_SKB]: [0, 1],
  [P.BPF_PROG_TYPE_CGROUP_SOCK]: [2, 34, 12, 13],
  [P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR]: [8, 9, 10, 14, 15, 20, 31, 49],
  [P.BPF_PROG_TYPE_SK_REUSEPORT]: [39, 40],
  [P.BPF_PROG_TYPE_CGROUP_SOCKOPT]: [21, 22],
  [P.BPF_PROG_TYPE_SK_LOOKUP]: [36],
  [P.BPF_PROG_TYPE_NETFILTER]: [45],
  [P.BPF_PROG_TYPE_KPROBE]: [0, 42, 48, 56, 57],
  [P.BPF_PROG_TYPE_TRACING]: [RAW_TP, ITER],
};
const WITH_FIELDS = PROGRAM_TYPES.map((row) => row.id).filter(
  (id) => id !== 0 && id !== P.BPF_PROG_TYPE_TRACING && id !== P.BPF_PROG_TYPE_STRUCT_OPS && !ABSENT.includes(id),
);

function struct(name: string): number {
  return btf!.find(name, "struct")[0]!;
}
function func(name: string): number {
  return btf!.find(name, "func")[0]!;
}

function* attributes(): Iterable<Trial> {
  const insns = program(mov(0, 0), EXIT);
  for (const { id: type } of PROGRAM_TYPES) {
    if (ABSENT.includes(type)) continue;
    for (const { id: attach } of ATTACH_TYPES) {
      // Some machines let nobody attach to functions.
      if (type === P.BPF_PROG_TYPE_TRACING && attach >= 24 && attach <= 26) continue;
      yield { name: `type ${type} attach ${attach}`, type, expectedAttachType: attach, insns };
    }
    if (type === P.BPF_PROG_TYPE_TRACING) continue;
    for (const flags of [1, 2, 4, 8, SLEEPABLE, 32, 128, 256]) {
      yield { name: `type ${type} flags ${flags}`, type, flags, insns };
    }
  }
}

const RESULTS: readonly (readonly [string, Uint8Array])[] = [
  ...[-2, -1, 0, 1, 2, 3, 4].map((value) => [`${value}`, mov(0, value)] as const),
  ["context", movReg(0, 1)],
  ["stack", movReg(0, 10)],
  ["nothing", new Uint8Array(0)],
  ["any u32", call(7)],
  ["0 or 1", program(call(7), slot(0x57, 0, 0, 0, 1))],
];

function* results(): Iterable<Trial> {
  for (const { id: type } of PROGRAM_TYPES) {
    if (type === 0 || type === P.BPF_PROG_TYPE_STRUCT_OPS || ABSENT.includes(type)) continue;
    for (const expectedAttachType of ATTACH[type] ?? [0]) {
      const tracepoint = btf!.find("btf_trace_sched_switch", "typedef")[0]!;
      const target = expectedAttachType === RAW_TP ? tracepoint : func("bpf_iter_task");
      for (const [name, body] of RESULTS) {
        yield {
          name: `type ${type} attach ${expectedAttachType} result ${name}`,
          type,
          expectedAttachType,
          flags: type === P.BPF_PROG_TYPE_SYSCALL ? SLEEPABLE : 0,
          attachBtfId: type === P.BPF_PROG_TYPE_TRACING ? target : 0,
          insns: program(body, EXIT),
        };
      }
    }
  }
}

function* structOps(): Iterable<Trial> {
  for (const name of ["tcp_congestion_ops", "bpf_dummy_ops", "sock"]) {
    const common = { type: P.BPF_PROG_TYPE_STRUCT_OPS, attachBtfId: struct(name) };
    for (let member = 0; member < 16; member++) {
      for (const flags of [0, SLEEPABLE]) {
        for (let arg = -1; arg < 5; arg++) {
          for (const size of SIZES) {
            const insns = program(load(size, 0, 1, 8 * arg), mov(0, 0), EXIT);
            yield { ...common, name: `${name} ${member} ${arg}:${size}`, expectedAttachType: member, flags, insns };
          }
        }
        const insns = program(mov(2, 0), store(8, 1, 0, 2), mov(0, 0), EXIT);
        yield { ...common, name: `${name} ${member} write`, expectedAttachType: member, flags, insns };
      }
    }
  }
}

const ITERATORS = [
  "bpf_link bpf_map bpf_map_elem bpf_prog bpf_sk_storage_map cgroup ipv6_route ksym netlink sockmap task task_file",
  "task_vma tcp udp unix kmem_cache dmabuf fill_link_info",
].flatMap((text) => text.split(" "));

function* iterators(): Iterable<Trial> {
  for (const name of ITERATORS) {
    const attachBtfId = btf!.find(`bpf_iter_${name}`, "func")[0];
    if (attachBtfId === undefined) continue;
    for (const flags of [0, SLEEPABLE]) {
      for (let arg = 0; arg < 5; arg++) {
        for (const size of SIZES) {
          const insns = program(load(size, 0, 1, 8 * arg), mov(0, 0), EXIT);
          const type = P.BPF_PROG_TYPE_TRACING;
          yield { name: `${name} ${arg}:${size}`, type, expectedAttachType: ITER, flags, attachBtfId, insns };
        }
      }
    }
  }
}

/** Every argument of every tracepoint of the kernel. */
function* tracepoints(): Iterable<Trial> {
  for (let id = 1; id < btf!.count; id++) {
    if (btf!.kindOf(id) !== "typedef" || !btf!.nameOf(id).startsWith("btf_trace_")) continue;
    for (let arg = 0; arg < 12; arg++) {
      const name = `${btf!.nameOf(id)} ${arg}`;
      const insns = program(load(8, 0, 1, 8 * arg), mov(0, 0), EXIT);
      yield { name, type: P.BPF_PROG_TYPE_TRACING, expectedAttachType: RAW_TP, attachBtfId: id, insns };
      if (arg >= wordsOf(id)) break;
    }
  }
}

/** Words of arguments that a tracepoint has. */
function wordsOf(typedef: number): number {
  const alias = btf!.type(typedef);
  const pointer = alias.kind === "typedef" ? btf!.type(alias.type) : alias;
  const proto = pointer.kind === "ptr" ? btf!.type(pointer.type) : pointer;
  return proto.kind === "func_proto" ? proto.params.length - 1 : 0;
}

describe.skipIf(kernel === null)(WHAT, () => {
  afterAll(() => kernel?.[Symbol.dispose]());

  const GROUPS: readonly (readonly [string, () => Iterable<Trial>, readonly Mode[]])[] = [
    ["types, attach types and flags", attributes, ["root", "bpf"]],
    ["results", results, ["root", "bpf"]],
    ["members of struct_ops", structOps, ["root"]],
    ["arguments of iterators", iterators, ["root"]],
    ["arguments of tracepoints", tracepoints, ["root"]],
  ];
  for (const [name, trials, modes] of GROUPS) {
    for (const mode of modes) {
      it(`${name}, as ${mode}`, () => {
        const both = new BothVerifiers(kernel!, btf!, { mode });
        expect(both.differences(trials())).toEqual([]);
        console.log(`${name}, as ${mode}: ${both.compared} programs, ${both.accepted} accepted, logs alike`);
      }, 300_000);
    }
  }

  it("fields of contexts at every offset, size and access", () => {
    const insns: Uint8Array[] = [];
    const wrong: string[] = [];
    let compared = 0;
    for (const type of WITH_FIELDS) {
      for (const attach of ATTACH[type] ?? [0]) {
        const end = Math.min(contextRules(type)!.size, 224) + 8;
        for (let off = 0; off < end; off++) {
          for (const size of SIZES) {
            // Accesses that are not aligned to their size are all refused: one of them is enough.
            if (off % size !== 0 && off !== 1) continue;
            insns[0] = program(load(size, 0, 1, off), mov(0, 1), EXIT);
            insns[1] = program(mov(2, 0), store(size, 1, off, 2), mov(0, 1), EXIT);
            insns[2] = program(loadSigned(size, 0, 1, off), mov(0, 1), EXIT);
            for (const [i, code] of insns.entries()) {
              if (i === 2 && size === 8) continue;
              const field = contextField(type, attach, off, size, i === 1);
              const ours = field !== undefined && (i !== 2 || field.kind === "scalar");
              compared++;
              if (accepts(type, attach, code) !== ours) wrong.push(`type ${type} attach ${attach} ${off}:${size} ${i}`);
            }
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    console.log(`contexts: ${compared} accesses as the kernel allows them`);
  }, 300_000);

  function accepts(type: number, expectedAttachType: number, insns: Uint8Array): boolean {
    const flags = type === P.BPF_PROG_TYPE_SYSCALL ? SLEEPABLE : 0;
    try {
      kernel!.close(kernel!.progLoad({ type, expectedAttachType, insns, license: "GPL", flags }));
      return true;
    } catch {
      return false;
    }
  }
});
