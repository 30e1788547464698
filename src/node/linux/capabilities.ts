import { readFileSync } from "node:fs";
import { MAP_TYPE, mapTypeLabel, PROG_TYPE, type ProgramTypeName, programTypeLabel } from "../../uapi/index.ts";
import { linuxError } from "./errors.ts";

/** Capabilities that bpf(2) asks about: linux/capability.h. CAP_SYS_ADMIN stands in for each of the others. */
const BITS = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const;
export type Capability = keyof typeof BITS;

const NETWORK: readonly Capability[] = ["CAP_BPF", "CAP_NET_ADMIN"];
const TRACING: readonly Capability[] = ["CAP_BPF", "CAP_PERFMON"];

/** What loading each type needs beyond CAP_BPF, as Linux 6.18 answers to a process that has all but one capability. */
const PROGRAMS: Readonly<Partial<Record<ProgramTypeName, readonly Capability[]>>> = {
  BPF_PROG_TYPE_KPROBE: TRACING,
  BPF_PROG_TYPE_TRACEPOINT: TRACING,
  BPF_PROG_TYPE_PERF_EVENT: TRACING,
  BPF_PROG_TYPE_RAW_TRACEPOINT: TRACING,
  BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE: TRACING,
  BPF_PROG_TYPE_TRACING: TRACING,
  BPF_PROG_TYPE_LSM: TRACING,
  BPF_PROG_TYPE_STRUCT_OPS: TRACING,
  BPF_PROG_TYPE_EXT: ["CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"],
  BPF_PROG_TYPE_SCHED_CLS: NETWORK,
  BPF_PROG_TYPE_SCHED_ACT: NETWORK,
  BPF_PROG_TYPE_XDP: NETWORK,
  BPF_PROG_TYPE_CGROUP_SOCK: NETWORK,
  BPF_PROG_TYPE_LWT_IN: NETWORK,
  BPF_PROG_TYPE_LWT_OUT: NETWORK,
  BPF_PROG_TYPE_LWT_XMIT: NETWORK,
  BPF_PROG_TYPE_LWT_SEG6LOCAL: NETWORK,
  BPF_PROG_TYPE_SOCK_OPS: NETWORK,
  BPF_PROG_TYPE_SK_SKB: NETWORK,
  BPF_PROG_TYPE_SK_MSG: NETWORK,
  BPF_PROG_TYPE_CGROUP_DEVICE: NETWORK,
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR: NETWORK,
  BPF_PROG_TYPE_CGROUP_SOCKOPT: NETWORK,
  BPF_PROG_TYPE_CGROUP_SYSCTL: NETWORK,
  BPF_PROG_TYPE_FLOW_DISSECTOR: NETWORK,
  BPF_PROG_TYPE_NETFILTER: NETWORK,
};
const programNeeds = new Map(
  Object.entries(PROGRAMS).map(([name, needs]) => [PROG_TYPE[name as ProgramTypeName], needs]),
);

const NETWORK_MAPS: readonly number[] = [
  MAP_TYPE.BPF_MAP_TYPE_DEVMAP,
  MAP_TYPE.BPF_MAP_TYPE_DEVMAP_HASH,
  MAP_TYPE.BPF_MAP_TYPE_SOCKMAP,
  MAP_TYPE.BPF_MAP_TYPE_SOCKHASH,
  MAP_TYPE.BPF_MAP_TYPE_XSKMAP,
];

/** The capabilities that this process may use. */
export class Capabilities {
  readonly #effective: bigint;

  /** @param effective the mask of CapEff in /proc/self/status */
  constructor(effective: bigint) {
    this.#effective = effective;
  }

  static ofProcess(): Capabilities {
    const status = readFileSync("/proc/self/status", "latin1");
    return new Capabilities(BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`));
  }

  has(capability: Capability): boolean {
    const bit = (name: Capability) => (this.#effective >> BigInt(BITS[name])) & 1n;
    return bit(capability) === 1n || bit("CAP_SYS_ADMIN") === 1n;
  }

  /** @throws BpfError `E_LINUX_CAPABILITY` naming the ones that are missing */
  need(command: string, what: string, capabilities: readonly Capability[]): void {
    const needed = capabilities.filter((c) => !this.has(c)).join(" and ");
    if (needed !== "") throw linuxError("E_LINUX_CAPABILITY", { command, what, needed });
  }

  needForProgram(type: number): void {
    this.need("BPF_PROG_LOAD", `a program of type ${programTypeLabel(type)}`, programNeeds.get(type) ?? ["CAP_BPF"]);
  }

  needForMap(type: number): void {
    const needs = NETWORK_MAPS.includes(type) ? NETWORK : (["CAP_BPF"] as const);
    this.need("BPF_MAP_CREATE", `a map of type ${mapTypeLabel(type)}`, needs);
  }

  /** Walking ids and opening objects by id: other people's objects. */
  needForIds(command: string): void {
    this.need(command, "looking at objects by id", ["CAP_SYS_ADMIN"]);
  }
}
