// Helpers on packets, clocks and text: each export is the helper of the same name without `bpf_`.
export * from "./packet/checksum";
export * from "./packet/cpu";
export * from "./packet/flow-hash";
export * from "./packet/perf";
export * from "./packet/receive";
export * from "./packet/redirect";
export * from "./packet/skb";
export * from "./packet/skb-room";
export * from "./packet/strings";
export * from "./packet/vlan";
export * from "./packet/xdp";
