import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, it } from "vitest";
import { assemble, assemblyToElf } from "../../src/asm/index.ts";
import type { VerifyReport } from "../../src/cli/verify/json.ts";
import { anybpf, type CliResult, golden, root } from "../support/cli.ts";
import { runningKernel } from "../support/linux.ts";
import { ALL_GENERATORS, vectors } from "../verifier/campaign.ts";

const dir = mkdtempSync(join(tmpdir(), "anybpf-verify-"));
afterAll(() => rmSync(dir, { recursive: true }));
const linux = await runningKernel("anybpf verify --kernel linux");
linux?.[Symbol.dispose]();

const FIREWALL = "examples/firewall/firewall.bpf.o";
const validate = new Ajv2020({ strict: false, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(`${root}schema/verify.schema.json`, "utf8")) as object,
);

function file(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

/** Several programs, of which some are refused: a packet read in front of its check, a leak, a loop without end; one is fine. */
const MIXED = `
.license "GPL"
.map ring, type=ringbuf, max_entries=4096
.map table, type=hash, key=4, value=64, max_entries=4

.section "xdp"
.globl order
order:
	r2 = *(u32 *)(r1 + 0)
	r3 = *(u32 *)(r1 + 4)
	r4 = r2
	r4 += 34
	if r4 > r3 goto out
	r5 = *(u8 *)(r2 + 14)
	r5 &= 15
	r5 <<= 2
	r2 += r5
	r0 = *(u16 *)(r2 + 14)
out:
	r0 = 2
	exit

.section "xdp.frags"
.globl fine
fine:
	r2 = *(u32 *)(r1 + 0)
	r3 = *(u32 *)(r1 + 4)
	r4 = r2
	r4 += 34
	if r4 > r3 goto 1f
	r0 = *(u16 *)(r2 + 14)
1:	r0 = 2
	exit

.section "tc"
.globl leak
leak:
	r6 = *(u32 *)(r1 + 8)
	r1 = ring ll
	r2 = 8
	r3 = 0
	call bpf_ringbuf_reserve
	if r0 == 0 goto 1f
	if r6 == 7 goto 1f
	r1 = r0
	r2 = 0
	call bpf_ringbuf_submit
1:	r0 = 0
	exit

.section "socket"
.globl lookup
lookup:
	*(u32 *)(r10 - 4) = 0
	r2 = r10
	r2 += -4
	r1 = table ll
	call bpf_map_lookup_elem
	r0 = *(u64 *)(r0 + 0)
	exit
`;
const object = (name: string, text: string) =>
  file(name, assemblyToElf(assemble(text, { file: name.replace(/o$/, "s") })));
const mixed = object("mixed.o", MIXED);

const verify = (...args: string[]): CliResult => anybpf(["verify", ...args]);
/** Without what differs from run to run. */
const steady = (text: string) =>
  text
    .replaceAll(`${dir}/`, "")
    .replace(/[\d.]+ ms$/gm, "… ms")
    .replace(/verification time \d+ usec/g, "verification time … usec")
    .replace(/(\(18\) r\d = )0x[0-9a-f]+/g, "$1map");
const check = (name: string, text: string) =>
  expect(steady(text)).toBe(golden(`test/cli/golden/verify-${name}.txt`, steady(text)));

describe("anybpf verify, for people", () => {
  it("explains what is refused", () => {
    const { status, stdout, stderr } = verify(mixed);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(verify(mixed, "--explain").stdout.split("\n").length).toBe(stdout.split("\n").length);
    check("explained", stdout);
  });

  it("says in a line what an accepted program costs", () => {
    const { status, stdout } = verify(FIREWALL);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^examples\/firewall\/firewall\.bpf\.o: firewall \(xdp\): accepted; [\d,]+ instructions processed, stack 48 bytes, [\d.]+ ms\n$/,
    );
  });

  it("prints the table of veristat", () => {
    const { status, stdout } = verify(mixed, "--table");
    expect(status).toBe(1);
    const at = stdout.indexOf("Duration");
    // The duration's column is as wide as its title.
    const rows = stdout
      .split("\n")
      .map((row) =>
        /\d/.test(row.slice(at, at + 13)) ? `${row.slice(0, at)}            …${row.slice(at + 13)}` : row,
      );
    check("table", rows.join("\n"));
  });

  it("counts instructions by source line", () => {
    const { status, stdout } = verify(FIREWALL, "--hot");
    expect(status).toBe(0);
    const lines = stdout.trim().split("\n");
    expect(lines[0]).toMatch(/^examples\/firewall\/firewall\.bpf\.o: firewall: [\d,]+ instructions processed$/);
    expect(lines.length).toBe(21);
    const visits = lines.slice(1).map((line) => Number(line.trim().split(/\s+/)[0]!.replaceAll(",", "")));
    expect(visits).toEqual([...visits].sort((a, b) => b - a));
    expect(lines[1]).toMatch(/firewall\.c:\d+ /);
  });

  it("takes one program, and types for sections that tell none", () => {
    expect(verify(mixed, "--prog", "fine").stdout).toMatch(/mixed\.o: fine \(xdp\): accepted/);
    expect(verify(mixed, "--prog", "fine").status).toBe(0);
    expect(verify(mixed, "--prog", "none").stderr).toMatch(/none/);
    const plain = object("plain.o", '.license "GPL"\n.section "prog"\n.globl p\np:\nr0 = 2\nexit');
    expect(verify(plain).stderr).not.toBe("");
    const typed = verify(plain, "--type", "xdp");
    expect({ status: typed.status, type: /\((\w+)\)/.exec(typed.stdout)?.[1] }).toEqual({ status: 0, type: "xdp" });
    expect(verify(plain, "--type", "nonsense").stderr).toMatch(/--type nonsense: no such program type/);
  });

  it("stands for less privileged loaders", () => {
    const text = '.license "GPL"\n.section "socket"\n.globl p\np:\nr0 = *(u64 *)(r10 - 8)\nexit';
    const path = object("stack.o", text);
    expect(verify(path).status).toBe(0);
    const bpf = verify(path, "--mode", "bpf");
    expect(bpf.status).toBe(1);
    expect(bpf.stdout).toMatch(/\[V_STACK_UNINIT\]/);
    expect(verify(mixed, "--prog", "fine", "--mode", "unpriv").stdout).toMatch(/refused with EPERM/);
  });

  it("takes the kernel's BTF from a file", () => {
    expect(verify(FIREWALL, "--btf", FIREWALL)).toMatchObject({ status: 0, stderr: "" });
    const none = verify(FIREWALL, "--btf", join(dir, "nowhere"));
    expect(none.status).toBe(1);
    expect(none.stderr).toMatch(/nowhere: .*\[E_FILE_OPEN\]/);
  });
});

