import { elfError } from "./errors.ts";

const decoder = new TextDecoder();

/**
 * A SHT_STRTAB section. Names may overlap (a linker shares tails), so a hostile table could make millions of long names
 * out of few bytes; `text` bounds their sum by a small multiple of the table.
 */
export class StringTable {
  readonly #bytes: Uint8Array;
  readonly #origin: { file: string; section: number; name: string };
  readonly #cache = new Map<number, string>();
  #budget: number;

  constructor(bytes: Uint8Array, origin: { file: string; section: number; name: string }) {
    this.#bytes = bytes;
    this.#origin = origin;
    this.#budget = 8 * bytes.length + 1_000_000;
  }

  get size(): number {
    return this.#bytes.length;
  }

  /** The name at an offset, undefined when the offset or the terminating NUL is outside. */
  text(offset: number): string | undefined {
    const known = this.#cache.get(offset);
    if (known !== undefined) return known;
    if (offset >= this.#bytes.length) return offset === 0 ? "" : undefined;
    const end = this.#bytes.indexOf(0, offset);
    if (end < 0) return undefined;
    this.#budget -= end - offset;
    if (this.#budget < 0) throw elfError("E_ELF_STRINGS", this.#origin);
    const text = decoder.decode(this.#bytes.subarray(offset, end));
    this.#cache.set(offset, text);
    return text;
  }
}
