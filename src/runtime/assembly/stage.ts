// Brings packets of a capture into frames, one batch record each, and collects what became of them. Pointers are guest addresses.

import {
  REC_DATA, REC_END, REC_FAULT, REC_LENGTH, REC_META, REC_SIZE, REC_START, REC_TIME, REC_VERDICT, STAGE_LENGTHS, STAGE_NANOS,
  STAGE_OFFSETS, STAGE_RETVALS, STAGE_SECONDS,
} from "../layout";

/**
 * Frames start this far apart beyond their size: with a distance of exactly 4096 all packets would fall into the same
 * sets of a first-level cache.
 */
const FRAME_SKEW: u32 = 192;

/**
 * Copies in steps of 16 bytes: V8's memory.copy leaves wasm for C, which costs more than a packet. What is written beyond the end
 * lies in the frame's tail or in the skew between frames.
 */
// @ts-ignore: decorator
@inline function copyPacket(to: u32, from: u32, length: u32): void {
  for (let at: u32 = 0; at < length; at += 16) v128.store(to + at, v128.load(from + at));
}

/**
 * Copies `count` packets, which lie at `base + offset` by the columns of `stage` (STAGE_*), into frames of at least `frameSize`
 * bytes with `headroom` bytes before the data and `tailroom` after, and fills `records`. A packet's time is
 * `clock` + its distance from the origin, never less than `clock`; nanoseconds.
 * @returns how many packets fitted below `framesEnd`
 */
export function stage_packets(
  base: u32,
  stage: u32,
  count: u32,
  originSeconds: f64,
  originNanos: f64,
  clock: f64,
  headroom: u32,
  tailroom: u32,
  frameSize: u32,
  frames: u32,
  framesEnd: u32,
  records: u32,
): u32 {
  let frame = frames;
  for (let i: u32 = 0; i < count; i++) {
    const length = load<u32>(stage + (i << 2), STAGE_LENGTHS);
    const size = max(frameSize, (headroom + length + tailroom + 15) & ~15);
    if (frame + size > framesEnd) return i;
    const data = frame + headroom;
    copyPacket(data, base + load<u32>(stage + (i << 2), STAGE_OFFSETS), length);
    const record = records + i * REC_SIZE;
    store<u32>(record, data, REC_DATA);
    store<u32>(record, length, REC_LENGTH);
    store<u32>(record, 0, REC_META);
    store<u32>(record, frame, REC_START);
    store<u32>(record, frame + size, REC_END);
    const seconds = load<f64>(stage + (i << 3), STAGE_SECONDS) - originSeconds;
    const nanos = <f64>load<u32>(stage + (i << 2), STAGE_NANOS) - originNanos;
    store<u64>(record, <u64>(clock + max<f64>(0, seconds * 1e9 + nanos)), REC_TIME);
    frame += size + FRAME_SKEW;
  }
  return count;
}

/** Writes verdicts and new lengths of `count` records into the columns of `stage`; returns whether any run ended in a fault. */
export function collect_packets(records: u32, stage: u32, count: u32): u32 {
  let faults: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const record = records + i * REC_SIZE;
    store<u32>(stage + (i << 2), load<u32>(record, REC_VERDICT), STAGE_RETVALS);
    store<u32>(stage + (i << 2), load<u32>(record, REC_LENGTH), STAGE_LENGTHS);
    faults |= load<u32>(record, REC_FAULT);
  }
  return faults;
}
