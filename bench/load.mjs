// Loads one benchmark program into a backend: a simulated kernel of its own, or the running one.
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

const dist = pathToFileURL(`${process.env.ANYBPF_DIST ?? fileURLToPath(new URL("../dist", import.meta.url))}/`);
const from = (path) => import(new URL(path, dist).href);
const { readObject } = await from("loader/index.js");
const { loadObject, SimulatedKernel } = await from("kernel/index.js");
const { DEFAULT_BUDGET, compileProgram } = await from("vm/index.js");
const { openLinux } = await from("node/linux/index.js");
const { ENGINE, FUEL } = await from("runtime/layout.js");

const u32 = (n) => Uint8Array.from([n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24]);

/** The entry's object in a backend, its maps filled. */
function load(backend, entry) {
  const file = entry.file ?? entry.name;
  const object = loadObject(
    backend,
    readObject(readFileSync(new URL(`programs/${file}.o`, import.meta.url)), { name: file }),
  );
  for (const [map, pairs] of Object.entries(entry.fill ?? {})) for (const [k, v] of pairs) object.maps[map].set(k, v);
  for (const [map, names] of Object.entries(entry.programs ?? {})) {
    for (const [n, name] of names.entries()) object.maps[map].set(u32(n), u32(object.programs[name].fd));
  }
  for (const [map, names] of Object.entries(entry.inner ?? {})) {
    for (const [n, name] of names.entries()) object.maps[map].set(u32(n), u32(object.maps[name].fd));
  }
  return object.programs[file];
}

/** The program in a simulated kernel. `run(engine, count)` runs it on one packet and returns r0. */
export function loadOurs(entry) {
  const kernel = new SimulatedKernel();
  const { vm } = kernel;
  const { fd, type } = load(kernel, entry);
  const { program } = kernel.prog("bench", fd);
  const context = kernel.contexts.of(type);
  const run = (engine, count) => {
    vm.start(engine);
    const address = context.begin(entry.packet);
    const id = vm.memory.view.getUint32(ENGINE, true);
    return Number(BigInt.asUintN(32, vm.runtime.exports.run_repeat(program.slot, id, address, count)));
  };
  /** Instructions of one run, by the interpreter's count. */
  const instructions = () => {
    run("interpreter", 1);
    return Number(DEFAULT_BUDGET - vm.memory.view.getBigInt64(FUEL, true));
  };
  const compile = () =>
    compileProgram(program.image, {
      runtime: vm.runtime,
      helpers: program.helpers,
      slot: program.slot,
      functionSlot: () => 0,
    });
  return { run, instructions, compile, slots: program.image.code.length };
}

let linux;

/** The program in the running kernel: runs it `count` times in one BPF_PROG_TEST_RUN and returns r0 and ns per run. */
export async function loadKernel(entry) {
  linux ??= await openLinux();
  const { fd } = load(linux, entry);
  return (count) => {
    const { retval, duration } = linux.progTestRun(fd, { dataIn: entry.packet, repeat: count });
    // The kernel reports whole nanoseconds, rounded down.
    return { retval, ns: duration + 0.5 };
  };
}
