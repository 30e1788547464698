import type { VerifierMap } from "../../../src/verifier/types.ts";

const BPF_F_RDONLY_PROG = 1 << 7;
const BPF_F_WRONLY_PROG = 1 << 8;

/** A map that cases name. */
export interface CaseMap {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly frozen: boolean;
  /** First bytes of the first value. */
  readonly value: readonly number[];
}

function map(
  type: number,
  keySize: number,
  valueSize: number,
  maxEntries: number,
  flags = 0,
  frozen = false,
  value: readonly number[] = [],
): CaseMap {
  return { type, keySize, valueSize, maxEntries, flags, frozen, value };
}

/** By the name that a program's text gives: hash, array, ring buffer; read-only, frozen or not; write-only. */
export const CASE_MAPS: Readonly<Record<string, CaseMap>> = {
  hash: map(1, 8, 64, 8),
  one: map(2, 4, 48, 1),
  ro: map(2, 4, 16, 1, BPF_F_RDONLY_PROG, true, [1, 2, 3, 0x84, 5, 6, 7, 8, 0xff, 0xff, 0xff, 0xff]),
  ro2: map(2, 4, 16, 2, BPF_F_RDONLY_PROG, true),
  ronf: map(2, 4, 16, 1, BPF_F_RDONLY_PROG),
  wo: map(2, 4, 16, 1, BPF_F_WRONLY_PROG),
  rb: map(27, 0, 0, 4096),
};

/** The map as the verifier takes it. */
export function mapOf(name: string): VerifierMap {
  const { value, ...rest } = CASE_MAPS[name]!;
  const data = new Uint8Array(rest.valueSize);
  data.set(value);
  const view = new DataView(data.buffer);
  const readValue = (offset: number, size: number): bigint => {
    let out = 0n;
    for (let i = size - 1; i >= 0; i--) out = (out << 8n) | BigInt(view.getUint8(offset + i));
    return out;
  };
  return { name, ...rest, ...(rest.frozen && rest.maxEntries === 1 ? { readValue } : {}) };
}
