import type { Btf } from "../../../src/btf/index.ts";
import type { LinuxBackend } from "../../../src/node/linux/index.ts";
import {
  ATTACH_TYPE as AT,
  HELPERS,
  type Helper,
  MAP_TYPE as M,
  mayCall,
  PROG_TYPE as P,
} from "../../../src/uapi/index.ts";
import type { VerifierMap } from "../../../src/verifier/types.ts";
import type { Trial } from "./both.ts";

/** Programs that call helpers: each helper from each kind of program, and each helper with right and wrong arguments. */

/** A kind of program: type, attach type, name of the kernel's type that it attaches to ("" = none), flags. */
export type ProgramKind = readonly [type: number, attachType: number, target?: string, flags?: number];

const SLEEPABLE = 16;
const only = (type: number): readonly ProgramKind[] => [[type, 0]];

/** Every kind that can be loaded without attaching anything and tells helpers apart. */
export const PROGRAM_KINDS: readonly ProgramKind[] = [
  ...[P.BPF_PROG_TYPE_XDP, P.BPF_PROG_TYPE_SCHED_CLS, P.BPF_PROG_TYPE_CGROUP_SKB].flatMap(only),
  [P.BPF_PROG_TYPE_SOCK_OPS, AT.BPF_CGROUP_SOCK_OPS],
  ...[P.BPF_PROG_TYPE_SK_SKB, P.BPF_PROG_TYPE_SOCKET_FILTER, P.BPF_PROG_TYPE_SCHED_ACT].flatMap(only),
  [P.BPF_PROG_TYPE_SK_MSG, AT.BPF_SK_MSG_VERDICT],
  [P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, AT.BPF_CGROUP_INET4_CONNECT],
  [P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, AT.BPF_CGROUP_INET6_BIND],
  [P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, AT.BPF_CGROUP_UDP4_RECVMSG],
  [P.BPF_PROG_TYPE_CGROUP_SOCK, AT.BPF_CGROUP_INET_SOCK_CREATE],
  [P.BPF_PROG_TYPE_CGROUP_SOCKOPT, AT.BPF_CGROUP_SETSOCKOPT],
  [P.BPF_PROG_TYPE_CGROUP_SOCKOPT, AT.BPF_CGROUP_GETSOCKOPT],
  ...[P.BPF_PROG_TYPE_KPROBE, P.BPF_PROG_TYPE_TRACEPOINT, P.BPF_PROG_TYPE_PERF_EVENT].flatMap(only),
  ...[P.BPF_PROG_TYPE_RAW_TRACEPOINT, P.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE].flatMap(only),
  [P.BPF_PROG_TYPE_CGROUP_SYSCTL, AT.BPF_CGROUP_SYSCTL],
  [P.BPF_PROG_TYPE_CGROUP_DEVICE, AT.BPF_CGROUP_DEVICE],
  [P.BPF_PROG_TYPE_CGROUP_DEVICE, 0],
  [P.BPF_PROG_TYPE_SK_REUSEPORT, AT.BPF_SK_REUSEPORT_SELECT],
  [P.BPF_PROG_TYPE_SK_LOOKUP, AT.BPF_SK_LOOKUP],
  ...[P.BPF_PROG_TYPE_LWT_IN, P.BPF_PROG_TYPE_LWT_OUT, P.BPF_PROG_TYPE_LWT_XMIT].flatMap(only),
  ...only(P.BPF_PROG_TYPE_LWT_SEG6LOCAL),
  [P.BPF_PROG_TYPE_FLOW_DISSECTOR, AT.BPF_FLOW_DISSECTOR],
  [P.BPF_PROG_TYPE_NETFILTER, AT.BPF_NETFILTER],
  [P.BPF_PROG_TYPE_SYSCALL, 0, "", SLEEPABLE],
  [P.BPF_PROG_TYPE_TRACING, AT.BPF_TRACE_RAW_TP, "btf_trace_sched_switch"],
  [P.BPF_PROG_TYPE_TRACING, AT.BPF_TRACE_ITER, "bpf_iter_task"],
  [P.BPF_PROG_TYPE_TRACING, AT.BPF_TRACE_ITER, "bpf_iter_tcp"],
  [P.BPF_PROG_TYPE_STRUCT_OPS, 0, "tcp_congestion_ops"],
  [P.BPF_PROG_TYPE_STRUCT_OPS, 0, "bpf_dummy_ops"],
];

const bytes = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

