import type { Backend, Fd, TestRunAttr } from "../../src/kernel/index.ts";
import { MAP_TYPE } from "../../src/uapi/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { loadAttributes, loadFunctionBtf } from "./load.ts";
import { type Items, KEYS, MAPS, mapOf, type Trial } from "./program.ts";

/** What a program did on one side, for all of its packets. */
export interface Outcome {
  readonly retvals: readonly number[];
  readonly packets: readonly Uint8Array[];
  readonly contexts: readonly Uint8Array[];
  /** By map number and key, what was there at the end; only of maps that the program names. */
  readonly elements: readonly (readonly (Uint8Array | null)[])[];
  /** What ended the runs early. */
  readonly error: string | null;
}

/** Where a side's time went, in milliseconds. */
export interface Times {
  load: number;
  run: number;
  maps: number;
}

/** A program that is loaded. */
export interface Loaded {
  readonly fd: Fd;
  readonly items: Items;
}

function littleEndian(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes[0] = value;
  return bytes;
}

const keys = MAPS.map((m) => Array.from({ length: KEYS }, (_, n) => littleEndian(n, m.keySize)));
/** What elements hold before a program's first run; a hash has the odd keys. */
const values = MAPS.map((m, map) =>
  Array.from({ length: KEYS }, (_, n) =>
    Uint8Array.from({ length: m.valueSize }, (_, at) => (at * (n + 3) + map) & 255),
  ),
);
const keysOf = MAPS.map((m) => (m.type === MAP_TYPE.BPF_MAP_TYPE_ARRAY ? m.maxEntries : KEYS));

/** One of the kernels that are compared, with the maps that all programs share. */
export class Subject {
  readonly name: string;
  readonly times: Times = { load: 0, run: 0, maps: 0 };
  readonly #backend: Backend;
  readonly #maps: readonly Fd[];
  readonly #btf: Fd;

  constructor(name: string, backend: Backend) {
    this.name = name;
    this.#backend = backend;
    this.#maps = MAPS.map((m) => backend.mapCreate(m));
    this.#btf = loadFunctionBtf(backend);
  }

  /** The program loaded, or why the kernel refuses it. */
  load({ kind, items }: Trial): Loaded | BpfError {
    const start = performance.now();
    try {
      return { fd: this.#backend.progLoad(loadAttributes(kind, items, this.#maps, this.#btf)), items };
    } catch (error) {
      if (error instanceof BpfError) return error;
      throw error;
    } finally {
      this.times.load += performance.now() - start;
    }
  }

  /** Runs it on each input in turn, from maps as they are at first. */
  run({ fd, items }: Loaded, inputs: readonly TestRunAttr[]): Outcome {
    const used = MAPS.map((_, map) => items.some((item) => mapOf(item) === map));
    const start = performance.now();
    for (const [map, is] of used.entries()) if (is) this.#reset(map);
    const ready = performance.now();
    const retvals: number[] = [];
    const packets: Uint8Array[] = [];
    const contexts: Uint8Array[] = [];
    let error: string | null = null;
    try {
      for (const input of inputs) {
        const { retval, dataOut, ctxOut } = this.#backend.progTestRun(fd, input);
        retvals.push(retval);
        packets.push(dataOut);
        contexts.push(ctxOut);
      }
    } catch (thrown) {
      if (!(thrown instanceof BpfError)) throw thrown;
      error = thrown.message;
    }
    const done = performance.now();
    const elements = used.map((is, map) => (is ? this.#elements(map) : []));
    this.times.run += done - ready;
    this.times.maps += performance.now() - done + ready - start;
    return { retvals, packets, contexts, elements, error };
  }

  close({ fd }: Loaded): void {
    this.#backend.close(fd);
  }

  #reset(map: number): void {
    const fd = this.#maps[map]!;
    const array = MAPS[map]!.type === MAP_TYPE.BPF_MAP_TYPE_ARRAY;
    // First what makes room.
    for (let n = 0; !array && n < KEYS; n += 2) this.#backend.mapDelete(fd, keys[map]![n]!);
    for (let n = array ? 0 : 1; n < keysOf[map]!; n += array ? 1 : 2) {
      this.#backend.mapUpdate(fd, keys[map]![n]!, values[map]![n]!);
    }
  }

  #elements(map: number): (Uint8Array | null)[] {
    return keys[map]!.slice(0, keysOf[map]).map((key) => this.#backend.mapLookup(this.#maps[map]!, key));
  }
}

function sameBytes(a: Uint8Array | null | undefined, b: Uint8Array | null | undefined): boolean {
  if (a == null || b == null) return a === b;
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

function difference(a: Uint8Array | null | undefined, b: Uint8Array | null | undefined): string {
  const text = (bytes: Uint8Array | null | undefined) => {
    if (bytes == null) return "absent";
    const at = bytes.findIndex((byte, n) => byte !== (a == null || b == null ? -1 : (bytes === a ? b : a)[n]));
    const from = Math.max(0, at) & ~7;
    return `${bytes.length} bytes, from ${from}: ${Buffer.from(bytes.subarray(from, from + 24)).toString("hex")}`;
  };
  return `${text(a)} | ${text(b)}`;
}

/** What differs between two outcomes, a line each; none where they are equal. */
export function compare(a: Outcome, b: Outcome): string[] {
  const found: string[] = [];
  if (a.error !== b.error) found.push(`error: ${a.error} | ${b.error}`);
  for (let n = 0; n < Math.max(a.retvals.length, b.retvals.length); n++) {
    if (a.retvals[n] !== b.retvals[n]) found.push(`input ${n}: return value: ${a.retvals[n]} | ${b.retvals[n]}`);
    const [left, right] = [a.packets[n], b.packets[n]];
    if (!sameBytes(left, right)) found.push(`input ${n}: packet: ${difference(left, right)}`);
    // Of XDP runs the kernel hands a context back only where one went in.
    const [ours, theirs] = [a.contexts[n], b.contexts[n]];
    if (ours?.length && theirs?.length && !sameBytes(ours, theirs))
      found.push(`input ${n}: context: ${difference(ours, theirs)}`);
  }
  for (const [map, list] of a.elements.entries()) {
    for (const [key, left] of list.entries()) {
      const right = b.elements[map]![key];
      if (!sameBytes(left, right)) found.push(`map ${MAPS[map]!.name}[${key}]: ${difference(left, right)}`);
    }
  }
  return found;
}
