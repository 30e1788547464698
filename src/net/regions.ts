import { type ContextLayout, contextLayout, PROG_TYPE } from "../uapi/index.ts";
import type { GuestMemory, Region } from "../vm/memory.ts";

/** Program types that may write packet bytes directly, and those that may only read them. */
const WRITE_PACKET: readonly number[] = [
  PROG_TYPE.BPF_PROG_TYPE_XDP,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT,
  PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT,
  PROG_TYPE.BPF_PROG_TYPE_SK_SKB,
];

/** A packet as the checking interpreter sees it: what the context's fields say at the time of the access. */
class PacketRegion implements Region {
  readonly name = "packet";
  readonly write: boolean;
  readonly #memory: GuestMemory;
  readonly #startField: number;
  readonly #endField: number;

  constructor(memory: GuestMemory, startField: number, endField: number, write: boolean) {
    this.#memory = memory;
    this.#startField = startField;
    this.#endField = endField;
    this.write = write;
  }

  get start(): number {
    return this.#memory.view.getUint32(this.#startField, true);
  }
  get end(): number {
    return this.#memory.view.getUint32(this.#endField, true);
  }
}

/** Stretches of neighbouring fields that programs of this type may access alike. */
function contextRegions(layout: ContextLayout, type: number, address: number): Region[] {
  const out: { start: number; end: number; write: boolean; name: string }[] = [];
  for (const field of layout.fields) {
    if (!field.read.includes(type)) continue;
    const start = address + field.offset;
    const write = field.write.includes(type);
    const last = out[out.length - 1];
    if (last !== undefined && last.end === start && last.write === write) last.end = start + field.size;
    else out.push({ start, end: start + field.size, write, name: layout.name });
  }
  return out;
}

/**
 * Makes a context at `address`, and the packet between the pointers in its fields at `packetStart` and `packetEnd` (offsets),
 * reachable for the checking interpreter as far as programs of this BPF_PROG_TYPE_* may. The pointers must lie in memory of the
 * context's own already. Returns what `GuestMemory.removeRegion` takes.
 */
export function addContextRegions(
  memory: GuestMemory,
  type: number,
  address: number,
  packetStart: number,
  packetEnd: number,
): Region[] {
  const layout = contextLayout(type);
  if (layout === undefined) return [];
  const regions = contextRegions(layout, type, address);
  if (layout.fields.some((f) => f.name === "data" && f.read.includes(type))) {
    const write = WRITE_PACKET.includes(type);
    regions.push(new PacketRegion(memory, address + packetStart, address + packetEnd, write));
  }
  return regions.map((region) => memory.addRegion(region));
}
