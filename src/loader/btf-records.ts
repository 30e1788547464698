/** The raw records of a `.BTF` section that `parseBtf` has accepted, for changes in place (Documentation/bpf/btf.rst, "Type Encoding"). */

export const KIND_INT = 1;
export const KIND_UNION = 5;
export const KIND_FUNC = 12;
export const KIND_FUNC_PROTO = 13;
export const KIND_VAR = 14;
export const KIND_DATASEC = 15;

/** 32-bit words that follow the three common ones, by kind: fixed, and for each of vlen. */
const WORDS: Readonly<Record<number, readonly [fixed: number, each: number]>> = {
  1: [1, 0],
  3: [3, 0],
  4: [0, 3],
  5: [0, 3],
  6: [0, 2],
  13: [0, 2],
  14: [1, 0],
  15: [0, 3],
  17: [1, 0],
  19: [0, 3],
};

const decoder = new TextDecoder();

/** A copy of the section with its records found; fields are read and written where they stand. */
export class BtfRecords {
  readonly bytes: Uint8Array;
  /** Offset of the record of each type id; entry 0 is of no use. */
  readonly starts: readonly number[];
  readonly #view: DataView;
  readonly #littleEndian: boolean;
  readonly #strings: number;
  readonly #stringsEnd: number;

  constructor(section: Uint8Array, littleEndian: boolean) {
    this.bytes = section.slice();
    this.#view = new DataView(this.bytes.buffer);
    this.#littleEndian = littleEndian;
    const header = this.u32(4);
    this.#strings = header + this.u32(16);
    this.#stringsEnd = this.#strings + this.u32(20);
    const starts = [0];
    const end = header + this.u32(8) + this.u32(12);
    for (let at = header + this.u32(8); at < end; ) {
      starts.push(at);
      const [fixed, each] = WORDS[this.kind(at)] ?? [0, 0];
      at += 12 + 4 * (fixed + each * this.vlen(at));
    }
    this.starts = starts;
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#littleEndian);
  }
  set(at: number, value: number): void {
    this.#view.setUint32(at, value, this.#littleEndian);
  }
  kind(at: number): number {
    return (this.u32(at + 4) >>> 24) & 31;
  }
  vlen(at: number): number {
    return this.u32(at + 4) & 0xffff;
  }
  /** The name of the record at an offset. */
  name(at: number): string {
    return this.text(this.u32(at));
  }
  text(offset: number): string {
    const start = this.#strings + offset;
    return decoder.decode(this.bytes.subarray(start, this.bytes.indexOf(0, start)));
  }
  /** Offset in the string table of each string that is wanted and begins a string there. */
  stringOffsets(wanted: ReadonlySet<string>): Map<string, number> {
    const found = new Map<string, number>();
    for (let at = this.#strings; at < this.#stringsEnd; ) {
      const end = this.bytes.indexOf(0, at);
      const text = decoder.decode(this.bytes.subarray(at, end));
      if (wanted.has(text) && !found.has(text)) found.set(text, at - this.#strings);
      at = end + 1;
    }
    return found;
  }
}
