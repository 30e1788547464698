import { CORE_RELO_KINDS, formatValue, resolve, typeName } from "../../btf/index.ts";
import { linkProgram, type MapSpec, type ObjectSpec, type ProgramSpec, type Reference } from "../../loader/index.ts";
import { attachTypeLabel, helperById, mapFlagNames, mapTypeLabel, programTypeLabel } from "../../uapi/index.ts";
import { toHex } from "../../util/index.ts";

/** What `anybpf inspect` says about an object, in the shape that schema/inspect.schema.json describes. */
export interface InspectReport {
  readonly format: 1;
  readonly object: string;
  readonly byteOrder: "little" | "big";
  readonly license: string;
  /** LINUX_VERSION_CODE of the `version` section, null without one. */
  readonly kernelVersion: number | null;
  readonly programs: readonly ProgramReport[];
  readonly maps: readonly MapReport[];
  readonly globals: readonly GlobalReport[];
  readonly externs: readonly ExternReport[];
  readonly functions: readonly FunctionReport[];
  readonly relocations: readonly RelocationReport[];
  /** Number of types by BTF kind; null for an object without BTF. */
  readonly btf: { readonly types: number; readonly kinds: Readonly<Record<string, number>> } | null;
  readonly notes: readonly string[];
}

export interface ProgramReport {
  readonly name: string;
  readonly section: string;
  /** bpftool's word; null where the section name says nothing. */
  readonly type: string | null;
  readonly attachType: string | null;
  readonly attachTarget: string | null;
  readonly sleepable: boolean;
  readonly autoload: boolean;
  /** Of the entry function alone, and with all functions that it calls; in slots of 8 bytes. */
  readonly instructions: number;
  readonly linkedInstructions: number;
  /** Functions linked to it, in order. */
  readonly functions: readonly string[];
  readonly maps: readonly string[];
  readonly helpers: readonly string[];
}

export interface MapReport {
  readonly name: string;
  readonly origin: MapSpec["origin"];
  readonly type: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly keyType: string | null;
  readonly valueType: string | null;
  readonly maxEntries: number;
  readonly flags: readonly string[];
  readonly mapExtra: string;
  readonly numaNode: number | null;
  readonly pinning: string | null;
  readonly frozen: boolean;
  readonly inner: MapReport | null;
  readonly values: readonly { readonly key: number; readonly kind: "program" | "map"; readonly name: string }[];
}

export interface GlobalReport {
  readonly name: string;
  readonly map: string;
  readonly offset: number;
  readonly size: number;
  readonly type: string | null;
  /** Initial bytes, hexadecimal; at most the first 64. */
  readonly bytes: string;
  /** The same by its type, for people. */
  readonly text: string;
}

export interface ExternReport {
  readonly name: string;
  readonly kind: "kconfig" | "ksym" | "kfunc";
  readonly type: string | null;
  readonly weak: boolean;
}

export interface FunctionReport {
  readonly name: string;
  readonly section: string;
  /** First slot in the section. */
  readonly start: number;
  readonly instructions: number;
  readonly linkage: "static" | "global" | "weak";
}

export interface RelocationReport {
  readonly section: string;
  readonly slot: number;
  readonly kind: string;
  readonly target: string;
}

const GLOBAL_BYTES = 64;

/** The whole report. Externs count as found: what a kernel has is not the object's matter. */
export function inspectObject(spec: ObjectSpec): InspectReport {
  return {
    format: 1,
    object: spec.name,
    byteOrder: spec.littleEndian ? "little" : "big",
    license: spec.license,
    kernelVersion: spec.version === 0 ? null : spec.version,
    programs: spec.programs.map((program) => programReport(spec, program)),
    maps: spec.maps.map((map) => mapReport(spec, map)),
    globals: spec.globals.map((global) => globalReport(spec, global)),
    externs: spec.externs.map((e) => ({ name: e.name, kind: e.kind, type: type(spec, e.type), weak: e.weak })),
    functions: spec.sections.flatMap((section) =>
      section.functions.map((f) => ({
        name: f.name,
        section: section.name,
        start: f.start,
        instructions: f.length,
        linkage: f.weak ? "weak" : f.global ? "global" : "static",
      })),
    ),
    relocations: relocations(spec),
    btf: btfReport(spec),
    notes: spec.notes,
  };
}

function type(spec: ObjectSpec, id: number): string | null {
  return spec.btf === null || id === 0 ? null : typeName(spec.btf, id);
}

function programReport(spec: ObjectSpec, program: ProgramSpec): ProgramReport {
  const linked = linkProgram(spec, program, { externs: () => ({ kind: "value", value: 0n }) });
  const helpers = new Set<string>();
  for (const i of linked.code) {
    if (i?.form.kind !== "call" || i.form.op !== "helper") continue;
    helpers.add(helperById(i.imm)?.name ?? `helper ${i.imm}`);
  }
  return {
    name: program.name,
    section: program.section,
    type: program.type === 0 ? null : programTypeLabel(program.type),
    attachType: program.attachType === null ? null : attachTypeLabel(program.attachType),
    attachTarget: program.attachTarget,
    sleepable: program.sleepable,
    autoload: program.autoload,
    instructions: program.length,
    linkedInstructions: linked.code.length,
    functions: linked.functions.slice(1).map((f) => f.name),
    maps: [...new Set(linked.mapReferences.map((r) => r.map))],
    helpers: [...helpers],
  };
}

