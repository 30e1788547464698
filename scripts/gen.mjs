// Regenerates every *.gen.ts and docs/verifier-errors.md. `--check` fails when a committed file differs from what its generator makes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureBuilt } from "./setup.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const check = process.argv.includes("--check");

/** AssemblyScript to wasm to base64. */
function wasmModule(entry, name, flags) {
  const dir = mkdtempSync(join(tmpdir(), "anybpf-gen-"));
  const out = join(dir, "module.wasm");
  try {
    execFileSync(
      process.execPath,
      [
        join(root, "node_modules/assemblyscript/bin/asc.js"),
        entry,
        ..."-O3 --noAssert --runtime stub --importMemory --noExportMemory --maximumMemory 65536".split(" "),
        ..."--enable simd --enable bulk-memory".split(" "),
        ...flags.split(" "),
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
    return `// Made by \`npm run gen\` from ${entry}. Do not edit.\nexport const ${name} =\n  "${base64}";\n`;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** File, and what makes it. 73728 is RUNTIME_DATA of src/runtime/layout.ts. */
const GENERATED = [
  [
    "src/runtime/wasm.gen.ts",
    () =>
      wasmModule("src/runtime/assembly/index.ts", "RUNTIME_WASM", "--importTable --initialMemory 6 --memoryBase 73728"),
  ],
  [
    "src/runtime/verifier.gen.ts",
    () => wasmModule("src/runtime/assembly/verifier/index.ts", "VERIFIER_WASM", "--initialMemory 8 --memoryBase 1024"),
  ],
  [
    "docs/verifier-errors.md",
    async () => {
      ensureBuilt();
      return (await import("./verifier-errors.mjs")).verifierErrors();
    },
  ],
];

let stale = 0;
for (const [file, make] of GENERATED) {
  const path = join(root, file);
  const text = await make();
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
