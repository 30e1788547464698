import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { asm, build, R1, R2, R3, R4, R5, R6, R10 } from "../../src/asm/index.ts";
import { encode, insn } from "../../src/isa/index.ts";
import { type EventStream, LoadedMap, type LoadedObject, loadObject } from "../../src/kernel/index.ts";
import { type MapSpec, readObject } from "../../src/loader/index.ts";
import { LinuxEventReader, PrintkReader } from "../../src/node/linux/index.ts";
import { MAP_TYPE, PROG_TYPE } from "../../src/uapi/index.ts";
import { toHex } from "../../src/util/index.ts";
import { root } from "../support/cli.ts";
import { runningKernel, stayOnFirstCpu } from "../support/linux.ts";
import { missing, skipped } from "../support/needs.ts";

const WHAT = "ring buffers and perf buffers of the running kernel";
const kernel = missing(WHAT, "taskset") ? null : await runningKernel(WHAT);
if (kernel !== null) stayOnFirstCpu();
afterAll(() => kernel?.[Symbol.dispose]());

const packet = new Uint8Array(64);

/** A map without an object file. */
function mapOf(type: number, maxEntries: number): LoadedMap {
  const sizes = type === MAP_TYPE.BPF_MAP_TYPE_RINGBUF ? { keySize: 0, valueSize: 0 } : { keySize: 4, valueSize: 4 };
  const fd = kernel!.mapCreate({ type, maxEntries, ...sizes });
  return new LoadedMap({ name: "events", type, maxEntries, ...sizes } as MapSpec, null, kernel!, fd);
}

/** Sends `size` bytes of the stack per run: a counter in `ctx`-less programs is not needed, the bytes are the test's. */
function sender(map: LoadedMap, helper: "ringbuf" | "perf", size: number): number {
  const fill = Array.from({ length: Math.ceil(size / 8) }, (_, i) => asm.st64(R10, -512 + i * 8, 0x1111 * (i + 1)));
  const output =
    helper === "ringbuf"
      ? [
          asm.ld_imm64_map_fd(R1, map.fd),
          asm.mov64(R2, R10),
          asm.add64(R2, -512),
          asm.mov64(R3, size),
          asm.mov64(R4, 0),
        ]
      : [
          asm.mov64(R1, R6),
          asm.ld_imm64_map_fd(R2, map.fd),
          insn("mov32_imm", { dst: 3, imm: -1 }), // BPF_F_CURRENT_CPU
          asm.mov64(R4, R10),
          asm.add64(R4, -512),
          asm.mov64(R5, size),
        ];
  const items = [asm.mov64(R6, R1), ...fill, ...output, asm.call_helper(helper === "ringbuf" ? 130 : 25), asm.exit()];
  const code = items.flatMap((item) => ("form" in item ? [item] : build([item])));
  return kernel!.progLoad({ type: PROG_TYPE.BPF_PROG_TYPE_XDP, insns: encode(code), license: "GPL" });
}

/** Runs one by one: with `repeat` the kernel takes 30 ms to enter the program into its XDP dispatcher. */
function runs(prog: number, count: number): number {
  let retval = 0;
  for (let n = 0; n < count; n++) retval = kernel!.progTestRun(prog, { dataIn: packet }).retval;
  return retval;
}

const objectWith = (map: LoadedMap) => ({ maps: { events: map } }) as unknown as LoadedObject;
const expected = (size: number) =>
  new Uint8Array(
    new BigUint64Array(Array.from({ length: Math.ceil(size / 8) }, (_, i) => BigInt(0x1111 * (i + 1)))).buffer,
  );

