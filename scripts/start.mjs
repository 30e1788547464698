// The main job on the shipped example: an XDP firewall over a packet capture.

import { join } from "node:path";
import { ensureBuilt, ensureInstalled, root, run } from "./setup.mjs";

ensureInstalled();
ensureBuilt();
const args = process.argv.slice(2);
const example = ["run", "examples/firewall/firewall.bpf.o", "--pcap", "examples/firewall/traffic.pcap"];
if (args.length === 0) console.log(`\n$ npx anybpf ${example.join(" ")}\n`);
run(process.execPath, [join(root, "dist/cli/main.js"), ...(args.length > 0 ? args : example)]);
