// Regenerates every *.gen.ts. `--check` fails when a committed file differs from what its generator makes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const check = process.argv.includes("--check");

/** The runtime module: AssemblyScript to wasm to base64. 0x12000 is RUNTIME_DATA of src/runtime/layout.ts. */
function runtimeModule() {
  const dir = mkdtempSync(join(tmpdir(), "anybpf-gen-"));
  const out = join(dir, "runtime.wasm");
  try {
    execFileSync(
      process.execPath,
      [
        join(root, "node_modules/assemblyscript/bin/asc.js"),
        "src/runtime/assembly/index.ts",
        ..."-O3 --noAssert --runtime stub --importMemory --importTable --noExportMemory".split(" "),
        ..."--initialMemory 6 --maximumMemory 65536 --memoryBase 73728 --enable simd --enable bulk-memory".split(" "),
        "--use",
        "abort=",
        // Casts that a 64-bit memory would need; ours is 32-bit.
        "--disableWarning",
        "201",
        "-o",
        out,
      ],
      { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
    );
    const base64 = readFileSync(out).toString("base64");
    return `// Made by \`npm run gen\` from src/runtime/assembly/. Do not edit.\nexport const RUNTIME_WASM =\n  "${base64}";\n`;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const GENERATED = [["src/runtime/wasm.gen.ts", runtimeModule]];

let stale = 0;
for (const [file, make] of GENERATED) {
  const path = join(root, file);
  const text = make();
  let before = "";
  try {
    before = readFileSync(path, "utf8");
  } catch {}
  if (text === before) continue;
  if (check) {
    console.error(`${file} is not what \`npm run gen\` makes`);
    stale++;
  } else {
    writeFileSync(path, text);
    console.log(`wrote ${file} (${text.length} characters)`);
  }
}
process.exit(stale === 0 ? 0 : 1);
