import { type Btf, type BtfType, resolveId } from "../../btf/index.ts";
import { ERRNO } from "../../uapi/index.ts";
import { declTagValues } from "../structure/exception-callback.ts";
import { FIELD_BY_STRUCT, FIELD_BY_TAG, type FieldKind, type FieldRow, fieldRow } from "./field-kinds.ts";

/** Most fields of a map value or object. */
const MAX_FIELDS = 11;
const MAX_DEPTH = 32;
const POINTERS: readonly FieldKind[] = ["kptr_unref", "kptr_ref", "kptr_percpu", "uptr"];

/** A field as its declaration shows it. */
export interface FoundField {
  readonly row: FieldRow;
  readonly offset: number;
  /** Of pointers: the structure pointed at, in the same BTF. Of roots: the structure whose objects they hold. */
  readonly target: number;
  /** Of roots: the member of that structure that links it in. */
  readonly node: string;
}

/** A declaration that the kernel refuses, by errno. */
export class FieldError {
  readonly errno: number;

  constructor(errno: number) {
    this.errno = errno;
  }
}

/** How a search goes on: which kinds are wanted, and how many fields may still be found. */
interface Search {
  readonly btf: Btf;
  readonly wanted: ReadonlySet<FieldKind>;
}

/**
 * Fields of a structure or data section, nested ones included (btf_find_field).
 * @throws FieldError where BTF declares them in a way that the kernel refuses
 */
export function findFields(btf: Btf, typeId: number, wanted: ReadonlySet<FieldKind>): readonly FoundField[] {
  const type = btf.type(typeId);
  const search: Search = { btf, wanted };
  if (type.kind === "struct") return findMembers(search, typeId, type, MAX_FIELDS, 0);
  if (type.kind === "datasec") return findVariables(search, type, MAX_FIELDS);
  throw new FieldError(ERRNO.EINVAL);
}

type Struct = BtfType & { readonly kind: "struct" | "union" };

function findMembers(search: Search, id: number, type: Struct, room: number, depth: number): FoundField[] {
  const out: FoundField[] = [];
  const seen = new Set<FieldKind>();
  for (const [index, member] of type.members.entries()) {
    if (member.bitOffset % 8 !== 0) throw new FieldError(ERRNO.EINVAL);
    const place: Place = { owner: id, component: index, offset: member.bitOffset / 8, expected: 0 };
    out.push(...findOne(search, place, member.type, seen, room - out.length, depth));
  }
  return out;
}

function findVariables(search: Search, type: BtfType & { readonly kind: "datasec" }, room: number): FoundField[] {
  const out: FoundField[] = [];
  const seen = new Set<FieldKind>();
  for (const { type: id, offset, size } of type.vars) {
    const variable = search.btf.type(id);
    if (variable.kind !== "var") throw new FieldError(ERRNO.EINVAL);
    const place: Place = { owner: id, component: -1, offset, expected: size };
    out.push(...findOne(search, place, variable.type, seen, room - out.length, 0));
  }
  return out;
}

/** Where a candidate is declared: declaration tags hang there. */
interface Place {
  readonly owner: number;
  readonly component: number;
  readonly offset: number;
  /** Size of the variable, 0 = any. */
  readonly expected: number;
}

/** Fields at one member or variable: it may be one, an array of them, or a structure with some inside. */
function findOne(
  search: Search,
  place: Place,
  declared: number,
  seen: Set<FieldKind>,
  room: number,
  depth: number,
): FoundField[] {
  const { btf } = search;
  let id = declared;
  let count = 1;
  for (let level = 0; id !== 0 && btf.kindOf(id) === "array"; level++) {
    if (level === MAX_DEPTH) throw new FieldError(ERRNO.E2BIG);
    const array = btf.type(id) as BtfType & { readonly kind: "array" };
    count = (count * array.count) % 4294967296;
    id = array.type;
  }
  if (count === 0 || id === 0) return [];
  const type = btf.type(id);
  const row = rowOf(search, type, seen);
  if (row === null) {
    if (type.kind !== "struct") return [];
    if (place.expected !== 0 && place.expected !== type.size * count) return [];
    if (depth + 1 >= MAX_DEPTH) throw new FieldError(ERRNO.E2BIG);
    const inner = findMembers(search, id, type, room, depth + 1);
    const moved = inner.map((field) => ({ ...field, offset: field.offset + place.offset }));
    return repeat(moved, count, type.size, room);
  }
  if (place.expected !== 0 && place.expected !== row.size * count) return [];
  if (place.offset % row.align !== 0) return [];
  const field = readField(search, place, row, type);
  if (field === null) return [];
  if (room === 0) throw new FieldError(ERRNO.E2BIG);
  return repeat([field], count, row.size, room);
}

