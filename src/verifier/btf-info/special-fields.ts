import type { Btf, BtfType } from "../../btf/index.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierMap } from "../types.ts";
import { DESTRUCTORS, FIELD_BY_STRUCT, type FieldKind, KPTR_FIELDS, MAP_FIELDS, OBJECT_FIELDS } from "./field-kinds.ts";
import { FieldError, type FoundField, findFields, isTaggedPointer } from "./find-fields.ts";

/** What a kptr or uptr points at. */
export interface BtfFieldKptr {
  /** The kernel's BTF, or the program's own for objects of bpf_obj_new. */
  readonly btf: Btf;
  readonly btfId: number;
  /** What gives the object back when the map goes; "" for objects of bpf_obj_new and for kptrs without ownership. */
  readonly dtor: string;
}

/** What a list or tree holds. */
export interface BtfFieldGraphRoot {
  readonly btf: Btf;
  readonly valueBtfId: number;
  /** Where the node lies in it. */
  readonly nodeOffset: number;
}

/** A field that only the kernel may touch (struct btf_field). */
export interface BtfField {
  readonly kind: FieldKind;
  readonly offset: number;
  readonly size: number;
  readonly kptr: BtfFieldKptr | null;
  readonly graphRoot: BtfFieldGraphRoot | null;
}

/** Fields of a map value or object, by offset (struct btf_record). */
export interface BtfRecord {
  readonly fields: readonly BtfField[];
  readonly kinds: ReadonlySet<FieldKind>;
  /** Offsets of the ones there is one of, -1 = none. */
  readonly spinLockOff: number;
  readonly resSpinLockOff: number;
  readonly timerOff: number;
  readonly wqOff: number;
  readonly taskWorkOff: number;
  readonly refcountOff: number;
}

/** What came of a search: a record, or none, or the errno with which the kernel refuses the type. */
export interface ParsedFields {
  readonly record: BtfRecord | null;
  /** 0 = fine. */
  readonly errno: number;
}

const NOTHING: ParsedFields = { record: null, errno: 0 };

/** Fields of a type, with their targets looked up in the kernel's BTF where that has them (btf_parse_fields). */
export function parseFields(
  btf: Btf,
  typeId: number,
  wanted: ReadonlySet<FieldKind>,
  valueSize: number,
  kernel: Btf | null,
): ParsedFields {
  try {
    if (typeId <= 0 || typeId >= btf.count) throw new FieldError(ERRNO.EINVAL);
    const found = findFields(btf, typeId, wanted);
    if (found.length === 0) return NOTHING;
    return { record: makeRecord(btf, found, valueSize, kernel), errno: 0 };
  } catch (error) {
    if (error instanceof FieldError) return { record: null, errno: error.errno };
    throw error;
  }
}

function makeRecord(btf: Btf, found: readonly FoundField[], valueSize: number, kernel: Btf | null): BtfRecord {
  const fields: BtfField[] = [];
  let end = 0;
  for (const field of found) {
    const { kind, size, tag } = field.row;
    if (field.offset + size > valueSize) throw new FieldError(ERRNO.EFAULT);
    if (field.offset < end) throw new FieldError(ERRNO.EEXIST);
    end = field.offset + size;
    const kptr = tag === "" ? null : resolveKptr(btf, field, kernel);
    const graphRoot = field.node === "" ? null : resolveRoot(btf, field);
    fields.push({ kind, offset: field.offset, size, kptr, graphRoot });
  }
  const offset = (kind: FieldKind): number => fields.find((field) => field.kind === kind)?.offset ?? -1;
  const record: BtfRecord = {
    fields: fields.sort((a, b) => a.offset - b.offset),
    kinds: new Set(fields.map(({ kind }) => kind)),
    spinLockOff: offset("spin_lock"),
    resSpinLockOff: offset("res_spin_lock"),
    timerOff: offset("timer"),
    wqOff: offset("workqueue"),
    taskWorkOff: offset("task_work"),
    refcountOff: offset("refcount"),
  };
  checkTogether(record);
  return record;
}

/** One lock at most; lists and trees need one; an object in both needs a count of its owners. */
function checkTogether({ kinds }: BtfRecord): void {
  const hasLock = kinds.has("spin_lock") || kinds.has("res_spin_lock");
  const bothLocks = kinds.has("spin_lock") && kinds.has("res_spin_lock");
  const rootWithoutLock = (kinds.has("list_head") || kinds.has("rb_root")) && !hasLock;
  const sharedWithoutCount = kinds.has("list_node") && kinds.has("rb_node") && !kinds.has("refcount");
  if (bothLocks || rootWithoutLock || sharedWithoutCount) throw new FieldError(ERRNO.EINVAL);
}

/** The kernel's structure of that name, else the program's own. */
function resolveKptr(btf: Btf, { target, row }: FoundField, kernel: Btf | null): BtfFieldKptr {
  const name = btf.nameOf(target);
  const id = kernel?.find(name, "struct")[0];
  if (kernel === null || id === undefined) return { btf, btfId: target, dtor: "" };
  if (row.kind !== "kptr_ref") return { btf: kernel, btfId: id, dtor: "" };
  const dtor = DESTRUCTORS.get(name);
  if (dtor === undefined) throw new FieldError(ERRNO.ENOENT);
  return { btf: kernel, btfId: id, dtor };
}

