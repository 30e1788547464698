/*
 * Runs a program on many packets without leaving wasm. The caller has set the CPU block up (Vm.start) and filled the
 * parts of the context that are the same for all packets; what depends on the packet is set here, afresh each time.
 * A record whose REC_FAULT stays UNFINISHED is the one at which a trap or an exception ended the batch.
 */
import {
  CLOCK_NS, CLOCK_STEP_NS, ENGINE_JIT, FAULT_CODE, FUEL, REC_DATA, REC_END, REC_FAULT, REC_LENGTH, REC_META, REC_REDIRECT,
  REC_SIZE, REC_START, REC_TIME, REC_VERDICT, REDIRECT_MAP, REDIRECT_TARGET, SKB_CONTEXT_SIZE, SKB_DATA, SKB_DATA_END,
  SKB_DATA_META, SKB_END, SKB_HEAD, SKB_LEN, SKB_MAC_HEADER, SKB_NETWORK_HEADER, SKB_PROTOCOL, SKB_WIRE_LEN, STACK_TOP,
  TAIL_CALLS, XDP_DATA, XDP_DATA_END, XDP_DATA_META, XDP_EGRESS_IFINDEX, XDP_FRAGS, XDP_FRAME_END, XDP_HARD_START,
} from "../layout";
import { interpret } from "./interpreter";

const UNFINISHED: u32 = 0xffffffff;
const ETH_HLEN: u32 = 14;
/** Offset of the type in an Ethernet header. */
const ETH_PROTO: u32 = 12;

/** The context as the caller left it: programs write to fields of an skb. */
const template: u32 = <u32>memory.data(224, 16);

// @ts-ignore: decorator
@inline function run(slot: u32, engine: u32, ctx: u32): i64 {
  return engine == ENGINE_JIT ? call_indirect<i64>(slot, ctx, STACK_TOP) : interpret(slot, ctx, STACK_TOP);
}

/** The state of the virtual CPU at the start of a packet's run. */
// @ts-ignore: decorator
@inline function startPacket(record: u32, fuel: i64): void {
  const time = load<u64>(record, REC_TIME);
  store<u64>(CLOCK_NS, time != 0 ? time : load<u64>(CLOCK_NS) + load<u64>(CLOCK_STEP_NS));
  store<u32>(TAIL_CALLS, 0);
  store<u32>(FAULT_CODE, 0);
  store<u32>(REDIRECT_TARGET, 0);
  store<u32>(REDIRECT_MAP, 0);
  store<i64>(FUEL, fuel);
  store<u32>(record, UNFINISHED, REC_FAULT);
}

// @ts-ignore: decorator
@inline function endPacket(record: u32, result: i64, data: u32, length: u32, meta: u32): void {
  store<u32>(record, data, REC_DATA);
  store<u32>(record, length, REC_LENGTH);
  store<u32>(record, <u32>result, REC_VERDICT);
  store<u32>(record, meta, REC_META);
  store<u32>(record, load<u32>(REDIRECT_TARGET), REC_REDIRECT);
  store<u32>(record, load<u32>(FAULT_CODE), REC_FAULT);
}

/** Runs the XDP program in `slot` on `count` packets: `records` in, outcomes in the same records. */
export function run_batch_xdp(slot: u32, engine: u32, ctx: u32, records: u32, count: u32): void {
  const fuel = load<i64>(FUEL);
  const egress = load<u32>(ctx, XDP_EGRESS_IFINDEX);
  const end = records + count * REC_SIZE;
  for (let record = records; record != end; record += REC_SIZE) {
    const data = load<u32>(record, REC_DATA);
    startPacket(record, fuel);
    store<u32>(ctx, data, XDP_DATA);
    store<u32>(ctx, data + load<u32>(record, REC_LENGTH), XDP_DATA_END);
    store<u32>(ctx, data - load<u32>(record, REC_META), XDP_DATA_META);
    store<u32>(ctx, egress, XDP_EGRESS_IFINDEX);
    store<u32>(ctx, load<u32>(record, REC_START), XDP_HARD_START);
    store<u32>(ctx, load<u32>(record, REC_END), XDP_FRAME_END);
    store<u32>(ctx, 0, XDP_FRAGS);
    const result = run(slot, engine, ctx);
    const newData = load<u32>(ctx, XDP_DATA);
    endPacket(record, result, newData, load<u32>(ctx, XDP_DATA_END) - newData, newData - load<u32>(ctx, XDP_DATA_META));
  }
}