function op(code: number, dst = 0, src = 0, off = 0, imm = 0): Uint8Array {
  const out = new Uint8Array(8);
  const view = new DataView(out.buffer);
  view.setUint8(0, code);
  view.setUint8(1, dst | (src << 4));
  view.setInt16(2, off, true);
  view.setInt32(4, imm, true);
  return out;
}
const move = (dst: number, src: number) => op(0xbf, dst, src);
const set = (dst: number, value: number) => op(0xb7, dst, 0, 0, value);
const add = (dst: number, value: number) => op(0x07, dst, 0, 0, value);
const and = (dst: number, value: number) => op(0x57, dst, 0, 0, value);
const call = (id: number) => op(0x85, 0, 0, 0, id);
const stack = (dst: number, off: number) => bytes(move(dst, 10), add(dst, off));
const loadMap = (dst: number, fd: number) => bytes(op(0x18, dst, 1, 0, fd), op(0));
const load = (dst: number, src: number, off: number) => op(0x79, dst, src, off);
const store = (off: number, src: number) => op(0x7b, 10, src, off);
const EXIT = op(0x95);

function common(kind: ProgramKind, btf: Btf): Omit<Trial, "name" | "insns"> {
  const [type, expectedAttachType, target = "", flags = 0] = kind;
  const kinds = ["func", "typedef", "struct"] as const;
  const ids = target === "" ? [] : kinds.flatMap((word) => btf.find(target, word));
  return { type, expectedAttachType, flags, ...(ids[0] === undefined ? {} : { attachBtfId: ids[0] }) };
}

/** One call of every helper, registers as they are on entry, from every kind of program; every third without a license too. */
export function* helperAccess(btf: Btf, kinds: readonly ProgramKind[] = PROGRAM_KINDS): Iterable<Trial> {
  for (const kind of kinds) {
    for (let id = -1; id <= HELPERS.length + 1; id++) {
      const insns = bytes(call(id), set(0, 0), EXIT);
      for (const license of id % 3 === 0 ? ["GPL", ""] : ["GPL"]) {
        yield { ...common(kind, btf), name: `${kind.join("/")} helper ${id} ${license}`, license, insns };
      }
    }
  }
}

type MapRow = readonly [type: number, key: number, value: number, entries: number, flags?: number];

const MAP_ROWS = {
  hash: [M.BPF_MAP_TYPE_HASH, 8, 48, 4],
  array: [M.BPF_MAP_TYPE_ARRAY, 4, 48, 4],
  readOnly: [M.BPF_MAP_TYPE_ARRAY, 4, 48, 1, 0x80],
  writeOnly: [M.BPF_MAP_TYPE_ARRAY, 4, 48, 4, 0x100],
  programs: [M.BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4],
  events: [M.BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4],
  perCpu: [M.BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 4],
  stacks: [M.BPF_MAP_TYPE_STACK_TRACE, 4, 64, 4],
  cgroups: [M.BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 4],
  storage: [M.BPF_MAP_TYPE_CGROUP_STORAGE, 16, 8, 0],
  devices: [M.BPF_MAP_TYPE_DEVMAP, 4, 4, 4],
  sockets: [M.BPF_MAP_TYPE_SOCKMAP, 4, 4, 4],
  socketHash: [M.BPF_MAP_TYPE_SOCKHASH, 4, 4, 4],
  reuse: [M.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 8, 4],
  queue: [M.BPF_MAP_TYPE_QUEUE, 0, 8, 4],
  bloom: [M.BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 4],
  ring: [M.BPF_MAP_TYPE_RINGBUF, 0, 0, 4096],
  userRing: [M.BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 4096],
} as const satisfies Record<string, MapRow>;
type MapName = keyof typeof MAP_ROWS;

/** The map that a helper wants; `hash` for the others. */
const MAP_OF: Readonly<Record<string, MapName>> = {
  tail_call: "programs",
  perf_event_read: "events",
  perf_event_output: "events",
  perf_event_read_value: "events",
  skb_output: "events",
  xdp_output: "events",
  get_stackid: "stacks",
  skb_under_cgroup: "cgroups",
  current_task_under_cgroup: "cgroups",
  redirect_map: "devices",
  sk_redirect_map: "sockets",
  sock_map_update: "sockets",
  msg_redirect_map: "sockets",
  sk_redirect_hash: "socketHash",
  sock_hash_update: "socketHash",
  msg_redirect_hash: "socketHash",
  get_local_storage: "storage",
  sk_select_reuseport: "reuse",
  map_pop_elem: "queue",
  map_peek_elem: "queue",
  map_push_elem: "queue",
  map_lookup_percpu_elem: "perCpu",
  ringbuf_output: "ring",
  ringbuf_reserve: "ring",
  ringbuf_query: "ring",
  ringbuf_reserve_dynptr: "ring",
  user_ringbuf_drain: "userRing",
};

