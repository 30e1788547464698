import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, it } from "vitest";
import type { CompareReport } from "../../src/cli/compare/report.ts";
import { renderComparison } from "../../src/cli/compare/text.ts";
import { openCapture } from "../../src/node/index.ts";
import { toHex } from "../../src/util/index.ts";
import { anybpf, root } from "../support/cli.ts";
import { runningKernel } from "../support/linux.ts";
import { skipped } from "../support/needs.ts";

const kernel = await runningKernel("anybpf compare");
kernel?.[Symbol.dispose]();

const dir = mkdtempSync(join(tmpdir(), "anybpf-compare-"));
afterAll(() => rmSync(dir, { recursive: true }));

const validate = new Ajv2020({ strict: false }).compile(
  JSON.parse(readFileSync(`${root}schema/compare.schema.json`, "utf8")) as object,
);

function compared(args: readonly string[], status: number): CompareReport {
  const result = anybpf(["compare", ...args, "--json"]);
  expect(result.stderr).toBe("");
  expect(result.status).toBe(status);
  const report = JSON.parse(result.stdout) as CompareReport;
  expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
  expect(report.equal).toBe(status === 0);
  return report;
}

/** Assembles a program; the object's name. */
function assembled(name: string, section: string, text: string): string {
  const object = join(dir, `${name}.o`);
  const head = `.section ${section},"ax",@progbits\n.globl r\n.type r,@function\nr:\n`;
  const license = '\n.size r, . - r\n.section license,"aw",@progbits\n.asciz "GPL"\n';
  writeFileSync(join(dir, `${name}.s`), head + text + license);
  const { status, stderr } = anybpf(["asm", join(dir, `${name}.s`), "-o", object]);
  expect(status, stderr).toBe(0);
  return object;
}

const example = (name: string, capture: string, ...more: string[]) => [
  `examples/${name}/${name}.bpf.o`,
  "--pcap",
  `examples/${name}/${capture}`,
  ...more,
];
const PACKET = `${"ff".repeat(12)}0800${"45".repeat(46)}`;
/** r0 is 1 or 2 by bpf_get_prandom_u32, which the two kernels answer differently. */
const RANDOM = "call 7\nr0 &= 1\nr0 += 1\nexit";

describe.skipIf(kernel === null)("anybpf compare, the examples", () => {
  it.each([
    { name: "firewall", args: example("firewall", "traffic.pcap") },
    {
      name: "firewall with rules",
      args: example("firewall", "traffic.pcap", "--map", "blocked=examples/firewall/rules.json"),
    },
    { name: "accounting, ingress", args: example("accounting", "traffic.pcapng", "--prog", "ingress") },
    { name: "accounting, egress", args: example("accounting", "traffic.pcapng", "--prog", "egress") },
    { name: "socket", args: example("socket", "traffic.pcap") },
    { name: "parser", args: example("parser", "traffic.pcap") },
  ])("$name: equal", ({ args }) => {
    const report = compared(args, 0);
    expect(report.packets).toBeGreaterThan(400);
    expect(report.maps.length).toBeGreaterThan(0);
    expect(report.verdicts.simulated).toEqual(report.verdicts.linux);
  });

  it("globals: equal but for the time in its ring buffer records", () => {
    const report = compared(example("globals", "traffic.pcap"), 1);
    expect(report.packetDifferences.count).toBe(0);
    expect(report.maps.map((map) => map.different)).toEqual([0, 0]);
    const [events] = report.events;
    expect(events!.records).toEqual({ simulated: 6, linux: 6 });
    // struct event begins with the time, 8 bytes; the rest is equal.
    for (const { simulated, linux } of events!.first) expect(simulated!.slice(16)).toBe(linux!.slice(16));
  });

  it("says the same on every engine", () => {
    for (const engine of ["interpreter", "stepping"]) {
      compared(example("socket", "traffic.pcap", "--engine", engine), 0);
    }
  });

  it("prints it for people", () => {
    const { status, stdout } = anybpf(["compare", ...example("parser", "traffic.pcap")]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^packets {2}equal: verdicts and bytes\n {2}XDP_PASS: 534$/m);
    expect(stdout).toMatch(/^map {6}ports {2}hash, 98 entries: equal$/m);
    expect(stdout).toMatch(/\nequal\n$/);
  });
});

