import { defineErrors } from "../util/index.ts";
import { linkTypeName } from "./pcap-link-types.ts";

type At = { packet: number; offset: number };
const at = (d: At): string => `capture: packet ${d.packet} at file offset ${d.offset}`;
const hex = (value: number): string => `0x${value.toString(16).padStart(8, "0")}`;

/** Everything that a capture may be refused for. `packet` counts from 1 as tcpdump and Wireshark do; `offset` is the file's, after decompression. */
export const captureError = defineErrors({
  E_PCAP_MAGIC: (d: { magic: number; size: number }) =>
    d.size < 4
      ? `capture: ${d.size === 0 ? "the file is empty" : `the file has ${d.size} bytes`}, a pcap or pcapng file starts with a 4-byte magic number`
      : `capture: unknown magic number ${hex(d.magic)} at file offset 0, this is neither pcap nor pcapng`,
  E_PCAP_VERSION: (d: { format: string; major: number; minor: number; supported: number; offset: number }) =>
    `capture: ${d.format} version ${d.major}.${d.minor} at file offset ${d.offset}, only version ${d.supported} is known`,
  E_PCAP_CUT: (d: At & { what: string; need: number; found: number }) =>
    `${at(d)}: the file is cut, ${d.what} needs ${d.need} bytes and ${d.found} are left`,
  E_PCAP_LENGTH: (d: At & { length: number; limit: number }) =>
    `${at(d)}: impossible captured length ${d.length}, the limit is ${d.limit}; the file is malformed or out of step`,
  E_PCAP_BLOCK: (d: At & { type: number; length: number; why: string }) =>
    `${at(d)}: block of type ${hex(d.type)} has length ${d.length}, ${d.why}`,
  E_PCAP_TRAILER: (d: At & { type: number; length: number; trailer: number }) =>
    `${at(d)}: block of type ${hex(d.type)} says ${d.length} bytes at its start and ${d.trailer} at its end`,
  E_PCAP_INTERFACE: (d: At & { interface: number; count: number }) =>
    `${at(d)}: interface ${d.interface} is not described, the section has ${d.count} so far`,
  E_PCAP_OPTION: (d: At & { option: string; why: string }) => `${at(d)}: interface option ${d.option} ${d.why}`,
  E_PCAP_LINKTYPE: (d: At & { linkType: number; wanted: number }) =>
    `${at(d)}: link type is ${linkTypeName(d.linkType)}, wanted is ${linkTypeName(d.wanted)}`,
});
