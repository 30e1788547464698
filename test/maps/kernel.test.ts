import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMap, GuestMap } from "../../src/maps/index.ts";
import { MapCommands, type MapShape } from "../../src/node/linux/maps.ts";
import { PROG_TYPE } from "../../src/uapi/index.ts";
import { runningKernel } from "../support/linux.ts";
import { make, testRuntime } from "./guest.ts";

/** The same commands to maps of ours and of the running kernel; answers must be equal. Needs CAP_BPF. */

const kernel = await runningKernel("maps against the running kernel");
const CPUS = kernel?.possibleCpus ?? 2;

/** A map of the running kernel whose answers are bytes, 0 or -errno, as GuestMap's are. */
class KernelMap {
  readonly shape: MapShape;
  readonly #commands = new MapCommands(kernel!.bpf);
  constructor(s: Shape, elementSize: number) {
    this.shape = { fd: this.#commands.create({ ...s, name: "m" }), keySize: s.keySize, elementSize };
  }
  lookup = (key: Uint8Array, flags = 0) => this.#commands.lookup(this.shape, key, flags);
  update = (key: Uint8Array, value: Uint8Array, flags = 0) => this.#commands.update(this.shape, key, value, flags);
  delete = (key: Uint8Array) => this.#commands.delete(this.shape, key);
  nextKey = (key: Uint8Array | null) => this.#commands.nextKey(this.shape, key);
  lookupAndDelete = (key: Uint8Array, flags = 0) => this.#commands.lookupAndDelete(this.shape, key, flags);
  close = () => kernel!.bpf.libc.close(this.shape.fd);
}

interface Shape {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly perCpu?: true;
  readonly ordered?: true;
  readonly lru?: true;
}

const shape = (
  name: string,
  type: number,
  keySize: number,
  valueSize: number,
  maxEntries: number,
  more = {},
): Shape => ({
  name,
  type,
  keySize,
  valueSize,
  maxEntries,
  flags: 0,
  ...more,
});

const SHAPES: readonly Shape[] = [
  shape("hash, 4-byte keys", 1, 4, 4, 5),
  shape("hash, 7-byte keys, not preallocated", 1, 7, 13, 5, { flags: 1 }),
  shape("hash, 16-byte keys", 1, 16, 8, 5),
  shape("hash, read-only", 1, 4, 4, 5, { flags: 8 }),
  shape("hash, write-only", 1, 4, 4, 5, { flags: 16 }),
  shape("array, read-only", 2, 4, 4, 5, { flags: 8, ordered: true }),
  shape("queue, write-only", 22, 0, 4, 5, { flags: 16 }),
  shape("array", 2, 4, 5, 4, { ordered: true }),
  shape("per-CPU hash", 5, 8, 12, 5, { perCpu: true }),
  shape("per-CPU array", 6, 4, 12, 4, { perCpu: true, ordered: true }),
  shape("LRU hash", 9, 4, 4, 1000),
  shape("LRU per-CPU hash", 10, 4, 4, 1000, { perCpu: true }),
  shape("trie, IPv4", 11, 8, 4, 6, { flags: 1, ordered: true }),
  shape("trie, 3 bytes", 11, 7, 4, 6, { flags: 1, ordered: true }),
  shape("trie, 10 bytes", 11, 14, 4, 100, { flags: 1, ordered: true }),
  shape("trie, IPv6", 11, 20, 4, 100, { flags: 1, ordered: true }),
  shape("queue", 22, 0, 4, 3),
  shape("stack", 23, 0, 4, 3),
  shape("program array", 3, 4, 4, 3, { ordered: true }),
  shape("perf event array", 4, 4, 4, 3, { ordered: true }),
  shape("devmap", 14, 4, 4, 3, { ordered: true }),
  shape("devmap with programs", 14, 4, 8, 3, { ordered: true }),
  shape("devmap_hash", 25, 4, 4, 3),
  shape("cpumap", 16, 4, 4, 4, { ordered: true }),
  shape("ring buffer", 27, 0, 0, 4096),
];

const commands = ["lookup", "update", "update", "update", "delete", "next", "take"] as const;
interface Step {
  readonly command: (typeof commands)[number];
  readonly key: number;
  readonly prefix: number;
  readonly value: number;
  readonly flags: number;
}
const step: fc.Arbitrary<Step> = fc.record({
  command: fc.constantFrom(...commands),
  key: fc.integer({ min: 0, max: 7 }),
  prefix: fc.integer({ min: 0, max: 40 }),
  value: fc.integer({ min: 0, max: 3 }),
  flags: fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 5, 8, 0x80000000),
});

