import { encode, insn } from "../isa/index.ts";
import {
  btfForKernel,
  funcInfoBytes,
  type Kconfig,
  type LinkedProgram,
  type LinkOptions,
  lineInfoBytes,
  linkProgram,
  type MapSpec,
  type ObjectSpec,
  type ProgramSpec,
  resolveKconfig,
} from "../loader/index.ts";
import { ATTACH_TYPE, MAP_TYPE, PROG_TYPE, programType } from "../uapi/index.ts";
import { BpfError, defineErrors } from "../util/index.ts";
import type { Backend, Fd, MapCreateAttr, ProgLoadAttr } from "./backend.ts";
import { LoadedMap } from "./loaded-map.ts";
import { LoadedProgram } from "./loaded-program.ts";

const objectError = defineErrors({
  E_OBJECT_ENDIAN: (d: { object: string }) =>
    `${d.object}: big-endian object; this machine is little-endian, nothing was loaded`,
  E_PROGRAM_UNKNOWN: (d: { object: string; program: string; known: string }) =>
    `${d.object}: no program is named "${d.program}" (it has ${d.known})`,
  E_PROGRAM_TARGET: (d: { object: string; program: string; target: string }) =>
    `${d.object}: program "${d.program}": the kernel's BTF has no hook "${d.target}" of that kind`,
  E_PROGRAM_TYPE: (d: { object: string; program: string; section: string }) =>
    `${d.object}: program "${d.program}": section "${d.section}" implies no program type; give one`,
});

/** How an object is loaded. */
export interface LoadOptions extends LinkOptions {
  /** Names of the programs to load; by default all but those of `SEC("?…")`. */
  readonly programs?: readonly string[];
  /** Program type (BPF_PROG_TYPE_*) for sections whose name implies none. */
  readonly programType?: number;
  /** The kernel's configuration, for `__kconfig` variables. */
  readonly kconfig?: Kconfig;
  /** Gets the programs, ready for BPF_PROG_LOAD, in place of the kernel: maps are made, nothing is loaded, program arrays stay empty. */
  readonly judge?: (attr: ProgLoadAttr, program: ProgramSpec) => void;
}

/** An object in a kernel: its programs and maps by name. `close` gives all descriptors back. */
export class LoadedObject {
  readonly spec: ObjectSpec;
  readonly programs: Readonly<Record<string, LoadedProgram>>;
  readonly maps: Readonly<Record<string, LoadedMap>>;
  readonly #backend: Backend;
  readonly #fds: readonly Fd[];

  constructor(
    spec: ObjectSpec,
    backend: Backend,
    programs: readonly LoadedProgram[],
    maps: readonly LoadedMap[],
    fds: readonly Fd[],
  ) {
    this.spec = spec;
    this.#backend = backend;
    this.#fds = fds;
    this.programs = byName(programs);
    this.maps = byName(maps);
  }

