// Helpers on `struct xdp_md`. The frame is [hard start, frame end); the packet is [data_meta or data, data_end) and the
// XDP_FRAGS bytes after it, which the program reaches by helpers only.

import { XDP_DATA, XDP_DATA_END, XDP_DATA_META, XDP_FRAGS, XDP_FRAME_END, XDP_HARD_START } from "../../layout";
import { EACCES, EFAULT, EINVAL, ETH_HLEN, get, set } from "./base";

/** Bytes at the hard start that the kernel keeps for itself (struct xdp_frame). */
const FRAME_HEADER: i64 = 40;
/** Fragments are pages; the last one grows up to its end. */
const FRAGMENT_SIZE: i64 = 4096;
/** Metadata comes in words and its length must fit a byte. */
const META_MAX: i64 = 252;

export function xdp_adjust_head(ctx: u32, delta: i32): i32 {
  const data: i64 = get(ctx, XDP_DATA);
  const meta: i64 = get(ctx, XDP_DATA_META);
  const moved = data + delta;
  const metaLength = data - meta;
  if (moved < <i64>get(ctx, XDP_HARD_START) + FRAME_HEADER + metaLength) return EINVAL;
  if (moved > <i64>get(ctx, XDP_DATA_END) - ETH_HLEN) return EINVAL;
  if (metaLength != 0) memory.copy(<u32>(meta + delta), <u32>meta, <u32>metaLength);
  set(ctx, XDP_DATA_META, <u32>(meta + delta));
  set(ctx, XDP_DATA, <u32>moved);
  return 0;
}

export function xdp_adjust_meta(ctx: u32, delta: i32): i32 {
  const data: i64 = get(ctx, XDP_DATA);
  const meta = <i64>get(ctx, XDP_DATA_META) + delta;
  if (meta < <i64>get(ctx, XDP_HARD_START) + FRAME_HEADER || meta > data) return EINVAL;
  const length = data - meta;
  if (length & 3 || length > META_MAX) return EACCES;
  set(ctx, XDP_DATA_META, <u32>meta);
  return 0;
}

function buffLen(ctx: u32): u32 {
  return get(ctx, XDP_DATA_END) - get(ctx, XDP_DATA) + get(ctx, XDP_FRAGS);
}

function adjustFragments(ctx: u32, delta: i64, frags: i64): i32 {
  const end = get(ctx, XDP_DATA_END);
  if (delta >= 0) {
    const last = ((frags - 1) & (FRAGMENT_SIZE - 1)) + 1;
    if (last + delta > FRAGMENT_SIZE) return EINVAL;
    memory.fill(end + <u32>frags, 0, <u32>delta);
    set(ctx, XDP_FRAGS, <u32>(frags + delta));
    return 0;
  }
  if (-delta > <i64>buffLen(ctx) - ETH_HLEN) return EINVAL;
  const left = frags + delta;
  set(ctx, XDP_FRAGS, left > 0 ? <u32>left : 0);
  if (left < 0) set(ctx, XDP_DATA_END, <u32>(end + left));
  return 0;
}

export function xdp_adjust_tail(ctx: u32, delta: i32): i32 {
  const frags: i64 = get(ctx, XDP_FRAGS);
  if (frags != 0) return adjustFragments(ctx, delta, frags);
  const end: i64 = get(ctx, XDP_DATA_END);
  const moved = end + delta;
  if (moved > <i64>get(ctx, XDP_FRAME_END) || moved < <i64>get(ctx, XDP_DATA) + ETH_HLEN) return EINVAL;
  if (delta > 0) memory.fill(<u32>end, 0, delta);
  set(ctx, XDP_DATA_END, <u32>moved);
  return 0;
}

export function xdp_get_buff_len(ctx: u32): u64 {
  return buffLen(ctx);
}

/** 0, or why these bytes are out of reach. */
@inline function outside(ctx: u32, offset: u32, length: u32): i32 {
  if (offset > 0xffff || length > 0xffff) return EFAULT;
  return offset + length > buffLen(ctx) ? EINVAL : 0;
}

export function xdp_load_bytes(ctx: u32, offset: u32, to: u32, length: u32): i32 {
  const error = outside(ctx, offset, length);
  if (error != 0) return error;
  memory.copy(to, get(ctx, XDP_DATA) + offset, length);
  return 0;
}

export function xdp_store_bytes(ctx: u32, offset: u32, from: u32, length: u32): i32 {
  const error = outside(ctx, offset, length);
  if (error != 0) return error;
  memory.copy(get(ctx, XDP_DATA) + offset, from, length);
  return 0;
}
