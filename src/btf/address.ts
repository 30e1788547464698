/** Dotted quad of 4 bytes. */
export function formatIpv4(bytes: Uint8Array): string {
  return [...bytes.subarray(0, 4)].join(".");
}

/** The 4 bytes of a dotted quad; null for any other text. */
export function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return null;
  return Uint8Array.from(parts, Number);
}

/** Six pairs of digits joined by colons. */
export function formatMac(bytes: Uint8Array): string {
  return [...bytes.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** The 6 bytes of `02:00:5e:10:00:01` (or with `-`); null for any other text. */
export function parseMac(text: string): Uint8Array | null {
  if (!/^[0-9a-f]{1,2}([:-])[0-9a-f]{1,2}(\1[0-9a-f]{1,2}){4}$/i.test(text)) return null;
  return Uint8Array.from(text.split(/[:-]/), (part) => Number.parseInt(part, 16));
}

/** An IPv6 address as RFC 5952 writes it: lower case, the longest run of zero groups (the first of equals, of two or more) as `::`. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  // RFC 5952 section 5: addresses known to hold an IPv4 address end in dotted quad.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${formatIpv4(bytes.subarray(12, 16))}`;
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.start < 0) return hex.join(":");
  return `${hex.slice(0, best.start).join(":")}::${hex.slice(best.start + best.length).join(":")}`;
}

/** The 16 bytes of an IPv6 address in any of the forms of RFC 4291 section 2.2; null for any other text. */
export function parseIpv6(text: string): Uint8Array | null {
  let source = text;
  const lastColon = source.lastIndexOf(":");
  if (source.includes(".")) {
    const quad = parseIpv4(source.slice(lastColon + 1));
    if (quad === null || lastColon < 0) return null;
    const word = (i: number): string => ((quad[i]! << 8) | quad[i + 1]!).toString(16);
    source = `${source.slice(0, lastColon + 1)}${word(0)}:${word(2)}`;
  }
  const halves = source.split("::");
  if (halves.length > 2) return null;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const [front, back] = [groups[0]!, groups[1] ?? []];
  const given = front.length + back.length;
  if (halves.length === 1 ? given !== 8 : given > 7) return null;
  if (![...front, ...back].every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  const all = [...front, ...Array.from({ length: 8 - given }, () => "0"), ...back];
  return Uint8Array.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}
