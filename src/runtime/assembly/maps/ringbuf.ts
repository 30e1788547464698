// Ring buffer (Documentation/bpf/ringbuf.rst): records of an 8-byte header (u32 length with busy and discard bits, u32 page offset
// from the buffer's start) and the bytes, rounded up to 8. The kernel maps the data pages twice so that records never wrap; here the
// data area is twice as long, and a record that crosses the end goes on in the second half: its place in the first stays unused.
import { MAP_DATA, MAP_MAX_ENTRIES } from "../../layout";
import { RING_CONSUMER, RING_HEADER, RING_META_PAGES, RING_PRODUCER } from "../../map-layout";
import { EAGAIN, EINVAL, copy, field } from "./base";

const BUSY: u32 = 0x80000000;
const DISCARD: u32 = 0x40000000;
const BPF_RB_NO_WAKEUP: u32 = 1;
const BPF_RB_FORCE_WAKEUP: u32 = 2;
const MAX_RECORD: u32 = 0x3fffffff;

function reserve(map: u32, size: u32): u32 {
  if (size > MAX_RECORD) return 0;
  const length: u64 = (size + RING_HEADER + 7) & ~7;
  const room = <u64>field(map, MAP_MAX_ENTRIES);
  const producer = load<u64>(map, RING_PRODUCER);
  if (length > room || producer + length - load<u64>(map, RING_CONSUMER) > room - 1) return 0;
  const offset = <u32>(producer & (room - 1));
  const record = field(map, MAP_DATA) + offset;
  store<u32>(record, size | BUSY);
  store<u32>(record, (offset >> 12) + RING_META_PAGES, 4);
  store<u64>(map, producer + length, RING_PRODUCER);
  return record + RING_HEADER;
}

export function ringbuf_reserve(map: u32, size: u32, flags: u32): u32 {
  return flags == 0 ? reserve(map, size) : 0;
}

export function ringbuf_submit(sample: u32, flags: u32): void {
  const header = sample - RING_HEADER;
  store<u32>(header, load<u32>(header) & ~BUSY);
}

export function ringbuf_discard(sample: u32, flags: u32): void {
  const header = sample - RING_HEADER;
  store<u32>(header, (load<u32>(header) & ~BUSY) | DISCARD);
}

export function ringbuf_output(map: u32, data: u32, size: u32, flags: u32): i32 {
  if ((flags & ~(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP)) != 0) return EINVAL;
  const sample = reserve(map, size);
  if (sample == 0) return EAGAIN;
  copy(sample, data, size);
  ringbuf_submit(sample, flags);
  return 0;
}

/** BPF_RB_AVAIL_DATA, BPF_RB_RING_SIZE, BPF_RB_CONS_POS, BPF_RB_PROD_POS. */
export function ringbuf_query(map: u32, flags: u32): u64 {
  const consumer = load<u64>(map, RING_CONSUMER);
  const producer = load<u64>(map, RING_PRODUCER);
  switch (flags) {
    case 0: return producer - consumer;
    case 1: return field(map, MAP_MAX_ENTRIES);
    case 2: return consumer;
    case 3: return producer;
    default: return 0;
  }
}
