/** The mask of a network whose first bits are given. */
export function prefixMask(bits: number): number {
  return bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
}

/** The four words of an IPv6 address (RFC 4291 section 2.2), or null. */
export function parseIpv6(text: string): number[] | null {
  let hex = text;
  const tail = /(?:^|:)([0-9.]*\.[0-9.]*)$/.exec(text)?.[1];
  if (tail !== undefined) {
    const bytes = tail.split(".").map((part) => (/^(?:0|[1-9][0-9]{0,2})$/.test(part) ? Number(part) : 256));
    if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return null;
    const [a = 0, b = 0, c = 0, d = 0] = bytes;
    hex = `${text.slice(0, -tail.length)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  }
  const halves = hex.split("::");
  if (halves.length > 2) return null;
  const groupsOf = (part: string | undefined): number[] =>
    part === undefined || part === ""
      ? []
      : part.split(":").map((group) => (/^[0-9A-Fa-f]{1,4}$/.test(group) ? Number.parseInt(group, 16) : -1));
  const head = groupsOf(halves[0]);
  const rest = groupsOf(halves[1]);
  const missing = 8 - head.length - rest.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...rest];
  if (groups.includes(-1)) return null;
  return [0, 2, 4, 6].map((n) => (groups[n] ?? 0) * 65536 + (groups[n + 1] ?? 0));
}
