import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runJob } from "../../src/cli/run/job.ts";
import { createMachine } from "../../src/kernel/index.ts";
import { readObject } from "../../src/loader/index.ts";
import { PROG_TYPE } from "../../src/uapi/index.ts";
import { missing } from "../support/needs.ts";
import { compile, fixture } from "./compilers.ts";

/** Objects for iproute2 (`tc`, `ip link`): sections of any name, whose program type the command says, and maps as struct bpf_elf_map. */
const SOURCE = `#include "bpf.h"
struct bpf_elf_map { __u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx; };
struct bpf_elf_map SEC("maps") jumps = { .type = 3, .size_key = 4, .size_value = 4, .max_elem = 4, .id = 7 };
struct bpf_elf_map SEC("maps") hits = { .type = 2, .size_key = 4, .size_value = 8, .max_elem = 1 };
static void count(int by) {
  __u32 key = 0;
  __u64 *value = bpf_map_lookup_elem(&hits, &key);
  if (value) *value += by;
}
SEC("7/1") int one(void *ctx) { count(100); return 1; }
SEC("0x7/2") int two(void *ctx) { count(1000); return 2; }
SEC("prog") int plain(void *ctx) { count(1); bpf_tail_call(ctx, &jumps, 1); return 0; }
SEC("ingress") int into(void *ctx) { count(10); bpf_tail_call(ctx, &jumps, 2); return 0; }
SEC("classifier") int known(void *ctx) { count(5); bpf_tail_call(ctx, &jumps, 1); return 0; }
`;

const packet = new Uint8Array(64);

test('the committed object: tail calls into SEC("7/1") sections take the type given', async () => {
  const object = await createMachine().load(readObject(fixture("iproute2")), {
    programType: PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS,
  });
  expect(object.programs["entry"]!.run({ packet }).retval).toBe(1);
  expect(object.programs["three"]!.run({ packet }).retval).toBe(3);
});

describe.skipIf(missing("objects for iproute2", "clang-19"))("sections of iproute2", () => {
  let dir = "";
  let file = "";
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "anybpf-iproute2-"));
    file = join(dir, "tc.o");
    writeFileSync(file, compile(SOURCE));
  });
  afterAll(() => rm(dir, { recursive: true }));

  const types = ["BPF_PROG_TYPE_SCHED_CLS", "BPF_PROG_TYPE_SCHED_ACT", "BPF_PROG_TYPE_XDP"] as const;
  test.each(types)("loadObject with %s", async (name) => {
    // `classifier` says its own type, and a program array holds programs of one type only.
    const programs = ["plain", "into", "one", "two"];
    const object = await createMachine().load(readObject(compile(SOURCE)), { programs, programType: PROG_TYPE[name] });
    expect(object.programs["plain"]!.type).toBe(PROG_TYPE[name]);
    expect(object.programs["plain"]!.run({ packet }).retval).toBe(1);
    expect(object.programs["into"]!.run({ packet }).retval).toBe(2);
    expect(object.maps["hits"]!.get(0)).toBe(1111n);
  });

  test("loadObject without a type", async () => {
    const load = createMachine().load(readObject(compile(SOURCE), { name: "tc.o" }));
    await expect(load).rejects.toThrow(/^tc\.o: program "\w+": section "7\/1" implies no program type/);
  });

  const run = (options: { program?: string; section?: string; type?: string }) =>
    runJob({
      ...{ file, program: undefined, section: undefined, type: undefined, pcap: undefined, pcapOut: undefined },
      ...{
        packet: "00".repeat(64),
        repeat: 1,
        kernel: "simulated",
        engine: "jit",
        cpus: 1,
        budget: undefined,
        verify: true,
        maps: [],
        ctx: undefined,
      },
      ...{ progress: false, mapEntries: 10 },
      ...options,
    });

  test("run --type", async () => {
    const report = await run({ section: "prog", type: "sched_cls" });
    expect(report.program.type).toBe("sched_cls");
    expect(report.result!.retval).toBe(1);
    expect((await run({ program: "into", type: "BPF_PROG_TYPE_XDP" })).result!.retval).toBe(2);
  });

  test("a program of known type lends it to those that it tail-calls", async () => {
    const report = await run({ program: "known" });
    expect([report.program.type, report.result!.retval]).toEqual(["sched_cls", 1]);
  });

  test("run without a type, with a wrong word and with another type than the section's", async () => {
    await expect(run({ section: "prog" })).rejects.toThrow(
      /program plain: section "prog" tells no program type; give one with --type: .*sched_cls.*xdp.*\[E_RUN_TYPE\]$/,
    );
    await expect(run({ section: "prog", type: "tc" })).rejects.toThrow(/not "tc" \[E_RUN_TYPE_UNKNOWN\]$/);
    await expect(run({ program: "known", type: "xdp" })).rejects.toThrow(/means sched_cls, --type says xdp/);
  });
});
