import { expect, test } from "vitest";
import { anybpf } from "../support/cli.ts";

const PROFILE = "test/classic/seccomp-profile.json";

const TEXT = `A = arch
A == ARCH_X86_64 ? next : dead
A = sys_number
A == mmap ? check : next
return ALLOW
check: A = args[2]
if (A & 4) goto no
return ALLOW
no: return ERRNO(13)
dead: return KILL
`;

test("a profile is compiled, run and explained", () => {
  const compiled = anybpf(["seccomp", "compile", PROFILE, "-f", "decimal"]);
  expect(compiled).toMatchObject({ status: 0, stderr: "" });
  const emulate = (...call: string[]) => anybpf(["seccomp", "emulate", "-", ...call, "-q"], compiled.stdout).stdout;
  expect(emulate("read")).toMatch(/^return ALLOW at \d{4}\n$/);
  expect(emulate("personality", "0x20008")).toMatch(/^return ALLOW at/);
  expect(emulate("personality", "0x120008")).toMatch(/^return ERRNO\(1\) at/);
  expect(emulate("clone3")).toMatch(/^return ERRNO\(38\) at/);
  const { stdout } = anybpf(["seccomp", "explain", "-"], compiled.stdout);
  expect(stdout).toMatch(/personality +ALLOW +persona in \{0, 8, 0x20000, 0x20008, 0xffffffff\}\n/);
  expect(stdout).toMatch(/clone, x32_clone +ALLOW +\(flags & 0x7e020000\) == 0\n/);
  expect(anybpf(["seccomp", "explain", PROFILE]).stdout).toBe(stdout);
});

test("text, C, decimal and listing are forms of one filter", () => {
  const list = anybpf(["seccomp", "asm", "-", "-f", "list"], TEXT).stdout;
  for (const format of ["asm", "c", "decimal", "list"]) {
    const written = anybpf(["seccomp", "asm", "-", "-f", format], TEXT).stdout;
    expect(anybpf(["seccomp", "disasm", "-"], written)).toEqual({ status: 0, stdout: list, stderr: "" });
  }
});

test("emulation lists what ran, and the registers", () => {
  const { stdout } = anybpf(["seccomp", "emulate", "-", "mmap", "0", "4096", "7"], TEXT);
  expect(stdout).toContain(
    " 0005: 0x20 0x00 0x00 0x00000020  A = prot # mmap(addr, length, prot, flags, fd, offset)  ; A=0x7\n",
  );
  expect(stdout).toMatch(/\n\nreturn ERRNO\(13\) at 0008\n$/);
  const json = anybpf(["seccomp", "emulate", "-", "9", "--json"], TEXT);
  expect(JSON.parse(json.stdout)).toMatchObject({ action: "ALLOW", value: 0x7fff0000 });
});

test("wrong input is one line with its place and a caret, exit 1", () => {
  expect(anybpf(["seccomp", "asm", "-"], "A = sys_number\nif (A == opnat) goto x\nx: return ALLOW\n")).toEqual({
    status: 1,
    stdout: "",
    stderr:
      'anybpf: <stdin>:2:10: "opnat" is no system call of x86_64, no architecture and no number [E_SECCOMP_NAME]\n' +
      "  if (A == opnat) goto x\n           ^\n",
  });
  const refused = (args: readonly string[], input: string) => {
    const { status, stderr } = anybpf(["seccomp", ...args], input);
    expect(status).toBe(1);
    return stderr.split("\n")[0];
  };
  expect(refused(["asm", "-"], "mem[16] = A\nreturn ALLOW")).toContain("<stdin>:1:5: 16 is not in the range 0 … 15");
  expect(refused(["explain", "-"], "2,21 0 7 0,6 0 0 0,")).toContain("instruction 0: jump to 8 is out of range");
  expect(refused(["explain", "-"], "2,96 0 0 16,6 0 0 0,")).toContain("scratch memory index 16 is above 15");
  expect(refused(["compile", "-"], '{"defaultAction":"SCMP_ACT_FOO"}')).toContain(
    'defaultAction: "SCMP_ACT_FOO" is not',
  );
  expect(refused(["compile", "-"], '{"defaultAction":}')).toContain("not JSON");
  expect(refused(["emulate", "-", "nope"], TEXT)).toContain('"nope" is no system call of x86_64');
  expect(anybpf(["seccomp", "frobnicate", "x"]).status).toBe(2);
});
