// Maps for programs and for bpf(2): one file per family, and the entry points that take any map pointer.
export * from "./maps/any";
export * from "./maps/array";
export * from "./maps/each";
export * from "./maps/hash";
export * from "./maps/lpm";
export * from "./maps/perf";
export * from "./maps/queue";
export * from "./maps/redirect";
export * from "./maps/ringbuf";
