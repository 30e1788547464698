/** The Internet checksum (RFC 1071) of bytes whose checksum field is 0; `initial` is a sum to add to. */
export function internetChecksum(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  const even = bytes.length & ~1;
  for (let i = 0; i < even; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  if (even < bytes.length) sum += bytes[even]! << 8;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** The checksum of a TCP, UDP or ICMPv6 message with the pseudo-header of IPv4 (RFC 9293) or IPv6 (RFC 8200), by address size. */
export function transportChecksum(
  addresses: { readonly source: Uint8Array; readonly destination: Uint8Array },
  protocol: number,
  message: Uint8Array,
): number {
  let sum = protocol + message.length;
  for (const address of [addresses.source, addresses.destination]) {
    for (let i = 0; i < address.length; i += 2) sum += (address[i]! << 8) | address[i + 1]!;
  }
  return internetChecksum(message, sum);
}
