import { btfError } from "./errors.ts";

const decoder = new TextDecoder();

/**
 * The string table of one BTF section. Decoded at once: in a table that is all ASCII (the usual case) an offset in bytes
 * is an offset in text, so that a string costs a slice.
 */
export class BtfStrings {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  readonly #text: string | null;
  /** Offsets of the NULs, for finding the end of a string in few steps however long the strings are. */
  #ends: Uint32Array | null = null;
  #budget: number;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
    const text = decoder.decode(bytes);
    // Each byte beyond ASCII either joins others (fewer characters) or is replaced one for one, so equal lengths mean equal offsets.
    this.#text = text.length === bytes.length ? text : null;
    this.#budget = 16 * bytes.length + 1_000_000;
  }

  get size(): number {
    return this.#bytes.length;
  }

  #end(offset: number): number {
    this.#ends ??= nulOffsets(this.#bytes);
    const ends = this.#ends;
    let low = 0;
    let high = ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]! < offset) low = middle + 1;
      else high = middle;
    }
    return ends[low]!;
  }

  /** The string at an offset below `size`; the table ends with a NUL, so there always is one. */
  at(offset: number): string {
    const end = this.#end(offset);
    if (this.#text !== null) return this.#text.slice(offset, end);
    this.#budget -= end - offset;
    if (this.#budget < 0) throw btfError("E_BTF_STRINGS", { what: this.#what });
    return decoder.decode(this.#bytes.subarray(offset, end));
  }
}

function nulOffsets(bytes: Uint8Array): Uint32Array {
  let count = 0;
  for (let i = bytes.indexOf(0); i >= 0; i = bytes.indexOf(0, i + 1)) count++;
  const ends = new Uint32Array(count);
  let n = 0;
  for (let i = bytes.indexOf(0); i >= 0; i = bytes.indexOf(0, i + 1)) ends[n++] = i;
  return ends;
}