/** Few different keys, so that commands meet. Tries: prefix length, then bits that differ late and early. */
function keyOf(s: Shape, at: Step): Uint8Array {
  const key = new Uint8Array(s.keySize);
  if (s.type === 11) {
    const bits = (s.keySize - 4) * 8;
    new DataView(key.buffer).setUint32(
      0,
      at.prefix === 40 ? bits + 1 : Math.min(bits, Math.floor((at.prefix * bits) / 32)),
      true,
    );
    for (let i = 4; i < key.length; i++) key[i] = [0, 0xff, 0x80, 1][(at.key >> ((i >> 1) & 1)) & 3]!;
    return key;
  }
  if (key.length > 0) key[0] = at.key;
  if (key.length > 4) key[key.length - 1] = at.key;
  return key;
}

function answer(map: GuestMap | KernelMap, s: Shape, at: Step, valueSize: number): unknown {
  const key = keyOf(s, at);
  // Devices: 0 and 1 (lo) exist everywhere.
  const value = new Uint8Array(valueSize).fill(at.value);
  if (s.type === 14 || s.type === 25 || s.type === 16) value.fill(0).set([at.value === 2 ? 1 : at.value & 1]);
  if (s.type === 3 || s.type === 4) value.fill(0xff);
  switch (at.command) {
    case "lookup":
      return map.lookup(key, at.flags);
    case "update":
      return map.update(key, value, at.flags);
    case "delete":
      return map.delete(key);
    case "take":
      return map.lookupAndDelete(key, at.flags & 4);
    case "next": {
      if (s.ordered === true) return map.nextKey(at.flags === 1 ? null : key);
      const keys: string[] = [];
      let next = map.nextKey(null);
      for (; typeof next !== "number"; next = map.nextKey(next)) keys.push(next.join());
      return [next, keys.sort()];
    }
  }
}

// Packet of the helper programs: key, value, flags; copied to the stack, as helpers want it.
const PACKET_VALUE = 24;
const PACKET_FLAGS = 40;
const PACKET = 48;

interface HelperCall {
  readonly name: string;
  readonly id: number;
  /** Offsets in the packet of the arguments after the map. */
  readonly args: readonly number[];
  /** Returns a value's address. */
  readonly pointer?: true;
}
const ELEMENT_HELPERS: readonly HelperCall[] = [
  { name: "bpf_map_lookup_elem", id: 1, args: [0], pointer: true },
  { name: "bpf_map_update_elem", id: 2, args: [0, PACKET_VALUE, PACKET_FLAGS] },
  { name: "bpf_map_delete_elem", id: 3, args: [0] },
];
const QUEUE_HELPERS: readonly HelperCall[] = [
  { name: "bpf_map_push_elem", id: 87, args: [PACKET_VALUE, PACKET_FLAGS] },
  { name: "bpf_map_pop_elem", id: 88, args: [PACKET_VALUE] },
  { name: "bpf_map_peek_elem", id: 89, args: [PACKET_VALUE] },
];

/** `r0 = helper(map, …)`; where the helper returns a value, its first byte, or 0x1234 for null. */
function helperProgram(helper: HelperCall, fd: number): Uint8Array {
  const insns: number[][] = [
    [0x61, 6, 1, 0, 0],
    [0x61, 7, 1, 4, 0],
    [0xbf, 0, 6, 0, 0],
    [0x07, 0, 0, 0, PACKET],
    [0xbd, 0, 7, 1, 0],
    [0x95, 0, 0, 0, 0],
  ];
  for (let at = 0; at < PACKET; at += 8) insns.push([0x79, 0, 6, at, 0], [0x7b, 10, 0, at - PACKET, 0]);
  insns.push([0x18, 1, 1, 0, fd], [0, 0, 0, 0, 0]);
  helper.args.forEach((at, i) => {
    if (at === PACKET_FLAGS) insns.push([0x79, 2 + i, 6, at, 0]);
    else insns.push([0xbf, 2 + i, 10, 0, 0], [0x07, 2 + i, 0, 0, at - PACKET]);
  });
  insns.push([0x85, 0, 0, 0, helper.id]);
  if (helper.pointer === true)
    insns.push([0x55, 0, 0, 2, 0], [0xb7, 0, 0, 0, 0x1234], [0x95, 0, 0, 0, 0], [0x71, 0, 0, 0, 0]);
  insns.push([0x95, 0, 0, 0, 0]);
  const bytes = new DataView(new ArrayBuffer(insns.length * 8));
  insns.forEach(([op, dst, src, off, imm], i) => {
    bytes.setUint8(i * 8, op!);
    bytes.setUint8(i * 8 + 1, dst! | (src! << 4));
    bytes.setInt16(i * 8 + 2, off!, true);
    bytes.setInt32(i * 8 + 4, imm!, true);
  });
  return new Uint8Array(bytes.buffer);
}

