// Everything that must hold besides the tests: types, layers, format, generated files, package exports.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { ensureBuilt, ensureInstalled, root, run } from "./setup.mjs";

/** Rooms in the order in which imports may look back; rooms in one row may import each other, but not in a circle. */
const LAYERS = [
  ["util"],
  ["isa"],
  ["uapi"],
  ["asm", "elf", "btf", "classic"],
  ["loader", "verifier"],
  ["vm"],
  ["maps"],
  ["helpers"],
  ["net"],
  ["kernel"],
  ["compiler", "debug"],
  ["node"],
  ["cli"],
];
const rank = new Map(LAYERS.flatMap((rooms, i) => rooms.map((room) => [room, i])));

function sources(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return entry.name === "assembly" ? [] : sources(path);
    return path.endsWith(".ts") && !path.endsWith(".test.ts") ? [path] : [];
  });
}

/** What a source imports: statements at the start of a line, and import(). */
function imported(text) {
  const statements = text.matchAll(/^(?:import|export)\b(?:[^"';]*?\bfrom)?\s*"([^"]+)"/gm);
  return [...statements, ...text.matchAll(/\bimport\(\s*"([^"]+)"/g)].map(([, specifier]) => specifier);
}

/** Imports that look rightwards, reach past a wall, or close a circle between rooms of one row. */
function checkLayers() {
  const problems = [];
  const sideways = new Map();
  for (const path of sources(join(root, "src"))) {
    const file = relative(root, path).split(sep).join("/");
    const room = file.split("/")[1];
    if (!rank.has(room)) continue;
    for (const specifier of imported(readFileSync(path, "utf8"))) {
      if (!specifier.startsWith(".")) {
        if (rank.get(room) < rank.get("node"))
          problems.push(`${file}: imports ${specifier}; rooms left of node import nothing from outside`);
        continue;
      }
      const target = relative(root, join(path, "..", specifier))
        .split(sep)
        .join("/")
        .split("/")[1];
      if (target === room || target === "runtime") continue;
      if (!rank.has(target) || rank.get(target) > rank.get(room))
        problems.push(`${file}: imports ${specifier}, to its right`);
      else if (rank.get(target) === rank.get(room)) sideways.set(`${room}>${target}`, file);
    }
  }
  for (const [pair, file] of sideways) {
    const [a, b] = pair.split(">");
    if (sideways.has(`${b}>${a}`)) problems.push(`${file}: ${a} and ${b} import each other`);
  }
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exit(1);
  console.log("layers: imports go leftwards only");
}

const bin = (name) => join(root, "node_modules/.bin", name);
ensureInstalled();
ensureBuilt();
checkLayers();
run(process.execPath, ["scripts/gen.mjs", "--check"]);
console.log("generated files: as their generators make them");
run(bin("tsc"), ["-p", "tsconfig.test.json"]);
console.log("types: core, node and tests");
run(bin("biome"), ["check", "--error-on-warnings", "."]);
run(bin("publint"), ["--strict"]);
run(bin("attw"), ["--pack", ".", "--profile", "esm-only"]);