/** Pinning is libbpf's enum libbpf_pin_type, or iproute2's PIN_* for its own map records. */
function pinning(map: MapSpec): string | null {
  if (map.pinning === 0) return null;
  const known = map.origin === "iproute2" ? ["", "object namespace", "global namespace"] : ["", "by name"];
  return known[map.pinning] ?? String(map.pinning);
}

function mapReport(spec: ObjectSpec, map: MapSpec): MapReport {
  const section = map.origin === "global";
  return {
    name: map.name,
    origin: map.origin,
    type: mapTypeLabel(map.type),
    keySize: map.keySize,
    valueSize: map.valueSize,
    keyType: type(spec, map.keyType),
    valueType: section ? null : type(spec, map.valueType),
    maxEntries: map.maxEntries,
    flags: mapFlagNames(map.flags),
    mapExtra: String(map.mapExtra),
    numaNode: map.numaNode,
    pinning: pinning(map),
    frozen: map.frozen,
    inner: map.inner === null ? null : mapReport(spec, map.inner),
    values: map.values,
  };
}

function globalReport(spec: ObjectSpec, global: ObjectSpec["globals"][number]): GlobalReport {
  const contents = spec.maps.find((m) => m.name === global.map)?.contents ?? new Uint8Array(0);
  const bytes = contents.subarray(global.offset, global.offset + global.size);
  const start = toHex(bytes.subarray(0, GLOBAL_BYTES));
  return {
    name: global.name,
    map: global.map,
    offset: global.offset,
    size: global.size,
    type: type(spec, global.type),
    bytes: start,
    text: globalText(spec, global.type, bytes),
  };
}

/** Text longer than this is cut; more than these zeros are not listed. */
const TEXT_LENGTH = 120;
const LISTED_ZEROS = 16;

function globalText({ btf }: ObjectSpec, id: number, bytes: Uint8Array): string {
  if (bytes.length > LISTED_ZEROS && bytes.every((byte) => byte === 0)) return "all zero";
  const text = btf === null || id === 0 ? toHex(bytes.subarray(0, TEXT_LENGTH)) : formatValue(btf, id, bytes);
  return text.length <= TEXT_LENGTH ? text : `${text.slice(0, TEXT_LENGTH)}…`;
}

function relocations(spec: ObjectSpec): RelocationReport[] {
  return spec.sections.flatMap((section) =>
    section.references.map((r) => ({ section: section.name, slot: r.slot, kind: r.kind, target: targetOf(spec, r) })),
  );
}

function targetOf(spec: ObjectSpec, r: Reference): string {
  switch (r.kind) {
    case "map":
      return r.map;
    case "map_value":
      return `${r.map}+${r.offset}`;
    case "call":
    case "func_address": {
      const functions = spec.sections.find((s) => s.name === r.section)?.functions;
      return functions?.find((f) => f.start === r.target)?.name ?? `${r.section} slot ${r.target}`;
    }
    case "extern":
      return r.extern;
    case "core":
      return `${CORE_RELO_KINDS[r.relo]?.name ?? r.relo} of ${accessPath(spec, r.type, r.access, r.relo)}`;
  }
}

/** What a CO-RE access string means: `struct sk_buff.cb[1]`, `enum state.OPEN`; the bare numbers where they lead nowhere. */
function accessPath({ btf }: ObjectSpec, root: number, access: string, relo: number): string {
  if (btf === null) return `type ${root} ${access}`;
  const name = typeName(btf, root);
  const kind = CORE_RELO_KINDS[relo]?.on;
  if (kind === "type") return name;
  const [first = 0, ...rest] = access.split(":").map(Number);
  if (kind === "enumval") {
    const type = resolve(btf, root);
    return `${name}.${type?.kind === "enum" || type?.kind === "enum64" ? (type.values[first]?.name ?? first) : first}`;
  }
  let path = first === 0 ? name : `${name}[${first}]`;
  let at = root;
  for (const index of rest) {
    const type = resolve(btf, at);
    const member = type?.kind === "struct" || type?.kind === "union" ? type.members[index] : undefined;
    if (member !== undefined) {
      if (member.name !== "") path += `.${member.name}`;
      at = member.type;
    } else if (type?.kind === "array") {
      path += `[${index}]`;
      at = type.type;
    } else return `${name} ${access}`;
  }
  return path;
}

function btfReport({ btf }: ObjectSpec): InspectReport["btf"] {
  if (btf === null) return null;
  const kinds: Record<string, number> = {};
  for (let id = 1; id < btf.count; id++) {
    const kind = btf.kindOf(id);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return { types: btf.count - 1, kinds };
}
