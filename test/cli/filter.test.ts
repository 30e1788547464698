import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { assembleCode } from "../../src/asm/index.ts";
import { classic } from "../../src/classic/index.ts";
import { controlFlowDot } from "../../src/cli/filter/graph.ts";
import { listing, listingLine } from "../../src/cli/filter/listing.ts";
import { compileFilter, FilterMemory } from "../../src/kernel/classic.ts";
import { CaptureParser } from "../../src/net/index.ts";
import { anybpf, root } from "../support/cli.ts";
import { missing } from "../support/needs.ts";

const dir = mkdtempSync(join(tmpdir(), "anybpf-filter-"));
afterAll(() => rmSync(dir, { recursive: true }));

const FIREWALL = `${root}examples/firewall/traffic.pcap`;
const ACCOUNTING = `${root}examples/accounting/traffic.pcapng`;

const tcpdump = (args: readonly string[]) => spawnSync("tcpdump", args, { encoding: "utf8", maxBuffer: 1 << 26 });
const noTcpdump = missing("what tcpdump prints and writes for the same filters", "tcpdump");

const EXPRESSIONS = [
  "",
  "ip",
  "tcp port 80",
  "udp port 53 or icmp6",
  "host 10.0.0.7 and not arp",
  "net 10.0.0.0/24 and tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
  "ip[2:2] - ((ip[0]&0xf)<<2) > 100",
  "less 80 or greater 1000",
  "ether host 02:00:0a:00:00:50",
  "ip6 and portrange 50-60",
  "ether broadcast or ip multicast",
  "tcp port 443 and host 10.0.0.1",
];

describe("listings", () => {
  it.skipIf(noTcpdump)("are what tcpdump -d, -dd and -ddd print of its own programs", () => {
    const more = ["ip[ip[0]] = 3 and len / 7 = 2", "ip protochain 6", "len % 3 = 1", "-ip[3] = 7", "ip[2:2] ^ 3 = 0"];
    for (const expression of [...EXPRESSIONS, ...more]) {
      const printed = (form: string) => tcpdump(["-y", "EN10MB", form, "-r", FIREWALL, expression]).stdout;
      const decimal = printed("-ddd");
      const program = decimal.trim().split("\n").slice(1);
      const insns = program.map((line) => {
        const [code, jt, jf, k] = line.split(" ").map(Number);
        return classic(code!, k!, jt, jf);
      });
      expect(insns.length, expression).toBeGreaterThan(0);
      expect(listing(insns, 1)).toBe(printed("-d"));
      expect(listing(insns, 2)).toBe(printed("-dd"));
      expect(listing(insns, 3)).toBe(decimal);
    }
  });

  it("words what no capture filter has as libpcap does", () => {
    const lines = [
      [classic(0x28, -0x1000), "(007) ldh      [proto]"],
      [classic(0x20, -0x1000 + 48), "(007) ld       [vlanp]"],
      [classic(0x20, -0x1000 + 2), "(007) ld       [-4094]"],
      [classic(0x05, 5), "(007) ja       13"],
      [classic(0x84), "(007) neg      "],
      [classic(0x04, 0xffffffff), "(007) add      #-1"],
      [classic(0xa4, 0xffffffff), "(007) xor      #0xffffffff"],
      [classic(0x16), "(007) ret      "],
      [classic(0x1d, 0, 2, 3), "(007) jeq      x                jt 10\tjf 11"],
      [classic(0x08), "(007) unimp    0x8"],
    ] as const;
    for (const [insn, text] of lines) expect(listingLine(insn, 7)).toBe(text);
  });
});

