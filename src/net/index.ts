export type {
  ArpOptions,
  EthernetOptions,
  IcmpOptions,
  Ipv4Options,
  Ipv6Options,
  NetworkLayer,
  TcpOptions,
  TransportLayer,
} from "./build.ts";
export {
  arp,
  ethernet,
  icmp,
  icmpv6,
  ipv4,
  ipv6,
  rawNetwork,
  rawTransport,
  TCP_ACK,
  TCP_FIN,
  TCP_PSH,
  TCP_RST,
  TCP_SYN,
  tcp,
  udp,
} from "./build.ts";
export type { Address } from "./build-address.ts";
export { internetChecksum } from "./build-checksum.ts";
export { createContext } from "./contexts.ts";
export type { CaptureInterface, CaptureNotice } from "./pcap-batch.ts";
export { MAX_CAPTURED, PacketBatch } from "./pcap-batch.ts";
export { LINKTYPE_ETHERNET, linkTypeName } from "./pcap-link-types.ts";
export type { CaptureParserOptions } from "./pcap-parser.ts";
export { CaptureParser, MIN_SCAN_BUFFER } from "./pcap-parser.ts";
export type { CaptureFormat } from "./pcap-write.ts";
export { CaptureEncoder } from "./pcap-write.ts";
export type { RunContext, RunResult } from "./run-context.ts";
export { SkbContext } from "./skb-context.ts";
export { XDP_HEADROOM, XdpContext } from "./xdp-context.ts";
