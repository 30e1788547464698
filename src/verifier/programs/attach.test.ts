import { describe, expect, test } from "vitest";
import { EXIT, load, mov, program, store } from "../../../test/support/verifier/insns.ts";
import { type Btf, BtfBuilder, parseBtf } from "../../btf/index.ts";
import { ATTACH_TYPE as A, PROG_TYPE as P } from "../../uapi/index.ts";
import type { AttachTarget } from "../types.ts";
import { verify } from "../verify.ts";

/** A kernel of a few functions, for targets that not every machine lets programs attach to. */
class SmallKernel {
  readonly #builder = new BtfBuilder();
  readonly int = this.#int("int", 4);
  readonly long = this.#int("long", 8);
  readonly file = this.struct("file", 16);
  readonly sock = this.struct("sock", 8);
  readonly skb = this.struct("sk_buff", 8);
  readonly big = this.struct("big", 24);
  readonly pair = this.struct("pair", 16);

  #int(name: string, size: number): number {
    return this.#builder.add({
      kind: "int",
      name,
      size,
      signed: true,
      char: false,
      bool: false,
      bits: 8 * size,
      bitOffset: 0,
    });
  }
  struct(name: string, size: number): number {
    const members = [{ name: "first", type: this.int, bitOffset: 0, bitSize: 0 }];
    return this.#builder.add({ kind: "struct", name, size, members });
  }
  pointer(type: number): number {
    return this.#builder.add({ kind: "ptr", name: "", type });
  }
  proto(result: number, params: readonly (readonly [name: string, type: number])[]): number {
    const list = params.map(([name, type]) => ({ name, type }));
    return this.#builder.add({ kind: "func_proto", name: "", type: result, params: list });
  }
  func(name: string, result: number, params: readonly (readonly [name: string, type: number])[]): number {
    const type = this.proto(result, params);
    return this.#builder.add({ kind: "func", name, type, linkage: "static" });
  }
  /** A structure of functions that programs may stand in for. */
  ops(name: string, members: readonly (readonly [name: string, type: number])[]): number {
    const list = members.map(([member, type], i) => ({ name: member, type, bitOffset: 64 * i, bitSize: 0 }));
    const id = this.#builder.add({ kind: "struct", name, size: 8 * members.length, members: list });
    this.struct(`bpf_struct_ops_${name}`, 8);
    return id;
  }
  typedef(name: string, type: number): number {
    return this.#builder.add({ kind: "typedef", name, type });
  }
  finish(): Btf {
    return parseBtf(this.#builder.finish(), "test");
  }
}

const small = new SmallKernel();
const pFile = small.pointer(small.file);
const pSkb = small.pointer(small.skb);
const ID = {
  openHook: small.func("bpf_lsm_file_open", small.int, [["file", pFile]]),
  boolHook: small.func("bpf_lsm_audit_rule_known", small.int, [["rule", pFile]]),
  voidHook: small.func("bpf_lsm_task_free", 0, [["task", pFile]]),
  mmapHook: small.func("bpf_lsm_vm_enough_memory", small.int, [["file", pFile]]),
  syslogHook: small.func("bpf_lsm_inode_permission", small.int, [["file", pFile]]),
  security: small.func("security_file_open", small.int, [["file", pFile]]),
  plain: small.func("vfs_read", small.long, [
    ["file", pFile],
    ["count", small.long],
  ]),
  nothing: small.func("schedule", 0, []),
  exit: small.func("do_exit", 0, [["code", small.long]]),
  lock: small.func("__rcu_read_lock", 0, []),
  variadic: small.func("printk", small.int, [
    ["text", small.pointer(small.int)],
    ["", 0],
  ]),
  byValue: small.func("take_pair", small.int, [
    ["pair", small.pair],
    ["last", small.int],
  ]),
  tooBig: small.func("take_big", small.int, [["big", small.big]]),
  returnsStruct: small.func("give_pair", small.pair, []),
  many: small.func(
    "many",
    small.int,
    Array.from({ length: 13 }, (_, i) => [`a${i}`, small.int] as const),
  ),
  syscall: small.func("__x64_sys_close", small.long, [["regs", pFile]]),
  ops: 0,
};
const enqueue = small.pointer(
  small.proto(small.int, [
    ["skb", pSkb],
    ["flags", small.int],
  ]),
);
const give = small.pointer(small.proto(pSkb, [["skb", pSkb]]));
ID.ops = small.ops("queue_ops", [
  ["enqueue", enqueue],
  ["give", give],
  ["count", small.int],
]);
small.func("queue_ops__enqueue", small.int, [
  ["skb__ref", pSkb],
  ["flags", small.int],
]);
small.func("queue_ops__give", pSkb, [["skb__ref", pSkb]]);
const trace = small.typedef(
  "btf_trace_plain",
  small.pointer(
    small.proto(0, [
      ["", small.pointer(0)],
      ["", pFile],
    ]),
  ),
);
const kernelBtf = small.finish();

