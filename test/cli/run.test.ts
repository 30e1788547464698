import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, it } from "vitest";
import type { RunReport } from "../../src/cli/run/report.ts";
import { anybpf, golden, root } from "../support/cli.ts";
import { runningKernel } from "../support/linux.ts";

const dir = mkdtempSync(join(tmpdir(), "anybpf-run-"));
afterAll(() => rmSync(dir, { recursive: true }));

const EXAMPLES = [
  { name: "firewall", args: ["examples/firewall/firewall.bpf.o", "--pcap", "examples/firewall/traffic.pcap"] },
  {
    name: "accounting",
    args: ["examples/accounting/accounting.bpf.o", "--prog", "egress", "--pcap", "examples/accounting/traffic.pcapng"],
  },
  { name: "socket", args: ["examples/socket/socket.bpf.o", "--pcap", "examples/socket/traffic.pcap"] },
  { name: "parser", args: ["examples/parser/parser.bpf.o", "--pcap", "examples/parser/traffic.pcap"] },
  { name: "globals", args: ["examples/globals/globals.bpf.o", "--pcap", "examples/globals/traffic.pcap"] },
] as const;
const ENGINES = ["jit", "interpreter", "stepping"] as const;

const validate = new Ajv2020({ strict: false }).compile(
  JSON.parse(readFileSync(`${root}schema/run.schema.json`, "utf8")) as object,
);

function json(args: readonly string[]): RunReport {
  const { status, stdout, stderr } = anybpf(["run", ...args, "--json"]);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout) as RunReport;
}

/** A report without what differs from run to run. */
function steady(report: RunReport): unknown {
  const { engine, nsPerPacket, mpps, seconds, ...rest } = report;
  return rest;
}

describe.each(EXAMPLES)("anybpf run, example $name", ({ name, args }) => {
  it("prints the report that people read", () => {
    const { status, stdout } = anybpf(["run", ...args]);
    const text = stdout.replace(/^[\d.]+ ns per packet.*$/m, "… ns per packet");
    expect(status).toBe(0);
    expect(text).toBe(golden(`test/cli/golden/run-${name}.txt`, text));
  });

  it("says the same as JSON on every engine, in the shape of the schema", () => {
    const reports = ENGINES.map((engine) => json([...args, "--engine", engine]));
    for (const report of reports) {
      expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
      expect(steady(report)).toEqual(steady(reports[0]!));
    }
  });
});

describe("anybpf run, what the firewall does", () => {
  const [firewall] = EXAMPLES;
  const verdicts = (report: RunReport) => Object.fromEntries(report.verdicts.map((v) => [v.name, v.packets]));

  it("counts what Linux 6.18 counts for the same object and capture", () => {
    const report = json(firewall.args);
    expect(verdicts(report)).toEqual({ XDP_PASS: 2744, XDP_DROP: 224 });
    const counters = report.maps.find((m) => m.name === "counters")!;
    expect(counters.entries.map((e) => (e.values![0]!.value as { packets: number }).packets)).toEqual([
      144, 68, 12, 1952, 492, 160, 140,
    ]);
    expect(report.maps.find((m) => m.name === "flows")!.count).toBe(1260);
  });

  it("drops more once its map is filled, and runs each packet as often as asked", () => {
    const rules = json([...firewall.args, "--map", "blocked=examples/firewall/rules.json"]);
    expect(verdicts(rules)["XDP_DROP"]).toBeGreaterThan(224);
    const twice = json([...firewall.args, "--repeat", "2"]);
    expect(verdicts(twice)).toEqual({ XDP_PASS: 2 * 2744, XDP_DROP: 2 * 224 });
  });

  it("writes the packets that passed, as they left", () => {
    const out = join(dir, "passed.pcapng");
    json([...firewall.args, "--pcap-out", out]);
    expect(json(["examples/firewall/firewall.bpf.o", "--pcap", out]).verdicts).toMatchObject([
      { name: "XDP_PASS", packets: 2744, bytes: 622_511 },
    ]);
    expect(readdirSync(dir).filter((name) => name.includes("passed"))).toEqual(["passed.pcapng"]);
  });

  it("runs one packet given in hexadecimal", () => {
    const packet = `ffffffffffff0200000000010800${"00".repeat(46)}`;
    const report = json([firewall.args[0], "--packet", packet]);
    expect(report.result?.dataOut).toBe(packet);
    expect(report.packets).toBe(1);
  });
});

const linux = await runningKernel("anybpf run --kernel linux");
linux?.[Symbol.dispose]();

