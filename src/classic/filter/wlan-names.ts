/** Types of 802.11 frames, as they stand in the first byte. */
export const WLAN_TYPES = new Map<string, number>([
  ["mgt", 0x00],
  ["management", 0x00],
  ["ctl", 0x04],
  ["control", 0x04],
  ["data", 0x08],
]);

export interface WlanSubtype {
  readonly name: string;
  readonly type: number;
  readonly subtype: number;
}

const of = (type: number, rows: readonly (readonly [name: string, subtype: number])[]): WlanSubtype[] =>
  rows.map(([name, subtype]) => ({ name, type, subtype }));

export const WLAN_SUBTYPES: readonly WlanSubtype[] = [
  ...of(0x00, [
    ["assoc-req", 0x00],
    ["assocreq", 0x00],
    ["assoc-resp", 0x10],
    ["assocresp", 0x10],
    ["reassoc-req", 0x20],
    ["reassocreq", 0x20],
    ["reassoc-resp", 0x30],
    ["reassocresp", 0x30],
    ["probe-req", 0x40],
    ["probereq", 0x40],
    ["probe-resp", 0x50],
    ["proberesp", 0x50],
    ["beacon", 0x80],
    ["atim", 0x90],
    ["disassoc", 0xa0],
    ["disassociation", 0xa0],
    ["auth", 0xb0],
    ["authentication", 0xb0],
    ["deauth", 0xc0],
    ["deauthentication", 0xc0],
  ]),
  ...of(0x04, [
    ["ps-poll", 0xa0],
    ["pspoll", 0xa0],
    ["rts", 0xb0],
    ["cts", 0xc0],
    ["ack", 0xd0],
    ["cf-end", 0xe0],
    ["cf-end-ack", 0xf0],
    ["bar", 0x80],
    ["ba", 0x90],
  ]),
  ...of(0x08, [
    ["data", 0x00],
    ["data-cf-ack", 0x10],
    ["data-cf-poll", 0x20],
    ["data-cf-ack-poll", 0x30],
    ["null", 0x40],
    ["cf-ack", 0x50],
    ["cf-poll", 0x60],
    ["cf-ack-poll", 0x70],
    ["qos-data", 0x80],
    ["qos-data-cf-ack", 0x90],
    ["qos-data-cf-poll", 0xa0],
    ["qos-data-cf-ack-poll", 0xb0],
    ["qos", 0xc0],
    ["qos-cf-poll", 0xe0],
    ["qos-cf-ack-poll", 0xf0],
  ]),
];

export const WLAN_DIRECTIONS = new Map<string, number>([
  ["nods", 0],
  ["tods", 1],
  ["fromds", 2],
  ["dstods", 3],
]);
