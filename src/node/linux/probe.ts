import { readFileSync } from "node:fs";
import { release } from "node:os";
import { gunzipSync } from "node:zlib";
import { type Btf, parseBtf } from "../../btf/index.ts";
import { encode, insn } from "../../isa/index.ts";
import type { ProgLoadAttr } from "../../kernel/index.ts";
import {
  ATTACH_TYPE,
  HELPERS,
  MAP_TYPE,
  MAP_TYPES,
  PROG_TYPE,
  PROGRAM_TYPES,
  type ProgramTypeName,
} from "../../uapi/index.ts";
import { BpfError } from "../../util/index.ts";
import type { LinuxBackend } from "../linux-backend.ts";

/** What the running kernel can do, found out by asking it: tiny programs and maps, loaded and closed again. */
export interface KernelFeatures {
  readonly release: string;
  readonly system: SystemConfig;
  /** By bpftool's word for the type. */
  readonly programTypes: Readonly<Record<string, boolean>>;
  readonly mapTypes: Readonly<Record<string, boolean>>;
  /** Helpers by program type; null where a program of the type cannot be loaded without something to attach to. */
  readonly helpers: Readonly<Record<string, readonly string[] | null>>;
  /** Attach types that the kernel's BTF knows; null without BTF. */
  readonly attachTypes: readonly string[] | null;
  readonly misc: Readonly<Record<MiscFeature, boolean>>;
  readonly limits: Limits;
}

export interface SystemConfig {
  /** Values of files in /proc/sys; null where the file is not there. */
  readonly settings: Readonly<Record<string, number | null>>;
  /** Options of the kernel's configuration; null where they are not set or the configuration is not to be had. */
  readonly options: Readonly<Record<string, string | null>>;
}

export interface Limits {
  readonly possibleCpus: number;
  readonly pageSize: number;
  readonly jitLimit: number | null;
}

const SETTINGS = {
  unprivileged_bpf_disabled: "kernel/unprivileged_bpf_disabled",
  bpf_jit_enable: "net/core/bpf_jit_enable",
  bpf_jit_harden: "net/core/bpf_jit_harden",
  bpf_jit_kallsyms: "net/core/bpf_jit_kallsyms",
  bpf_jit_limit: "net/core/bpf_jit_limit",
} as const;

const OPTIONS = [
  ...["BPF", "BPF_SYSCALL", "HAVE_EBPF_JIT", "BPF_JIT", "BPF_JIT_ALWAYS_ON", "DEBUG_INFO_BTF"],
  ...["DEBUG_INFO_BTF_MODULES", "CGROUPS", "CGROUP_BPF", "CGROUP_NET_CLASSID", "SOCK_CGROUP_DATA", "BPF_EVENTS"],
  ...["KPROBE_EVENTS", "UPROBE_EVENTS", "TRACING", "FTRACE_SYSCALLS", "FUNCTION_ERROR_INJECTION"],
  ...["BPF_KPROBE_OVERRIDE", "BPF_LSM", "NET", "XDP_SOCKETS", "LWTUNNEL_BPF", "NET_ACT_BPF", "NET_CLS_BPF"],
  ...["NET_CLS_ACT", "NET_SCH_INGRESS", "NETKIT", "XFRM", "IP_ROUTE_CLASSID", "IPV6_SEG6_BPF", "BPF_LIRC_MODE2"],
  ...["BPF_STREAM_PARSER", "NETFILTER_XT_MATCH_BPF", "NETFILTER_BPF_LINK", "TEST_BPF", "HZ"],
].map((name) => `CONFIG_${name}`);

/** What a program of a type must say to be loaded, where that is more than its type. */
interface Target {
  readonly attachType?: number;
  readonly flags?: number;
  /** A function of the kernel, or a structure and its member. */
  readonly func?: string;
  readonly struct?: readonly [name: string, member: string];
  /** No tiny program can be made: it needs another program. */
  readonly never?: true;
}

