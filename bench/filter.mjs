// Packet filters beside libpcap's: matching packets in memory beside bpf_filter (needs a C compiler and libpcap's headers), and with
// `node bench/filter.mjs GIGABYTES` filtering a capture of that size beside `tcpdump -r … -w …`. In turns, the best turn of each counts.
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const dist = pathToFileURL(`${process.env.ANYBPF_DIST ?? file("../dist")}/`);
const from = (path) => import(new URL(path, dist).href);
const { compileFilter, FilterMemory } = await from("kernel/classic.js");
const { CaptureParser } = await from("net/index.js");

const CAPTURE = file("../examples/firewall/traffic.pcap");
const EXPRESSIONS = [
  "ip",
  "udp port 53",
  "tcp port 443 and host 10.0.0.1",
  "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
  "host 10.0.0.7 and (port 80 or port 443 or port 22 or port 53)",
  "tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)",
];
const TURNS = 7;
const ROUNDS = 60;

const now = () => Number(process.hrtime.bigint());

/** The best round's nanoseconds per packet. */
function bestOf(rounds, count, run) {
  let best = Number.POSITIVE_INFINITY;
  for (let n = 0; n < rounds; n++) {
    const start = now();
    run();
    best = Math.min(best, (now() - start) / count);
  }
  return best;
}

function buildHelper(dir) {
  const helper = join(dir, "bpf_filter");
  const built = spawnSync("cc", ["-O2", "-o", helper, file("native/bpf_filter.c"), "-lpcap"], { encoding: "utf8" });
  return built.status === 0 ? helper : null;
}

/** Rows of `expression, instructions, ours, copied, libpcap, ratio` (null without the helper), nanoseconds per packet. */
export async function filterTimes() {
  const dir = mkdtempSync(join(tmpdir(), "anybpf-filter-"));
  try {
    const helper = buildHelper(dir);
    if (helper === null) console.log("filters: libpcap was NOT measured (needs cc and libpcap-dev); ours alone:");
    const bytes = readFileSync(CAPTURE);
    const memory = new FilterMemory();
    memory.input.set(bytes);
    const parser = new CaptureParser();
    parser.scan(memory.input, 0, bytes.length);
    const { count, offsets, lengths, wireLengths } = parser.batch;
    const inside = { bytes: memory.input, count, offsets, lengths, wireLengths };
    const outside = { ...inside, bytes: new Uint8Array(bytes) };
    const results = new Uint32Array(count);
    const rows = [];
    for (const expression of EXPRESSIONS) {
      const filter = compileFilter(expression, { memory });
      const apart = compileFilter(expression, { memory: new FilterMemory() });
      const row = {
        expression,
        instructions: filter.program.length,
        ours: 1e9,
        copied: 1e9,
        libpcap: null,
        ratio: null,
      };
      const accepted = filter.matchBatch(inside, results);
      for (let turn = 0; turn < TURNS; turn++) {
        row.ours = Math.min(
          row.ours,
          bestOf(ROUNDS, count, () => filter.matchBatch(inside, results)),
        );
        row.copied = Math.min(
          row.copied,
          bestOf(ROUNDS, count, () => apart.matchBatch(outside, results)),
        );
        if (helper !== null) {
          const answer = execFileSync(helper, [CAPTURE, expression, `${ROUNDS}`], { encoding: "utf8" });
          const [packets, matches, ns] = answer.split(" ").map(Number);
          if (packets !== count || matches !== accepted) {
            throw new Error(`${expression}: libpcap takes ${matches} of ${packets}, ours ${accepted} of ${count}`);
          }
          row.libpcap = Math.min(row.libpcap ?? 1e9, ns);
        }
        // V8 compiles hot functions in the background.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (row.libpcap !== null) row.ratio = row.ours / row.libpcap;
      rows.push(row);
    }
    print(rows);
    return rows;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const number = (value, digits = 1) => (value === null ? "-" : value.toFixed(digits));

function print(rows) {
  console.log(
    "filter, ns per packet                                              ours  copied in  bpf_filter  ours:bpf_filter",
  );
  for (const r of rows) {
    const name = r.expression.length > 64 ? `${r.expression.slice(0, 61)}...` : r.expression;
    const cells = [number(r.ours).padStart(5), number(r.copied).padStart(9), number(r.libpcap).padStart(10)];
    console.log([name.padEnd(64), ...cells, number(r.ratio, 2).padStart(15)].join("  "));
  }
  const ratios = rows.map((r) => r.ratio).filter((r) => r !== null);
  if (ratios.length > 0) console.log(`ours:bpf_filter worst ${Math.max(...ratios).toFixed(2)} (target 1)`);
}

/** A whole process each: reading, matching and writing a large capture. */
function captureTimes(gigabytes) {
  const dir = mkdtempSync(join(tmpdir(), "anybpf-filter-"));
  const at = (name) => join(dir, name);
  try {
    const example = readFileSync(CAPTURE);
    const fd = openSync(at("large.pcap"), "w");
    writeSync(fd, example.subarray(0, 24));
    for (let size = 24; size < gigabytes * 1e9; size += example.length - 24) writeSync(fd, example, 24);
    closeSync(fd);
    const tcpdump = (e) => ["tcpdump", ["-r", at("large.pcap"), "-w", at("tcpdump.pcap"), e]];
    const ours = (e) => {
      const cli = fileURLToPath(new URL("cli/main.js", dist));
      return [process.execPath, [cli, "filter", e, "--pcap", at("large.pcap"), "--pcap-out", at("ours.pcap")]];
    };
    const seconds = ([command, args]) => {
      const start = now();
      const { status, error } = spawnSync(command, args, { stdio: "ignore" });
      if (error !== undefined || status !== 0) throw error ?? new Error(`${command}: exit status ${status}`);
      return (now() - start) / 1e9;
    };
    for (const expression of ["tcp port 443 and host 10.0.0.1", "tcp port 80", "ip"]) {
      const best = { ours: 1e9, tcpdump: 1e9 };
      for (let turn = 0; turn < 5; turn++) {
        best.tcpdump = Math.min(best.tcpdump, seconds(tcpdump(expression)));
        best.ours = Math.min(best.ours, seconds(ours(expression)));
      }
      const same =
        spawnSync("cmp", [at("tcpdump.pcap"), at("ours.pcap")]).status === 0 ? "same bytes" : "OUTPUT DIFFERS";
      const ratio = (best.ours / best.tcpdump).toFixed(2);
      console.log(
        `${gigabytes} GB, ${expression}: ours ${best.ours.toFixed(2)} s, tcpdump ${best.tcpdump.toFixed(2)} s, ratio ${ratio}, ${same}`,
      );
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await filterTimes();
  const gigabytes = Number(process.argv[2] ?? 0);
  if (gigabytes > 0 && spawnSync("tcpdump", ["--version"]).status !== 0)
    console.log("tcpdump is not there: NOT measured");
  else if (gigabytes > 0) captureTimes(gigabytes);
}