  close(): void {
    for (const fd of this.#fds) this.#backend.close(fd);
  }
}

function byName<T extends { readonly name: string }>(items: readonly T[]): Readonly<Record<string, T>> {
  // Names come from the file: no prototype for them to collide with.
  const record = Object.create(null) as Record<string, T>;
  for (const item of items) record[item.name] = item;
  return record;
}

/**
 * Brings an object into a kernel: BTF, maps with their first contents, then programs; libbpf's order.
 * What was made before a failure is closed again.
 * @throws BpfError `E_OBJECT_ENDIAN`, `E_PROGRAM_UNKNOWN`, `E_PROGRAM_TYPE`, those of linking, `E_PROG_*`, and `E_KERNEL` with the
 * kernel's errno. All begin with the object's name.
 */
export function loadObject(backend: Backend, spec: ObjectSpec, options: LoadOptions = {}): LoadedObject {
  if (!spec.littleEndian) throw objectError("E_OBJECT_ENDIAN", { object: spec.name });
  const fds: Fd[] = [];
  const keep = (fd: Fd) => {
    fds.push(fd);
    return fd;
  };
  try {
    const chosen = choosePrograms(spec, options);
    const linked = chosen.map((program) => linkProgram(spec, program, options));
    resolveKconfig(spec, options.kconfig ?? new Map());
    const btf = btfForKernel(spec);
    const btfFd = btf === null ? null : keep(backend.btfLoad(btf));
    const maps = new Map<string, LoadedMap>();
    for (const map of spec.maps) {
      maps.set(map.name, new LoadedMap(map, spec.btf, backend, keep(createMap(backend, map, btfFd, keep))));
    }
    for (const map of maps.values()) fillMap(backend, map, maps);
    const programs = new Map<string, LoadedProgram>();
    for (const program of linked) {
      const attr = loadAttributes(spec, program, maps, btfFd, options);
      if (options.judge !== undefined) {
        options.judge(attr, program.spec);
        continue;
      }
      const fd = keep(backend.progLoad(attr));
      programs.set(
        program.spec.name,
        new LoadedProgram(program.spec, typeOf(spec, program.spec, options), backend, fd),
      );
    }
    for (const map of maps.values()) fillPrograms(backend, map, programs);
    return new LoadedObject(spec, backend, [...programs.values()], [...maps.values()], fds);
  } catch (error) {
    for (const fd of fds) backend.close(fd);
    // The kernel knows programs and maps, not the file they come from.
    throw error instanceof BpfError ? error.within(spec.name) : error;
  }
}

function choosePrograms(spec: ObjectSpec, options: LoadOptions): ProgramSpec[] {
  if (options.programs === undefined) return spec.programs.filter((p) => p.autoload);
  return options.programs.map((name) => {
    const found = spec.programs.find((p) => p.name === name);
    if (found === undefined) {
      const known = spec.programs.map((p) => p.name).join(", ");
      throw objectError("E_PROGRAM_UNKNOWN", { object: spec.name, program: name, known });
    }
    return found;
  });
}

function typeOf(spec: ObjectSpec, program: ProgramSpec, options: LoadOptions): number {
  const type = program.type !== 0 ? program.type : options.programType;
  if (type === undefined || programType(type) === undefined) {
    throw objectError("E_PROGRAM_TYPE", { object: spec.name, program: program.name, section: program.section });
  }
  return type;
}

/** Kernel object names: 15 characters of [A-Za-z0-9_.]; libbpf puts the object's name before a data section's. */
function kernelName(spec: MapSpec | ProgramSpec): string {
  return spec.name.replace(/[^A-Za-z0-9_.]/g, "_").slice(0, 15);
}

function createMap(backend: Backend, map: MapSpec, btfFd: Fd | null, keep: (fd: Fd) => Fd): Fd {
  const innerMapFd = map.inner === null ? undefined : keep(createMap(backend, map.inner, btfFd, keep));
  const sizedByCpus = map.type === MAP_TYPE.BPF_MAP_TYPE_PERF_EVENT_ARRAY && map.maxEntries === 0;
  const typed = btfFd !== null && map.inner === null && (map.keyType !== 0 || map.valueType !== 0);
  const attr: MapCreateAttr = {
    type: map.type,
    keySize: map.keySize,
    valueSize: map.valueSize,
    maxEntries: sizedByCpus ? backend.possibleCpus : map.maxEntries,
    flags: map.flags,
    name: kernelName(map),
    mapExtra: map.mapExtra,
    ...(innerMapFd === undefined ? {} : { innerMapFd }),
    ...(map.numaNode === null ? {} : { numaNode: map.numaNode }),
  };
  if (!typed) return backend.mapCreate(attr);
  try {
    return backend.mapCreate({ ...attr, btfFd, btfKeyTypeId: map.keyType, btfValueTypeId: map.valueType });
  } catch {
    // Kernels refuse types of keys and values for some types of maps (ENOTSUPP; EINVAL of queues); libbpf does without then.
    return backend.mapCreate(attr);
  }
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function fillMap(backend: Backend, map: LoadedMap, maps: ReadonlyMap<string, LoadedMap>): void {
  if (map.spec.contents !== null) {
    backend.mapUpdate(map.fd, u32(0), map.spec.contents);
    if (map.spec.frozen) backend.mapFreeze(map.fd);
  }
  for (const value of map.spec.values) {
    const inner = value.kind === "map" ? maps.get(value.name) : undefined;
    if (inner !== undefined) backend.mapUpdate(map.fd, u32(value.key), u32(inner.fd));
  }
}

function fillPrograms(backend: Backend, map: LoadedMap, programs: ReadonlyMap<string, LoadedProgram>): void {
  for (const value of map.spec.values) {
    const program = value.kind === "program" ? programs.get(value.name) : undefined;
    if (program !== undefined) backend.mapUpdate(map.fd, u32(value.key), u32(program.fd));
  }
}

/** Instructions with the maps' file descriptors in the places that linking left for them. */
function withMapFds(program: LinkedProgram, maps: ReadonlyMap<string, LoadedMap>): Uint8Array {
  const code = [...program.code];
  for (const { slot, map } of program.mapReferences) {
    const load = code[slot]!;
    code[slot] = insn(load.form, { ...load, imm: maps.get(map)!.fd });
  }
  return encode(code);
}

function loadAttributes(
  spec: ObjectSpec,
  program: LinkedProgram,
  maps: ReadonlyMap<string, LoadedMap>,
  btfFd: Fd | null,
  options: LoadOptions,
): ProgLoadAttr {
  const { spec: declared } = program;
  return {
    type: typeOf(spec, declared, options),
    insns: withMapFds(program, maps),
    license: spec.license,
    name: kernelName(declared),
    flags: declared.flags,
    kernVersion: spec.version,
    ...(declared.attachType === null ? {} : { expectedAttachType: declared.attachType }),
    ...attachTarget(spec, declared, options),
    ...(btfFd === null ? {} : debugInfo(spec, program, btfFd)),
  };
}

/** Names of a hook's BTF type by the attach type of the programs that go there: what stands before the hook's own name. */
const HOOK_TYPES: Readonly<Record<number, readonly [prefix: string, kind: "func" | "typedef"]>> = {
  [ATTACH_TYPE.BPF_TRACE_RAW_TP]: ["btf_trace_", "typedef"],
  [ATTACH_TYPE.BPF_TRACE_FENTRY]: ["", "func"],
  [ATTACH_TYPE.BPF_TRACE_FEXIT]: ["", "func"],
  [ATTACH_TYPE.BPF_MODIFY_RETURN]: ["", "func"],
  [ATTACH_TYPE.BPF_TRACE_ITER]: ["bpf_iter_", "func"],
  [ATTACH_TYPE.BPF_LSM_MAC]: ["bpf_lsm_", "func"],
  [ATTACH_TYPE.BPF_LSM_CGROUP]: ["bpf_lsm_", "func"],
};

/** The hook that the section names, by its type in the kernel's BTF. */
function attachTarget(spec: ObjectSpec, program: ProgramSpec, options: LoadOptions): Pick<ProgLoadAttr, "attachBtfId"> {
  const tracing = program.type === PROG_TYPE.BPF_PROG_TYPE_TRACING || program.type === PROG_TYPE.BPF_PROG_TYPE_LSM;
  const hook = tracing && program.attachType !== null ? HOOK_TYPES[program.attachType] : undefined;
  const { targetBtf } = options;
  if (hook === undefined || program.attachTarget === null || targetBtf == null) return {};
  const [prefix, kind] = hook;
  const id = targetBtf.find(prefix + program.attachTarget, kind)[0];
  if (id === undefined) {
    const data = { object: spec.name, program: program.name, target: program.attachTarget };
    throw objectError("E_PROGRAM_TARGET", data);
  }
  return { attachBtfId: id };
}

/** Types of functions and source lines, as far as the object's BTF.ext tells them. */
function debugInfo(
  spec: ObjectSpec,
  program: LinkedProgram,
  btfFd: Fd,
): Pick<ProgLoadAttr, "btfFd" | "funcInfo" | "lineInfo"> {
  return {
    ...(program.funcInfo.length === 0 && program.lineInfo.length === 0 ? {} : { btfFd }),
    ...(program.funcInfo.length === 0 ? {} : { funcInfo: funcInfoBytes(program) }),
    ...(program.lineInfo.length === 0 ? {} : { lineInfo: lineInfoBytes(spec, program) }),
  };
}