/** The member of the contained structure that links it in. */
function resolveRoot(btf: Btf, { target, node, row }: FoundField): BtfFieldGraphRoot {
  const type = btf.type(target) as BtfType & { readonly kind: "struct" };
  const wanted = row.kind === "list_head" ? "bpf_list_node" : "bpf_rb_node";
  const members = type.members.filter(({ name }) => name === node);
  if (members.length === 0) throw new FieldError(ERRNO.ENOENT);
  const [member] = members;
  const { align } = FIELD_BY_STRUCT.get(wanted)!;
  const isNode = btf.kindOf(member!.type) === "struct" && btf.nameOf(member!.type) === wanted;
  const offset = member!.bitOffset / 8;
  if (members.length > 1 || !isNode || offset % align !== 0) throw new FieldError(ERRNO.EINVAL);
  return { btf, valueBtfId: target, nodeOffset: offset };
}

/** Records of structures that programs may allocate, by type id (struct btf_struct_metas), or the errno that refuses the BTF. */
export interface StructRecords {
  readonly records: ReadonlyMap<number, BtfRecord>;
  readonly errno: number;
}

/** Every structure of a program's BTF with a member that is a field (btf_parse_struct_metas). */
export function parseStructRecords(btf: Btf, kernel: Btf | null): StructRecords {
  const records = new Map<number, BtfRecord>();
  const special = new Set<number>();
  for (const name of OBJECT_STRUCTS) {
    const id = btf.find(name, "struct")[0];
    if (id !== undefined) special.add(id);
  }
  const first = btf.base?.count ?? 1;
  for (let id = first; id < btf.count; id++) if (isTaggedPointer(btf, id, KPTR_FIELDS)) special.add(id);
  if (special.size === 0) return { records, errno: 0 };
  for (let id = first; id < btf.count; id++) {
    const type = btf.type(id);
    if (type.kind !== "struct" || !type.members.some((member) => special.has(member.type))) continue;
    const { record, errno } = parseFields(btf, id, OBJECT_FIELDS, type.size, kernel);
    if (record === null) return { records, errno: errno || ERRNO.EFAULT };
    records.set(id, record);
  }
  return { records, errno: rootsErrno(records) };
}

const OBJECT_STRUCTS = [
  "bpf_spin_lock",
  "bpf_list_head",
  "bpf_list_node",
  "bpf_rb_root",
  "bpf_rb_node",
  "bpf_refcount",
];

/** What roots own must be known, and must not own what could own it in turn (btf_check_and_fixup_fields). */
function rootsErrno(records: ReadonlyMap<number, BtfRecord>): number {
  for (const record of records.values()) {
    const errno = ownershipErrno(record, records);
    if (errno !== 0) return errno;
  }
  return 0;
}

/** The same for one record, of a map's value or of a structure; 0 = fine. */
export function ownershipErrno(record: BtfRecord, records: ReadonlyMap<number, BtfRecord>): number {
  const { kinds } = record;
  for (const { graphRoot } of record.fields) {
    if (graphRoot === null) continue;
    const owned = records.get(graphRoot.valueBtfId);
    if (owned === undefined) return ERRNO.EFAULT;
    const isNode = kinds.has("list_node") || kinds.has("rb_node");
    if (isNode && (owned.kinds.has("list_head") || owned.kinds.has("rb_root"))) return ERRNO.ELOOP;
  }
  return 0;
}

const mapRecords = new WeakMap<VerifierMap, { readonly kernel: Btf | null; readonly parsed: ParsedFields }>();
const structRecords = new WeakMap<Btf, { readonly kernel: Btf | null; readonly parsed: StructRecords }>();

/**
 * Tells which BTF is the kernel's, before others ask for records: targets of pointers are looked up there, and its own structures have
 * no records, because programs do not allocate them.
 */
export function prepareRecords(program: Btf | null, kernel: Btf | null): void {
  if (kernel !== null && structRecords.get(kernel)?.kernel !== kernel) {
    structRecords.set(kernel, { kernel, parsed: { records: new Map(), errno: 0 } });
  }
  if (program !== null) structRecord(program, 0, kernel);
}

/**
 * Fields of a map's values, null where there are none. `kernel` is the BTF that kptrs are looked up in; the verifier names it when it
 * meets the map first (`resolveLoads`), and later calls may leave it out.
 */
export function recordOf(map: VerifierMap, kernel?: Btf | null): BtfRecord | null {
  const { btf, btfValueTypeId = 0 } = map;
  if (btf === undefined || btfValueTypeId === 0) return null;
  const known = mapRecords.get(map);
  if (known !== undefined && (kernel === undefined || known.kernel === kernel)) return known.parsed.record;
  const parsed = parseFields(btf, btfValueTypeId, MAP_FIELDS, map.valueSize, kernel ?? null);
  mapRecords.set(map, { kernel: kernel ?? null, parsed });
  return parsed.record;
}

/** Fields of a structure that programs allocate, null where it has none; `kernel` as for `recordOf`. */
export function structRecord(btf: Btf, typeId: number, kernel?: Btf | null): BtfRecord | null {
  let known = structRecords.get(btf);
  if (known === undefined || (kernel !== undefined && known.kernel !== kernel)) {
    known = { kernel: kernel ?? null, parsed: parseStructRecords(btf, kernel ?? null) };
    structRecords.set(btf, known);
  }
  return known.parsed.records.get(typeId) ?? null;
}