const NOTHING = program(mov(0, 0), EXIT);
const FENTRY = { type: P.BPF_PROG_TYPE_TRACING, expectedAttachType: A.BPF_TRACE_FENTRY };
const FEXIT = { type: P.BPF_PROG_TYPE_TRACING, expectedAttachType: A.BPF_TRACE_FEXIT };
const FMOD = { type: P.BPF_PROG_TYPE_TRACING, expectedAttachType: A.BPF_MODIFY_RETURN };
const RAW = { type: P.BPF_PROG_TYPE_TRACING, expectedAttachType: A.BPF_TRACE_RAW_TP };
const LSM = { type: P.BPF_PROG_TYPE_LSM, expectedAttachType: A.BPF_LSM_MAC };
const CGROUP = { type: P.BPF_PROG_TYPE_LSM, expectedAttachType: A.BPF_LSM_CGROUP };
const OPS = { type: P.BPF_PROG_TYPE_STRUCT_OPS, expectedAttachType: 0 };
const SLEEPABLE = { flags: 16 };

interface Case {
  readonly name: string;
  readonly attr: { readonly type: number; readonly expectedAttachType: number; readonly flags?: number };
  readonly id: number;
  readonly insns?: Uint8Array;
  readonly license?: string;
  /** The last line before the statistics; absent: accepted. */
  readonly says?: string;
}

const result = (value: number): Uint8Array => program(mov(0, value), EXIT);
const read = (off: number, size = 8): Uint8Array => program(load(size, 2, 1, off), mov(0, 0), EXIT);

