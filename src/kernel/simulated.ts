import { type Btf, parseBtf } from "../btf/index.ts";
import { createHelpers } from "../helpers/index.ts";
import type { HelperBinding } from "../isa/index.ts";
import { createMap, type GuestMap, type MapReferences } from "../maps/index.ts";
import { CLOCK_NS, CLOCK_STEP_NS, CPU_COUNT, RANDOM_STATE } from "../runtime/layout.ts";
import { contextLayout, ERRNO, MAP_TYPE, mapTypeLabel, programType, programTypeLabel } from "../uapi/index.ts";
import { type VerifierMap, verify } from "../verifier/index.ts";
import { type EngineName, Vm, type LoadedProgram as VmProgram } from "../vm/index.ts";
import type {
  Backend,
  Fd,
  MapCreateAttr,
  MapInfo,
  ProgInfo,
  ProgLoadAttr,
  TestRunAttr,
  TestRunResult,
} from "./backend.ts";
import { checked, kernelError } from "./errors.ts";
import { type KernelObject, ObjectTables } from "./objects.ts";
import { resolveProgram } from "./prog-load.ts";
import { programInput, refusal } from "./program-input.ts";
import { RunContexts, testRun } from "./test-run.ts";
import { describeMap } from "./verifier-map.ts";

/** How a simulated kernel differs from the default, deterministic one. */
export interface SimulatedOptions {
  /** Engine of test runs: `jit` unless said otherwise. */
  readonly engine?: EngineName;
  /** Possible CPUs, 1 unless said otherwise. */
  readonly cpus?: number;
  /** Seed of bpf_get_prandom_u32. */
  readonly seed?: bigint;
  /** Nanoseconds of the virtual clock at the start, and how far it moves with every run. */
  readonly clock?: bigint;
  readonly clockStep?: bigint;
  /** Instructions one run may execute; without it only the interpreters count, up to 2^32. */
  readonly budget?: bigint;
  /** Measures real time in nanoseconds, for `duration`; without it every duration is 0. */
  readonly now?: () => number;
  /** False: programs are not verified, and run in the `stepping` engine, which checks every access. */
  readonly verify?: boolean;
  /** Programs are not verified and run in any engine: their author is trusted with all memory of this machine. */
  readonly unchecked?: boolean;
  /** The kernel's BTF, for programs that speak of kernel types and functions. */
  readonly vmlinux?: Btf;
  /** Gets each line of bpf_trace_printk. */
  readonly printk?: (line: string) => void;
}

interface MapObject extends KernelObject {
  readonly kind: "map";
  readonly map: GuestMap;
  readonly attr: MapCreateAttr;
  /** The verifier's view of it. */
  readonly described: VerifierMap;
}

/** A program in the simulated kernel. */
export interface ProgObject extends KernelObject {
  readonly kind: "prog";
  readonly program: VmProgram;
  readonly type: number;
  readonly attr: ProgLoadAttr;
  readonly maps: readonly MapObject[];
}

interface BtfObject extends KernelObject {
  readonly kind: "btf";
  readonly btf: Btf;
}

const NAME = /^[A-Za-z0-9_.]{0,15}$/;
/** Licenses that make a program GPL compatible (the kernel's license_is_gpl_compatible). */
const GPL_LICENSES = ["GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"];

/** The simulated kernel: bpf(2) without Linux. Deterministic: virtual clock, seeded random numbers, virtual CPUs. */
export class SimulatedKernel implements Backend {
  readonly kind = "simulated";
  readonly possibleCpus: number;
  readonly vm = new Vm();
  readonly engine: EngineName;
  readonly contexts = new RunContexts(this.vm);
  readonly options: SimulatedOptions;
  readonly #objects = new ObjectTables<MapObject, ProgObject, BtfObject>();
  readonly #helpers = new Map<number, ReadonlyMap<number, HelperBinding>>();
  readonly #mapsByAddress = new Map<number, MapObject>();
  readonly #progsBySlot = new Map<number, ProgObject>();

  constructor(options: SimulatedOptions = {}) {
    this.options = options;
    this.possibleCpus = options.cpus ?? 1;
    this.engine = options.verify === false ? "stepping" : (options.engine ?? "jit");
    const { view } = this.vm.memory;
    view.setUint32(CPU_COUNT, this.possibleCpus, true);
    view.setBigUint64(CLOCK_NS, options.clock ?? 1_000_000_000n, true);
    view.setBigUint64(CLOCK_STEP_NS, options.clockStep ?? 1_000n, true);
    view.setBigUint64(RANDOM_STATE, ((options.seed ?? 1n) * 0x9e3779b97f4a7c15n) & 0xffff_ffff_ffff_ffffn, true);
    view.setBigUint64(RANDOM_STATE + 8, 0xda942042e4dd58b5n, true);
  }

