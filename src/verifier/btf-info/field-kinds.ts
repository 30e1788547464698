/** Members of map values and allocated objects that only the kernel may touch, by kind (enum btf_field_type). */
export type FieldKind =
  | "spin_lock"
  | "res_spin_lock"
  | "timer"
  | "workqueue"
  | "task_work"
  | "kptr_unref"
  | "kptr_ref"
  | "kptr_percpu"
  | "uptr"
  | "list_head"
  | "list_node"
  | "rb_root"
  | "rb_node"
  | "refcount";

interface Row {
  readonly kind: FieldKind;
  /** The structure whose name makes a member such a field; "" for pointers, which tags make. */
  readonly struct: string;
  readonly size: number;
  readonly align: number;
  /** At most one of it in a structure. */
  readonly unique: boolean;
  /** Allowed in arrays. */
  readonly repeats: boolean;
  /** The text of the pointer's type tag. */
  readonly tag: string;
}

const row = (kind: FieldKind, struct: string, size: number, align: number, unique: boolean, repeats: boolean): Row => ({
  kind,
  struct,
  size,
  align,
  unique,
  repeats,
  tag: "",
});
const pointer = (kind: FieldKind, tag: string): Row => ({
  kind,
  struct: "",
  size: 8,
  align: 8,
  unique: false,
  repeats: true,
  tag,
});

/** Sizes as the kernel's BTF has them. */
export const FIELD_KINDS: readonly Row[] = [
  row("spin_lock", "bpf_spin_lock", 4, 4, true, false),
  row("res_spin_lock", "bpf_res_spin_lock", 4, 4, true, false),
  row("timer", "bpf_timer", 16, 8, true, false),
  row("workqueue", "bpf_wq", 16, 8, true, false),
  row("task_work", "bpf_task_work", 8, 8, true, false),
  row("list_head", "bpf_list_head", 16, 8, false, true),
  row("list_node", "bpf_list_node", 24, 8, false, false),
  row("rb_root", "bpf_rb_root", 16, 8, false, true),
  row("rb_node", "bpf_rb_node", 32, 8, false, false),
  row("refcount", "bpf_refcount", 4, 4, false, false),
  pointer("kptr_unref", "kptr_untrusted"),
  pointer("kptr_ref", "kptr"),
  pointer("kptr_percpu", "percpu_kptr"),
  pointer("uptr", "uptr"),
];

export const FIELD_BY_STRUCT: ReadonlyMap<string, Row> = new Map(
  FIELD_KINDS.filter(({ struct }) => struct !== "").map((kind) => [kind.struct, kind]),
);
export const FIELD_BY_TAG: ReadonlyMap<string, Row> = new Map(
  FIELD_KINDS.filter(({ tag }) => tag !== "").map((kind) => [kind.tag, kind]),
);
const BY_KIND: ReadonlyMap<FieldKind, Row> = new Map(FIELD_KINDS.map((kind) => [kind.kind, kind]));

export function fieldRow(kind: FieldKind): Row {
  return BY_KIND.get(kind)!;
}
export type FieldRow = Row;

const KPTRS: readonly FieldKind[] = ["kptr_unref", "kptr_ref", "kptr_percpu"];

/** Fields that values of maps may have. */
export const MAP_FIELDS: ReadonlySet<FieldKind> = new Set<FieldKind>([
  "spin_lock",
  "res_spin_lock",
  "timer",
  "workqueue",
  "task_work",
  ...KPTRS,
  "uptr",
  "list_head",
  "rb_root",
  "refcount",
]);
/** Fields that objects of bpf_obj_new may have. */
export const OBJECT_FIELDS: ReadonlySet<FieldKind> = new Set<FieldKind>([
  "spin_lock",
  "res_spin_lock",
  "list_head",
  "list_node",
  "rb_root",
  "rb_node",
  "refcount",
  ...KPTRS,
]);
export const KPTR_FIELDS: ReadonlySet<FieldKind> = new Set(KPTRS);

/** Structures of the kernel that may be kept by a referenced kptr, and what gives them back when the map goes. */
export const DESTRUCTORS: ReadonlyMap<string, string> = new Map([
  ["task_struct", "bpf_task_release_dtor"],
  ["cgroup", "bpf_cgroup_release_dtor"],
  ["bpf_cpumask", "bpf_cpumask_release_dtor"],
  ["bpf_crypto_ctx", "__bpf_crypto_ctx_destroy"],
  ["sk_buff", "bpf_kfree_skb"],
]);