const CASES: readonly Case[] = [
  { name: "no target", attr: FENTRY, id: 0, says: "Tracing programs must provide btf_id" },
  { name: "no such type", attr: FENTRY, id: 9999, says: "attach_btf_id 9999 is invalid" },
  { name: "a nameless type", attr: FENTRY, id: pFile, says: `attach_btf_id ${pFile} is not a function` },
  { name: "no function", attr: FENTRY, id: small.file, says: `attach_btf_id ${small.file} is not a function` },
  { name: "a function", attr: FENTRY, id: ID.plain },
  { name: "one that never returns, at its start", attr: FENTRY, id: ID.exit },
  {
    name: "one that never returns",
    attr: FEXIT,
    id: ID.exit,
    says: "Attaching fexit/fmod_ret to __noreturn function 'do_exit' is rejected.",
  },
  {
    name: "what programs run through",
    attr: FENTRY,
    id: ID.lock,
    says: "Attaching tracing programs to function '__rcu_read_lock' is rejected.",
  },
  {
    name: "a variadic function",
    attr: FENTRY,
    id: ID.variadic,
    says: "The function printk with variable args is unsupported.",
  },
  {
    name: "a large argument",
    attr: FENTRY,
    id: ID.tooBig,
    says: "The function take_big arg0 type STRUCT is unsupported.",
  },
  {
    name: "a structure as result",
    attr: FEXIT,
    id: ID.returnsStruct,
    says: "The function give_pair return type STRUCT is unsupported.",
  },
  { name: "13 arguments", attr: FENTRY, id: ID.many, says: "The function many has 13 arguments. Too many." },
  { name: "arguments", attr: FENTRY, id: ID.plain, insns: read(8) },
  {
    name: "one argument too many",
    attr: FENTRY,
    id: ID.plain,
    insns: read(16),
    says: "invalid bpf_context access off=16 size=8",
  },
  { name: "the result at the end", attr: FEXIT, id: ID.plain, insns: read(16) },
  {
    name: "behind the result",
    attr: FEXIT,
    id: ID.plain,
    insns: read(24),
    says: "invalid bpf_context access off=24 size=8",
  },
  { name: "no result", attr: FEXIT, id: ID.nothing, insns: read(0), says: "invalid bpf_context access off=0 size=8" },
  { name: "a structure by value takes two words", attr: FENTRY, id: ID.byValue, insns: read(16, 4) },
  {
    name: "and not more",
    attr: FENTRY,
    id: ID.byValue,
    insns: read(24, 4),
    says: "invalid bpf_context access off=24 size=4",
  },
  {
    name: "half a pointer",
    attr: FENTRY,
    id: ID.plain,
    insns: read(0, 4),
    says: "invalid bpf_context access off=0 size=4",
  },
  {
    name: "a store",
    attr: FENTRY,
    id: ID.plain,
    insns: program(mov(2, 0), store(8, 1, 0, 2), mov(0, 0), EXIT),
    says: "invalid bpf_context access off=0 size=8",
  },
  {
    name: "a result of fentry",
    attr: FENTRY,
    id: ID.plain,
    insns: result(1),
    says: "At program exit the register R0 has smin=1 smax=1 should have been in [0, 0]",
  },
  { name: "any result of fmod_ret", attr: FMOD, id: ID.security, insns: result(-7) },
  { name: "a result that may not be replaced", attr: FMOD, id: ID.plain, says: "vfs_read() is not modifiable" },
  { name: "sleep in a function", attr: { ...FENTRY, ...SLEEPABLE }, id: ID.plain, says: "vfs_read is not sleepable" },
  { name: "sleep in a system call", attr: { ...FENTRY, ...SLEEPABLE }, id: ID.syscall },
  { name: "a tracepoint", attr: RAW, id: trace, insns: read(0) },
  { name: "a tracepoint's end", attr: RAW, id: trace, insns: read(8), says: "invalid bpf_context access off=8 size=8" },
  { name: "no tracepoint", attr: RAW, id: ID.plain, says: `attach_btf_id ${ID.plain} is not a typedef` },
  {
    name: "sleep in a tracepoint",
    attr: { ...RAW, ...SLEEPABLE },
    id: trace,
    says: "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable",
  },
  { name: "a hook", attr: LSM, id: ID.openHook, insns: result(-1) },
  {
    name: "a hook's positive result",
    attr: LSM,
    id: ID.openHook,
    insns: result(1),
    says: "At program exit the register R0 has smin=1 smax=1 should have been in [-4095, 0]",
  },
  { name: "a hook that says yes", attr: LSM, id: ID.boolHook, insns: result(1) },
  {
    name: "a hook that says no more",
    attr: LSM,
    id: ID.boolHook,
    insns: result(-1),
    says: "At program exit the register R0 has smin=-1 smax=-1 should have been in [0, 1]",
  },
  { name: "a hook without a result", attr: LSM, id: ID.voidHook, insns: program(EXIT) },
  {
    name: "a hook that is not for programs",
    attr: LSM,
    id: ID.mmapHook,
    says: `attach_btf_id ${ID.mmapHook} points to disabled hook bpf_lsm_vm_enough_memory`,
  },
  { name: "no hook", attr: LSM, id: ID.plain, says: `attach_btf_id ${ID.plain} points to wrong type name vfs_read` },
  {
    name: "a hook without GPL",
    attr: LSM,
    id: ID.openHook,
    license: "MIT",
    says: "LSM programs must have a GPL compatible license",
  },
  { name: "sleep in a hook", attr: { ...LSM, ...SLEEPABLE }, id: ID.openHook },
  {
    name: "sleep in a hook that must not",
    attr: { ...LSM, ...SLEEPABLE },
    id: ID.syslogHook,
    says: "bpf_lsm_inode_permission is not sleepable",
  },
  { name: "a control group's hook", attr: CGROUP, id: ID.openHook, insns: result(1) },
  {
    name: "a control group's hook without a result",
    attr: CGROUP,
    id: ID.voidHook,
    insns: result(0),
    says: "Note, BPF_LSM_CGROUP that attach to void LSM hooks can't modify return value!",
  },
  {
    name: "no structure of functions",
    attr: OPS,
    id: small.file,
    says: `attach_btf_id ${small.file} is not a supported struct`,
  },
  {
    name: "a member that is no function",
    attr: { ...OPS, expectedAttachType: 2 },
    id: ID.ops,
    says: "attach to invalid member count(@idx 2) of struct queue_ops",
  },
  {
    name: "a member that does not exist",
    attr: { ...OPS, expectedAttachType: 3 },
    id: ID.ops,
    says: "attach to invalid member idx 3 of struct queue_ops",
  },
  {
    name: "a reference kept",
    attr: OPS,
    id: ID.ops,
    says: "BPF_EXIT instruction in main prog would lead to reference leak",
  },
  {
    name: "a reference given back as the result",
    attr: { ...OPS, expectedAttachType: 1 },
    id: ID.ops,
    insns: program(load(8, 0, 1, 0), EXIT),
  },
];

