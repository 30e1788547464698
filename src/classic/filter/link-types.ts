/** Link-layer header types (LINKTYPE_ and DLT_ of pcap-linktype(7)) whose packets the language can look into. */
export type LinkFamily = "ethernet" | "raw" | "cooked" | "cooked2" | "null" | "ppp" | "wlan" | "opaque";

export interface LinkType {
  readonly numbers: readonly number[];
  readonly name: string;
  readonly family: LinkFamily;
  /** Where the protocol's number stands, -1 where there is none. */
  readonly type: number;
  /** Where the payload begins, -1 where that is not known. */
  readonly payload: number;
  /** Where the network header begins, from the payload: behind an LLC and SNAP header, and without one. */
  readonly network: number;
  readonly networkWithoutSnap: number;
}

const row = (
  numbers: readonly number[],
  name: string,
  family: LinkFamily,
  type: number,
  payload: number,
  network = 0,
  networkWithoutSnap = 0,
): LinkType => ({ numbers, name, family, type, payload, network, networkWithoutSnap });

const ROWS: readonly LinkType[] = [
  row([1], "EN10MB", "ethernet", 12, 14, 0, 3),
  row([12, 14, 101], "RAW", "raw", -1, 0),
  row([228], "IPV4", "raw", -1, 0),
  row([229], "IPV6", "raw", -1, 0),
  row([113], "LINUX_SLL", "cooked", 14, 16),
  row([276], "LINUX_SLL2", "cooked2", 0, 20),
  row([0], "NULL", "null", 0, 4),
  row([108], "LOOP", "null", 0, 4),
  row([9], "PPP", "ppp", 2, 4),
  row([105], "IEEE802_11", "wlan", 24, -1, 8, 3),
  row([127], "IEEE802_11_RADIO", "wlan", 24, -1, 8, 3),
];

/** The row of a link type, or undefined. */
export function linkTypeOf(number: number): LinkType | undefined {
  return ROWS.find((link) => link.numbers.includes(number));
}
