import { contextLayout, PROG_TYPE } from "../uapi/index.ts";
import type { Runtime } from "../vm/runtime.ts";
import type { RunContext } from "./run-context.ts";
import { SkbContext } from "./skb-context.ts";
import { XdpContext } from "./xdp-context.ts";

/** `__sk_buff` types whose test runs work on other contexts: flow keys, stream parsers. */
const OTHER: readonly number[] = [PROG_TYPE.BPF_PROG_TYPE_FLOW_DISSECTOR, PROG_TYPE.BPF_PROG_TYPE_SK_SKB];

/**
 * The run context of a BPF_PROG_TYPE_*: XDP, tc, socket filters, cgroup_skb, lwt; undefined for other types.
 * @param onDevice packets as a device shows them (a socket filter sees the Ethernet header) instead of as BPF_PROG_TEST_RUN does
 */
export function createContext(runtime: Runtime, type: number, onDevice = false): RunContext | undefined {
  if (type === PROG_TYPE.BPF_PROG_TYPE_XDP) return new XdpContext(runtime.memory);
  if (contextLayout(type) === undefined || OTHER.includes(type)) return undefined;
  return onDevice ? new SkbContext(runtime, type, true) : new SkbContext(runtime, type);
}