const TARGETS: Readonly<Partial<Record<ProgramTypeName, Target>>> = {
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR: { attachType: ATTACH_TYPE.BPF_CGROUP_INET4_BIND },
  BPF_PROG_TYPE_CGROUP_SOCKOPT: { attachType: ATTACH_TYPE.BPF_CGROUP_GETSOCKOPT },
  BPF_PROG_TYPE_SK_LOOKUP: { attachType: ATTACH_TYPE.BPF_SK_LOOKUP },
  BPF_PROG_TYPE_NETFILTER: { attachType: ATTACH_TYPE.BPF_NETFILTER },
  BPF_PROG_TYPE_SYSCALL: { flags: 16 }, // BPF_F_SLEEPABLE
  BPF_PROG_TYPE_TRACING: { attachType: ATTACH_TYPE.BPF_TRACE_FENTRY, func: "bpf_fentry_test1" },
  BPF_PROG_TYPE_LSM: { attachType: ATTACH_TYPE.BPF_LSM_MAC, func: "bpf_lsm_file_open" },
  BPF_PROG_TYPE_STRUCT_OPS: { struct: ["tcp_congestion_ops", "cong_avoid"] },
  BPF_PROG_TYPE_EXT: { never: true },
};

/** Asking for these makes the kernel write a warning to its log. */
const NOISY = ["bpf_probe_write_user", "bpf_trace_printk", "bpf_trace_vprintk"];

const code = (...insns: Parameters<typeof insn>[]) => encode(insns.map(([form, operands]) => insn(form, operands)));
const RETURN_0 = code(["mov64_imm", { dst: 0, imm: 0 }], ["exit"]);

/** What instructions and sizes programs may have. */
const MISC = {
  large_insn_limit: () => {
    const insns = new Uint8Array(8 * 5000);
    const step = code(["mov64_imm", { dst: 0, imm: 1 }]);
    for (let at = 0; at < insns.length; at += 8) insns.set(step, at);
    insns.set(RETURN_0, insns.length - RETURN_0.length);
    return insns;
  },
  bounded_loops: () =>
    code(
      ["mov64_imm", { dst: 0, imm: 10 }],
      ["sub64_imm", { dst: 0, imm: 1 }],
      ["jne64_imm", { dst: 0, off: -2, imm: 0 }],
      ["exit"],
    ),
  v2_isa_extension: () =>
    code(
      ["mov64_imm", { dst: 0, imm: 0 }],
      ["jlt64_imm", { dst: 0, off: 1, imm: 1 }],
      ["mov64_imm", { dst: 0, imm: 1 }],
      ["exit"],
    ),
  v3_isa_extension: () =>
    code(
      ["mov64_imm", { dst: 0, imm: 0 }],
      ["jlt32_imm", { dst: 0, off: 1, imm: 1 }],
      ["mov64_imm", { dst: 0, imm: 1 }],
      ["exit"],
    ),
  v4_isa_extension: () =>
    code(["mov64_imm", { dst: 0, imm: 0 }], ["ja32", { imm: 1 }], ["mov64_imm", { dst: 0, imm: 1 }], ["exit"]),
  may_goto: () => code(["mov64_imm", { dst: 0, imm: 0 }], ["may_goto", { off: 0 }], ["exit"]),
} as const;
export type MiscFeature = keyof typeof MISC;

interface Answer {
  readonly loaded: boolean;
  readonly errno: string;
  readonly log: string;
}

class Prober {
  readonly #backend: LinuxBackend;
  readonly #btf: Btf | null;

  constructor(backend: LinuxBackend, btf: Btf | null) {
    this.#backend = backend;
    this.#btf = btf;
  }

  load(attr: Omit<ProgLoadAttr, "license">): Answer {
    try {
      this.#backend.close(this.#backend.progLoad({ ...attr, license: "GPL" }));
      return { loaded: true, errno: "", log: "" };
    } catch (error) {
      if (!(error instanceof BpfError) || error.code !== "E_KERNEL") throw error;
      return { loaded: false, errno: String(error.data["name"]), log: String(error.data["log"] ?? "") };
    }
  }

  /** What a program of this type is loaded with; null where the kernel has nothing for it to refer to. */
  attributes(type: (typeof PROGRAM_TYPES)[number]): Omit<ProgLoadAttr, "license" | "insns"> | null {
    const target = TARGETS[type.name] ?? {};
    const common = {
      type: type.id,
      ...(target.attachType === undefined ? {} : { expectedAttachType: target.attachType }),
      ...(target.flags === undefined ? {} : { flags: target.flags }),
    };
    if (target.never === true) return null;
    if (target.func !== undefined) {
      const id = this.#btf?.find(target.func, "func")[0];
      return id === undefined ? null : { ...common, attachBtfId: id };
    }
    if (target.struct === undefined) return common;
    const id = this.#btf?.find(target.struct[0], "struct")[0];
    const struct = id === undefined ? undefined : this.#btf?.type(id);
    if (id === undefined || struct?.kind !== "struct") return null;
    const member = struct.members.findIndex(({ name }) => name === target.struct?.[1]);
    return { ...common, attachBtfId: id, expectedAttachType: member };
  }

