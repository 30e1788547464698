import { HEAP_START, NULL_GUARD_END } from "../runtime/layout.ts";
import { defineErrors } from "../util/error.ts";

const memoryError = defineErrors({
  E_MEMORY_FULL: (d: { requested: number; inUse: number }) =>
    `guest memory is full: ${d.requested} bytes wanted, ${d.inUse} of 4294967296 in use`,
});

const PAGE = 0x10000;
const MAX_PAGES = 0x10000;

/**
 * A stretch of guest memory that programs may reach; the checking interpreter refuses everything outside of all regions.
 * With `stride`, the region is an array of cells of which only the first `cell` bytes each are reachable (map values in map elements).
 */
export interface Region {
  readonly start: number;
  readonly end: number;
  readonly write: boolean;
  /** What it is, for messages: `stack`, `packet`, `map flows`. */
  readonly name: string;
  readonly stride?: number;
  /** Offset of the reachable bytes in each stride, and how many. */
  readonly cellOffset?: number;
  readonly cell?: number;
}

interface Hole {
  start: number;
  size: number;
}

/**
 * The guest address space: one WebAssembly memory, a first-fit allocator and the table of regions.
 * Addresses are offsets in it. Memory grows on demand; `u8` and `view` must be read anew after any `alloc`.
 */
export class GuestMemory {
  readonly memory: WebAssembly.Memory;
  #u8: Uint8Array;
  #view: DataView;
  #top = HEAP_START;
  readonly #sizes = new Map<number, number>();
  #holes: Hole[] = [];
  #regions: Region[] = [];
  /** Addresses of the descriptors of all maps that lie in it: what the checking interpreter takes for a map. */
  readonly maps = new Set<number>();

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: HEAP_START / PAGE + 1, maximum: MAX_PAGES });
    this.#u8 = new Uint8Array(this.memory.buffer);
    this.#view = new DataView(this.memory.buffer);
  }

  get u8(): Uint8Array {
    return this.#u8;
  }
  get view(): DataView {
    return this.#view;
  }
  /** Bytes from 0 to the highest address handed out. */
  get used(): number {
    return this.#top;
  }

  /**
   * Zeroed memory of `size` bytes at a multiple of 16. Untouched pages cost nothing.
   * @throws BpfError `E_MEMORY_FULL`
   */
  alloc(size: number): number {
    const rounded = Math.max(16, Math.ceil(size / 16) * 16);
    const hole = this.#holes.find((h) => h.size >= rounded);
    let address: number;
    if (hole !== undefined) {
      address = hole.start;
      hole.start += rounded;
      hole.size -= rounded;
      if (hole.size === 0) this.#holes = this.#holes.filter((h) => h !== hole);
      this.#u8.fill(0, address, address + rounded);
    } else {
      address = this.#top;
      const end = address + rounded;
      const pages = Math.ceil(end / PAGE) - this.memory.buffer.byteLength / PAGE;
      if (pages > 0) {
        try {
          if (end > MAX_PAGES * PAGE) throw new RangeError("4 GiB");
          this.memory.grow(pages);
        } catch (cause) {
          throw memoryError("E_MEMORY_FULL", { requested: size, inUse: this.#top }, { cause });
        }
        this.#u8 = new Uint8Array(this.memory.buffer);
        this.#view = new DataView(this.memory.buffer);
      }
      this.#top = end;
    }
    this.#sizes.set(address, rounded);
    return address;
  }

  /** Gives back what `alloc` returned; neighbouring holes grow together. */
  free(address: number): void {
    const size = this.#sizes.get(address);
    if (size === undefined) throw new RangeError(`0x${address.toString(16)} was not allocated`);
    this.#sizes.delete(address);
    this.#holes.push({ start: address, size });
    this.#holes.sort((a, b) => a.start - b.start);
    const merged: Hole[] = [];
    for (const hole of this.#holes) {
      const last = merged[merged.length - 1];
      if (last !== undefined && last.start + last.size === hole.start) last.size += hole.size;
      else merged.push(hole);
    }
    this.#holes = merged;
  }

  /** Makes a stretch reachable for the checking interpreter. Regions do not overlap. */
  addRegion(region: Region): Region {
    let at = this.#regions.findIndex((r) => r.start > region.start);
    if (at < 0) at = this.#regions.length;
    this.#regions.splice(at, 0, region);
    return region;
  }

  removeRegion(region: Region): void {
    this.#regions = this.#regions.filter((r) => r !== region);
  }

  /** The region closest to `address`, for messages. */
  nearestRegion(address: number): Region | undefined {
    let best: Region | undefined;
    let distance = Number.POSITIVE_INFINITY;
    for (const region of this.#regions) {
      const d = address < region.start ? region.start - address : Math.max(0, address - region.end + 1);
      if (d < distance) {
        best = region;
        distance = d;
      }
    }
    return best;
  }

  /** The region that holds all of `size` bytes at `address` and allows the access, or undefined. */
  findRegion(address: number, size: number, write: boolean): Region | undefined {
    if (address < NULL_GUARD_END) return undefined;
    let low = 0;
    let high = this.#regions.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const region = this.#regions[middle]!;
      if (address < region.start) high = middle - 1;
      else if (address >= region.end) low = middle + 1;
      else return reaches(region, address, size, write) ? region : undefined;
    }
    return undefined;
  }
}

function reaches(region: Region, address: number, size: number, write: boolean): boolean {
  if (address + size > region.end || (write && !region.write)) return false;
  if (region.stride === undefined) return true;
  const inCell = ((address - region.start) % region.stride) - (region.cellOffset ?? 0);
  return inCell >= 0 && inCell + size <= (region.cell ?? region.stride);
}
