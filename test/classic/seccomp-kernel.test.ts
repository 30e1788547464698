import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ClassicInsn, classic, encodeClassic } from "../../src/classic/index.ts";
import { compileProfile, emulateSeccomp, seccompProblem } from "../../src/classic/seccomp/index.ts";
import { root } from "../support/cli.ts";
import { missing, skipped } from "../support/needs.ts";
import { filters, sixArguments } from "./seccomp-random.ts";

const WHAT = "seccomp filters in the running kernel";
const X86_64 = 0xc000003e;
const ENOSYS = 38;
const EINVAL = 22;
const SIGSYS = 31;
/** System calls that take no arguments, so that any may be passed. */
const GETPPID = 110;

interface Job {
  readonly insns: readonly ClassicInsn[];
  readonly calls: readonly { readonly nr: number; readonly args: readonly bigint[] }[];
}

interface Answer {
  readonly install: number;
  readonly results: readonly (readonly [value: number, errno: number])[];
  readonly signal: number;
}

/** Installs each filter in a child process of its own and makes the calls there. */
function inKernel(jobs: readonly Job[]): Answer[] {
  const input = jobs.map(({ insns, calls }) =>
    JSON.stringify({
      filter: Buffer.from(encodeClassic(insns)).toString("hex"),
      calls: calls.map(({ nr, args }) => [nr, ...args.map(String)]),
    }),
  );
  const { stdout, stderr, status } = spawnSync("python3", [`${root}test/classic/seccomp-child.py`], {
    input: `${input.join("\n")}\n`,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Filters cannot be installed everywhere: containers may forbid it, and numbers here are x86-64's. */
function unable(): boolean {
  if (process.platform !== "linux" || process.arch !== "x64") return skipped(WHAT, "not Linux on x86-64");
  if (missing(WHAT, "python3")) return true;
  const [answer] = inKernel([{ insns: [classic(0x06, 0x7fff0000)], calls: [{ nr: GETPPID, args: [] }] }]);
  return answer!.install === 0 ? false : skipped(WHAT, `prctl(PR_SET_SECCOMP) failed with errno ${answer!.install}`);
}

/** The filter for one system call of x86-64 only; all others are allowed, so that the child can go on. */
const guarded = (insns: readonly ClassicInsn[]) => [
  classic(0x20, 4),
  classic(0x15, X86_64, 0, 2),
  classic(0x20, 0),
  classic(0x15, GETPPID, 1, 0),
  classic(0x06, 0x7fff0000),
  ...insns,
];

/** What a call must give for what the emulator says. */
function expected(insns: readonly ClassicInsn[], nr: number, args: readonly bigint[]): { errno: number } | "killed" {
  const { action } = emulateSeccomp(insns, { nr, arch: X86_64, instructionPointer: 0n, args });
  if (action.name === "ALLOW" || action.name === "LOG") return { errno: 0 };
  // Without a tracer or a listener the call is as good as unknown; errnos end at 4095.
  if (action.name === "TRACE" || action.name === "USER_NOTIF") return { errno: ENOSYS };
  return action.name === "ERRNO" ? { errno: Math.min(action.data, 4095) } : "killed";
}

function compareCalls({ insns, calls }: Job, answer: Answer): number {
  let killed = false;
  calls.forEach(({ nr, args }, n) => {
    if (killed) return;
    const want = expected(insns, nr, args);
    if (want === "killed") {
      killed = true;
      expect(answer.results.length).toBe(n);
      expect(answer.signal).toBe(SIGSYS);
    } else expect(answer.results[n]![1]).toBe(want.errno);
  });
  if (!killed) expect(answer.signal).toBe(0);
  return answer.results.length;
}

describe.skipIf(unable())(WHAT, () => {
  test("random filters answer system calls as the emulator says", () => {
    const made = fc.sample(fc.tuple(filters, fc.array(sixArguments, { minLength: 20, maxLength: 20 })), {
      numRuns: 300,
      seed: 20250101,
    });
    const jobs = made.map(([insns, all]) => ({
      insns: guarded(insns),
      calls: all.map((args) => ({ nr: GETPPID, args })),
    }));
    const answers = inKernel(jobs);
    let calls = 0;
    jobs.forEach((job, n) => {
      expect(answers[n]!.install).toBe(0);
      calls += compareCalls(job, answers[n]!);
    });
    expect(calls).toBeGreaterThan(3000);
  });

  test("every action does what the emulator says", () => {
    const values = [
      0x7fff0000,
      0x7ff00000,
      0x00050000 + 4095,
      0x00050000 + 5000,
      0x00050000,
      0,
      0x80000000,
      0x00030000,
    ];
    const jobs = [...values, 0x12340000].map((value) => ({
      insns: guarded([classic(0x06, value)]),
      calls: [{ nr: GETPPID, args: [] }],
    }));
    const answers = inKernel(jobs);
    for (const [n, job] of jobs.entries()) compareCalls(job, answers[n]!);
  });

  test("the checker accepts and refuses as the kernel does", () => {
    const end = classic(0x06, 0x7fff0000);
    const codes = Array.from({ length: 256 }, (_, code) => code);
    const operands = [0, 1, 4, 15, 16, 31, 32, 60, 64, 0xffffffff];
    const operandsOf = (code: number) => (seccompProblem([classic(code, 4), end, end]) === null ? operands : [0, 4]);
    const single = codes.flatMap((code) => operandsOf(code).map((k) => [classic(0x02, 0), classic(code, k), end, end]));
    const other = [
      [],
      [classic(0x00, 1)],
      [classic(0x60, 0), end],
      [classic(0x15, 0, 0, 1), classic(0x02, 3), classic(0x60, 3), end],
      [classic(0x15, 0, 2, 0), end],
      [classic(0x100, 0), end],
      Array.from({ length: 4096 }, () => end),
      Array.from({ length: 4097 }, () => end),
      [end, classic(0x00, 1), end],
      [end, classic(0x60, 5), end],
    ];
    const broken = fc.sample(
      fc
        .tuple(filters, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 80 }))
        .map(([insns, at, code, k]) => insns.map((insn, n) => (n === at % insns.length ? { ...insn, code, k } : insn))),
      { numRuns: 300, seed: 20250102 },
    );
    const all = [...single, ...other, ...broken];
    const answers = inKernel(all.map((insns) => ({ insns, calls: [] })));
    const different = all.flatMap((insns, n) => {
      const { install } = answers[n]!;
      const accepted = seccompProblem(insns) === null;
      return install === (accepted ? 0 : EINVAL) ? [] : [{ install, accepted, insns: insns.slice(0, 40) }];
    });
    expect(different).toEqual([]);
    expect(all.filter((insns) => seccompProblem(insns) === null).length).toBeGreaterThan(100);
  });

  test("a compiled profile is what the kernel enforces", () => {
    const { program } = compileProfile({
      defaultAction: "SCMP_ACT_ALLOW",
      architectures: ["SCMP_ARCH_X86_64"],
      syscalls: [
        {
          names: ["getppid"],
          action: "SCMP_ACT_ERRNO",
          errnoRet: 7,
          args: [
            { index: 0, op: "SCMP_CMP_MASKED_EQ", value: 0xff00000000f0n, valueTwo: 0x120000000030n },
            { index: 1, op: "SCMP_CMP_GT", value: 0x1_0000_0001n },
          ],
        },
        {
          names: ["getppid"],
          action: "SCMP_ACT_ERRNO",
          errnoRet: 8,
          args: [{ index: 2, op: "SCMP_CMP_LE", value: 5 }],
        },
      ],
    });
    const call = (...args: bigint[]) => ({ nr: GETPPID, args: [...args, 0n, 0n, 0n].slice(0, 6) });
    const calls = [
      call(0x12ab0000123fn, 0x1_0000_0002n, 9n),
      call(0x12ab0000123fn, 0x1_0000_0001n, 9n),
      call(0x12ab0000124fn, 0x1_0000_0002n, 9n),
      call(0n, 0n, 5n),
      call(0n, 0n, 0x1_0000_0000n),
    ];
    const [answer] = inKernel([{ insns: program, calls }]);
    expect(answer!.results.map(([, errno]) => errno)).toEqual([7, 0, 0, 8, 0]);
    compareCalls({ insns: program, calls }, answer!);
  });
});
