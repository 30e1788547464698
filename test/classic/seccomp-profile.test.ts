import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ARCHITECTURES,
  type ArgRule,
  compileProfile,
  emulateSeccomp,
  explainedValue,
  explainSeccomp,
  type Profile,
  parseProfileJson,
  readProfile,
  type SeccompData,
  type SyscallTable,
  syscallByNumber,
  X32_BIT,
} from "../../src/classic/seccomp/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { root } from "../support/cli.ts";
import { sixArguments } from "./seccomp-random.ts";

const docker = () => parseProfileJson(readFileSync(`${root}test/classic/seccomp-profile.json`, "utf8"));

const COMPARE: Readonly<Record<ArgRule["op"], (arg: bigint, value: bigint, two: bigint) => boolean>> = {
  NE: (a, v) => a !== v,
  LT: (a, v) => a < v,
  LE: (a, v) => a <= v,
  EQ: (a, v) => a === v,
  GE: (a, v) => a >= v,
  GT: (a, v) => a > v,
  MASKED_EQ: (a, v, two) => (a & v) === (two & v),
};

/** What a profile says of a system call, straight from its entries. */
function byProfile({ defaultResult, tables, rules }: Profile, { nr, arch, args }: SeccompData): number {
  const architecture = ARCHITECTURES.find((a) => a.audit === arch);
  const isX32 = architecture?.name === "x86_64" && nr >= X32_BIT && nr !== 0xffffffff;
  const table: SyscallTable | undefined = isX32 ? "x32" : architecture?.name;
  if (nr === 0xffffffff && architecture?.name === "x86_64" && tables.some((t) => t === "x86_64" || t === "x32"))
    return defaultResult;
  if (table === undefined || !tables.includes(table)) return 0;
  const name = syscallByNumber(table, nr)?.name;
  const narrow = table === "x32" || architecture?.bits === 32;
  const cut = (v: bigint) => (narrow ? BigInt.asUintN(32, v) : v);
  const mine = name === undefined ? [] : rules.filter((r) => r.names.includes(name));
  const holds = ({ index, op, value, valueTwo }: ArgRule) => COMPARE[op](cut(args[index]!), cut(value), cut(valueTwo));
  const met = mine.find((r) => r.alternatives.some((all) => all.every(holds)));
  return (met ?? mine.find((r) => r.alternatives.length === 0))?.result ?? defaultResult;
}

const NAMES = ["read", "write", "openat", "socket", "clone", "personality", "mmap", "ioctl", "getppid", "statx"];
const ACTIONS = ["ALLOW", "ERRNO", "KILL_PROCESS", "LOG", "TRAP", "TRACE", "NOTIFY"].map((a) => `SCMP_ACT_${a}`);
const VALUES = [0n, 1n, 5n, 0xffffffffn, 0x100000000n, 0x100000005n, 0xffffffff00000000n, 0xffffffffffffffffn];

const value = fc.constantFrom(...VALUES);
const argument = fc.record({
  index: fc.integer({ min: 0, max: 2 }),
  op: fc.constantFrom(...Object.keys(COMPARE).map((op) => `SCMP_CMP_${op}`)),
  value,
  valueTwo: value,
});
const profiles = fc.record({
  defaultAction: fc.constantFrom(...ACTIONS),
  defaultErrnoRet: fc.integer({ min: 0, max: 4095 }),
  architectures: fc.uniqueArray(
    fc.constantFrom("X86_64", "X86", "X32", "AARCH64", "RISCV64").map((a) => `SCMP_ARCH_${a}`),
    { minLength: 1 },
  ),
  syscalls: fc.array(
    fc.record({
      names: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 }),
      action: fc.constantFrom(...ACTIONS),
      errnoRet: fc.integer({ min: 1, max: 40 }),
      args: fc.array(argument, { maxLength: 3 }),
    }),
    { maxLength: 8 },
  ),
});