  hasProgramType(type: (typeof PROGRAM_TYPES)[number]): boolean {
    const attributes = this.attributes(type);
    const { loaded, errno, log } = this.load({ ...(attributes ?? { type: type.id }), insns: RETURN_0 });
    // A type that is not there is EINVAL before the verifier begins; anything else comes from somebody who knows it.
    return loaded || errno !== "EINVAL" || log !== "";
  }

  helpersOf(type: (typeof PROGRAM_TYPES)[number]): string[] | null {
    const attributes = this.attributes(type);
    // A kernel may refuse programs that name something to attach to, whatever they call.
    if (attributes === null || this.load({ ...attributes, insns: RETURN_0 }).errno === "EPERM") return null;
    return HELPERS.filter(({ name }) => !NOISY.includes(name))
      .filter(({ id }) => {
        const { loaded, log } = this.load({ ...attributes, insns: code(["call_helper", { imm: id }], ["exit"]) });
        return loaded || (log.includes(`call bpf_`) && !/cannot use helper|unknown func|invalid func/.test(log));
      })
      .map(({ name }) => name);
  }

  hasMapType(id: number): boolean {
    const shape = MAP_SHAPES[id] ?? {};
    const open: number[] = [];
    const make = (attr: Parameters<LinuxBackend["mapCreate"]>[0]) => {
      const fd = this.#backend.mapCreate(attr);
      open.push(fd);
      return fd;
    };
    try {
      const inner = shape.inner === true ? make({ type: 1, keySize: 4, valueSize: 4, maxEntries: 1 }) : undefined;
      const btfFd = shape.btf === true ? this.#backend.btfLoad(INT_BTF) : undefined;
      if (btfFd !== undefined) open.push(btfFd);
      make({
        type: id,
        keySize: shape.key ?? 4,
        valueSize: shape.value ?? 4,
        maxEntries: shape.entries ?? 1,
        flags: shape.flags ?? 0,
        btfVmlinuxValueTypeId: shape.vmlinuxValueType ?? 0,
        ...(inner === undefined ? {} : { innerMapFd: inner }),
        ...(btfFd === undefined ? {} : { btfFd, btfKeyTypeId: 1, btfValueTypeId: 1 }),
      });
      return true;
    } catch (error) {
      if (!(error instanceof BpfError) || error.code !== "E_KERNEL") throw error;
      return shape.refusal === error.data["name"];
    } finally {
      for (const fd of open) this.#backend.close(fd);
    }
  }
}

interface MapProbe {
  readonly key?: number;
  readonly value?: number;
  readonly entries?: number;
  readonly flags?: number;
  readonly inner?: true;
  readonly btf?: true;
  readonly vmlinuxValueType?: number;
  /** What a kernel says that has the type, but cannot make this map of it. */
  readonly refusal?: string;
}

const LOCAL_STORAGE: MapProbe = { entries: 0, flags: 1, btf: true };

