// The benchmark programs: which function of which object, on which packet, with what in its maps.

const bytes = (...values) => Uint8Array.from(values);
const u32 = (value) => bytes(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);

/** An Ethernet + IPv4 + UDP frame of `size` bytes; the payload counts up. */
function frame(size) {
  const packet = new Uint8Array(size);
  for (let i = 42; i < size; i++) packet[i] = i;
  packet.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0], 0);
  packet.set([0x45, 0x10, 0, size - 14, 0, 1, 0, 0, 64, 17, 0, 0, 10, 1, 2, 3, 192, 168, 7, 9], 14);
  packet.set([0x30, 0x39, 0, 53, 0, size - 34, 0, 0], 34);
  return packet;
}

/** Ethernet, then options as `parse.c` reads them: lengths 2 to 9 between single bytes, then an end mark. */
function options() {
  const packet = new Uint8Array(14 + 128);
  packet[12] = 8;
  let at = 14;
  for (let n = 0; n < 16; n++) {
    packet[at++] = 1;
    const length = 2 + (n % 8);
    packet.fill(n * 7, at, at + length);
    packet[at] = 5;
    packet[at + 1] = length;
    at += length;
  }
  return packet;
}

/** 256 routes of different lengths; the last ones match the frame's destination. */
function routes() {
  const list = [];
  for (let n = 0; n < 250; n++) list.push([bytes(24, 0, 0, 0, 10, n, 2 * (n % 100), 0), u32(n)]);
  for (const length of [0, 8, 16, 20, 24, 32]) {
    const address = [192, 168, 7, 9].map((byte, i) => byte & (0xff00 >> Math.max(0, Math.min(8, length - 8 * i))));
    list.push([bytes(length, 0, 0, 0, ...address.map((b) => b & 255)), u32(length)]);
  }
  return list;
}

/** Flows that are there before the measured one. */
function flows() {
  return Array.from({ length: 1000 }, (_, n) => [
    bytes(10, 1, n >> 8, n & 255, 192, 168, 7, 9, 0x30, 0x39, 0, 53, 17, 0, 0, 0),
    bytes(1, 0, 0, 0, 0, 0, 0, 0),
  ]);
}

const steps = ["step_0", "step_1", "step_2", "step_3", "step_4"];

/**
 * - `fill`: map name → [key, value] pairs
 * - `programs`: map name → functions of the object, by index
 * - `inner`: map name → inner maps, by index
 */
export const CASES = [
  { name: "empty", packet: frame(64) },
  { name: "array count", file: "array_count", packet: frame(64) },
  { name: "per-CPU count", file: "percpu_count", packet: frame(64) },
  { name: "hash flow", file: "hash_flow", packet: frame(64), fill: { flows: flows() } },
  { name: "LRU flow", file: "lru_flow", packet: frame(64), fill: { flows: flows() } },
  { name: "LPM route", file: "lpm_route", packet: frame(64), fill: { routes: routes() } },
  { name: "tail-call chain", file: "tail_calls", packet: frame(64), programs: { programs: steps } },
  { name: "checksum 64", file: "checksum", packet: frame(64) },
  { name: "checksum 1024", file: "checksum", packet: frame(1024) },
  { name: "integer mixing", file: "mix", packet: frame(64) },
  { name: "modulo", file: "modulo", packet: frame(64) },
  { name: "byte parsing", file: "parse", packet: options() },
  { name: "map-in-map", file: "map_in_map", packet: frame(64), inner: { tenants: ["tenant_0", "tenant_1"] } },
];
