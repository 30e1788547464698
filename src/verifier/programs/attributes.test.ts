import { describe, expect, test } from "vitest";
import { call, EXIT, load, mov, program, store } from "../../../test/support/verifier/insns.ts";
import { ATTACH_TYPE as A, ERRNO, PROG_TYPE as P } from "../../uapi/index.ts";
import type { Mode, ProgramInput } from "../types.ts";
import { verify } from "../verify.ts";

const NOTHING = program(mov(0, 0), EXIT);
const SLEEPABLE = 16;

function errno(input: Partial<ProgramInput>, mode: Mode = "root"): number {
  const whole = { type: P.BPF_PROG_TYPE_XDP, insns: NOTHING, license: "GPL", mapByFd: () => undefined, ...input };
  return verify(whole, { mode }).errno;
}

describe("what BPF_PROG_LOAD refuses at once", () => {
  const CASES: readonly (readonly [string, Partial<ProgramInput>, number, Mode?])[] = [
    ["nothing of an XDP program", {}, 0],
    ["a type that is none", { type: 33 }, ERRNO.EINVAL],
    ["the type 0", { type: 0 }, ERRNO.EINVAL],
    ["unknown flags", { flags: 1 << 8 }, ERRNO.EINVAL],
    ["a token that is none", { flags: 1 << 16 }, ERRNO.EINVAL],
    ["no instructions", { insns: new Uint8Array(0) }, ERRNO.E2BIG],
    ["more than a million instructions", { insns: new Uint8Array(8_000_008) }, ERRNO.E2BIG],
    ["an attach type that the type does not have", { type: P.BPF_PROG_TYPE_SK_LOOKUP }, ERRNO.EINVAL],
    ["the one that it has", { type: P.BPF_PROG_TYPE_SK_LOOKUP, expectedAttachType: A.BPF_SK_LOOKUP }, 0],
    ["none where one is meant", { type: P.BPF_PROG_TYPE_CGROUP_SOCK }, 0],
    ["a target of a type that has none", { attachBtfId: 5 }, ERRNO.EINVAL],
    ["a system call program that does not sleep", { type: P.BPF_PROG_TYPE_SYSCALL }, ERRNO.EINVAL],
    ["one that sleeps", { type: P.BPF_PROG_TYPE_SYSCALL, flags: SLEEPABLE }, 0],
    ["a packet program that sleeps", { flags: SLEEPABLE }, ERRNO.EINVAL],
    ["a user probe that sleeps", { type: P.BPF_PROG_TYPE_KPROBE, flags: SLEEPABLE }, 0],
    ["a probe without CAP_PERFMON", { type: P.BPF_PROG_TYPE_KPROBE }, ERRNO.EPERM, "bpf"],
    ["a packet program without CAP_PERFMON", {}, 0, "bpf"],
    ["a packet program of nobody", {}, ERRNO.EPERM, "unpriv"],
    ["a socket filter of nobody", { type: P.BPF_PROG_TYPE_SOCKET_FILTER }, 0, "unpriv"],
  ];
  for (const [name, input, expected, mode] of CASES) {
    test(name, () => expect(errno(input, mode)).toBe(expected));
  }

  test("nobody loads more than 4096 instructions", () => {
    const insns = program(...Array.from({ length: 4096 }, () => mov(0, 0)), EXIT);
    const type = P.BPF_PROG_TYPE_SOCKET_FILTER;
    expect(errno({ type, insns }, "unpriv")).toBe(ERRNO.E2BIG);
    expect(errno({ type, insns }, "bpf")).toBe(0);
  });

  test("the licence decides about helpers for GPL programs", () => {
    // bpf_get_func_ip
    const insns = program(call(173), mov(0, 0), EXIT);
    const type = P.BPF_PROG_TYPE_KPROBE;
    const compatible = ["GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"];
    for (const license of compatible) expect(errno({ type, license, insns })).toBe(0);
    for (const license of ["MIT", "gpl", "GPL ", ""]) expect(errno({ type, license, insns })).toBe(ERRNO.EINVAL);
  });
});

describe("contexts", () => {
  const CASES: readonly (readonly [string, number, number, Uint8Array, boolean])[] = [
    ["xdp_md.data", P.BPF_PROG_TYPE_XDP, A.BPF_XDP, load(4, 2, 1, 0), true],
    ["half of xdp_md.data", P.BPF_PROG_TYPE_XDP, A.BPF_XDP, load(2, 2, 1, 0), false],
    ["xdp_md.egress_ifindex", P.BPF_PROG_TYPE_XDP, A.BPF_XDP, load(4, 2, 1, 20), false],
    ["the same in a device map", P.BPF_PROG_TYPE_XDP, A.BPF_XDP_DEVMAP, load(4, 2, 1, 20), true],
    ["a store to xdp_md", P.BPF_PROG_TYPE_XDP, A.BPF_XDP, store(4, 1, 0, 2), false],
    ["a byte of __sk_buff.mark", P.BPF_PROG_TYPE_SCHED_CLS, 0, load(1, 2, 1, 9), true],
    ["a store of a byte of it", P.BPF_PROG_TYPE_SCHED_CLS, 0, store(1, 1, 9, 2), false],
    ["a store of it", P.BPF_PROG_TYPE_SCHED_CLS, 0, store(4, 1, 8, 2), true],
    ["the same in a filter", P.BPF_PROG_TYPE_SOCKET_FILTER, 0, store(4, 1, 8, 2), false],
    ["eight bytes of cb", P.BPF_PROG_TYPE_SCHED_CLS, 0, load(8, 2, 1, 56), true],
    ["bytes behind cb", P.BPF_PROG_TYPE_SCHED_CLS, 0, load(8, 2, 1, 64), false],
    ["any bytes of a system call's context", P.BPF_PROG_TYPE_SYSCALL, 0, store(8, 1, 4096, 2), true],
    ["before a tracepoint's record", P.BPF_PROG_TYPE_TRACEPOINT, 0, load(8, 2, 1, -8), false],
    ["the kernel's word of a tracepoint", P.BPF_PROG_TYPE_TRACEPOINT, 0, load(8, 2, 1, 0), false],
    ["an infrared sample", P.BPF_PROG_TYPE_LIRC_MODE2, 0, load(4, 2, 1, 0), true],
  ];
  for (const [name, type, expectedAttachType, access, allowed] of CASES) {
    test(name, () => {
      const flags = type === P.BPF_PROG_TYPE_SYSCALL ? SLEEPABLE : 0;
      const insns = program(mov(2, 0), access, mov(0, 0), EXIT);
      expect(errno({ type, expectedAttachType, flags, insns })).toBe(allowed ? 0 : ERRNO.EACCES);
    });
  }

  test("a packet in a control group needs CAP_BPF", () => {
    const type = P.BPF_PROG_TYPE_CGROUP_SKB;
    const insns = program(load(4, 2, 1, 76), mov(0, 1), EXIT);
    expect(errno({ type, insns }, "bpf")).toBe(0);
    expect(errno({ type, insns }, "unpriv")).toBe(ERRNO.EACCES);
  });
});
