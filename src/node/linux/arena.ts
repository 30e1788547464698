/** Memory whose addresses the kernel may be given. */

import { assert } from "../../util/index.ts";

/** A stretch of memory that does not move while this object is referred to. */
export interface Block {
  readonly bytes: Uint8Array;
  readonly address: bigint;
}

const ROOM = 1 << 18;

/**
 * Arguments of one command at a time: `begin` forgets those of the last one. An ArrayBuffer's memory lies outside the
 * JavaScript heap, where the garbage collector moves nothing; what is too big for the room gets a buffer of its own.
 */
export class Arena {
  readonly #addressOf: (buffer: ArrayBuffer) => bigint;
  readonly #room: Block;
  readonly #large: Block[] = [];
  #used = 0;

  constructor(addressOf: (buffer: ArrayBuffer) => bigint) {
    this.#addressOf = addressOf;
    this.#room = this.#make(ROOM);
  }

  begin(): void {
    this.#used = 0;
    this.#large.length = 0;
  }

  /** Room for `size` bytes, whose contents are left over from earlier commands. */
  room(size: number): Block {
    const start = this.#used;
    if (start + size > ROOM) {
      const block = this.#make(size);
      this.#large.push(block);
      return block;
    }
    this.#used = (start + size + 7) & ~7;
    return { bytes: this.#room.bytes.subarray(start, start + size), address: this.#room.address + BigInt(start) };
  }

  /** The address of a copy; 0 for no bytes, as bpf(2) wants it. */
  copy(bytes: Uint8Array | undefined): bigint {
    return bytes === undefined || bytes.length === 0 ? 0n : this.put(bytes).address;
  }

  /** A copy. */
  put(bytes: Uint8Array): Block {
    const block = this.room(bytes.length);
    block.bytes.set(bytes);
    return block;
  }

  /** The address of a text with the NUL byte that ends it. */
  text(text: string): bigint {
    assert(!text.includes("\0"), "a text for the kernel has no NUL byte");
    return this.copy(new TextEncoder().encode(`${text}\0`));
  }

  /** A block that outlives commands. */
  keep(size: number): Block {
    return this.#make(size);
  }

  #make(size: number): Block {
    const buffer = new ArrayBuffer(size);
    return { bytes: new Uint8Array(buffer), address: this.#addressOf(buffer) };
  }
}
