import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLASSIC_OPS, type ClassicInsn, checkClassic, classic, runClassic } from "../classic/index.ts";
import { FilterMemory, PacketFilter } from "./packet-filter.ts";

/** Codes whose behaviour libpcap and Linux share for every operand; loads of metadata are left out. */
const SHARED = CLASSIC_OPS.filter((op) => op.kind !== "ld_ind" && !(op.x && /^[lr]sh$/.test(op.mnemonic)));

const insn = fc.record({
  op: fc.constantFrom(...SHARED),
  k: fc.oneof(fc.nat(70), fc.constantFrom(0, 0x800, 0xffffffff, 0x80000000)),
  jt: fc.nat(12),
  jf: fc.nat(12),
});

/** Programs that the kernel would take, most with jumps that cross. */
const program = fc.array(insn, { minLength: 1, maxLength: 40 }).map((list): ClassicInsn[] => {
  const scratch = Array.from({ length: 16 }, (_, k) => classic(0x02, k));
  const left = (n: number) => list.length - n;
  const body = list.map(({ op, k, jt, jf }, n): ClassicInsn => {
    const to = (skip: number) => Math.min(skip, left(n) - 1);
    switch (op.kind) {
      case "ld_abs":
      case "ldx_msh":
        return classic(op.code, k % 71);
      case "ld_mem":
      case "ldx_mem":
      case "st":
      case "stx":
        return classic(op.code, k % 16);
      case "ja":
        return classic(op.code, to(k % 5));
      case "jmp":
        return classic(op.code, k, to(jt), to(jf));
      case "alu":
        return classic(op.code, op.mnemonic.endsWith("sh") ? k % 32 : k === 0 ? 1 : k);
      default:
        return classic(op.code, k);
    }
  });
  return [...scratch, ...body, classic(0x16)];
});

