import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { asm, build, R0 } from "../src/asm/index.ts";
import { BtfBuilder, btfToC, parseBtf, parseBtfExt } from "../src/btf/index.ts";
import { parseElf } from "../src/elf/index.ts";
import { decode, encode } from "../src/isa/index.ts";
import { btfForKernel, readObject } from "../src/loader/index.ts";
import { createMap } from "../src/maps/index.ts";
import { CaptureParser } from "../src/net/index.ts";
import { MAP_TYPE } from "../src/uapi/index.ts";
import { Vm } from "../src/vm/index.ts";
import { root } from "./support/cli.ts";

/*
 * Node's Buffer is a Uint8Array that differs: slice() is a view, and it may lie anywhere in a pool it shares with others.
 * Each parser must read it as it reads the same plain bytes, and leave it as it is.
 */

const object = new Uint8Array(readFileSync(`${root}test/loader/fixtures/maps.o`));
const section = (name: string): Uint8Array => parseElf(object, "maps.o").sections.find((s) => s.name === name)!.data;
const btf = section(".BTF");
const pcap = new Uint8Array(24 + 16 + 20);
const fields = new DataView(pcap.buffer);
[0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1, 7, 8, 20, 20].forEach((word, i) => {
  fields.setUint32(i * 4, word, true);
});
pcap.fill(0xab, 40);

function bigEndianBtf(): Uint8Array {
  const builder = new BtfBuilder({ littleEndian: false });
  const facts = { size: 4, signed: true, char: false, bool: false, bits: 32, bitOffset: 0 };
  builder.add({ kind: "typedef", name: "number", type: builder.add({ kind: "int", name: "int", ...facts }) });
  return builder.finish();
}

function captured(bytes: Uint8Array): Uint8Array[] {
  const parser = new CaptureParser();
  const packets: Uint8Array[] = [];
  for (const batch of parser.push(bytes)) for (let i = 0; i < batch.count; i++) packets.push(batch.packet(i));
  parser.end();
  return packets;
}

/** Updates a value with a spin lock at its start, which an update leaves alone; what the map then holds. */
function updated(value: Uint8Array): unknown {
  const { runtime } = new Vm();
  const sizes = { keySize: 4, valueSize: 8, maxEntries: 1, flags: 0, cpus: 1 };
  const map = createMap(runtime, { type: MAP_TYPE.BPF_MAP_TYPE_ARRAY, ...sizes, name: "m", id: 1, spinLock: 0 });
  if (typeof map === "number") throw new Error(`createMap: ${map}`);
  map.update(new Uint8Array(4), value);
  return map.lookup(new Uint8Array(4));
}

const PARSERS: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => unknown])[] = [
  ["parseElf", object, (bytes) => parseElf(bytes, "maps.o").sections.map((s) => s.data)],
  [
    "readObject",
    object,
    (bytes) => {
      const spec = readObject(bytes, { name: "maps.o" });
      const contents = spec.maps.flatMap((map) => (map.contents === null ? [] : [map.contents]));
      for (const part of contents) part.fill(0xff);
      return [contents, spec.maps.map((m) => m.name), btfForKernel(spec)];
    },
  ],
  ["parseBtf", btf, (bytes) => [parseBtf(bytes, "btf").bytes, btfToC(parseBtf(bytes, "btf"))]],
  ["parseBtf, big-endian", bigEndianBtf(), (bytes) => btfToC(parseBtf(bytes, "btf"))],
  ["parseBtfExt", section(".BTF.ext"), (bytes) => parseBtfExt(bytes, parseBtf(btf, "btf"), "ext")],
  ["decode", encode(build([asm.mov64(R0, 2), asm.exit()])), (bytes) => decode(bytes)],
  ["CaptureParser", pcap, captured],
  ["map update with a spin lock", Uint8Array.of(9, 9, 9, 9, 1, 2, 3, 4), updated],
];

describe("a Buffer reads like plain bytes and stays as it is", () => {
  test.each(PARSERS)("%s", (_name, bytes, parse) => {
    const pool = Buffer.alloc(bytes.length + 24, 0x77);
    const buffer = pool.subarray(12, 12 + bytes.length);
    buffer.set(bytes);
    // toStrictEqual tells a Buffer from a Uint8Array.
    expect(parse(buffer)).toStrictEqual(parse(bytes.slice()));
    expect(new Uint8Array(buffer)).toEqual(bytes);
    expect(pool.subarray(0, 12).every((byte) => byte === 0x77)).toBe(true);
    expect(pool.subarray(-12).every((byte) => byte === 0x77)).toBe(true);
  });
});
