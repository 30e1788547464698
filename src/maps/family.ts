import type { Bytes, GuestMap } from "./map.ts";

/**
 * One storage algorithm as TypeScript sees it: how much memory, how it is laid out, and bpf(2)'s commands on it. Keys and values
 * have the right sizes and permissions are checked when these are called.
 */
export interface Family {
  /** Bytes that follow the descriptor. */
  size(map: GuestMap): number;
  /** Fills the descriptor; the zeroed bytes lie at `data`. */
  layOut(map: GuestMap, data: number): void;
  lookup(map: GuestMap, key: Uint8Array): Bytes;
  update(map: GuestMap, key: Uint8Array, value: Uint8Array, flags: number): number;
  delete(map: GuestMap, key: Uint8Array): number;
  nextKey(map: GuestMap, key: Uint8Array | null): Bytes;
  lookupAndDelete(map: GuestMap, key: Uint8Array, flags: number): Bytes;
  /** Lets go of what values refer to, when the map goes. */
  release?(map: GuestMap): void;
}

/** A u32 as key or value. */
export function u32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** The u32 in the first four bytes. */
export function bytesU32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}