describe.skipIf(kernel === null)("anybpf compare, what differs", () => {
  it("names the packets and both verdicts, and writes the first of them to a capture", async () => {
    const object = assembled("random", "xdp", RANDOM);
    const out = join(dir, "first.pcap");
    const args = [object, "--pcap", "examples/parser/traffic.pcap", "--pcap-out", out];
    const report = compared(args, 1);
    expect(report.packetDifferences.count).toBeGreaterThan(100);
    expect(report.packetDifferences.first).toHaveLength(100);
    expect(report.capture).toBe(out);
    const [first] = report.packetDifferences.first;
    expect([first!.simulated.verdict, first!.linux.verdict].sort()).toEqual(["XDP_DROP", "XDP_PASS"]);
    expect(first!).toMatchObject({ retvalDiffers: true, firstByte: null });
    const written: string[] = [];
    for await (const batch of openCapture(out)) {
      for (let i = 0; i < batch.count; i++) written.push(toHex(batch.packet(i)));
    }
    // The program changes no bytes: what came out is what went in.
    expect(written).toEqual([first!.linux.packet]);
    const { status, stdout } = anybpf(["compare", ...args]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ {2}packet \d+: simulated XDP_(DROP|PASS), linux XDP_(DROP|PASS)$/m);
    expect(stdout).toMatch(/\ndifferent\n$/);
  });

  it("names the first differing byte", () => {
    const object = assembled(
      "byte",
      "xdp",
      `r6 = r1
       call 5
       r7 = r0
       r2 = *(u32 *)(r6 + 0)
       r3 = *(u32 *)(r6 + 4)
       r4 = r2
       r4 += 14
       if r4 > r3 goto out
       *(u8 *)(r2 + 9) = r7
       r7 >>= 8
       *(u8 *)(r2 + 10) = r7
       r7 >>= 8
       *(u8 *)(r2 + 11) = r7
       out: r0 = 2
       exit
      `,
    );
    const report = compared([object, "--packet", PACKET], 1);
    const [first] = report.packetDifferences.first;
    expect(first!.retvalDiffers).toBe(false);
    expect([9, 10, 11]).toContain(first!.firstByte);
  });

  it("compares the context that a run hands back", () => {
    const object = assembled("mark", "tc", "r6 = r1\ncall 7\n*(u32 *)(r6 + 8) = r0\nr0 = 0\nexit");
    const report = compared([object, "--packet", PACKET], 1);
    const [first] = report.packetDifferences.first;
    expect(first!).toMatchObject({ retvalDiffers: false, firstByte: null });
    expect(first!.context.map(({ field }) => field)).toEqual(["mark"]);
  });

  it("compares what programs print", () => {
    const print = `r3 = r0
       r1 = 0x000a6425
       *(u64 *)(r10 - 8) = r1
       r1 = r10
       r1 += -8
       r2 = 4
       call 6
       r0 = 2
       exit`;
    const steady = compared([assembled("print", "xdp", `r0 = 7\n${print}`), "--packet", PACKET], 0);
    expect(steady.printk.simulated).toEqual(["7"]);
    if (steady.printk.linux === null)
      return void skipped("anybpf compare, bpf_printk", "no tracefs, or no right to trace");
    expect(steady.printk).toMatchObject({ linux: ["7"], different: 0 });
    const args = [assembled("print-random", "xdp", `call 7\n${print}`), "--packet", PACKET];
    const report = compared(args, 1);
    expect(report.printk.different).toBe(1);
    expect(anybpf(["compare", ...args]).stdout).toMatch(
      /^printk {3}1 line: 1 line differs\n {2}line 1: simulated -?\d+, linux -?\d+$/m,
    );
    const unread = { ...report, printk: { ...report.printk, linux: null, different: 0 } };
    expect(renderComparison(unread)).toMatch(/^printk {3}1 line: not compared \(the running kernel's lines/m);
  });

  it("takes a run that both kernels refuse for equal", () => {
    const object = assembled("short", "tc", "r0 = 0\nexit");
    const huge = join(dir, "huge.bin");
    writeFileSync(huge, new Uint8Array(200_000).fill(8));
    const report = compared([object, "--packet", huge], 0);
    expect(report.verdicts).toEqual({ simulated: [], linux: [] });
  });
});

describe("anybpf compare, what it refuses", () => {
  it.each([
    { name: "no packets", args: ["x.o"], status: 2, message: "either --pcap FILE or --packet HEX|FILE" },
    { name: "both kinds of packets", args: ["x.o", "--pcap", "a", "--packet", "b"], status: 2, message: "either" },
    { name: "an unknown engine", args: ["x.o", "--engine", "fast"], status: 2, message: "--engine" },
    { name: "an absent object", args: ["/nowhere.o", "--packet", PACKET], status: 1, message: "E_FILE_OPEN" },
    {
      name: "an unknown program",
      args: [...example("parser", "traffic.pcap"), "--prog", "no"],
      status: 1,
      message: "no",
    },
  ])("$name", ({ args, status, message }) => {
    const result = anybpf(["compare", ...args]);
    expect(result.status).toBe(status);
    expect(result.stdout).toBe("");
    expect(result.stderr).toContain(message);
  });

  it.skipIf(kernel === null)("a program that verifiers refuse", () => {
    const object = assembled("unsafe", "xdp", "r0 = *(u64 *)(r1 + 400)\nexit");
    const result = anybpf(["compare", object, "--packet", PACKET]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("the simulated kernel refuses");
    expect(result.stderr.trim().split("\n")[0]).toContain("E_COMPARE_LOAD");
  });
});