describe("anybpf verify, logs", () => {
  it.each(["1", "2", "4", "6"])("writes the kernel's log and nothing else for one program, level %s", (level) => {
    const { status, stdout, stderr } = verify(mixed, "--prog", "order", "--log-level", level);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    check(`log-${level}`, stdout);
  });

  it("names the programs where there are several", () => {
    const { stdout } = verify(mixed, "--log-level", "2");
    expect(stdout.match(/^.*mixed\.o: \w+: (?:accepted|refused: \w+)$/gm)?.length).toBe(4);
  });

  it("explains all the same with --explain", () => {
    expect(verify(mixed, "--log-level", "2", "--explain").stdout).toMatch(/what to do: /);
  });

  it.skipIf(linux === null)("is the running kernel's, line by line", () => {
    for (const level of ["1", "2"]) {
      for (const program of ["order", "fine", "leak", "lookup"]) {
        const of = (kernel: string) =>
          steady(verify(mixed, "--prog", program, "--log-level", level, "--kernel", kernel).stdout);
        const withoutStatistics = (text: string) => text.replace(/^(?:verification time|stack depth).*\n/gm, "");
        expect(of("simulated")).toBe(withoutStatistics(of("linux")));
      }
    }
  });
});

describe("anybpf verify, for machines", () => {
  const json = (...args: string[]): VerifyReport => JSON.parse(verify(...args, "--json").stdout) as VerifyReport;

  it("prints JSON in the shape of the schema", () => {
    const report = json(mixed, FIREWALL);
    expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
    expect(
      report.programs.map(({ program, verdict, failure }) => [program, verdict, failure?.code, failure?.cause]),
    ).toEqual([
      ["order", "reject", "V_PACKET_BOUNDS", "order"],
      ["fine", "accept", undefined, undefined],
      ["leak", "reject", "V_REFERENCE_LEAK", null],
      ["lookup", "reject", "V_NULL_DEREFERENCE", null],
      ["firewall", "accept", undefined, undefined],
    ]);
    const { failure } = report.programs[0]!;
    expect(failure).toMatchObject({
      insn: 9,
      message: "R2 offset is outside of the packet",
      source: { file: "mixed.s", text: "r0 = *(u16 *)(r2 + 14)" },
      explanation: {
        title: "the pointer was moved after the comparison with the packet's end",
        subject: { name: "R2", since: { insn: 8 } },
        evidence: [{ what: "compared here", insn: 4 }, { insn: 8 }],
        path: [{ insn: 4, taken: false, to: 5, times: 1 }],
      },
    });
    const logged = json(mixed, "--log-level", "2");
    expect(validate(logged)).toBe(true);
    expect(logged.programs[0]!.log).toMatch(/^processed \d+ insns/m);
  });

  it("prints SARIF 2.1.0", () => {
    const { status, stdout } = verify(mixed, "--sarif");
    expect(status).toBe(1);
    const log = JSON.parse(stdout) as Sarif;
    expect(log.version).toBe("2.1.0");
    const [run] = log.runs;
    const ids = run!.tool.driver.rules.map(({ id }) => id);
    expect(run!.tool.driver.name).toBe("anybpf");
    expect(ids).toEqual(["V_NULL_DEREFERENCE", "V_PACKET_BOUNDS", "V_REFERENCE_LEAK"]);
    for (const { shortDescription, help } of run!.tool.driver.rules) {
      expect(shortDescription.text).not.toBe("");
      expect(help.text).not.toBe("");
    }
    expect(run!.results.map(({ ruleId }) => ruleId)).toEqual([
      "V_PACKET_BOUNDS",
      "V_REFERENCE_LEAK",
      "V_NULL_DEREFERENCE",
    ]);
    for (const { ruleId, ruleIndex, level, message, locations, codeFlows } of run!.results) {
      expect(ids[ruleIndex]).toBe(ruleId);
      expect(level).toBe("error");
      expect(message.text).not.toBe("");
      for (const { physicalLocation } of [
        ...locations,
        ...codeFlows![0]!.threadFlows[0]!.locations.map((l) => l.location),
      ]) {
        expect(physicalLocation.artifactLocation.uri).toBe("mixed.s");
        expect(physicalLocation.region!.startLine).toBeGreaterThan(0);
        expect(physicalLocation.region!.startColumn).toBeGreaterThan(0);
      }
    }
    expect(verify(FIREWALL, "--sarif").status).toBe(0);
  });

  it("compares with an earlier report", () => {
    const report = json(mixed);
    const same = verify(mixed, "--compare", file("same.json", JSON.stringify(report)));
    expect(same).toMatchObject({ status: 0, stdout: "nothing changed\n" });
    const programs = report.programs.map((p) =>
      p.program === "leak"
        ? { ...p, verdict: "accept", errno: 0, failure: null }
        : p.program === "fine"
          ? { ...p, processed: 4 }
          : p,
    );
    const worse = verify(mixed, "--compare", file("old.json", JSON.stringify({ ...report, programs })));
    expect(worse.status).toBe(1);
    check("compare", worse.stdout);
    const broken = verify(mixed, "--compare", file("broken.json", '{"format": 2}'));
    expect(broken.status).toBe(1);
    expect(broken.stderr).toMatch(/broken\.json: not the output of verify --json/);
  });

  it("keeps a budget", () => {
    const args = [mixed, "--prog", "fine", "--max-insns"];
    expect(verify(...args, "100")).toMatchObject({ status: 0, stderr: "" });
    const over = verify(...args, "3");
    expect(over.status).toBe(1);
    expect(over.stderr).toMatch(/fine: \d+ instructions processed, more than --max-insns 3\n$/);
  });
});

