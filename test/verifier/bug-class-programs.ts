import { assemble } from "../../src/asm/index.ts";
import { BtfBuilder, parseBtf } from "../../src/btf/index.ts";
import { encode, SLOT_BYTES } from "../../src/isa/index.ts";
import type { LinuxBackend } from "../../src/node/linux/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { type ProgramInput, type VerifierMap, type VerifyOptions, verify } from "../../src/verifier/index.ts";
import { CLASS_MAPS } from "./bug-classes.ts";

const SOCKET_FILTER = 1;
const BPF_PSEUDO_MAP_FD = 1;
const BPF_PSEUDO_MAP_VALUE = 2;
const BPF_PSEUDO_FUNC = 4;
const KEY = new Uint8Array(4);
/** Descriptors of maps in instructions before a kernel gives its own. */
const FIRST_FD = 1000;

/** BTF in which every function is `static int f(void)`. */
const FUNCTIONS = (() => {
  const builder = new BtfBuilder();
  const bits = { size: 4, signed: true, char: false, bool: false, bitOffset: 0, bits: 32 };
  const int = builder.add({ kind: "int", name: "int", ...bits });
  const proto = builder.add({ kind: "func_proto", name: "", type: int, params: [] });
  const type = builder.add({ kind: "func", name: "f", type: proto, linkage: "static" });
  const bytes = builder.finish();
  return { btf: parseBtf(bytes, "functions"), bytes, type };
})();

type MapName = keyof typeof CLASS_MAPS;
const NAMES = Object.keys(CLASS_MAPS) as MapName[];

/** Names that texts may load: maps, and their first values. */
const EXTERNS = NAMES.map((name) => `.extern ${name}\n.extern ${name}_value\n`).join("");

function valueBytes(name: MapName): Uint8Array {
  const bytes = new Uint8Array(CLASS_MAPS[name].valueSize);
  bytes[0] = CLASS_MAPS[name].value;
  return bytes;
}

/** A text as instructions, with descriptors FIRST_FD + n for the maps, and the functions that are called back. */
export interface ClassProgram {
  readonly type: number;
  readonly insns: Uint8Array;
  /** Slots of loads of maps. */
  readonly mapLoads: readonly { readonly slot: number; readonly map: MapName }[];
  readonly funcInfo: Uint8Array | null;
}

export function classProgram(text: string, type = SOCKET_FILTER): ClassProgram {
  const { sections, symbols } = assemble(EXTERNS + text);
  const section = sections[0]!;
  const insns = encode(section.code);
  const view = new DataView(insns.buffer, insns.byteOffset);
  const mapLoads: { slot: number; map: MapName }[] = [];
  const functions = new Set<number>();
  for (const { kind, offset, symbol, addend } of section.relocations) {
    if (kind !== "ll") continue;
    const slot = offset / SLOT_BYTES;
    const name = symbols[symbol]?.name;
    const map = name?.replace(/_value$/, "") as MapName;
    const source = name === undefined ? BPF_PSEUDO_FUNC : name === map ? BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE;
    view.setUint8(offset + 1, (view.getUint8(offset + 1) & 15) | (source << 4));
    if (name === undefined) {
      const target = addend / SLOT_BYTES;
      functions.add(target);
      view.setInt32(offset + 4, target - slot - 1, true);
    } else {
      view.setInt32(offset + 4, FIRST_FD + NAMES.indexOf(map), true);
      mapLoads.push({ slot, map });
    }
  }
  const starts = functions.size === 0 ? [] : [0, ...functions];
  const records = Uint32Array.from(starts.flatMap((start) => [start, FUNCTIONS.type]));
  return { type, insns, mapLoads, funcInfo: starts.length === 0 ? null : new Uint8Array(records.buffer) };
}

function describedMap(name: MapName): VerifierMap {
  const bytes = valueBytes(name);
  const readValue = (at: number, size: number): bigint | undefined =>
    at < 0 || at + size > bytes.length
      ? undefined
      : bytes.slice(at, at + size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return { name, ...CLASS_MAPS[name], readValue };
}
const MAPS = NAMES.map(describedMap);

/** Our verifier's errno, 0 = accepted. */
export function ourErrno(program: ClassProgram, flags = 0, options: VerifyOptions = {}): number {
  const input: ProgramInput = {
    type: program.type,
    flags,
    license: "GPL",
    insns: program.insns,
    mapByFd: (fd) => MAPS[fd - FIRST_FD],
    ...(program.funcInfo === null ? {} : { btf: FUNCTIONS.btf, funcInfo: program.funcInfo, funcInfoRecordSize: 8 }),
  };
  return verify(input, options).errno;
}

/** The running kernel's verifier on class programs. */
export class ClassKernel {
  readonly #kernel: LinuxBackend;
  readonly #maps: ReadonlyMap<MapName, number>;
  readonly #btf: number;

  constructor(kernel: LinuxBackend) {
    this.#kernel = kernel;
    this.#btf = kernel.btfLoad(FUNCTIONS.bytes);
    this.#maps = new Map(
      NAMES.map((name) => {
        const { type, keySize, valueSize, maxEntries, flags, frozen, value } = CLASS_MAPS[name];
        const fd = kernel.mapCreate({ type, keySize, valueSize, maxEntries, flags, name });
        if (value !== 0) kernel.mapUpdate(fd, KEY, valueBytes(name));
        if (frozen) kernel.mapFreeze(fd);
        return [name, fd];
      }),
    );
  }

  load(program: ClassProgram, flags = 0): number {
    const insns = program.insns.slice();
    const view = new DataView(insns.buffer);
    for (const { slot, map } of program.mapLoads) view.setInt32(slot * SLOT_BYTES + 4, this.#maps.get(map)!, true);
    const info = program.funcInfo === null ? {} : { btfFd: this.#btf, funcInfo: program.funcInfo };
    return this.#kernel.progLoad({ type: program.type, flags, insns, license: "GPL", ...info });
  }

  errno(program: ClassProgram, flags = 0): number {
    try {
      this.#kernel.close(this.load(program, flags));
      return 0;
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      return Number(error.data["errno"]);
    }
  }

  /** r0's low half after a test run. */
  run(program: ClassProgram): number {
    const fd = this.load(program);
    try {
      return this.#kernel.progTestRun(fd, { dataIn: new Uint8Array(64) }).retval;
    } finally {
      this.#kernel.close(fd);
    }
  }
}