describe.skipIf(kernel === null)(WHAT, () => {
  test("a ring buffer's records come in order, across the end of the ring, and none is lost while they are read", () => {
    const map = mapOf(MAP_TYPE.BPF_MAP_TYPE_RINGBUF, 4096);
    const prog = sender(map, "ringbuf", 100);
    using reader = new LinuxEventReader(kernel!, objectWith(map), 1000);
    for (let round = 0; round < 40; round++) {
      expect(runs(prog, 7)).toBe(0);
      reader.drain();
    }
    const [stream] = reader.streams;
    expect(stream).toMatchObject({ records: 280, bytes: 28_000, lost: 0 });
    expect(new Set(stream!.samples.map(toHex))).toEqual(new Set([toHex(expected(100).subarray(0, 100))]));
    // A full ring refuses.
    expect(kernel!.progTestRun(prog, { dataIn: packet, repeat: 100 }).retval).toBe(-11 >>> 0);
    reader.drain();
    expect(stream!.records).toBe(280 + Math.floor(4096 / 112));
  });

  test("a perf buffer's samples come per CPU, and what was lost is counted", () => {
    const map = mapOf(MAP_TYPE.BPF_MAP_TYPE_PERF_EVENT_ARRAY, kernel!.possibleCpus);
    const prog = sender(map, "perf", 100);
    using reader = new LinuxEventReader(kernel!, objectWith(map), 10_000);
    for (let round = 0; round < 400; round++) {
      expect(runs(prog, 7)).toBe(0);
      reader.drain();
    }
    const [stream] = reader.streams;
    // The kernel pads samples: 100 bytes and a length of 4 make 104.
    expect(stream).toMatchObject({ records: 2800, bytes: 280_000, lost: 0 });
    expect(new Set(stream!.samples.map(toHex))).toEqual(new Set([toHex(expected(100).subarray(0, 100))]));
    kernel!.progTestRun(prog, { dataIn: packet, repeat: 5000 });
    reader.drain();
    kernel!.progTestRun(prog, { dataIn: packet });
    reader.drain();
    expect(stream!.records + stream!.lost).toBe(2800 + 5001);
    expect(stream!.lost).toBeGreaterThan(0);
  });

  test("the event loop tells of records, no thread waits for them", async () => {
    const ring = mapOf(MAP_TYPE.BPF_MAP_TYPE_RINGBUF, 4096);
    const perf = mapOf(MAP_TYPE.BPF_MAP_TYPE_PERF_EVENT_ARRAY, kernel!.possibleCpus);
    const programs = [sender(ring, "ringbuf", 16), sender(perf, "perf", 20)];
    using reader = new LinuxEventReader(kernel!, { maps: { ring, perf } } as unknown as LoadedObject, 0);
    const seen: [EventStream, Uint8Array][] = [];
    const three = new Promise<void>((resolve) => {
      reader.watch((stream, record) => {
        seen.push([stream, record]);
        if (seen.length === 6) resolve();
      });
    });
    setTimeout(() => {
      for (const prog of programs) kernel!.progTestRun(prog, { dataIn: packet, repeat: 3 });
    }, 10);
    await three;
    expect(reader.streams.map(({ records }) => records)).toEqual([3, 3]);
  });

  test("of the example with a ring buffer", () => {
    const spec = readObject(readFileSync(`${root}examples/globals/globals.bpf.o`), { name: "globals.bpf.o" });
    const object = loadObject(kernel!, spec);
    using reader = new LinuxEventReader(kernel!, object, 8);
    object.programs["sampler"]!.run({ packet, repeat: 1000 });
    reader.drain();
    expect(reader.streams[0]).toMatchObject({ records: 10, lost: 0 });
    object.close();
  });

  test("what programs print, and only what this thread's programs do", () => {
    using printk = PrintkReader.open(kernel!.bpf.libc);
    if (printk === null) return void skipped("bpf_printk of the running kernel", "no tracefs, or no right to trace");
    const text = new BigUint64Array(new TextEncoder().encode("n=%d %d\n".padEnd(16, "\0")).buffer);
    const items = [
      asm.ld_imm64(R3, text[0]!),
      asm.stx64(R10, -16, R3),
      asm.ld_imm64(R3, text[1]!),
      asm.stx64(R10, -8, R3),
      asm.mov64(R1, R10),
      asm.add64(R1, -16),
      asm.mov64(R2, 10),
      asm.mov64(R3, 7),
      asm.mov64(R4, -1),
      asm.call_helper("bpf_trace_printk"),
      asm.exit(),
    ];
    const prog = kernel!.progLoad({ type: PROG_TYPE.BPF_PROG_TYPE_XDP, insns: encode(build(items)), license: "GPL" });
    kernel!.progTestRun(prog, { dataIn: packet, repeat: 3 });
    expect(printk.drain()).toEqual(["n=7 -1", "n=7 -1", "n=7 -1"]);
    expect(printk.drain()).toEqual([]);
    kernel!.close(prog);
  });
});