function lastLine(log: string): string | undefined {
  return log
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("processed"))
    .at(-1);
}

describe("targets", () => {
  for (const { name, attr, id, insns, license, says } of CASES) {
    test(name, () => {
      const input = {
        ...attr,
        attachBtfId: id,
        insns: insns ?? NOTHING,
        license: license ?? "GPL",
        mapByFd: () => undefined,
      };
      const verdict = verify(input, { logLevel: 1, kernel: { vmlinux: kernelBtf } });
      if (says === undefined) expect(verdict.accepted, verdict.log).toBe(true);
      else expect([verdict.accepted, lastLine(verdict.log)]).toEqual([false, says]);
    });
  }
});

describe("programs as targets", () => {
  const own = new BtfBuilder();
  const int = own.add({
    kind: "int",
    name: "int",
    size: 4,
    signed: true,
    char: false,
    bool: false,
    bits: 32,
    bitOffset: 0,
  });
  const proto = own.add({ kind: "func_proto", name: "", type: int, params: [{ name: "a", type: int }] });
  const global = own.add({ kind: "func", name: "shared", type: proto, linkage: "global" });
  const hidden = own.add({ kind: "func", name: "hidden", type: proto, linkage: "static" });
  const btf = parseBtf(own.finish(), "test");
  const target: AttachTarget = {
    type: P.BPF_PROG_TYPE_XDP,
    expectedAttachType: A.BPF_XDP,
    btf,
    functions: [
      { typeId: global, global: true },
      { typeId: hidden, global: false },
    ],
    sleepable: false,
  };
  const EXT = { type: P.BPF_PROG_TYPE_EXT, expectedAttachType: 0 };

  function say(
    attr: Case["attr"],
    id: number,
    attachProgram: AttachTarget | undefined,
    insns = NOTHING,
  ): string | undefined {
    const input = { ...attr, attachBtfId: id, insns, license: "GPL", mapByFd: () => undefined };
    const options = { logLevel: 1, kernel: { vmlinux: kernelBtf } };
    const verdict = verify(attachProgram === undefined ? input : { ...input, attachProgram }, options);
    return verdict.accepted ? undefined : lastLine(verdict.log);
  }

  test("an extension replaces global functions of programs", () => {
    expect(say(EXT, ID.plain, undefined)).toBe("Cannot replace kernel functions");
    expect(say(EXT, int, target)).toBe("Subprog int doesn't exist");
    expect(say(EXT, hidden, target)).toBe("Cannot replace static functions");
    expect(say(EXT, global, target)).toBe("Program extension requires BTF");
    expect(say(EXT, global, { ...target, type: P.BPF_PROG_TYPE_EXT })).toBe("Cannot recursively attach");
    const traced = { ...target, type: P.BPF_PROG_TYPE_TRACING, expectedAttachType: A.BPF_TRACE_FENTRY };
    expect(say(EXT, global, traced)).toBe("Cannot extend fentry/fexit");
  });

  test("tracing programs look at functions of programs", () => {
    expect(say(FENTRY, global, target, read(0))).toBeUndefined();
    expect(say(FENTRY, global, target, read(8))).toBe("invalid bpf_context access off=8 size=8");
    // Nothing is known of a static function's arguments: five words.
    expect(say(FENTRY, hidden, target, read(32))).toBeUndefined();
    expect(say(RAW, global, target)).toBe("Only FENTRY/FEXIT progs are attachable to another BPF prog");
  });
});
