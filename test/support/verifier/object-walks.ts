import { type Btf, resolveId, sizeOf } from "../../../src/btf/index.ts";
import { PROG_TYPE as P } from "../../../src/uapi/index.ts";
import type { Random } from "../../differential/random.ts";
import type { Trial } from "./both.ts";
import { call, EXIT, load, mov, movReg, program, slot, store } from "./insns.ts";

/*
 * Programs that walk the kernel's objects at random: from an argument along pointers of its structure, testing some for null, copying,
 * spilling, handing them to helpers and kernel functions, in and out of RCU sections.
 */

interface Field {
  readonly off: number;
  readonly size: number;
  /** The structure that it points at, 0 for what is no pointer to one. */
  readonly target: number;
}

const REGS = [7, 8, 9];
const TRACEPOINTS = [
  "sched_switch",
  "kfree_skb",
  "sched_process_exec",
  "tcp_send_reset",
  "mm_page_alloc",
  "inet_sock_set_state",
];
const ITERATORS = ["task", "task_file", "task_vma", "cgroup", "bpf_map_elem", "tcp", "sockmap"];
/** bpf_skc_to_tcp_sock, bpf_get_current_task_btf, bpf_probe_read_kernel. */
const [TO_TCP_SOCK, CURRENT_TASK, PROBE_READ] = [137, 158, 113];

/** Returns 0 unless the register holds something. */
const stopIfZero = (reg: number): Uint8Array => program(slot(0x55, reg, 0, 2, 0), mov(0, 0), EXIT);

