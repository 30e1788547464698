// Brings packets of a capture into frames: room before and after each, one batch record each. All pointers are guest addresses.

import { REC_DATA, REC_END, REC_LENGTH, REC_META, REC_SIZE, REC_START, REC_TIME } from "../layout";

/**
 * Frames start this far apart beyond their size: with a distance of exactly 4096 all packets would fall into the same
 * sets of a first-level cache.
 */
const FRAME_SKEW: u32 = 192;

/**
 * Copies `count` packets, which lie in `chunk` at `offsets[i]` with `lengths[i]` bytes, into frames of at least `frameSize`
 * bytes with `headroom` bytes before the data and `tailroom` after, and fills `records`.
 * @param times f64 nanoseconds per packet
 * @returns how many packets fitted below `framesEnd`
 */
export function stage_packets(
  chunk: u32,
  offsets: u32,
  lengths: u32,
  times: u32,
  count: u32,
  headroom: u32,
  tailroom: u32,
  frameSize: u32,
  frames: u32,
  framesEnd: u32,
  records: u32,
): u32 {
  let frame = frames;
  for (let i: u32 = 0; i < count; i++) {
    const length = load<u32>(lengths + (i << 2));
    const need = (headroom + length + tailroom + 15) & ~15;
    const size = max(frameSize, need);
    if (frame + size > framesEnd) return i;
    const data = frame + headroom;
    memory.copy(data, chunk + load<u32>(offsets + (i << 2)), length);
    const record = records + i * REC_SIZE;
    store<u32>(record, data, REC_DATA);
    store<u32>(record, length, REC_LENGTH);
    store<u32>(record, 0, REC_META);
    store<u32>(record, frame, REC_START);
    store<u32>(record, frame + size, REC_END);
    store<u64>(record, <u64>load<f64>(times + (i << 3)), REC_TIME);
    frame += size + FRAME_SKEW;
  }
  return count;
}
