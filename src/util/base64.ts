/** The bytes of base64 text that we made ourselves; other text gives nonsense. */
export function decodeBase64(text: string): Uint8Array {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const value = new Uint8Array(128);
  for (let i = 0; i < 64; i++) value[alphabet.charCodeAt(i)] = i;
  const length = Math.floor((text.replace(/=+$/, "").length * 3) / 4);
  const bytes = new Uint8Array(length);
  for (let i = 0, o = 0; o < length; i += 4) {
    const word =
      (value[text.charCodeAt(i)]! << 18) |
      (value[text.charCodeAt(i + 1)]! << 12) |
      (value[text.charCodeAt(i + 2) || 65]! << 6) |
      value[text.charCodeAt(i + 3) || 65]!;
    bytes[o++] = word >> 16;
    if (o < length) bytes[o++] = word >> 8;
    if (o < length) bytes[o++] = word;
  }
  return bytes;
}