/** Where the preamble leaves pointers on the stack. */
const SLOT = { readOnly: -72, writeOnly: -80, packet: -88, task: -96, socket: -104, nullableSocket: -112, full: -120 };
/** Contexts with a packet: offset of its start. */
const PACKET: ReadonlyMap<number, number> = new Map([
  [P.BPF_PROG_TYPE_XDP, 0],
  [P.BPF_PROG_TYPE_SCHED_CLS, 76],
  [P.BPF_PROG_TYPE_CGROUP_SKB, 76],
  [P.BPF_PROG_TYPE_SK_SKB, 76],
]);
const SOCKET: ReadonlySet<number> = new Set([P.BPF_PROG_TYPE_SCHED_CLS, P.BPF_PROG_TYPE_CGROUP_SKB]);

/** Maps for the calls, made once in the kernel. */
export class HelperTrials {
  readonly #kernel: LinuxBackend;
  readonly #btf: Btf;
  readonly #maps = new Map<number, VerifierMap>();
  readonly #fds = new Map<MapName, number>();
  /** Maps of programs belong to the type of program that uses them first. */
  readonly #programs = new Map<number, number>();

  constructor(kernel: LinuxBackend, btf: Btf) {
    this.#kernel = kernel;
    this.#btf = btf;
    for (const name of Object.keys(MAP_ROWS) as MapName[]) this.#fds.set(name, this.#make(name));
  }

