import { alignOf, resolve } from "../btf/index.ts";
import { MAP_TYPE } from "../uapi/index.ts";
import { linkError } from "./errors.ts";
import { emptyMap } from "./placed-map.ts";
import { type Reading, SHN_UNDEF, STB_WEAK } from "./reading.ts";
import type { ExternSpec, MapSpec } from "./spec.ts";
import { typeSize } from "./type-size.ts";

/** The section names that `__kconfig` and `__ksym` put declarations into; only BTF has them. */
const KCONFIG = ".kconfig";
const KSYMS = ".ksyms";

const BPF_F_RDONLY_PROG = 1 << 7;

/**
 * The declarations that something outside the object must answer: `__kconfig` variables, `__ksym` variables and kfuncs.
 * Kconfig values are laid out in a map of their own, the most strictly aligned ones first, then by name.
 */
export function readExterns(reading: Reading): ExternSpec[] {
  const externs = [...declared(reading, KCONFIG), ...declared(reading, KSYMS)];
  const values = externs.filter((e) => e.kind === "kconfig");
  const ordered = values
    .map((extern) => ({ extern, align: alignOf(reading.btf!, extern.type) }))
    .sort((a, b) => b.align - a.align || b.extern.size - a.extern.size || compare(a.extern.name, b.extern.name));
  const offsets = new Map<string, number>();
  let end = 0;
  for (const { extern, align } of ordered) {
    const offset = Math.ceil(end / align) * align;
    offsets.set(extern.name, offset);
    end = offset + extern.size;
  }
  return externs.map((e) => (e.kind === "kconfig" ? { ...e, offset: offsets.get(e.name)! } : e));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function declared(reading: Reading, datasecName: string): ExternSpec[] {
  const { btf, elf, file } = reading;
  const [id] = btf?.find(datasecName, "datasec") ?? [];
  if (btf === null || id === undefined) return [];
  const datasec = btf.type(id);
  if (datasec.kind !== "datasec") return [];
  const undefinedSymbols = new Map(elf.symbols.filter((s) => s.section === SHN_UNDEF).map((s) => [s.name, s]));
  return datasec.vars.map((entry) => {
    const type = btf.type(entry.type);
    const weak = undefinedSymbols.get(type.name)?.bind === STB_WEAK;
    if (type.kind === "func") {
      return { name: type.name, kind: "kfunc", type: type.type, weak, offset: 0, size: 0 };
    }
    if (type.kind !== "var")
      throw linkError("E_EXTERN_TYPE", { file, extern: type.name, problem: `is a ${type.kind}` });
    if (datasecName === KSYMS) return { name: type.name, kind: "ksym", type: type.type, weak, offset: 0, size: 0 };
    const size = typeSize(btf, type.type);
    const kind = resolve(btf, type.type)?.kind;
    if (size === null || size === 0 || size > 4096) {
      throw linkError("E_EXTERN_TYPE", {
        file,
        extern: type.name,
        problem: `has a type (${kind ?? "void"}) of no usable size`,
      });
    }
    return { name: type.name, kind: "kconfig", type: type.type, weak, offset: 0, size };
  });
}

/** The map that holds the kconfig values, null where the object declares none; its contents are zeros until `resolveKconfig`. */
export function kconfigMap(externs: readonly ExternSpec[]): MapSpec | null {
  const size = Math.max(0, ...externs.filter((e) => e.kind === "kconfig").map((e) => e.offset + e.size));
  if (size === 0) return null;
  const map = emptyMap(KCONFIG, "global");
  map.type = MAP_TYPE.BPF_MAP_TYPE_ARRAY;
  map.keySize = 4;
  map.valueSize = size;
  map.maxEntries = 1;
  map.flags = BPF_F_RDONLY_PROG;
  map.contents = new Uint8Array(size);
  return { ...map, frozen: true };
}