describe.skipIf(kernel === null)("as the running kernel answers", () => {
  test.each(SHAPES.map((s) => [s.name, s] as const))("%s: commands", (_, s) => {
    const valueSize = s.perCpu === true ? Math.ceil(s.valueSize / 8) * 8 * CPUS : s.valueSize;
    const runtime = testRuntime();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const real = new KernelMap(s, valueSize);
        expect(real.shape.fd).toBeGreaterThanOrEqual(0);
        const ours = make(runtime, {
          ...s,
          name: "m",
          cpus: CPUS,
          references: { acquire: () => -9, release() {}, id: () => 0 },
        });
        try {
          for (const at of steps)
            expect([at, answer(ours, s, at, valueSize)]).toEqual([at, answer(real, s, at, valueSize)]);
        } finally {
          real.close();
          ours.free();
        }
      }),
      { numRuns: 60 },
    );
  });

  // What programs may call, as the verifier allows it: type → helpers by id.
  const programSide = SHAPES.filter((s) => [1, 2, 5, 6, 9, 10, 11, 22, 23].includes(s.type) && s.flags < 8);
  test.each(programSide.map((s) => [s.name, s] as const))("%s: helpers", (_, s) => {
    const helpers = s.keySize === 0 ? QUEUE_HELPERS : ELEMENT_HELPERS;
    const runtime = testRuntime();
    const call = fc.record({ helper: fc.constantFrom(...helpers), step });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 40 }), (calls) => {
        const fd = kernel!.mapCreate({ ...s, name: "m" });
        const type = PROG_TYPE.BPF_PROG_TYPE_XDP;
        const programs = new Map(
          helpers.map((h) => [h, kernel!.progLoad({ type, insns: helperProgram(h, fd), license: "GPL" })]),
        );
        const ours = make(runtime, { ...s, name: "m", cpus: CPUS });
        const at = runtime.memory.alloc(PACKET);
        try {
          for (const { helper, step: given } of calls) {
            const packet = new Uint8Array(PACKET);
            packet.set(keyOf(s, given));
            packet.fill(given.value, PACKET_VALUE, PACKET_VALUE + s.valueSize);
            new DataView(packet.buffer).setUint32(PACKET_FLAGS, given.flags, true);
            runtime.memory.u8.set(packet, at);
            const name = ours.ref.exports[helper.name]!;
            const args = helper.args.map((arg) => (arg === PACKET_FLAGS ? given.flags : at + arg));
            let result = ours.call(name, ...args);
            if (helper.pointer === true) result = result === 0 ? 0x1234 : runtime.memory.view.getUint8(result >>> 0);
            expect([helper.name, given, result]).toEqual([
              helper.name,
              given,
              kernel!.progTestRun(programs.get(helper)!, { dataIn: packet }).retval | 0,
            ]);
          }
        } finally {
          for (const program of programs.values()) kernel!.close(program);
          kernel!.close(fd);
          ours.free();
          runtime.memory.free(at);
        }
      }),
      { numRuns: 15 },
    );
  });

  test("creation", () => {
    const commands = new MapCommands(kernel!.bpf);
    // Up to BPF_F_VTYPE_BTF_OBJ_FD: with BPF_F_TOKEN_FD the kernel checks some sizes first.
    const bit = fc.integer({ min: 0, max: 15 }).map((b) => 1 << b);
    const attr = fc.record({
      type: fc.constantFrom(...new Set(SHAPES.map((s) => s.type)), 12, 13),
      keySize: fc.constantFrom(0, 1, 4, 5, 8, 20, 260, 261),
      valueSize: fc.constantFrom(0, 1, 4, 8, 24, 32768, 32769, 4194304, 0x80000000, 0xffffffff),
      maxEntries: fc.constantFrom(0, 1, 3, 64, 4095, 4096, 8192, 12288, 0xffffffff),
      flags: fc.oneof(
        { weight: 3, arbitrary: fc.constant(0) },
        { weight: 2, arbitrary: fc.constant(1) },
        bit,
        fc.tuple(bit, bit).map(([a, b]) => a | b),
      ),
    });
    fc.assert(
      fc.property(attr, (a) => {
        // NR_CPUS is the kernel's configuration; what is big but allowed depends on the machine's memory.
        fc.pre(a.type !== 16 || a.maxEntries <= 256);
        fc.pre(a.maxEntries * (a.valueSize + a.keySize) < 2 ** 25 || (a.maxEntries === 0xffffffff && a.valueSize > 8));
        const fd = commands.create(a);
        if (fd >= 0) kernel!.bpf.libc.close(fd);
        const ours = createMap(testRuntime(), { ...a, name: "", id: 1, cpus: CPUS });
        expect([a, ours instanceof GuestMap ? 0 : ours]).toEqual([a, Math.min(fd, 0)]);
      }),
      { numRuns: 1500 },
    );
  });
});
