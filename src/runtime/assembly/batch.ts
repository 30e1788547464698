/*
 * Runs a program on many packets without leaving wasm. The caller has set the CPU block up (Vm.start) and filled the
 * parts of the context that are the same for all packets; what depends on the packet is set here, afresh each time.
 * A record whose REC_FAULT stays UNFINISHED is the one at which a trap or an exception ended the batch.
 */
import {
  CLOCK_NS, CLOCK_STEP_NS, ENGINE_JIT, FAULT_CODE, FUEL, REC_DATA, REC_END, REC_FAULT, REC_LENGTH, REC_META,
  REC_REDIRECT, REC_SIZE, REC_START, REC_TIME, REC_VERDICT, REDIRECT_MAP, REDIRECT_TARGET, SKB_CONTEXT_SIZE,
  SKB_DATA, SKB_DATA_META, SKB_LEN, STACK_TOP, TAIL_CALLS, XDP_DATA, XDP_DATA_END, XDP_DATA_META, XDP_EGRESS_IFINDEX,
  XDP_FRAGS, XDP_FRAME_END, XDP_HARD_START,
} from "../layout";
import { interpret } from "./interpreter";
import { skb_receive } from "./packet/receive";

const UNFINISHED: u32 = 0xffffffff;

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
 * Runs an skb program in `slot` on `count` frames; it sees them from the Ethernet header on, as tc and packet sockets show them.
 */
export function run_batch_skb(slot: u32, engine: u32, ctx: u32, records: u32, count: u32): void {
  const fuel = load<i64>(FUEL);
  copyContext(template, ctx);
  const end = records + count * REC_SIZE;
  for (let record = records; record != end; record += REC_SIZE) {
    startPacket(record, fuel);
    copyContext(ctx, template);
    skb_receive(ctx, load<u32>(record, REC_DATA), load<u32>(record, REC_LENGTH), load<u32>(record, REC_START), load<u32>(record, REC_END), 1);
    const result = run(slot, engine, ctx);
    const newData = load<u32>(ctx, SKB_DATA);
    endPacket(record, result, newData, load<u32>(ctx, SKB_LEN), newData - load<u32>(ctx, SKB_DATA_META));
  }
  copyContext(ctx, template);
}

/**
 * Runs a program `count` times on one context and packet, which it finds as the round before left it, as BPF_PROG_TEST_RUN
 * with `repeat` does. Returns the last r0.
 */
export function run_repeat(slot: u32, engine: u32, ctx: u32, count: u32): i64 {
  const fuel = load<i64>(FUEL);
  let result: i64 = 0;
  for (let n: u32 = 0; n < count; n++) {
    store<u32>(TAIL_CALLS, 0);
    store<i64>(FUEL, fuel);
    result = run(slot, engine, ctx);
    if (load<u32>(FAULT_CODE) != 0) break;
  }
  return result;
}