  #make(name: MapName): number {
    const [type, keySize, valueSize, maxEntries, flags = 0]: MapRow = MAP_ROWS[name];
    const fd = this.#kernel.mapCreate({ type, keySize, valueSize, maxEntries, flags, name });
    this.#maps.set(fd, { type, keySize, valueSize, maxEntries, flags, name });
    return fd;
  }

  #fd(name: MapName, type: number): number {
    if (name !== "programs") return this.#fds.get(name)!;
    let fd = this.#programs.get(type);
    if (fd === undefined) this.#programs.set(type, (fd = this.#make(name)));
    return fd;
  }

  /** r6 context, r7 a map's value, r8 perhaps one, r9 any number; zeros at the top of the stack, other pointers below. */
  #preamble(type: number): Uint8Array {
    const leave = bytes(set(0, type === P.BPF_PROG_TYPE_TRACING ? 0 : 1), EXIT);
    const unlessNull = bytes(op(0x55, 0, 0, 2), leave);
    const lookup = (name: MapName) => bytes(loadMap(1, this.#fd(name, type)), stack(2, -8), call(1));
    const parts = [move(6, 1)];
    for (let i = 1; i <= 8; i++) parts.push(op(0x7a, 10, 0, -8 * i));
    parts.push(lookup("hash"), unlessNull, move(7, 0), lookup("hash"), move(8, 0), call(7), move(9, 0));
    parts.push(lookup("readOnly"), store(SLOT.readOnly, 0), lookup("writeOnly"), store(SLOT.writeOnly, 0));
    parts.push(call(158), store(SLOT.task, 0));
    const packet = PACKET.get(type);
    if (packet !== undefined) {
      parts.push(op(0x61, 1, 6, packet), op(0x61, 2, 6, packet + 4), move(3, 1), add(3, 16));
      parts.push(op(0x3d, 2, 3, 2), leave, store(SLOT.packet, 1));
    }
    if (SOCKET.has(type)) {
      parts.push(load(1, 6, 168), store(SLOT.nullableSocket, 1), op(0x55, 1, 0, 2), leave, store(SLOT.socket, 1));
      parts.push(call(95), unlessNull, store(SLOT.full, 0));
    }
    return bytes(...parts);
  }

  /** The argument that the helper's row asks for, as far as a plain program has it. */
  #right(helper: Helper, arg: number, type: number): Uint8Array {
    const words = helper.args[arg]!;
    const reg = arg + 1;
    if (words.startsWith("ARG_CONST_MAP_PTR")) {
      return loadMap(reg, this.#fd(MAP_OF[helper.name.slice(4)] ?? "hash", type));
    }
    if (words.startsWith("ARG_PTR_TO_CTX")) return move(reg, 6);
    if (words.startsWith("ARG_PTR_TO_MAP_KEY")) return stack(reg, -8);
    if (/^ARG_PTR_TO_(MAP_VALUE|MEM)/.test(words)) return stack(reg, words.includes("UNINIT") ? -160 : -64);
    if (words.startsWith("ARG_CONST")) return set(reg, 8);
    if (words === "ARG_ANYTHING") return set(reg, 0);
    if (words.startsWith("ARG_PTR_TO_STACK")) return stack(reg, -64);
    if (words.startsWith("ARG_PTR_TO_DYNPTR")) return stack(reg, -176);
    return move(reg, 7);
  }

  /** What an argument may be instead, by name. */
  #others(type: number): readonly (readonly [string, (reg: number) => Uint8Array])[] {
    const unknown = (reg: number, mask: number) => bytes(move(reg, 9), and(reg, mask));
    const packet = PACKET.get(type);
    const maps: readonly MapName[] = ["array", "queue", "ring", "readOnly", "sockets", "bloom", "programs"];
    return [
      ["ctx", (reg) => move(reg, 6)],
      ["ctx+4", (reg) => bytes(move(reg, 6), add(reg, 4))],
      ["fp-48", (reg) => stack(reg, -48)],
      ["fp-47", (reg) => stack(reg, -47)],
      ["fp-4", (reg) => stack(reg, -4)],
      ["unwritten stack", (reg) => stack(reg, -160)],
      ["spilled pointer", (reg) => stack(reg, SLOT.task)],
      ["stack, variable", (reg) => bytes(unknown(reg, 24), op(0x0f, reg, 10), add(reg, -64))],
      ["value", (reg) => move(reg, 7)],
      ["value+40", (reg) => bytes(move(reg, 7), add(reg, 40))],
      ["value-1", (reg) => bytes(move(reg, 7), add(reg, -1))],
      ["value, variable", (reg) => bytes(unknown(reg, 31), op(0x0f, reg, 7))],
      ["value or null", (reg) => move(reg, 8)],
      ["read-only value", (reg) => load(reg, 10, SLOT.readOnly)],
      ["write-only value", (reg) => load(reg, 10, SLOT.writeOnly)],
      ["task", (reg) => load(reg, 10, SLOT.task)],
      ["task+16", (reg) => bytes(load(reg, 10, SLOT.task), add(reg, 16))],
      ["0", (reg) => set(reg, 0)],
      ["8", (reg) => set(reg, 8)],
      ["2^31-1", (reg) => set(reg, 0x7fffffff)],
      ["-1", (reg) => set(reg, -1)],
      ["unknown", (reg) => move(reg, 9)],
      ["0..63", (reg) => unknown(reg, 63)],
      ["1..32", (reg) => bytes(unknown(reg, 31), add(reg, 1))],
      ["nothing", () => set(0, 0)],
      ...maps.map((name) => [`map ${name}`, (reg: number) => loadMap(reg, this.#fd(name, type))] as const),
      ...(packet === undefined
        ? []
        : ([
            ["unchecked packet", (reg: number) => op(0x61, reg, 6, packet)],
            ["packet", (reg: number) => load(reg, 10, SLOT.packet)],
          ] as const)),
      ...(SOCKET.has(type)
        ? ([
            ["sock_common", (reg: number) => load(reg, 10, SLOT.socket)],
            ["sock_common or null", (reg: number) => load(reg, 10, SLOT.nullableSocket)],
            ["sock", (reg: number) => load(reg, 10, SLOT.full)],
          ] as const)
        : []),
    ];
  }

  /** Every helper called right, and with every other kind of value in place of each argument; each `step`th of those. */
  *calls(step = 1): Iterable<Trial> {
    let count = 0;
    for (const helper of HELPERS) {
      const kind = PROGRAM_KINDS.find(([type, attach]) => mayCall(type, helper, attach) === true);
      if (kind === undefined) continue;
      const [type] = kind;
      const leave = bytes(set(0, type === P.BPF_PROG_TYPE_TRACING ? 0 : 1), EXIT);
      const right = helper.args.map((_, arg) => this.#right(helper, arg, type));
      const trial = (what: string, args: readonly Uint8Array[]): Trial => ({
        ...common(kind, this.#btf),
        name: `${helper.name} ${what}`,
        mapByFd: (fd) => this.#maps.get(fd),
        insns: bytes(this.#preamble(type), ...args, call(helper.id), leave),
      });
      yield trial("as it should be", right);
      for (const arg of helper.args.keys()) {
        for (const [name, make] of this.#others(type)) {
          if (count++ % step !== 0) continue;
          yield trial(`R${arg + 1} = ${name}`, right.with(arg, make(arg + 1)));
        }
      }
    }
  }
}