  mapCreate(attr: MapCreateAttr): Fd {
    if (!NAME.test(attr.name ?? "")) throw kernelError("BPF_MAP_CREATE", ERRNO.EINVAL, `map name "${attr.name}"`);
    const inner = attr.innerMapFd === undefined ? undefined : this.#map("BPF_MAP_CREATE", attr.innerMapFd);
    const id = this.#objects.maps.allocate();
    const map = createMap(this.vm.runtime, {
      type: attr.type,
      keySize: attr.keySize,
      valueSize: attr.valueSize,
      maxEntries: attr.maxEntries,
      flags: attr.flags ?? 0,
      name: attr.name ?? "",
      id,
      cpus: this.possibleCpus,
      mapExtra: attr.mapExtra ?? 0n,
      references: this.#referencesOf(attr.type),
      ...(inner === undefined ? {} : { inner: inner.map }),
    });
    if (typeof map === "number") {
      const wanted = `map "${attr.name ?? ""}", type ${mapTypeLabel(attr.type)}, key ${attr.keySize}, value ${attr.valueSize}, max_entries ${attr.maxEntries}, flags ${attr.flags ?? 0}`;
      throw kernelError("BPF_MAP_CREATE", -map, wanted);
    }
    const object: MapObject = {
      kind: "map",
      id,
      refs: 0,
      users: 0,
      map,
      attr,
      described: describeMap(map, attr, inner?.described, this.#btf(attr.btfFd)),
      // A program array and the programs in it hold each other: without users it lets go, as the kernel's does.
      abandon: () => {
        if (map.type === MAP_TYPE.BPF_MAP_TYPE_PROG_ARRAY) for (const key of map.keys()) map.delete(key);
      },
      release: () => {
        this.#mapsByAddress.delete(map.address);
        map.free();
      },
    };
    this.#mapsByAddress.set(map.address, object);
    return this.#objects.adopt(object);
  }

  mapLookup(fd: Fd, key: Uint8Array): Uint8Array | null {
    return this.#bytes("BPF_MAP_LOOKUP_ELEM", this.#map("BPF_MAP_LOOKUP_ELEM", fd).map.lookup(key));
  }

  mapUpdate(fd: Fd, key: Uint8Array, value: Uint8Array, flags = 0): void {
    const { map } = this.#map("BPF_MAP_UPDATE_ELEM", fd);
    checked("BPF_MAP_UPDATE_ELEM", map.update(key, value, flags), `map ${map.name}`);
  }

  mapDelete(fd: Fd, key: Uint8Array): boolean {
    const { map } = this.#map("BPF_MAP_DELETE_ELEM", fd);
    const result = map.delete(key);
    if (result === -ERRNO.ENOENT) return false;
    checked("BPF_MAP_DELETE_ELEM", result, `map ${map.name}`);
    return true;
  }

  mapNextKey(fd: Fd, key: Uint8Array | null): Uint8Array | null {
    return this.#bytes("BPF_MAP_GET_NEXT_KEY", this.#map("BPF_MAP_GET_NEXT_KEY", fd).map.nextKey(key));
  }

  mapLookupAndDelete(fd: Fd, key: Uint8Array): Uint8Array | null {
    const command = "BPF_MAP_LOOKUP_AND_DELETE_ELEM";
    return this.#bytes(command, this.#map(command, fd).map.lookupAndDelete(key));
  }

  mapFreeze(fd: Fd): void {
    checked("BPF_MAP_FREEZE", this.#map("BPF_MAP_FREEZE", fd).map.freeze());
  }

  mapInfo(fd: Fd): MapInfo {
    const { id, map, attr } = this.#map("BPF_OBJ_GET_INFO_BY_FD", fd);
    return {
      id,
      type: map.type,
      name: map.name,
      keySize: map.keySize,
      valueSize: map.valueSize,
      maxEntries: map.maxEntries,
      flags: map.flags,
      mapExtra: map.mapExtra,
      btfId: attr.btfFd === undefined ? 0 : (this.#objects.get(attr.btfFd)?.id ?? 0),
      btfKeyTypeId: attr.btfKeyTypeId ?? 0,
      btfValueTypeId: attr.btfValueTypeId ?? 0,
    };
  }

  mapNextId(id: number): number | null {
    return this.#objects.maps.after(id);
  }

  mapFdById(id: number): Fd {
    const object = this.#objects.maps.get(id);
    if (object === undefined) throw kernelError("BPF_MAP_GET_FD_BY_ID", ERRNO.ENOENT, `map id ${id}`);
    return this.#objects.open(object);
  }

  /** The map behind a descriptor, for readers of buffers and benchmarks. */
  guestMap(fd: Fd): GuestMap {
    return this.#map("map", fd).map;
  }

  btfLoad(bytes: Uint8Array): Fd {
    const object: BtfObject = {
      kind: "btf",
      btf: parseBtf(bytes, "BPF_BTF_LOAD"),
      id: this.#objects.btfs.allocate(),
      refs: 0,
      users: 0,
      release: () => undefined,
    };
    return this.#objects.adopt(object);
  }

  progLoad(attr: ProgLoadAttr): Fd {
    const command = "BPF_PROG_LOAD";
    const name = attr.name ?? "";
    if (!NAME.test(name)) throw kernelError(command, ERRNO.EINVAL, `program name "${name}"`);
    const context = contextLayout(attr.type);
    if (context === undefined) {
      const label = programType(attr.type) === undefined ? String(attr.type) : programTypeLabel(attr.type);
      throw kernelError(
        command,
        ERRNO.EINVAL,
        `program ${name}: the simulated kernel has no programs of type ${label} yet`,
      );
    }
    if (this.options.verify !== false && this.options.unchecked !== true) this.#verify(attr);
    const helpers = this.#helpersOf(attr.type);
    const { image, maps } = resolveProgram(name, attr.insns, {
      map: (fd) => {
        const object = this.#objects.get(fd);
        return object?.kind === "map" ? object.map : undefined;
      },
      helpers,
      type: programTypeLabel(attr.type),
      contextSize: context.size,
      skb: context.name === "__sk_buff",
    });
    const program = this.vm.load(image, helpers);
    const held = maps.map((map) => this.#mapsByAddress.get(map.address)!);
    for (const map of held) this.#objects.ref(map);
    const object: ProgObject = {
      kind: "prog",
      id: this.#objects.progs.allocate(),
      refs: 0,
      users: 0,
      program,
      type: attr.type,
      attr,
      maps: held,
      release: () => {
        this.#progsBySlot.delete(program.slot);
        this.vm.unload(program);
        for (const map of held) this.#objects.unref(map);
      },
    };
    this.#progsBySlot.set(program.slot, object);
    return this.#objects.adopt(object);
  }

  #verify(attr: ProgLoadAttr): void {
    const { vmlinux } = this.options;
    const input = programInput(attr, {
      map: (fd) => {
        const object = this.#objects.get(fd);
        return object?.kind === "map" ? object.described : undefined;
      },
      btf: (fd) => this.#btf(fd),
    });
    const verdict = verify(input, {
      logLevel: attr.logLevel ?? 0,
      kernel: { possibleCpus: this.possibleCpus, ...(vmlinux === undefined ? {} : { vmlinux }) },
      ...(this.options.now === undefined ? {} : { now: this.options.now }),
    });
    attr.log?.(verdict.log);
    if (!verdict.accepted) throw refusal(attr, verdict);
  }

  #btf(fd: Fd | undefined): Btf | undefined {
    const object = fd === undefined ? undefined : this.#objects.get(fd);
    return object?.kind === "btf" ? object.btf : undefined;
  }

  progInfo(fd: Fd): ProgInfo {
    const object = this.prog("BPF_OBJ_GET_INFO_BY_FD", fd);
    return {
      id: object.id,
      type: object.type,
      name: object.attr.name ?? "",
      insnCount: object.attr.insns.length / 8,
      mapIds: object.maps.map((m) => m.id),
      btfId: object.attr.btfFd === undefined ? 0 : (this.#objects.get(object.attr.btfFd)?.id ?? 0),
      gplCompatible: GPL_LICENSES.includes(object.attr.license),
    };
  }

  progNextId(id: number): number | null {
    return this.#objects.progs.after(id);
  }

  progFdById(id: number): Fd {
    const object = this.#objects.progs.get(id);
    if (object === undefined) throw kernelError("BPF_PROG_GET_FD_BY_ID", ERRNO.ENOENT, `program id ${id}`);
    return this.#objects.open(object);
  }

  progTestRun(fd: Fd, attr: TestRunAttr): TestRunResult {
    return testRun(this, this.prog("BPF_PROG_TEST_RUN", fd), attr);
  }

  objPin(fd: Fd, path: string): void {
    const object = this.#objects.get(fd);
    if (object === undefined) throw kernelError("BPF_OBJ_PIN", ERRNO.EBADF, `file descriptor ${fd}`);
    const base = path.slice(path.lastIndexOf("/") + 1);
    if (!path.startsWith("/") || base === "") throw kernelError("BPF_OBJ_PIN", ERRNO.EINVAL, path);
    // bpffs keeps names with a dot for itself, and NAME_MAX is 255.
    if (base.includes(".")) throw kernelError("BPF_OBJ_PIN", ERRNO.EPERM, path);
    if (base.length > 255) throw kernelError("BPF_OBJ_PIN", ERRNO.ENAMETOOLONG, path);
    if (!this.#objects.pin(path, object)) throw kernelError("BPF_OBJ_PIN", ERRNO.EEXIST, path);
  }

  objGet(path: string): Fd {
    const object = this.#objects.pinned(path);
    if (object === undefined) throw kernelError("BPF_OBJ_GET", ERRNO.ENOENT, path);
    return this.#objects.open(object);
  }

  close(fd: Fd): void {
    if (!this.#objects.close(fd)) throw kernelError("close", ERRNO.EBADF, `file descriptor ${fd}`);
  }

  /** The program behind a descriptor. @throws BpfError `E_KERNEL` EBADF, EINVAL */
  prog(command: string, fd: Fd): ProgObject {
    const object = this.#objects.get(fd);
    if (object === undefined) throw kernelError(command, ERRNO.EBADF, `file descriptor ${fd}`);
    if (object.kind !== "prog") throw kernelError(command, ERRNO.EINVAL, `file descriptor ${fd} is no program`);
    return object;
  }

  #map(command: string, fd: Fd): MapObject {
    const object = this.#objects.get(fd);
    if (object === undefined) throw kernelError(command, ERRNO.EBADF, `file descriptor ${fd}`);
    if (object.kind !== "map") throw kernelError(command, ERRNO.EINVAL, `file descriptor ${fd} is no map`);
    return object;
  }

  /** Bytes of a command that copies out; null for ENOENT. */
  #bytes(command: string, result: Uint8Array | number): Uint8Array | null {
    if (typeof result !== "number") return result;
    if (result === -ERRNO.ENOENT) return null;
    throw kernelError(command, -result);
  }

  /** The helpers that programs of this type may call; made once per type. */
  #helpersOf(type: number): ReadonlyMap<number, HelperBinding> {
    let helpers = this.#helpers.get(type);
    if (helpers === undefined) {
      const printk = (line: string) => this.options.printk?.(line);
      helpers = createHelpers({ runtime: this.vm.runtime, memory: this.vm.memory, printk }, type);
      this.#helpers.set(type, helpers);
    }
    return helpers;
  }

  /** How the descriptors that bpf(2) stores in maps of this type become what programs need. */
  #referencesOf(type: number): MapReferences {
    if (type === MAP_TYPE.BPF_MAP_TYPE_PROG_ARRAY) {
      return {
        acquire: (fd) => this.#acquire(fd, (object) => (object.kind === "prog" ? object.program.slot : -ERRNO.EINVAL)),
        release: (slot) => this.#objects.unref(this.#progsBySlot.get(slot)!),
        id: (slot) => this.#progsBySlot.get(slot)!.id,
      };
    }
    // Maps of maps; the descriptors that other types take (perf events, cgroups) are not there to be given.
    return {
      acquire: (fd, outer) =>
        this.#acquire(fd, (object) =>
          object.kind === "map" && outer.inner !== null && outer.accepts(object.map)
            ? object.map.address
            : -ERRNO.EINVAL,
        ),
      release: (address) => this.#objects.unref(this.#mapsByAddress.get(address)!),
      id: (address) => this.#mapsByAddress.get(address)!.id,
    };
  }

  /** The guest's value for a descriptor, with a reference taken; or -errno. */
  #acquire(fd: Fd, guestValue: (object: MapObject | ProgObject | BtfObject) => number): number {
    const object = this.#objects.get(fd);
    if (object === undefined) return -ERRNO.EBADF;
    const value = guestValue(object);
    if (value >= 0) this.#objects.ref(object);
    return value;
  }
}