describe("anybpf filter, printing", () => {
  it("prints the program as tcpdump does", () => {
    const text =
      "(000) ldh      [12]\n(001) jeq      #0x800           jt 2\tjf 3\n(002) ret      #262144\n(003) ret      #0\n";
    expect(anybpf(["filter", "ip"])).toEqual({ status: 0, stdout: text, stderr: "" });
    expect(anybpf(["filter", "-d", "ip"]).stdout).toBe(text);
    expect(anybpf(["filter", "-dd", "ip", "--snaplen", "96"]).stdout.split("\n")[2]).toBe("{ 0x6, 0, 0, 0x00000060 },");
    expect(anybpf(["filter", "ip", "-ddd"]).stdout).toBe("4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n");
    expect(anybpf(["filter", "-ddd", "--link-type", "LINUX_SLL", "ip"]).stdout.split("\n")[1]).toBe("40 0 0 14");
    expect(anybpf(["filter", "-d"]).stdout).toBe("(000) ret      #262144\n");
  });

  it("takes link type and length from a capture", () => {
    expect(anybpf(["filter", "-ddd", "--pcap", ACCOUNTING, "ip"]).stdout).toBe(anybpf(["filter", "-ddd", "ip"]).stdout);
  });

  it("optimises unless told not to", () => {
    const lines = (args: readonly string[]) =>
      anybpf(["filter", ...args, "tcp port 80 and host 10.0.0.1"]).stdout.split("\n").length;
    expect(lines(["-d", "-O"])).toBeGreaterThan(lines(["-d"]));
  });

  it("prints eBPF that our assembler takes", () => {
    const { stdout, status } = anybpf(["filter", "--ebpf", "tcp port 80"]);
    expect(status).toBe(0);
    expect(assembleCode(stdout).length).toBeGreaterThan(10);
  });

  it("explains: every default spelled out, and a graph", () => {
    const { stdout } = anybpf(["filter", "--explain", "port 53 or not src 10.0.0.1"]);
    expect(stdout.split("\n")[1]).toBe(
      "// understood: ((tcp or udp or sctp) (src or dst) port 53 or not (ip or arp or rarp) src host 10.0.0.1)",
    );
    expect(stdout).toContain("digraph filter {");
    const targets = [...stdout.matchAll(/-> (b\d+)/g)].map((m) => m[1]);
    for (const target of targets) expect(stdout).toContain(`  ${target} [label=`);
  });

  it("draws one node per stretch without jumps", () => {
    const dot = controlFlowDot([classic(0x28, 12), classic(0x15, 0x800, 0, 1), classic(0x06, 1), classic(0x06)]);
    expect(dot.match(/\[label="\(/g)).toHaveLength(3);
    expect(dot).toContain('b0 -> b2 [label="true"');
    expect(dot).toContain('b0 -> b3 [label="false"');
  });
});

describe("anybpf filter, captures", () => {
  const filtered = (input: string, output: string, expression: string) => {
    const { status, stdout, stderr } = anybpf(["filter", expression, "--pcap", input, "--pcap-out", output]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    return stdout;
  };

  it.skipIf(noTcpdump)(
    "writes the bytes that tcpdump -r -w writes",
    () => {
      const [ours, theirs] = [join(dir, "ours.pcap"), join(dir, "theirs.pcap")];
      for (const [input, ...precision] of [[FIREWALL], [ACCOUNTING, "--nano"]] as const) {
        for (const expression of EXPRESSIONS) {
          filtered(input, ours, expression);
          expect(tcpdump([...precision, "-r", input, "-w", theirs, expression]).status).toBe(0);
          expect(readFileSync(ours).equals(readFileSync(theirs)), expression).toBe(true);
        }
      }
    },
    60_000,
  );

  it("reads gzip, writes gzip and pcapng, and pipes", () => {
    const zipped = join(dir, "in.pcap.gz");
    writeFileSync(zipped, gzipSync(readFileSync(FIREWALL)));
    const direct = filtered(FIREWALL, join(dir, "a.pcap"), "udp");
    const counts = (text: string) => text.split("\n").slice(1, 3);
    expect(counts(filtered(zipped, join(dir, "b.pcapng.gz"), "udp"))).toEqual(counts(direct));
    const again = filtered(join(dir, "b.pcapng.gz"), join(dir, "c.pcap"), "udp");
    expect(again).toContain("(100.0% of the packets)");
    const piped = spawnSync(
      process.execPath,
      [`${root}dist/cli/main.js`, "filter", "udp", "--pcap", "-", "--pcap-out", "-"],
      {
        input: readFileSync(FIREWALL),
        maxBuffer: 1 << 26,
      },
    );
    expect(piped.stdout.equals(readFileSync(join(dir, "a.pcap")))).toBe(true);
    expect(piped.stderr.toString()).toBe(direct.replace(/^time.*$/m, /^time.*$/m.exec(piped.stderr.toString())![0]));
  });

  it("keeps nanoseconds where the capture has them", () => {
    const bytes = new Uint8Array(24 + 16 + 60);
    const view = new DataView(bytes.buffer);
    const words = [0xa1b23c4d, 0x00040002, 0, 0, 1000, 1, 7, 123456789, 60, 60];
    for (const [n, word] of words.entries()) view.setUint32(4 * n, word, true);
    bytes.set([8, 0], 24 + 16 + 12);
    writeFileSync(join(dir, "nano.pcap"), bytes);
    filtered(join(dir, "nano.pcap"), join(dir, "nano-out.pcap"), "ip");
    expect([...readFileSync(join(dir, "nano-out.pcap"))]).toEqual([...bytes]);
  });

  it("matches as compileFilter does", () => {
    const bytes = readFileSync(FIREWALL);
    const memory = new FilterMemory();
    const parser = new CaptureParser();
    parser.scan(new Uint8Array(bytes), 0, bytes.length);
    const { batch } = parser;
    for (const expression of EXPRESSIONS) {
      const filter = compileFilter(expression, { memory });
      const accepted = filter.matchBatch(batch);
      const single = Array.from({ length: batch.count }, (_, n) => filter.match(batch.packet(n), batch.wireLengths[n]));
      expect(single.filter(Boolean).length, expression).toBe(accepted);
    }
  });
});

describe("anybpf filter, wrong input", () => {
  const refused = (args: readonly string[]) => {
    const { status, stdout, stderr } = anybpf(["filter", ...args]);
    expect(stdout).toBe("");
    expect(status).toBe(1);
    return stderr;
  };

  it("points at what is wrong in the expression", () => {
    const [message, text, caret] = refused(["-d", "tcp", "prt 80"]).split("\n");
    expect(message).toContain("E_FILTER_SYNTAX");
    expect(message).toContain("column 5");
    expect([text, caret]).toEqual(["  tcp prt 80", "      ^~~"]);
    expect(refused(["ip6 and arp host ::1"]).split("\n")).toHaveLength(4);
    expect(refused(["host 1.2.3.4.5"])).toContain("^");
    expect(refused(["tcp port nosuchservice"])).toContain("nosuchservice");
  });

  it("says the same of captures, and of files that are none", () => {
    expect(refused(["tcp prt 80", "--pcap", FIREWALL])).toContain("^~~");
    expect(refused(["ip", "--pcap", join(dir, "none.pcap")])).toContain("E_FILE_OPEN");
    expect(refused(["ip", "--pcap", `${root}README.md`])).toContain("E_PCAP_MAGIC");
    expect(refused(["ip", "--pcap", FIREWALL, "--pcap-out", join(dir, "no/such/dir.pcap")])).toContain("E_FILE_WRITE");
  });

  it("knows wrong usage from wrong input", () => {
    for (const args of [
      ["ip", "--pcap-out", "x.pcap"],
      ["ip", "-d", "--ebpf"],
      ["ip", "--link-type", "NOSUCH"],
      ["ip", "--snaplen", "0"],
      ["ip", "--snaplen", "many"],
      ["ip", "--link-type", "RAW", "--pcap", FIREWALL],
      ["ip", "-d", "--pcap", FIREWALL, "--pcap-out", "x.pcap"],
      ["ip", "--nosuch"],
    ]) {
      const { status, stderr } = anybpf(["filter", ...args]);
      expect(status, args.join(" ")).toBe(2);
      expect(stderr).not.toBe("");
    }
  });
});