/** A plain copy of an skb context in words of 16 bytes; V8's memory.copy leaves wasm for C. */
function copyContext(to: u32, from: u32): void {
  for (let at: u32 = 0; at < <u32>SKB_CONTEXT_SIZE; at += 16) v128.store(to + at, v128.load(from + at));
}

/**
 * Runs an skb program in `slot` on `count` packets. `pulled`: bytes of the link header before the data, which the program
 * does not see: 0 where it starts at the Ethernet header (tc), 14 where it starts at the network header.
 * The protocol is taken from the Ethernet header, in network byte order as in the kernel.
 */
export function run_batch_skb(slot: u32, engine: u32, ctx: u32, records: u32, count: u32, pulled: u32): void {
  const fuel = load<i64>(FUEL);
  copyContext(template, ctx);
  const end = records + count * REC_SIZE;
  for (let record = records; record != end; record += REC_SIZE) {
    const data = load<u32>(record, REC_DATA);
    const length = load<u32>(record, REC_LENGTH);
    const mac = data - pulled;
    startPacket(record, fuel);
    copyContext(ctx, template);
    store<u32>(ctx, length, SKB_LEN);
    store<u32>(ctx, length + pulled, SKB_WIRE_LEN);
    store<u32>(ctx, length + pulled >= ETH_HLEN ? load<u16>(mac, ETH_PROTO) : 0, SKB_PROTOCOL);
    store<u32>(ctx, data, SKB_DATA);
    store<u32>(ctx, data + length, SKB_DATA_END);
    store<u32>(ctx, data - load<u32>(record, REC_META), SKB_DATA_META);
    store<u32>(ctx, load<u32>(record, REC_START), SKB_HEAD);
    store<u32>(ctx, load<u32>(record, REC_END), SKB_END);
    store<u32>(ctx, mac, SKB_MAC_HEADER);
    store<u32>(ctx, mac + ETH_HLEN, SKB_NETWORK_HEADER);
    const result = run(slot, engine, ctx);
    const newData = load<u32>(ctx, SKB_DATA);
    endPacket(record, result, newData, load<u32>(ctx, SKB_LEN), newData - load<u32>(ctx, SKB_DATA_META));
  }
  copyContext(ctx, template);
}

/**
 * Runs a program `count` times on one context and packet, which it finds as the round before left it except for an
 * XDP packet's data pointers (`xdp` = 1), as BPF_PROG_TEST_RUN with `repeat` does. Returns the last r0.
 */
export function run_repeat(slot: u32, engine: u32, ctx: u32, count: u32, xdp: u32): i64 {
  const fuel = load<i64>(FUEL);
  const data = load<u32>(ctx, XDP_DATA);
  const dataEnd = load<u32>(ctx, XDP_DATA_END);
  const meta = load<u32>(ctx, XDP_DATA_META);
  let result: i64 = 0;
  for (let n: u32 = 0; n < count; n++) {
    store<u32>(TAIL_CALLS, 0);
    store<i64>(FUEL, fuel);
    if (xdp != 0) {
      store<u32>(ctx, data, XDP_DATA);
      store<u32>(ctx, dataEnd, XDP_DATA_END);
      store<u32>(ctx, meta, XDP_DATA_META);
    }
    result = run(slot, engine, ctx);
    if (load<u32>(FAULT_CODE) != 0) break;
  }
  return result;
}

// linux/filter.h: offsets below zero count from other places than the packet's first byte.
const SKF_NET_OFF: i32 = -0x100000;
const SKF_LL_OFF: i32 = -0x200000;

/** LD_ABS and LD_IND with an offset below zero: address of `size` bytes of the packet of `skb`, 0 where it has none such. */
export function packet_address(skb: u32, offset: i32, size: u32): u32 {
  if (offset >= 0 || offset < SKF_LL_OFF) return 0;
  const net = offset >= SKF_NET_OFF;
  const base = net ? load<u32>(skb, SKB_NETWORK_HEADER) : load<u32>(skb, SKB_MAC_HEADER);
  const start = <u64>base + <u64>(offset - (net ? SKF_NET_OFF : SKF_LL_OFF));
  const end = <u64>load<u32>(skb, SKB_DATA) + load<u32>(skb, SKB_LEN);
  return start < load<u32>(skb, SKB_HEAD) || start + size > end ? 0 : <u32>start;
}
