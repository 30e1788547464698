import { expect, test } from "vitest";
import { assembleBytes } from "../../asm/index.ts";
import { ERRNO, errnoName, PROG_TYPE } from "../../uapi/index.ts";
import type { Verdict, VerifyOptions } from "../types.ts";
import { verify } from "../verify.ts";

const TEST_STATE_FREQ = 8;

function judge(text: string, flags = 0, options: VerifyOptions = {}): Verdict {
  const insns = assembleBytes(text);
  const input = {
    type: PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER,
    flags,
    insns,
    license: "GPL",
    mapByFd: () => undefined,
  };
  return verify(input, { logLevel: 1, ...options });
}

interface Case {
  readonly name: string;
  readonly text: string;
  /** "" = accepted. */
  readonly errno: string;
  /** Instructions that Linux 6.18.44 processes, and with BPF_F_TEST_STATE_FREQ. */
  readonly processed: number;
  readonly processedOften: number;
  readonly message: string;
}

/** What the kernel says of each, with errno, count and message. */
const CASES: readonly Case[] = [
  {
    name: "a known branch is followed alone",
    text: `
     r0 = 1
     if r0 == 1 goto +1
     r0 = r7
     exit
    `,
    errno: "",
    processed: 3,
    processedOften: 3,
    message: "",
  },
  {
    name: "both ways of an open branch",
    text: `
     call 7
     if r0 > 5 goto +2
     r0 = 0
     exit
     r0 = r7
     exit
    `,
    errno: "EACCES",
    processed: 5,
    processedOften: 5,
    message: "R7 !read_ok",
  },
  {
    name: "a loop that counts to ten",
    text: `
     r1 = 0
    l: r1 += 1
     if r1 < 10 goto l
     r0 = 0
     exit
    `,
    errno: "",
    processed: 23,
    processedOften: 23,
    message: "",
  },
  {
    name: "a loop that does nothing",
    text: `
     r1 = 0
    l: call 7
     if r0 != 3 goto l
     r0 = 0
     exit
    `,
    errno: "EINVAL",
    processed: 14,
    processedOften: 7,
    message: "infinite loop detected at insn 1",
  },
  {
    name: "an endless loop",
    text: `
     r0 = 0
    l: r0 &= 1
     goto l
     exit
    `,
    errno: "EINVAL",
    processed: 0,
    processedOften: 0,
    message: "unreachable insn 3",
  },
  {
    name: "linked scalars are bounded together",
    text: `
     call 7
     r6 = r0
     r7 = r6
     r7 += 4
     if r6 > 3 goto out
     r1 = r10
     r1 += -16
     *(u64 *)(r10 - 16) = 0
     *(u64 *)(r10 - 8) = 0
     r1 += r7
     r0 = *(u8 *)(r1 + 0)
    out:
     r0 = 0
     exit
    `,
    errno: "",
    processed: 14,
    processedOften: 14,
    message: "",
  },
  {
    name: "linked scalars: one byte too far",
    text: `
     call 7
     r6 = r0
     r7 = r6
     r7 += 13
     if r6 > 3 goto out
     r1 = r10
     r1 += -16
     *(u64 *)(r10 - 16) = 0
     *(u64 *)(r10 - 8) = 0
     r1 += r7
     r0 = *(u8 *)(r1 + 0)
    out:
     r0 = 0
     exit
    `,
    errno: "EINVAL",
    processed: 11,
    processedOften: 11,
    message: "invalid variable-offset read from stack R1 var_off=(0x0; 0x1f) off=-16 size=1",
  },
  {
    name: "a branch that matters keeps states apart",
    text: `
     call 7
     r6 = 8
     if r0 > 5 goto +1
     r6 = 0
     r1 = r10
     r1 += -8
     *(u64 *)(r10 - 8) = 0
     r1 += r6
     r0 = *(u8 *)(r1 + 0)
     r0 = 0
     exit
    `,
    errno: "EACCES",
    processed: 16,
    processedOften: 16,
    message: "invalid read from stack R1 off=0 size=1",
  },
  {
    name: "precision through a spilled copy",
    text: `
     call 7
     r6 = 8
     if r0 > 5 goto +1
     r6 = 0
     *(u64 *)(r10 - 16) = r6
     r7 = *(u64 *)(r10 - 16)
     r1 = r10
     r1 += -8
     *(u64 *)(r10 - 8) = 0
     r1 += r7
     r0 = *(u8 *)(r1 + 0)
     r0 = 0
     exit
    `,
    errno: "EACCES",
    processed: 20,
    processedOften: 20,
    message: "invalid read from stack R1 off=0 size=1",
  },
  {
    name: "precision through an atomic exchange (CVE-2026-43009)",
    text: `
     call 7
     r6 = 8
     if r0 > 5 goto +1
     r6 = 0
     *(u64 *)(r10 - 16) = r6
     r7 = 3
     r7 = xchg_64(r10 - 16, r7)
     r1 = r10
     r1 += -8
     *(u64 *)(r10 - 8) = 0
     r1 += r7
     r0 = *(u8 *)(r1 + 0)
     r0 = 0
     exit
    `,
    errno: "EACCES",
    processed: 22,
    processedOften: 22,
    message: "invalid read from stack R1 off=0 size=1",
  },
  {
    name: "r1 to r5 are lost in calls",
    text: `
     r2 = 7
     call 7
     r0 = r2
     exit
    `,
    errno: "EACCES",
    processed: 3,
    processedOften: 3,
    message: "R2 !read_ok",
  },
  {
    name: "a function of the program is walked for each call",
    text: `
     r1 = 1
     call f
     r1 = 2
     call f
     exit
    f:
     r0 = r1
     r0 += 1
     exit
    `,
    errno: "",
    processed: 11,
    processedOften: 11,
    message: "",
  },
  {
    name: "functions do not return their stack",
    text: `
     call f
     r0 = 0
     exit
    f:
     r0 = r10
     exit
    `,
    errno: "EINVAL",
    processed: 3,
    processedOften: 3,
    message: "cannot return stack pointer to the caller",
  },
  {
    name: "frames are eight at most",
    text: `
     call f1
     exit
    f1: call f2
     exit
    f2: call f3
     exit
    f3: call f4
     exit
    f4: call f5
     exit
    f5: call f6
     exit
    f6: call f7
     exit
    f7: call f8
     exit
    f8: r0 = 0
     exit
    `,
    errno: "E2BIG",
    processed: 8,
    processedOften: 8,
    message: "the call stack of 9 frames is too deep",
  },
  {
    name: "may_goto ends some day",
    text: `
     r6 = 0
    l: may_goto out
     r6 += 1
     goto l
    out:
     r0 = 0
     exit
    `,
    errno: "",
    processed: 17,
    processedOften: 15,
    message: "",
  },
  {
    name: "a frame pointer is not written",
    text: `
     r10 = 1
     exit
    `,
    errno: "EACCES",
    processed: 1,
    processedOften: 1,
    message: "frame pointer is read only",
  },
  {
    name: "a frame pointer compared with a scalar",
    text: `
     r0 = 0
     if r10 == 5 goto +0
     exit
    `,
    errno: "",
    processed: 4,
    processedOften: 4,
    message: "",
  },
  {
    name: "two pages of branches",
    text: `
     call 7
     r6 = r0
     r0 = 0
     if r6 & 1 goto +1
     r0 += 1
     if r6 & 2 goto +1
     r0 += 2
     if r6 & 4 goto +1
     r0 += 4
     if r6 & 8 goto +1
     r0 += 8
     r0 = 0
     exit
    `,
    errno: "",
    processed: 26,
    processedOften: 17,
    message: "",
  },
];