describe.skipIf(linux === null).each(EXAMPLES)("anybpf run --kernel linux, example $name", ({ name, args }) => {
  it("reports what the simulated kernel does, in the same shape", () => {
    const [real, simulated] = ["linux", "simulated"].map((kernel) => json([...args, "--kernel", kernel]));
    expect(validate(real), JSON.stringify(validate.errors)).toBe(true);
    expect(real!.kernel).toBe("linux");
    // A test run shows a socket filter no Ethernet header, a capture does.
    const verdicts = (report: RunReport) => (name === "socket" ? report.verdicts.length > 0 : report.verdicts);
    expect(verdicts(real!)).toEqual(verdicts(simulated!));
    if (real!.printk !== null) expect(real!.printk).toEqual(simulated!.printk);
    const sizes = (report: RunReport) => report.maps.map(({ name, type, count }) => ({ name, type, count }));
    expect(sizes(real!)).toEqual(sizes(simulated!));
    const text = anybpf(["run", ...args, "--kernel", "linux"]).stdout;
    expect(text).toContain("engine   the running Linux kernel\n");
  });
});

describe("anybpf run, refused input", () => {
  const object = readFileSync(`${root}examples/firewall/firewall.bpf.o`);
  const capture = readFileSync(`${root}examples/firewall/traffic.pcap`);
  const file = (name: string, bytes: Uint8Array | string) => {
    const path = join(dir, name);
    writeFileSync(path, bytes);
    return path;
  };
  const patched = (at: number, value: number) => {
    const copy = Uint8Array.from(object);
    copy[at] = value;
    return copy;
  };
  const wifi = Uint8Array.from(capture);
  wifi[20] = 105;
  const pcap = "examples/firewall/traffic.pcap";
  const good = "examples/firewall/firewall.bpf.o";

  it.each([
    ["an empty file", [file("empty.o", ""), "--pcap", pcap], /E_ELF_/],
    ["a truncated object", [file("cut.o", object.subarray(0, 1000)), "--pcap", pcap], /E_ELF_/],
    ["a foreign ELF", [process.execPath, "--pcap", pcap], /E_ELF_MACHINE/],
    ["a wrong machine", [file("arm.o", patched(18, 40)), "--pcap", pcap], /E_ELF_MACHINE/],
    ["text", [file("text.o", "int main(void) {}"), "--pcap", pcap], /E_ELF_MAGIC/],
    ["a missing object", [join(dir, "nowhere.o"), "--pcap", pcap], /E_FILE_OPEN/],
    ["a missing capture", [good, "--pcap", join(dir, "nowhere.pcap")], /E_FILE_OPEN/],
    ["a cut capture", [good, "--pcap", file("cut.pcap", capture.subarray(0, 5001))], /packet \d+.*E_PCAP_CUT/],
    ["a capture of radio frames", [good, "--pcap", file("wifi.pcap", wifi)], /E_PCAP_LINKTYPE/],
    ["an unknown program", [good, "--prog", "nobody", "--pcap", pcap], /"nobody".*firewall.*E_RUN_PROGRAM/],
    ["an unknown section", [good, "--section", "tc", "--pcap", pcap], /E_RUN_PROGRAM/],
    ["several programs", ["examples/accounting/accounting.bpf.o", "--pcap", pcap], /ingress.*egress.*E_RUN_AMBIGUOUS/],
    ["an unknown map", [good, "--pcap", pcap, "--map", "nothing=x.json"], /"nothing".*E_RUN_MAP/],
    ["no JSON", [good, "--pcap", pcap, "--map", `blocked=${file("bad.json", "{")}`], /E_RUN_JSON/],
    [
      "a value that does not fit",
      [good, "--pcap", pcap, "--map", `blocked=${file("v.json", '[{"key": "10.0.0.7", "value": {"hats": 1}}]')}`],
      /entry 0.*hats/,
    ],
    [
      "an unknown context field",
      [good, "--pcap", pcap, "--ctx", file("c.json", '{"colour": 1}')],
      /"colour".*E_RUN_CONTEXT/,
    ],
    ["a short packet", [good, "--packet", "0102"], /E_RUN_PACKET/],
  ])("%s: one line, exit status 1, no output file", (_, args, message) => {
    const out = join(dir, "never.pcap");
    const { status, stdout, stderr } = anybpf(["run", ...args, "--pcap-out", out]);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(status).toBe(1);
    expect(readdirSync(dir).filter((name) => name.includes("never"))).toEqual([]);
  });

  it.each([
    ["neither capture nor packet", [good]],
    ["both", [good, "--pcap", pcap, "--packet", "00"]],
    ["a repeat that is no number", [good, "--pcap", pcap, "--repeat", "often"]],
    ["an engine that is not there", [good, "--pcap", pcap, "--engine", "warp"]],
    ["an option that is not there", [good, "--pcap", pcap, "--frobnicate"]],
  ])("%s: exit status 2", (_, args) => {
    const { status, stderr } = anybpf(["run", ...args]);
    expect(status).toBe(2);
    expect(stderr).not.toMatch(/\bat .*:\d+/);
  });
});
