import type { BtfFuncInfo, BtfLineInfo } from "../btf/index.ts";
import type { Code } from "../isa/index.ts";
import type { CodeSection, FunctionSpec, ObjectSpec } from "./spec.ts";

/** A function at its place in the linked program. */
export interface Placed {
  readonly section: CodeSection;
  readonly function: FunctionSpec;
  /** First slot in the linked program. */
  readonly at: number;
}

const SLOT = 8;

/** Records of a section ascending by offset, one for each offset; sorted once for each section, since many programs share it. */
const sorted = new WeakMap<readonly object[], readonly { readonly offset: number }[]>();

function byOffset<T extends { readonly offset: number }>(records: readonly T[]): readonly T[] {
  const known = sorted.get(records);
  if (known !== undefined) return known as readonly T[];
  const list = [...records].sort((a, b) => a.offset - b.offset).filter((r, i, all) => r.offset !== all[i - 1]?.offset);
  sorted.set(records, list);
  return list;
}

/** The records of the bytes from `start` up to `end`. */
function within<T extends { readonly offset: number }>(
  records: readonly T[],
  start: number,
  end: number,
): readonly T[] {
  const list = byOffset(records);
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.offset < start) low = middle + 1;
    else high = middle;
  }
  let stop = low;
  while (stop < list.length && list[stop]!.offset < end) stop++;
  return list.slice(low, stop);
}

function own<T extends { readonly offset: number }>(records: readonly T[] | undefined, f: FunctionSpec): readonly T[] {
  return records === undefined ? [] : within(records, f.start * SLOT, (f.start + f.length) * SLOT);
}

/** Function types by slot; none at all where one function has none, since BPF_PROG_LOAD wants a record for each. */
export function linkedFuncInfo(spec: ObjectSpec, placed: readonly Placed[]): BtfFuncInfo[] {
  const infos: BtfFuncInfo[] = [];
  for (const { section, function: f, at } of placed) {
    const [info] = own(spec.btfExt?.funcs.get(section.name), f);
    if (info === undefined || info.offset !== f.start * SLOT) return [];
    infos.push({ ...info, offset: at });
  }
  return infos;
}

/** Source lines by slot; none at all where the first instruction of a function has none, which BPF_PROG_LOAD refuses. */
export function linkedLineInfo(spec: ObjectSpec, placed: readonly Placed[], code: Code): BtfLineInfo[] {
  const lines: BtfLineInfo[] = [];
  for (const { section, function: f, at } of placed) {
    const first = lines.length;
    for (const line of own(spec.btfExt?.lines.get(section.name), f)) {
      const slot = at + line.offset / SLOT - f.start;
      // A record in the middle of an instruction is of no use to anyone.
      if (Number.isInteger(slot) && code[slot] != null) lines.push({ ...line, offset: slot });
    }
    if (lines[first]?.offset !== at) return [];
  }
  return lines;
}
