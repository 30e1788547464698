// Builds the BPF objects and captures in examples/. With --check: builds them elsewhere and fails where the committed ones differ.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const check = process.argv.includes("--check");
const SOURCES = [
  "firewall/firewall.c",
  "accounting/accounting.c",
  "socket/socket.c",
  "parser/parser.c",
  "globals/globals.c",
];
const CLANG = process.env.CLANG ?? "clang-19";
// Only Debian's multiarch layout needs the extra folder, for asm/types.h.
const FLAGS = ["-target", "bpf", "-O2", "-g", "-mcpu=v3", "-Wall", "-Werror", "-I/usr/include/x86_64-linux-gnu"];

const out = check ? mkdtempSync(join(tmpdir(), "anybpf-examples-")) : join(root, "examples");
const made = [];
try {
  buildObjects();
  await buildCaptures();
  if (check) compare();
} finally {
  if (check) rmSync(out, { recursive: true });
}

function buildObjects() {
  if (spawnSync(CLANG, ["--version"]).status !== 0) {
    console.log(`examples: SKIPPED the objects: ${CLANG} is not installed`);
    return;
  }
  for (const source of SOURCES) {
    const object = source.replace(/\.c$/, ".bpf.o");
    mkdirSync(dirname(join(out, object)), { recursive: true });
    // Debug information holds the directory of compilation and the paths of sources: both relative, the object is the same everywhere.
    const paths = ["-fdebug-compilation-dir=.", `-ffile-prefix-map=${root}=`];
    execFileSync(CLANG, [...FLAGS, ...paths, "-c", `examples/${source}`, "-o", join(out, object)], {
      cwd: root,
      stdio: "inherit",
    });
    made.push(object);
  }
}

async function buildCaptures() {
  execFileSync(process.execPath, [join(root, "scripts/build.mjs")], { cwd: root, stdio: "inherit" });
  const { CAPTURES } = await import(new URL("../examples/captures.mjs", import.meta.url));
  const { CaptureWriter } = await import(new URL("../dist/node/index.js", import.meta.url));
  for (const { path, packets } of CAPTURES) {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    const writer = new CaptureWriter(join(out, path), { format: path.endsWith(".pcapng") ? "pcapng" : "pcap" });
    try {
      for (const { data, seconds, nanos } of packets()) writer.write(data, seconds, nanos);
      writer.finish();
    } finally {
      writer.abort();
    }
    made.push(path);
  }
}

function compare() {
  const different = made.filter(
    (path) => !readFileSync(join(root, "examples", path)).equals(readFileSync(join(out, path))),
  );
  for (const path of different) console.error(`examples/${path} is not what its source gives: npm run examples`);
  if (different.length > 0) process.exitCode = 1;
  else console.log(`examples: ${made.length} files are what their sources give`);
}
