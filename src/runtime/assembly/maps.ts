// Maps for programs and for bpf(2): one file per family, and the entry points that take any map pointer.
export * from "./maps/array";
export * from "./maps/hash";
export * from "./maps/queue";
