import { BtfRecords, KIND_DATASEC, KIND_FUNC, KIND_FUNC_PROTO, KIND_INT, KIND_UNION, KIND_VAR } from "./btf-records.ts";
import { writeEntries } from "./fix-btf.ts";
import type { LinkedProgram, ObjectSpec } from "./spec.ts";

/** BTF and its records in the form that BPF_BTF_LOAD and BPF_PROG_LOAD of a real kernel take. */

const GLOBAL = 1;
const EXTERN = 2;

/**
 * The object's BTF as kernels accept it: they know no extern variables and functions, and no data section without a place in
 * memory. `.kconfig` gets the layout of its map, `.ksyms` becomes an unused union; type ids and strings stay what they are.
 * Null for an object without BTF.
 */
export function btfForKernel(spec: ObjectSpec): Uint8Array | null {
  if (spec.btf === null) return null;
  if (spec.externs.length === 0) return spec.btf.bytes;
  const records = new BtfRecords(spec.btf.bytes, spec.littleEndian);
  const starts = records.starts.slice(1);
  const intId = records.starts.findIndex((at, id) => id > 0 && records.kind(at) === KIND_INT);
  const ksyms = new Set(spec.externs.filter((e) => e.kind === "ksym").map((e) => e.name));
  for (const at of starts) {
    const kind = records.kind(at);
    if (kind === KIND_VAR && records.u32(at + 12) === EXTERN) {
      records.set(at + 12, GLOBAL);
      // A symbol declared as void has no size, which a variable must have.
      if (intId > 0 && ksyms.has(records.name(at))) records.set(at + 8, intId);
    } else if (kind === KIND_FUNC && records.vlen(at) === EXTERN) {
      records.set(at + 4, (records.u32(at + 4) & ~0xffff) | GLOBAL);
      nameParameters(records, at);
    } else if (kind === KIND_DATASEC && records.name(at) === ".kconfig") placeKconfig(spec, records, at);
    else if (kind === KIND_DATASEC && records.name(at) === ".ksyms" && intId > 0) hideKsyms(records, at, intId);
  }
  return records.bytes;
}

/** Parameters of a function must have names; those of a declaration need not, so they get the function's. */
function nameParameters(records: BtfRecords, func: number): void {
  const proto = records.starts[records.u32(func + 8)]!;
  if (records.kind(proto) !== KIND_FUNC_PROTO) return;
  for (let i = 0; i < records.vlen(proto); i++) {
    const parameter = proto + 12 + 8 * i;
    if (records.u32(parameter) === 0 && records.u32(parameter + 4) !== 0) records.set(parameter, records.u32(func));
  }
}

function placeKconfig(spec: ObjectSpec, records: BtfRecords, at: number): void {
  const offsets = new Map(spec.externs.filter((e) => e.kind === "kconfig").map((e) => [e.name, e]));
  const entries = Array.from({ length: records.vlen(at) }, (_, i) => {
    const type = records.u32(at + 12 + 12 * i);
    const extern = offsets.get(records.name(records.starts[type]!));
    return { type, offset: extern?.offset ?? 0, size: extern?.size ?? 0 };
  });
  records.set(at + 8, Math.max(0, ...entries.map((e) => e.offset + e.size)));
  writeEntries(records, at, entries);
}

/** A record of the same length that means nothing: a nameless union of as many integers. */
function hideKsyms(records: BtfRecords, at: number, intId: number): void {
  records.set(at, 0);
  records.set(at + 4, ((KIND_UNION << 24) | records.vlen(at)) >>> 0);
  records.set(at + 8, records.u32(records.starts[intId]! + 8));
  for (let i = 0; i < records.vlen(at); i++) {
    records.set(at + 12 + 12 * i, 0);
    records.set(at + 16 + 12 * i, intId);
    records.set(at + 20 + 12 * i, 0);
  }
}

/** struct bpf_func_info records (8 bytes each): first slot, type id. */
export function funcInfoBytes(linked: LinkedProgram): Uint8Array {
  const words = linked.funcInfo.flatMap((info) => [info.offset, info.type]);
  return littleEndianWords(words);
}

/** struct bpf_line_info records (16 bytes each): slot, offsets of file and source text in BTF's strings, line << 10 | column. */
export function lineInfoBytes(spec: ObjectSpec, linked: LinkedProgram): Uint8Array {
  if (spec.btf === null) return new Uint8Array(0);
  const wanted = new Set(linked.lineInfo.flatMap((line) => [line.file, line.source]));
  const offsets = new BtfRecords(spec.btf.bytes, spec.littleEndian).stringOffsets(wanted);
  return littleEndianWords(
    linked.lineInfo.flatMap(({ offset, file, source, line, column }) => [
      offset,
      offsets.get(file) ?? 0,
      offsets.get(source) ?? 0,
      line * 1024 + column,
    ]),
  );
}

function littleEndianWords(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setUint32(i * 4, word, true);
  });
  return bytes;
}