describe("PacketFilter", () => {
  it("returns what the interpreter returns, for any program and packet", () => {
    const memory = new FilterMemory();
    fc.assert(
      fc.property(
        program,
        fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 1, maxLength: 8 }),
        (code, packets) => {
          checkClassic(code);
          const filter = new PacketFilter(code, memory);
          const wanted = packets.map((packet) => runClassic(code, packet));
          expect(packets.map((packet) => filter.run(packet))).toEqual(wanted);
          const bytes = Uint8Array.from(packets.flatMap((packet) => [...packet]));
          const lengths = Uint32Array.from(packets, (packet) => packet.length);
          const offsets = Uint32Array.from(packets, (_, n) =>
            packets.slice(0, n).reduce((sum, p) => sum + p.length, 0),
          );
          const results = new Uint32Array(packets.length);
          const accepted = filter.matchBatch({ bytes, count: packets.length, offsets, lengths }, results);
          expect([...results]).toEqual(wanted);
          expect(accepted).toBe(wanted.filter((r) => r !== 0).length);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("loads by X as libpcap does: no offset wraps around", () => {
    const by = (x: number, k: number) => new PacketFilter([classic(0x01, x), classic(0x50, k), classic(0x16)]);
    const packet = Uint8Array.of(1, 2, 3, 4);
    expect(by(2, 1).run(packet)).toBe(4);
    expect(by(2, 2).run(packet)).toBe(0);
    expect(by(0xffffffff, 1).run(packet)).toBe(0);
    expect(by(0, 0xffffffff - 0x300000).run(packet)).toBe(0);
    expect(new PacketFilter([classic(0x28, -2), classic(0x06, 1)]).run(packet)).toBe(0);
  });

  it("shifts by X of 32 and more give 0", () => {
    const shift = (code: number, x: number) =>
      new PacketFilter([classic(0x00, 0xff), classic(0x01, x), classic(code), classic(0x16)]).run(new Uint8Array(1));
    expect([shift(0x6c, 31), shift(0x6c, 32), shift(0x7c, 4), shift(0x7c, 36)]).toEqual([0x80000000, 0, 15, 0]);
  });

  it("len is the length on the wire, loads end at the bytes there are", () => {
    const length = new PacketFilter([classic(0x80), classic(0x16)]);
    expect(length.run(new Uint8Array(60), 1500)).toBe(1500);
    const byte = new PacketFilter([classic(0x30, 60), classic(0x06, 1)]);
    expect([byte.match(new Uint8Array(60), 1500), byte.match(new Uint8Array(61), 1500)]).toEqual([false, true]);
  });

  it("takes packets larger than its memory, and batches of more than a call takes", () => {
    const filter = new PacketFilter([classic(0x30, 0), classic(0x16)], new FilterMemory());
    const large = new Uint8Array(8 << 20).fill(7);
    expect(filter.run(large)).toBe(7);
    const count = 20_000;
    const offsets = Uint32Array.from({ length: count }, (_, n) => count - n - 1);
    const bytes = Uint8Array.from({ length: count }, (_, n) => n % 251);
    const results = new Uint32Array(count);
    filter.matchBatch({ bytes, count, offsets, lengths: new Uint32Array(count).fill(1) }, results);
    expect(results.every((r, n) => r === (count - n - 1) % 251)).toBe(true);
  });

  it("does not copy what lies in its memory", () => {
    const memory = new FilterMemory();
    memory.input.set([1, 2, 3]);
    const batch = { bytes: memory.input, count: 2, offsets: Uint32Array.of(1, 2), lengths: Uint32Array.of(1, 1) };
    const results = new Uint32Array(2);
    new PacketFilter([classic(0x30, 0), classic(0x16)], memory).matchBatch(batch, results);
    expect([...results]).toEqual([2, 3]);
  });

  it("refuses rows outside of the bytes, and programs that are none", () => {
    const filter = new PacketFilter([classic(0x06, 1)]);
    const row = (offset: number, length: number) => () =>
      filter.matchBatch({
        bytes: new Uint8Array(8),
        count: 1,
        offsets: Uint32Array.of(offset),
        lengths: Uint32Array.of(length),
      });
    expect(row(4, 4)).not.toThrow();
    expect(row(4, 5)).toThrow("E_FILTER_ROW");
    expect(row(0xffffffff, 2)).toThrow("E_FILTER_ROW");
    expect(() => new PacketFilter([])).toThrow("E_JIT_CLASSIC_TARGET");
    expect(() => new PacketFilter([classic(0x00, 1)])).toThrow("E_JIT_CLASSIC_TARGET");
    expect(() => new PacketFilter([classic(0x05, 0xffffffff), classic(0x06)])).toThrow("E_JIT_CLASSIC_TARGET");
    expect(() => new PacketFilter([classic(0x61, 16), classic(0x06)])).toThrow("E_JIT_CLASSIC");
    expect(() => new PacketFilter([classic(0x28, -0x1000), classic(0x06)])).toThrow("E_JIT_CLASSIC_METADATA");
    expect(() => new PacketFilter([classic(0xffff), classic(0x06)])).toThrow("E_JIT_CLASSIC");
  });

  it("compiles the longest program, all of whose jumps cross", () => {
    const code = [classic(0x30, 0)];
    for (let n = 0; n < 4090; n++) code.push(classic(0x15, n & 255, 1 + (n % 2), 0));
    while (code.length < 4095) code.push(classic(0x04, 1));
    code.push(classic(0x16));
    checkClassic(code);
    const filter = new PacketFilter(code);
    for (const byte of [0, 1, 7, 255]) {
      expect(filter.run(Uint8Array.of(byte))).toBe(runClassic(code, Uint8Array.of(byte)));
    }
  });

  it("any bytes as a program: a filter or a BpfError", () => {
    const any = fc.record({ code: fc.nat(0xffff), jt: fc.nat(255), jf: fc.nat(255), k: fc.nat(0xffffffff) });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), (code) => {
        try {
          new PacketFilter(code).run(new Uint8Array(40));
        } catch (error) {
          expect((error as Error).name).toBe("BpfError");
        }
      }),
    );
  });
});
