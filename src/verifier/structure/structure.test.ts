import { describe, expect, it } from "vitest";
import { call, EXIT, load, mov, movReg, program, slot, store } from "../../../test/support/verifier/insns.ts";
import { link } from "../../../test/support/verifier/random-graph.ts";
import { ERRNO, MAP_TYPE, PROG_TYPE } from "../../uapi/index.ts";
import type { ProgramInput, VerifierMap } from "../types.ts";
import { verify } from "../verify.ts";
import { maskText } from "./stack-liveness.ts";

const ARRAY: VerifierMap = {
  name: "one",
  type: MAP_TYPE.BPF_MAP_TYPE_ARRAY,
  keySize: 4,
  valueSize: 8,
  maxEntries: 1,
  flags: 0,
};
const MAPS: Readonly<Record<number, VerifierMap>> = {
  3: ARRAY,
  4: { ...ARRAY, name: "four", maxEntries: 4 },
  5: { ...ARRAY, name: "hash", type: MAP_TYPE.BPF_MAP_TYPE_HASH },
  6: { ...ARRAY, name: "ops", type: MAP_TYPE.BPF_MAP_TYPE_STRUCT_OPS },
  7: { ...ARRAY, name: "arena", type: MAP_TYPE.BPF_MAP_TYPE_ARENA, valueSize: 0, mapExtra: 0n },
};

function judge(insns: Uint8Array, extra: Partial<ProgramInput> = {}): { errno: number; message: string; log: string } {
  const input: ProgramInput = {
    type: PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER,
    license: "GPL",
    insns,
    mapByFd: (fd) => MAPS[fd],
    ...extra,
  };
  const { errno, failure, log } = verify(input, { logLevel: 6 });
  return { errno, message: failure?.message ?? "", log };
}

const load64 = (src: number, imm: number, second: Uint8Array = slot(0)): Uint8Array =>
  program(slot(0x18, 1, src, 0, imm), second, mov(0, 0), EXIT);
const at = (imm: number): Uint8Array => slot(0, 0, 0, 0, imm);

/** Messages as Linux 6.18.44 words them. */
const REFUSED: readonly (readonly [message: string, errno: number, insns: Uint8Array])[] = [
  ["unreachable insn 1", ERRNO.EINVAL, program(slot(0x05, 0, 0, 1), mov(0, 0), mov(0, 0), EXIT)],
  ["unreachable insn 2", ERRNO.EINVAL, program(mov(0, 0), slot(0x05, 0, 0, -2), EXIT)],
  ["jump out of range from insn 0 to 9", ERRNO.EINVAL, program(slot(0x15, 0, 0, 8), EXIT)],
  ["jump out of range from insn 0 to -2", ERRNO.EINVAL, program(slot(0x05, 0, 0, -3), EXIT)],
  ["last insn is not an exit or jmp", ERRNO.EINVAL, program(mov(0, 0))],
  ["call to invalid destination", ERRNO.EINVAL, program(slot(0x85, 0, 1, 0, 7), EXIT)],
  ["jump into the middle of ldimm64 insn 1", ERRNO.EINVAL, program(slot(0x15, 1, 0, 1), slot(0x18, 1), slot(0), EXIT)],
  ["unknown opcode 8d", ERRNO.EINVAL, program(slot(0x8d), EXIT)],
  ["BPF_LDX uses reserved fields", ERRNO.EINVAL, program(slot(0x61, 0, 1, 0, 1), EXIT)],
  ["invalid bpf_ld_imm64 insn", ERRNO.EINVAL, load64(0, 0, slot(0, 1))],
  ["unrecognized bpf_ld_imm64 insn", ERRNO.EINVAL, load64(7, 0)],
  ["unrecognized bpf_ld_imm64 insn", ERRNO.EINVAL, load64(1, 3, at(1))],
  ["fd 1 is not pointing to valid bpf_map", ERRNO.EINVAL, load64(1, 1)],
  ["fd -1 is not pointing to valid bpf_map", ERRNO.EBADF, load64(1, -1)],
  ["fd_idx without fd_array is invalid", ERRNO.EPROTO, load64(5, 0)],
  ["invalid access to map value pointer, value_size=8 off=8", ERRNO.EINVAL, load64(2, 3, at(8))],
  ["invalid access to map value pointer, value_size=8 off=0", ERRNO.ENOTSUPP, load64(2, 4)],
  ["direct value offset of 536870912 is not allowed", ERRNO.EINVAL, load64(2, 3, at(1 << 29))],
  ["no direct value access support for this map type", ERRNO.EINVAL, load64(2, 5)],
  ["bpf_struct_ops map cannot be used in prog", ERRNO.EINVAL, load64(1, 6)],
  ["arena's user address must be set via map_extra or mmap()", ERRNO.EINVAL, load64(1, 7)],
  [
    "tail_call is not allowed in subprogs without BTF",
    ERRNO.EINVAL,
    link([
      [{ local: 1 }, EXIT],
      [call(12), mov(0, 0), EXIT],
    ]),
  ],
  ["combined stack size of 2 calls is 528. Too large", ERRNO.EACCES, link([stack(16, 1), stack(512)])],
];

