// The door `anybpf/classic`: classic BPF, and filters that match packets, which the JIT of a room to classic's right makes possible.
export * from "../classic/index.ts";
export type { PacketFilterOptions } from "./compile-filter.ts";
export { compileFilter } from "./compile-filter.ts";
export type { FilterBatch } from "./packet-filter.ts";
export { FilterMemory, PacketFilter } from "./packet-filter.ts";
