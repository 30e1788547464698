/** LINKTYPE_ETHERNET: the frames that XDP and tc programs see. */
export const LINKTYPE_ETHERNET = 1;

/** Names of the link types that captures commonly have (https://www.tcpdump.org/linktypes.html). */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0, "NULL"],
  [LINKTYPE_ETHERNET, "ETHERNET"],
  [6, "IEEE802_5"],
  [8, "SLIP"],
  [9, "PPP"],
  [10, "FDDI"],
  [12, "RAW (OpenBSD)"],
  [14, "RAW (BSD/OS)"],
  [50, "PPP_HDLC"],
  [51, "PPP_ETHER"],
  [101, "RAW"],
  [104, "C_HDLC"],
  [105, "IEEE802_11"],
  [107, "FRELAY"],
  [108, "LOOP"],
  [113, "LINUX_SLL"],
  [127, "IEEE802_11_RADIOTAP"],
  [147, "USER0"],
  [187, "BLUETOOTH_HCI_H4"],
  [189, "USB_LINUX"],
  [195, "IEEE802_15_4_WITHFCS"],
  [220, "USB_LINUX_MMAPPED"],
  [227, "CAN_SOCKETCAN"],
  [228, "IPV4"],
  [229, "IPV6"],
  [239, "NFLOG"],
  [249, "USBPCAP"],
  [253, "NETLINK"],
  [276, "LINUX_SLL2"],
]);

/** `ETHERNET (1)`, or `unknown (4711)`. */
export function linkTypeName(linkType: number): string {
  return `${NAMES.get(linkType) ?? "unknown"} (${linkType})`;
}