test.each(CASES)("$name", ({ text, errno, processed, message }) => {
  const verdict = judge(text);
  expect(verdict.errno === 0 ? "" : errnoName(verdict.errno)).toBe(errno);
  expect(verdict.failure?.message ?? "").toBe(message);
  expect(verdict.stats.insnProcessed).toBe(processed);
});

test.each(CASES)("$name, with a state kept wherever one may be", ({ text, errno, processedOften }) => {
  const verdict = judge(text, TEST_STATE_FREQ);
  expect(verdict.errno === 0 ? "" : errnoName(verdict.errno)).toBe(errno);
  expect(verdict.stats.insnProcessed).toBe(processedOften);
});

test.each(["off", 1, 2, 3] as const)("pruning changes no verdict: %s", (pruning) => {
  // Endless loops are told by comparison.
  for (const { name, text, errno } of CASES.filter((one) => !/\b(loop|may_goto)\b/.test(one.name))) {
    const verdict = judge(text, TEST_STATE_FREQ, { pruning });
    expect(verdict.errno === 0 ? "" : errnoName(verdict.errno), name).toBe(errno);
  }
});

test("a program is given up after a million instructions", () => {
  const verdict = judge("r1 = 0\nl: r1 += 1\nif r1 < 10000000 goto l\nr0 = 0\nexit");
  expect(verdict.errno).toBe(ERRNO.E2BIG);
  expect(verdict.failure?.message).toBe("BPF program is too large. Processed 1000001 insn");
  expect(verdict.stats.totalStates).toBe(25001);
}, 60_000);

test("paths put aside are bounded", () => {
  const verdict = judge(
    "r6 = 0\nl: call 7\nr6 += 1\nif r0 > r6 goto m\nr7 = r6\nm: if r6 < 1000000 goto l\nr0 = 0\nexit",
  );
  expect(errnoName(verdict.errno)).toBe("EFAULT");
  expect(verdict.failure?.message).toBe("The sequence of 8193 jumps is too complex.");
}, 60_000);

test("what an atomic fetch brings is followed into the slot it came from, where the kernel loses it", () => {
  const { text } = CASES.find(({ name }) => name.includes("atomic exchange"))!;
  // Linux 6.18.44 accepts this with BPF_F_TEST_STATE_FREQ, after 15 instructions; it reads one byte beyond the stack.
  expect(errnoName(judge(text, TEST_STATE_FREQ).errno)).toBe("EACCES");
});
