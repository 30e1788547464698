// A large capture through `run`: `node bench/stream.mjs [gigabytes]`. Makes it of the firewall example's, in a temporary folder,
// and reports memory and where the time goes. Needs a build.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const file = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const { runJob } = await import("../dist/cli/run/job.js");

const PCAP_HEADER = 24;
const bytes = Number(process.argv[2] ?? 1) * 1e9;
const example = readFileSync(file("examples/firewall/traffic.pcap"));
const dir = mkdtempSync(join(tmpdir(), "anybpf-stream-"));
const pcap = join(dir, "large.pcap");
try {
  const fd = openSync(pcap, "w");
  writeSync(fd, example.subarray(0, PCAP_HEADER));
  for (let size = PCAP_HEADER; size < bytes; size += example.length - PCAP_HEADER) writeSync(fd, example, PCAP_HEADER);
  closeSync(fd);
  for (let round = 0; round < 3; round++) {
    const { packets, seconds, nsPerPacket } = await runJob({
      file: file("examples/firewall/firewall.bpf.o"),
      pcap,
      kernel: "simulated",
      engine: "jit",
      repeat: 1,
      cpus: 1,
      maps: [],
      progress: false,
      mapEntries: 0,
    });
    const ms = (s) => `${(s * 1000).toFixed(0)} ms`;
    console.log(
      `${packets} packets: program ${ms(seconds.program)} (${nsPerPacket.toFixed(1)} ns per packet), ` +
        `waiting for the reader ${ms(seconds.reading)}, total ${ms(seconds.total)}`,
    );
  }
  console.log(`largest resident set: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
} finally {
  rmSync(dir, { recursive: true });
}
