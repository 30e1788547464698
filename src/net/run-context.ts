import { ERRNO } from "../uapi/index.ts";

/** What BPF_PROG_TEST_RUN hands back besides the return value. */
export interface RunResult {
  /** The packet as the program left it. */
  readonly dataOut: Uint8Array;
  /** The context structure as the program left it. */
  readonly ctxOut: Uint8Array;
}

/** The context of test runs of one program type: one packet at a time, in guest memory. */
export interface RunContext {
  /** Guest address of the context structure: r1 of the program. */
  readonly address: number;
  /**
   * Lays out a packet and its context. Returns the context's address, or a negative errno where BPF_PROG_TEST_RUN refuses the input.
   * @param ctxIn bytes of `struct xdp_md` or `struct __sk_buff`
   */
  begin(dataIn: Uint8Array, ctxIn?: Uint8Array): number;
  /** What the program left; runs may be repeated between `begin` and `finish`. */
  finish(): RunResult;
  /** Gives the memory back. */
  free(): void;
}

/** Bytes of an Ethernet header. */
export const ETH_HLEN = 14;

/**
 * The context structure as the kernel copies it in: padded with zeros to `size`.
 * -EINVAL for a context of no bytes, -E2BIG where bytes beyond `size` are not zero.
 */
export function copyContextIn(ctxIn: Uint8Array | undefined, size: number): DataView<ArrayBuffer> | number {
  const copy = new Uint8Array(size);
  if (ctxIn !== undefined) {
    if (ctxIn.length === 0) return -ERRNO.EINVAL;
    if (ctxIn.subarray(size).some((byte) => byte !== 0)) return -ERRNO.E2BIG;
    copy.set(ctxIn.subarray(0, size));
  }
  return new DataView(copy.buffer);
}