/** System calls near to what profiles speak of: on every numbering, with values from the conditions and beside them. */
const calls = fc
  .record({
    architecture: fc.constantFrom(...ARCHITECTURES.map((a) => a.audit), 0xc0000016),
    nr: fc.oneof(fc.integer({ min: 0, max: 480 }), fc.constantFrom(1, 41, 56, 135, 9, 16, 110, 257, 332, 0xffffffff)),
    x32: fc.constantFrom(0, 0, 0, X32_BIT),
    args: fc.oneof(sixArguments, fc.array(value, { minLength: 6, maxLength: 6 })),
  })
  .map(({ architecture, nr, x32, args }) => ({
    nr: (nr | x32) >>> 0,
    arch: architecture,
    instructionPointer: 0n,
    args,
  }));

function agree(document: unknown, all: readonly SeccompData[]): void {
  const { program, profile } = compileProfile(document);
  const explained = explainSeccomp(program);
  for (const data of all) {
    const want = byProfile(profile, data);
    expect(emulateSeccomp(program, data).value).toBe(want);
    expect(explainedValue(explained, data)).toBe(want);
  }
}

describe("profiles", () => {
  test("compiled, run and explained, random profiles mean what their entries say", () => {
    fc.assert(
      fc.property(profiles, fc.array(calls, { minLength: 40, maxLength: 40 }), (document, all) => agree(document, all)),
      { numRuns: 150 },
    );
  });

  test("a profile of Docker's size means what its entries say", () => {
    agree(docker(), fc.sample(calls, { numRuns: 3000, seed: 7 }));
    for (const arch of ["arm64", "riscv64"] as const) {
      const { program, profile } = compileProfile(docker(), { arch, caps: ["CAP_SYS_ADMIN"] });
      for (const data of fc.sample(calls, { numRuns: 500, seed: 8 }))
        expect(emulateSeccomp(program, data).value).toBe(byProfile(profile, data));
    }
    expect(compileProfile(docker()).program.length).toBeLessThan(350);
    expect(explainSeccomp(compileProfile(docker()).program).unreachable).toEqual([]);
  });

  test("capabilities, kernel and architecture decide which entries count", () => {
    const names = (options: Parameters<typeof readProfile>[1]) =>
      readProfile(docker(), options).rules.flatMap((r) => r.names);
    expect(names({})).not.toContain("mount");
    expect(names({ caps: ["CAP_SYS_ADMIN"] })).toContain("mount");
    expect(names({ kernel: "4.7" })).not.toContain("ptrace");
    expect(names({ kernel: "4.10" })).toContain("ptrace");
    expect(names({ arch: "riscv64" })).toContain("riscv_hwprobe");
    expect(names({})).not.toContain("riscv_hwprobe");
  });

  test("values of 64 bits keep every digit", () => {
    const text =
      '{"a": 18446744073709551615, "b": "12345678901234567890", "c": 1.0000000000000001, "d": [9007199254740993]}';
    expect(parseProfileJson(text)).toEqual({
      a: 18446744073709551615n,
      b: "12345678901234567890",
      c: 1,
      d: [9007199254740993n],
    });
  });

  test("too long a profile is refused", () => {
    const args = Array.from({ length: 700 }, (_, i) => ({ index: 0, op: "SCMP_CMP_EQ", value: i * 7 }));
    const syscalls = [{ names: ["socket"], action: "SCMP_ACT_ERRNO", args: [...args, ...args] }];
    const document = { defaultAction: "SCMP_ACT_ALLOW", syscalls };
    expect(() => compileProfile(document)).toThrow(/needs \d+ instructions; 4096 are allowed/);
  });

  test("any JSON is compiled or refused", () => {
    const twisted = fc.tuple(fc.json(), fc.constantFrom("syscalls", "archMap", "architectures", "defaultAction"));
    fc.assert(
      fc.property(twisted, ([text, key]) => {
        for (const document of [JSON.parse(text), { defaultAction: "SCMP_ACT_KILL", [key]: JSON.parse(text) }]) {
          try {
            compileProfile(document);
          } catch (error) {
            expect(error).toBeInstanceOf(BpfError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
