import { defineErrors } from "../util/index.ts";

/** An address as text ("192.0.2.1", "2001:db8::1", "02:00:00:00:00:01") or as bytes in network order. */
export type Address = string | Uint8Array;

const addressError = defineErrors({
  E_ADDRESS: (d: { text: string; kind: string }) => `"${d.text}" is no ${d.kind} address`,
});

function parts(text: string, separator: string, pattern: RegExp, radix: number): number[] | null {
  const words = text === "" ? [] : text.split(separator);
  return words.every((w) => pattern.test(w)) ? words.map((w) => Number.parseInt(w, radix)) : null;
}

/** 6 bytes of a MAC address. @throws BpfError `E_ADDRESS`. */
export function macBytes(address: Address): Uint8Array {
  if (typeof address !== "string") return sized(address, 6, "MAC");
  const bytes = parts(address, ":", /^[0-9a-f]{1,2}$/i, 16);
  if (bytes?.length !== 6) throw addressError("E_ADDRESS", { text: address, kind: "MAC" });
  return Uint8Array.from(bytes);
}

/** 4 bytes of an IPv4 address. @throws BpfError `E_ADDRESS`. */
export function ipv4Bytes(address: Address): Uint8Array {
  if (typeof address !== "string") return sized(address, 4, "IPv4");
  const bytes = parts(address, ".", /^\d{1,3}$/, 10);
  if (bytes?.length !== 4 || bytes.some((b) => b > 255)) {
    throw addressError("E_ADDRESS", { text: address, kind: "IPv4" });
  }
  return Uint8Array.from(bytes);
}

/** 16 bytes of an IPv6 address (RFC 4291 section 2.2, without a dotted tail). @throws BpfError `E_ADDRESS`. */
export function ipv6Bytes(address: Address): Uint8Array {
  if (typeof address !== "string") return sized(address, 16, "IPv6");
  const halves = address.split("::");
  const head = parts(halves[0]!, ":", /^[0-9a-f]{1,4}$/i, 16);
  const tail = halves.length === 2 ? parts(halves[1]!, ":", /^[0-9a-f]{1,4}$/i, 16) : [];
  const missing = 8 - (head?.length ?? 0) - (tail?.length ?? 0);
  const whole = halves.length === 1 ? missing === 0 : halves.length === 2 && missing >= 1;
  if (head === null || tail === null || !whole) throw addressError("E_ADDRESS", { text: address, kind: "IPv6" });
  const words = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return Uint8Array.from(words.flatMap((w) => [w >> 8, w & 0xff]));
}

function sized(bytes: Uint8Array, size: number, kind: string): Uint8Array {
  if (bytes.length !== size) throw addressError("E_ADDRESS", { text: `${bytes.length} bytes`, kind });
  return bytes;
}