/** Maps that a key and value of 4 bytes and one entry do not make. */
const MAP_SHAPES: Readonly<Record<number, MapProbe>> = {
  [MAP_TYPE.BPF_MAP_TYPE_STACK_TRACE]: { value: 8 },
  [MAP_TYPE.BPF_MAP_TYPE_LPM_TRIE]: { key: 8, flags: 1 },
  [MAP_TYPE.BPF_MAP_TYPE_ARRAY_OF_MAPS]: { inner: true },
  [MAP_TYPE.BPF_MAP_TYPE_HASH_OF_MAPS]: { inner: true },
  [MAP_TYPE.BPF_MAP_TYPE_CGROUP_STORAGE]: { key: 16, value: 8, entries: 0 },
  [MAP_TYPE.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE]: { key: 16, value: 8, entries: 0 },
  [MAP_TYPE.BPF_MAP_TYPE_QUEUE]: { key: 0 },
  [MAP_TYPE.BPF_MAP_TYPE_STACK]: { key: 0 },
  [MAP_TYPE.BPF_MAP_TYPE_BLOOM_FILTER]: { key: 0 },
  // Type 1 is no structure of functions.
  [MAP_TYPE.BPF_MAP_TYPE_STRUCT_OPS]: { vmlinuxValueType: 1, refusal: "ENOTSUPP" },
  [MAP_TYPE.BPF_MAP_TYPE_RINGBUF]: { key: 0, value: 0, entries: 1 << 16 },
  [MAP_TYPE.BPF_MAP_TYPE_USER_RINGBUF]: { key: 0, value: 0, entries: 1 << 16 },
  [MAP_TYPE.BPF_MAP_TYPE_SK_STORAGE]: LOCAL_STORAGE,
  [MAP_TYPE.BPF_MAP_TYPE_INODE_STORAGE]: LOCAL_STORAGE,
  [MAP_TYPE.BPF_MAP_TYPE_TASK_STORAGE]: LOCAL_STORAGE,
  [MAP_TYPE.BPF_MAP_TYPE_CGRP_STORAGE]: LOCAL_STORAGE,
  [MAP_TYPE.BPF_MAP_TYPE_ARENA]: { key: 0, value: 0, entries: 1, flags: 1 << 10 },
};

/** BTF of one type: `int`, of 4 bytes. */
const INT_BTF = Uint8Array.of(
  ...[0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 16, 0, 0, 0, 5, 0, 0, 0],
  ...[1, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 32, 0, 0, 1],
  ...[0, 0x69, 0x6e, 0x74, 0],
);

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}

function kernelConfig(): string {
  try {
    return gunzipSync(readFileSync("/proc/config.gz")).toString("latin1");
  } catch {
    return textOf(`/boot/config-${release()}`) ?? "";
  }
}

function systemConfig(): SystemConfig {
  const config = new Map(Array.from(kernelConfig().matchAll(/^(CONFIG_\w+)=(.*)$/gm), ([, k, v]) => [k!, v!]));
  const settings = Object.entries(SETTINGS).map(([name, path]) => {
    const text = textOf(`/proc/sys/${path}`);
    return [name, text === null ? null : Number(text)] as const;
  });
  return {
    settings: Object.fromEntries(settings),
    options: Object.fromEntries(OPTIONS.map((name) => [name, config.get(name) ?? null])),
  };
}

function kernelBtf(): Btf | null {
  try {
    return parseBtf(readFileSync("/sys/kernel/btf/vmlinux"), "/sys/kernel/btf/vmlinux");
  } catch {
    return null;
  }
}

/** The enumerators of the kernel's enum bpf_attach_type. */
function attachTypesOf(btf: Btf | null): string[] | null {
  const id = btf?.find("bpf_attach_type", "enum")[0];
  const type = id === undefined ? undefined : btf?.type(id);
  if (type?.kind !== "enum") return null;
  return type.values.map(({ name }) => name).filter((name) => !name.startsWith("__"));
}

/** Asks the kernel what it can do. Nothing is attached and nothing stays. Takes about a second. */
export function probeFeatures(backend: LinuxBackend): KernelFeatures {
  const btf = kernelBtf();
  const prober = new Prober(backend, btf);
  const types = PROGRAM_TYPES.filter(({ id }) => id !== PROG_TYPE.BPF_PROG_TYPE_UNSPEC);
  const programTypes = Object.fromEntries(types.map((type) => [type.label, prober.hasProgramType(type)]));
  const maps = MAP_TYPES.filter(({ id }) => id !== MAP_TYPE.BPF_MAP_TYPE_UNSPEC);
  const system = systemConfig();
  const misc = Object.entries(MISC).map(([name, insns]) => {
    const type = PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER;
    return [name, prober.load({ type, insns: insns() }).loaded] as const;
  });
  return {
    release: release(),
    system,
    programTypes,
    mapTypes: Object.fromEntries(maps.map(({ label, id }) => [label, prober.hasMapType(id)])),
    helpers: Object.fromEntries(
      types.map((type) => [type.label, programTypes[type.label] === true ? prober.helpersOf(type) : []]),
    ),
    attachTypes: attachTypesOf(btf),
    misc: Object.fromEntries(misc) as Record<MiscFeature, boolean>,
    limits: {
      possibleCpus: backend.possibleCpus,
      pageSize: backend.bpf.libc.pageSize,
      jitLimit: system.settings["bpf_jit_limit"] ?? null,
    },
  };
}