export class ObjectWalks {
  readonly #btf: Btf;
  readonly #fields = new Map<number, readonly Field[]>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  #named(name: string, kind: "struct" | "func" | "typedef"): number {
    return this.#btf.find(name, kind)[0] ?? 0;
  }

  #pointee(id: number): number {
    const pointer =
      this.#btf.kindOf(resolveId(this.#btf, id)) === "ptr" ? this.#btf.type(resolveId(this.#btf, id)) : null;
    const target = pointer?.kind === "ptr" ? resolveId(this.#btf, pointer.type) : 0;
    return this.#btf.kindOf(target) === "struct" ? target : 0;
  }

  /** Members of a structure, those of structures in it among them. */
  #fieldsOf(id: number): readonly Field[] {
    let fields = this.#fields.get(id);
    if (fields === undefined) this.#fields.set(id, (fields = this.#collect(id, 0, 0)));
    return fields;
  }

  #collect(id: number, base: number, depth: number): Field[] {
    const type = this.#btf.type(id);
    if ((type.kind !== "struct" && type.kind !== "union") || depth > 5) return [];
    return type.members.flatMap((member): Field[] => {
      const off = base + Math.floor(member.bitOffset / 8);
      const inner = resolveId(this.#btf, member.type);
      const kind = this.#btf.kindOf(inner);
      if (off > 32_000) return [];
      if (kind === "struct" || kind === "union") return this.#collect(inner, off, depth + 1);
      if (kind === "ptr") return [{ off, size: 8, target: this.#pointee(inner) }];
      const size = kind === "array" || member.bitSize > 0 ? 4 : sizeOf(this.#btf, inner);
      return [{ off, size: [1, 2, 4, 8].includes(size) ? size : 4, target: 0 }];
    });
  }

  /** A place to attach to, and the structures that its arguments point at. */
  #target(random: Random): { readonly attr: Omit<Trial, "name" | "insns">; readonly args: readonly number[] } {
    const btf = this.#btf;
    switch (random.below(4)) {
      case 0: {
        const attachBtfId = this.#named(`bpf_iter_${random.pick(ITERATORS)}`, "func");
        const func = btf.type(attachBtfId);
        const proto = func.kind === "func" ? btf.type(func.type) : null;
        const args = proto?.kind === "func_proto" ? proto.params.map(({ type }) => this.#pointee(type)) : [];
        const flags = random.below(3) === 0 ? 16 : 0;
        return { attr: { type: P.BPF_PROG_TYPE_TRACING, expectedAttachType: 28, attachBtfId, flags }, args };
      }
      case 1:
        return {
          attr: { type: P.BPF_PROG_TYPE_NETFILTER, expectedAttachType: 45 },
          args: [this.#named("nf_hook_state", "struct"), this.#named("sk_buff", "struct")],
        };
      case 2: {
        const attachBtfId = this.#named("tcp_congestion_ops", "struct");
        const attr = { type: P.BPF_PROG_TYPE_STRUCT_OPS, expectedAttachType: 2, attachBtfId };
        return { attr, args: [this.#named("tcp_sock", "struct"), 0] };
      }
      default: {
        const attachBtfId = this.#named(`btf_trace_${random.pick(TRACEPOINTS)}`, "typedef");
        const typedef = btf.type(attachBtfId);
        const pointer = typedef.kind === "typedef" ? btf.type(typedef.type) : null;
        const proto = pointer?.kind === "ptr" ? btf.type(pointer.type) : null;
        const args = proto?.kind === "func_proto" ? proto.params.slice(1).map(({ type }) => this.#pointee(type)) : [];
        return { attr: { type: P.BPF_PROG_TYPE_TRACING, expectedAttachType: 23, attachBtfId }, args };
      }
    }
  }

  /** A random program. */
  next(random: Random, name: string): Trial {
    const { attr, args } = this.#target(random);
    const parts: Uint8Array[] = [movReg(6, 1), ...REGS.map((reg) => mov(reg, 0))];
    /** What the registers point at. */
    const held = new Map<number, number>(REGS.map((reg) => [reg, 0]));
    const pointer = (): number => {
      const all = REGS.filter((reg) => held.get(reg) !== 0);
      return random.pick(all.length > 0 ? all : REGS);
    };
    const argument = (reg: number): void => {
      const arg = random.below(args.length);
      parts.push(load(8, reg, 6, 8 * arg));
      held.set(reg, args[arg]!);
      if (random.below(3) > 0) parts.push(stopIfZero(reg));
    };
    const kfunc = (called: string): Uint8Array => slot(0x85, 0, 2, 0, this.#named(called, "func"));
    argument(7);
    for (let steps = 3 + random.below(12); steps > 0; steps--) {
      const dst = random.pick(REGS);
      const src = pointer();
      const fields = held.get(src) === 0 ? [] : this.#fieldsOf(held.get(src)!);
      const step = random.below(14);
      if (step < 6 && fields.length > 0) {
        const field = random.pick(fields);
        parts.push(load(field.size, dst, src, field.off));
        held.set(dst, field.target);
        if (field.target !== 0 && random.below(2) === 0) parts.push(stopIfZero(dst));
      } else if (step === 6) argument(dst);
      else if (step === 7) parts.push(stopIfZero(src));
      else if (step === 8) {
        parts.push(movReg(dst, src));
        held.set(dst, held.get(src)!);
      } else if (step === 9) {
        parts.push(store(8, 10, -8, src), load(8, dst, 10, -8));
        held.set(dst, held.get(src)!);
      } else if (step === 10) parts.push(random.pick(this.#calls(src)));
      else if (step === 11) parts.push(random.pick([kfunc("bpf_rcu_read_lock"), kfunc("bpf_rcu_read_unlock")]));
      else if (step === 12 && random.below(3) === 0) {
        const task = random.pick([program(kfunc("bpf_task_acquire"), movReg(9, 0)), kfunc("bpf_task_release")]);
        parts.push(random.pick([program(movReg(1, src), task), slot(0x07, src, 0, 0, random.pick([8, -8, 16]))]));
      } else if (step === 13 && fields.length > 0) {
        const { off, size } = random.pick(fields);
        if (random.below(4) === 0) parts.push(store(size, src, off, dst));
      }
    }
    if (random.below(3) === 0) parts.push(kfunc("bpf_rcu_read_unlock"));
    return { name, ...attr, insns: program(...parts, mov(0, 0), EXIT) };
  }

  #calls(reg: number): readonly Uint8Array[] {
    return [
      program(call(CURRENT_TASK), movReg(7, 0)),
      program(movReg(1, reg), call(TO_TCP_SOCK), movReg(8, 0)),
      program(movReg(1, 10), slot(0x07, 1, 0, 0, -16), mov(2, 8), movReg(3, reg), call(PROBE_READ)),
    ];
  }
}
