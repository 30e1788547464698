import { HELPERS } from "../../uapi/index.ts";
import { assert } from "../../util/index.ts";

const BY_NAME: ReadonlyMap<string, number> = new Map(HELPERS.map(({ id, name }) => [name, id]));

/** A helper's number by its name without `bpf_`; for tables made once. */
export function helperId(name: string): number {
  const id = BY_NAME.get(`bpf_${name}`);
  assert(id !== undefined, `helper ${name}`);
  return id;
}

/** The numbers of helpers listed by name, parted by spaces. */
export function helperIds(names: string): ReadonlySet<number> {
  return new Set(names.split(" ").map(helperId));
}

/** `bpf_map_lookup_elem#1` as the log names a helper (func_id_name). */
export function helperText(id: number): string {
  const name = id === 0 ? "bpf_unspec" : (HELPERS[id - 1]?.name ?? "unknown");
  return `${name}#${id}`;
}
