import { type ContextField, type ContextLayout, contextRules, FROM_START, PROG_TYPE } from "../../uapi/index.ts";

/** Fields by the offset that they cover, made once per structure. */
const byOffset = new Map<ContextLayout, readonly (ContextField | undefined)[]>();

function fieldAt(layout: ContextLayout, off: number): ContextField | undefined {
  if (layout.fields.length === 1) return layout.fields[0]!.offset <= off ? layout.fields[0] : undefined;
  let table = byOffset.get(layout);
  if (table === undefined) {
    const made: (ContextField | undefined)[] = new Array(layout.size).fill(undefined);
    for (const field of layout.fields) made.fill(field, field.offset, field.offset + field.size);
    byOffset.set(layout, (table = made));
  }
  return table[off];
}

/** What a field allows to a program of this type and expected attach type; joined sizes. */
export function fieldSizes(field: ContextField, type: number, attachType: number, write: boolean): number {
  const attach = write ? field.writeAttach : field.readAttach;
  if (!(write ? field.write : field.read).includes(type)) return 0;
  if (attach !== undefined && !attach.includes(attachType)) return 0;
  return write ? field.writeSizes : field.readSizes;
}

/** Bytes of the field of a `struct bpf_sock` that a load through a socket pointer touches, whoever loads; 0 where it may not. */
export function sockField(off: number, size: number): number {
  const layout = contextRules(PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK)!;
  if (off < 0 || off >= layout.size || off % size !== 0) return 0;
  const field = fieldAt(layout, off);
  return field !== undefined && fits(field, field.readSizes, off, size) ? field.unit : 0;
}

/** Whether an access lies in a field of these sizes. */
function fits(field: ContextField, sizes: number, off: number, size: number): boolean {
  if ((sizes & size) === 0 || ((sizes & FROM_START) !== 0 && off !== field.offset)) return false;
  // A field may be given wider than it is: `dst_port` had four bytes once.
  return off + size <= field.offset + field.size || field.size < size;
}

/** The field that a load or store of the context touches; undefined where the access is not allowed. */
export function contextField(
  type: number,
  attachType: number,
  off: number,
  size: number,
  write: boolean,
): ContextField | undefined {
  const layout = contextRules(type);
  if (layout === undefined || off < 0 || off >= layout.size || off % size !== 0) return undefined;
  const field = fieldAt(layout, off);
  if (field === undefined) return undefined;
  return fits(field, fieldSizes(field, type, attachType, write), off, size) ? field : undefined;
}