/** A function that uses so much stack and calls another. */
function stack(bytes: number, callee?: number): (Uint8Array | { local: number })[] {
  const touch = slot(0x7a, 10, 0, -bytes, 1);
  return [touch, ...(callee === undefined ? [] : [{ local: callee }]), mov(0, 0), EXIT];
}

describe("what is refused before and after the walk", () => {
  it.each(REFUSED)("%s", (message, errno, insns) => {
    const judged = judge(insns);
    expect(judged.message).toBe(message);
    expect(judged.errno).toBe(errno);
  });

  it("the stack of the twins that fit", () => {
    expect(judge(link([stack(16, 1), stack(496)])).log).toContain("stack depth 16+496\n");
    // The kernel gives these programs' functions stacks of their own.
    const type = PROG_TYPE.BPF_PROG_TYPE_KPROBE;
    expect(judge(link([stack(16, 1), stack(512)]), { type }).errno).toBe(0);
  });

  it("at most 64 maps", () => {
    const loads = (count: number): Uint8Array =>
      program(...Array.from({ length: count }, (_, n) => load64(1, n).slice(0, 16)), mov(0, 0), EXIT);
    const maps = Array.from({ length: 65 }, (_, n): VerifierMap => ({ ...ARRAY, name: `m${n}` }));
    const mapByFd = (fd: number): VerifierMap | undefined => maps[fd];
    expect(judge(loads(64), { mapByFd }).errno).toBe(0);
    expect(judge(loads(65), { mapByFd })).toMatchObject({
      errno: ERRNO.E2BIG,
      message: "The total number of maps per program has reached the limit of 64",
    });
  });
});

describe("what is found out before the walk", () => {
  it("live registers and loops", () => {
    const insns = program(mov(0, 0), slot(0x15, 1, 0, 2), slot(0x07, 1, 0, 0, 1), slot(0x05, 0, 0, -3), EXIT);
    expect(judge(insns).log).toContain(`Live regs before insn:
      0: .1........ (b7) r0 = 0
  1   1: 01........ (15) if r1 == 0x0 goto pc+2
  1   2: 01........ (07) r1 += 1
  1   3: 01........ (05) goto pc-3
      4: 0......... (95) exit
`);
  });

  it("a call of a helper needs its arguments and loses r0 to r5", () => {
    const { log } = judge(program(movReg(6, 1), call(7), EXIT));
    expect(log).toContain("      1: .......... (85) call bpf_get_prandom_u32#7\n");
  });

  it("slots that a callee writes through a pointer", () => {
    const insns = program(
      slot(0x7a, 10, 0, -8, 1),
      movReg(1, 10),
      slot(0x07, 1, 0, 0, -8),
      slot(0x85, 0, 1, 0, 2),
      load(8, 0, 10, -8),
      EXIT,
      slot(0x7a, 1, 0, 0, 3),
      mov(0, 0),
      EXIT,
    );
    const { log, errno } = judge(insns);
    expect(errno).toBe(0);
    expect(log).toContain(`(3,6) frame 0 insn 6 +written -8 
(3,6) live stack update done in 2 iterations
(0) frame 0 insn 3 +written -8 
(0) frame 0 insn 0 +written -8 
(0) live stack update done in 2 iterations
`);
    expect(log).toContain("(0) frame 0 insn 4 +live -8 \n");
  });

  it("masks as text", () => {
    expect(maskText(0b101, 0)).toBe("-8,-24");
    expect(maskText(1 << 31, 1)).toBe("-256,-264");
  });
});

describe("spills around fast calls", () => {
  const around = (helper: number, extra: Uint8Array[] = []): Uint8Array =>
    program(mov(1, 0), store(8, 10, -8, 1), call(helper), load(8, 1, 10, -8), ...extra, mov(0, 0), EXIT);

  it("take no stack where the kernel open-codes the call", () => {
    const type = PROG_TYPE.BPF_PROG_TYPE_XDP;
    expect(judge(around(8), { type }).log).toContain("stack depth 0\n");
    expect(judge(around(7), { type }).log).toContain("stack depth 8\n");
    // Somebody else reads the slot.
    expect(judge(around(8, [load(8, 2, 10, -8)]), { type }).log).toContain("stack depth 8\n");
  });
});

describe("dead code", () => {
  it("a function that no path reaches is none", () => {
    const insns = link([[mov(7, 0), slot(0x15, 7, 0, 1), { local: 1 }, mov(0, 0), EXIT], stack(64)]);
    expect(judge(insns).log).toContain("stack depth 0\n");
  });
});