interface SarifPlace {
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string };
    readonly region?: { readonly startLine: number; readonly startColumn: number };
  };
}
interface Sarif {
  readonly version: string;
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly name: string;
        readonly rules: readonly { readonly id: string; readonly shortDescription: Text; readonly help: Text }[];
      };
    };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: Text;
      readonly locations: readonly SarifPlace[];
      readonly codeFlows?: readonly {
        readonly threadFlows: readonly { readonly locations: readonly { readonly location: SarifPlace }[] }[];
      }[];
    }[];
  }[];
}
interface Text {
  readonly text: string;
}

describe("anybpf verify --vectors", () => {
  const some = [...vectors({ programs: 60, seed: 5, from: 0, generators: ALL_GENERATORS })];
  const text = some.map((vector) => `${JSON.stringify(vector)}\n`).join("");

  it("answers a line each, from a file or standard input", () => {
    const { status, stdout, stderr } = verify("--vectors", file("some.jsonl", text), "--json-lines");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ name }) => name)).toEqual(some.map(({ name }) => name));
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(["name", "verdict", "errno", "processed", "fail_insn", "last_line", "time_us"]);
      expect(line["verdict"]).toBe(line["errno"] === 0 ? "accept" : "reject");
      expect(line["last_line"] === "").toBe(line["errno"] === 0);
    }
    const untimed = (out: string) => out.replace(/"time_us":\d+/g, "");
    expect(untimed(anybpf(["verify", "--vectors", "-"], text).stdout)).toBe(untimed(stdout));
  });

  it.each([
    ["no JSON", "{", /line 2: .*\[E_VECTOR_JSON\]/],
    ["no object", "[1]", /line 2: .*\[E_VECTOR_FIELD\]/],
    ["a wrong number", '{"name": "x", "prog_type": "xdp"}', /line 2: "prog_type" is no integer \[E_VECTOR_FIELD\]/],
    ["half an instruction", '{"name": "x", "prog_type": 6, "insns": "b70"}', /line 2: .*\[E_/],
    ["no hexadecimal", '{"name": "x", "prog_type": 6, "insns": "zz"}', /line 2: .*\[E_/],
    [
      "a broken map",
      '{"name": "x", "prog_type": 6, "insns": "", "maps": [{"type": null, "key_size": {}}]}',
      /line 2: "maps\[0\]\.key_size" is no integer/,
    ],
    ["broken BTF", '{"name": "x", "prog_type": 6, "insns": "", "btf": "00"}', /line 2: .*\[E_BTF_/],
  ])("refuses a line with %s", (_what, line, message) => {
    const { status, stderr } = verify("--vectors", file("bad.jsonl", `${JSON.stringify(some[0])}\n${line}\n`));
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n").length).toBe(1);
  });
});

describe.skipIf(linux === null)("anybpf verify and the running kernel", () => {
  it("prints the kernel's verdicts", () => {
    const { status, stdout } = verify(mixed, "--kernel", "linux");
    expect(status).toBe(1);
    expect(stdout).toMatch(/order \(xdp\): refused with EACCES\n {2}R2 offset is outside of the packet/);
    const report = JSON.parse(verify(mixed, "--kernel", "linux", "--json").stdout) as VerifyReport;
    expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
    const ours = JSON.parse(verify(mixed, "--json").stdout) as VerifyReport;
    const verdicts = ({ programs }: VerifyReport) =>
      programs.map(({ program, errno, processed }) => [program, errno, processed]);
    expect(verdicts(report)).toEqual(verdicts(ours));
  });

  it("puts programs to both verifiers", () => {
    const { status, stdout } = verify(mixed, FIREWALL, "--compare-kernel");
    expect(stdout).toMatch(
      /^5 programs: verdict and errno equal for 5, processed count for 5, log lines (\d+) of \1 \(100\.00%\)\n$/,
    );
    expect(status).toBe(0);
    const report = JSON.parse(verify(mixed, "--compare-kernel", "--json").stdout) as object;
    expect(report).toMatchObject({ format: 1, programs: 4, verdictsEqual: 4, processedEqual: 4, differences: [] });
  });
});

describe("anybpf verify, misuse", () => {
  it.each([
    ["nothing", [], /give objects, or --vectors FILE/],
    ["objects and vectors", [FIREWALL, "--vectors", "x"], /give objects, or --vectors FILE/],
    ["a log level", [FIREWALL, "--log-level", "9"], /--log-level takes a number from 0 to 7/],
    ["a budget", [FIREWALL, "--max-insns", "many"], /--max-insns takes a number/],
    ["two outputs", [FIREWALL, "--json", "--table"], /--json and --table are two answers/],
    ["a report and a comparison", [FIREWALL, "--sarif", "--compare", "x"], /--sarif and --compare are two answers/],
    ["a comparison as table", [FIREWALL, "--compare-kernel", "--table"], /--compare-kernel does not go with --table/],
    ["vectors as table", ["--vectors", "x", "--table"], /--vectors does not go with --table/],
    ["vectors for Linux", ["--vectors", "x", "--kernel", "linux"], /--vectors goes to the simulated kernel's verifier/],
    ["lines of objects", [FIREWALL, "--json-lines"], /--json-lines goes with --vectors/],
    ["a mode", [FIREWALL, "--mode", "god"], /--mode/],
    ["an unknown option", [FIREWALL, "--fast"], /--fast/],
  ] as const)("status 2 for %s", (_what, args, message) => {
    const { status, stdout, stderr } = verify(...args);
    expect(stderr).toMatch(message);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });

  it.each([
    ["a missing object", [join(dir, "nowhere.o")], /E_FILE_OPEN/],
    ["text", [file("text.o", "int main(void) {}")], /E_ELF_MAGIC/],
    ["an empty object", [file("empty.o", "")], /E_ELF_/],
    ["missing vectors", ["--vectors", join(dir, "nowhere.jsonl")], /E_FILE_OPEN/],
  ] as const)("status 1 and one line for %s", (_what, args, message) => {
    const { status, stdout, stderr } = verify(...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n").length).toBe(1);
  });
});