/** Elements of an array all have the first one's fields. */
function repeat(fields: FoundField[], count: number, size: number, room: number): FoundField[] {
  if (count === 1 || fields.length === 0) return fields;
  if (fields.some(({ row }) => !row.repeats)) throw new FieldError(ERRNO.EINVAL);
  if (fields.length * count > room) throw new FieldError(ERRNO.E2BIG);
  const out: FoundField[] = [];
  for (let i = 0; i < count; i++) {
    out.push(...fields.map((field) => ({ ...field, offset: field.offset + i * size })));
  }
  return out;
}

/** What a type looks like by its name; anything that is no structure may be a pointer with a tag. */
function rowOf({ wanted }: Search, type: BtfType, seen: Set<FieldKind>): FieldRow | null {
  const named = FIELD_BY_STRUCT.get(type.name);
  if (named !== undefined && wanted.has(named.kind)) {
    if (named.unique && seen.has(named.kind)) throw new FieldError(ERRNO.E2BIG);
    seen.add(named.kind);
    return named;
  }
  const isPointer = type.kind !== "struct" && POINTERS.some((kind) => wanted.has(kind));
  return isPointer ? fieldRow("kptr_ref") : null;
}

function readField(search: Search, place: Place, row: FieldRow, type: BtfType): FoundField | null {
  if (row.struct === "") return readPointer(search, place, type);
  if (type.kind !== "struct" || type.size !== row.size) return null;
  const { offset } = place;
  if (row.kind !== "list_head" && row.kind !== "rb_root") return { row, offset, target: 0, node: "" };
  // `contains:STRUCT:MEMBER`
  const { btf } = search;
  const tags = declTagValues(btf, place.owner, place.component, "contains:");
  const [tag] = tags;
  const colon = tag?.indexOf(":") ?? -1;
  if (tag === undefined || tags.length > 1 || colon < 0) throw new FieldError(ERRNO.EINVAL);
  const target = btf.find(tag.slice(0, colon), "struct")[0];
  if (target === undefined) throw new FieldError(ERRNO.ENOENT);
  const node = tag.slice(colon + 1);
  if (node === "") throw new FieldError(ERRNO.EINVAL);
  return { row, offset, target, node };
}

/** A pointer whose target carries a tag: `struct task_struct __kptr *`. Null where it is none, or of a kind that is not wanted. */
function readPointer({ btf, wanted }: Search, place: Place, declared: BtfType): FoundField | null {
  const type = declared.kind === "volatile" && declared.type !== 0 ? btf.type(declared.type) : declared;
  if (type.kind !== "ptr" || type.type === 0) return null;
  const tag = btf.type(type.type);
  if (tag.kind !== "type_tag" || tag.attribute) return null;
  if (tag.type !== 0 && btf.kindOf(tag.type) === "type_tag") throw new FieldError(ERRNO.EINVAL);
  const row = FIELD_BY_TAG.get(tag.name);
  if (row === undefined) throw new FieldError(ERRNO.EINVAL);
  if (!wanted.has(row.kind)) return null;
  const target = resolveId(btf, tag.type);
  if (target === 0 || btf.kindOf(target) !== "struct") throw new FieldError(ERRNO.EINVAL);
  return { row, offset: place.offset, target, node: "" };
}

/** Whether a type is a pointer that makes the structure around it one with fields. */
export function isTaggedPointer(btf: Btf, id: number, wanted: ReadonlySet<FieldKind>): boolean {
  try {
    return readPointer({ btf, wanted }, { owner: 0, component: -1, offset: 0, expected: 0 }, btf.type(id)) !== null;
  } catch (error) {
    if (error instanceof FieldError) return false;
    throw error;
  }
}
