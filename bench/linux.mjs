// The running kernel as a backend: `node bench/linux.mjs [object]`. What an operation on a map costs through LinuxBackend, and
// what loading the largest example costs beside libbpf and bpftool, in turns. Needs a build, root, bpftool and libbpf.so.1.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmdirSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import koffi from "koffi";
import { loadObject } from "../dist/kernel/index.js";
import { readObject } from "../dist/loader/index.js";
import { openLinux } from "../dist/node/linux/index.js";

const LARGEST = fileURLToPath(new URL("../examples/firewall/firewall.bpf.o", import.meta.url));
const file = process.argv[2] ?? LARGEST;
const ROUNDS = 300;

const sorted = (list) => list.toSorted((a, b) => a - b);
const median = (list) => sorted(list)[list.length >> 1];
const us = (milliseconds) => `${(1000 * milliseconds).toFixed(1).padStart(8)} us`;

/** Milliseconds that each of some jobs takes, by name, in turns. */
function inTurns(rounds, jobs) {
  const times = Object.fromEntries(Object.keys(jobs).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, job] of Object.entries(jobs)) {
      const start = performance.now();
      job();
      times[name].push(performance.now() - start);
    }
  }
  return times;
}

/** Prints medians, and how they compare to the first. */
function print(times) {
  const [first] = Object.values(times).map(median);
  for (const [name, list] of Object.entries(times)) {
    const ninth = sorted(list)[Math.floor(list.length * 0.9)];
    console.log(
      `  ${name.padEnd(44)}${us(median(list))}  90 % ${us(ninth)}  ${(median(list) / first).toFixed(2).padStart(6)}`,
    );
  }
}

const kernel = await openLinux();

function maps() {
  const key = new Uint8Array(4);
  const value = new Uint8Array(8);
  const OPERATIONS = 1000;
  const many = (operation) => () => {
    for (let n = 0; n < OPERATIONS; n++) {
      key[0] = n;
      operation();
    }
  };
  for (const [name, type] of [
    ["array", 2],
    ["hash", 1],
  ]) {
    const fd = kernel.mapCreate({ type, keySize: 4, valueSize: 8, maxEntries: 256 });
    const times = inTurns(ROUNDS, {
      [`${name} update`]: many(() => kernel.mapUpdate(fd, key, value)),
      [`${name} lookup`]: many(() => kernel.mapLookup(fd, key)),
    });
    for (const [operation, list] of Object.entries(times)) {
      console.log(`  ${operation.padEnd(44)}${us(median(list) / OPERATIONS)}`);
    }
    kernel.close(fd);
  }
}

/** libbpf's open, load and close, as functions of one object file. */
function libbpf() {
  const library = koffi.load("libbpf.so.1");
  const open = library.func("void *bpf_object__open_file(const char *path, void *options)");
  const load = library.func("int bpf_object__load(void *object)");
  const close = library.func("void bpf_object__close(void *object)");
  return {
    open: () => open(file, null),
    load(object) {
      if (load(object) !== 0) throw new Error("libbpf could not load");
    },
    close,
  };
}

function loads() {
  const { open, load, close } = libbpf();
  const parsed = readObject(readFileSync(file), { name: file });
  print(
    inTurns(ROUNDS, {
      "libbpf: open, load, close": () => {
        const object = open();
        load(object);
        close(object);
      },
      "anybpf: readObject, loadObject, close": () =>
        loadObject(kernel, readObject(readFileSync(file), { name: file })).close(),
      "anybpf: loadObject, close (read before)": () => loadObject(kernel, parsed).close(),
      "libbpf: open, close": () => close(open()),
      "anybpf: readObject": () => readObject(readFileSync(file), { name: file }),
    }),
  );
}

/** Whole processes, in a bpffs of their own where bpftool pins what it loads. */
function processes() {
  const dir = mkdtempSync(join(tmpdir(), "anybpf-bench-"));
  spawnSync("mount", ["-t", "bpf", "none", dir]);
  const run = (command, ...args) => {
    const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${command}: ${stderr}`);
  };
  const script = `import { readFileSync } from "node:fs";
    const { loadObject } = await import(${JSON.stringify(new URL("../dist/kernel/index.js", import.meta.url).href)});
    const { readObject } = await import(${JSON.stringify(new URL("../dist/loader/index.js", import.meta.url).href)});
    const { openLinux } = await import(${JSON.stringify(new URL("../dist/node/linux/index.js", import.meta.url).href)});
    loadObject(await openLinux(), readObject(readFileSync(${JSON.stringify(file)})));`;
  try {
    print(
      inTurns(15, {
        "bpftool prog load, a process": () => {
          run("bpftool", "prog", "load", file, `${dir}/p`);
          unlinkSync(`${dir}/p`);
        },
        "anybpf, a process of Node": () => run(process.execPath, "--input-type=module", "-e", script),
        "Node, a process that does nothing": () => run(process.execPath, "--input-type=module", "-e", ""),
      }),
    );
  } finally {
    spawnSync("umount", [dir]);
    rmdirSync(dir);
  }
}

console.log("operations on a map of 8-byte values, a call each");
maps();
console.log("loading, in one process");
const before = performance.now();
loadObject(kernel, readObject(readFileSync(file), { name: file })).close();
console.log(`  the first load of the process: ${us(performance.now() - before)}`);
loads();
console.log("loading, as processes");
processes();
