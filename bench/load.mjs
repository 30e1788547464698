// Loads one benchmark program into a Vm and, where it may, into the running kernel.
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as kernel from "./kernel.mjs";

const dist = pathToFileURL(`${process.env.ANYBPF_DIST ?? fileURLToPath(new URL("../dist", import.meta.url))}/`);
const from = (path) => import(new URL(path, dist).href);
const { readObject, linkProgram } = await from("loader/index.js");
const { encode, insn, loadImm64 } = await from("isa/index.js");
const { DEFAULT_BUDGET, Vm, compileProgram } = await from("vm/index.js");
const { createMap } = await from("maps/index.js");
const layout = await from("runtime/layout.js");

const XDP_HEADROOM = 256;
const FRAME_ROOM = 4096;

/** The helpers that the programs call, for any map; calls with a known map go to the map type's own export. */
function helpers(vm, maps) {
  const byAddress = new Map();
  for (const map of maps) byAddress.set(map.address, map);
  const dispatch = (helper) => {
    const cache = new Map();
    return (address, ...args) => {
      let call = cache.get(address);
      if (call === undefined) {
        call = vm.runtime.exports[byAddress.get(address).ref.exports[helper]];
        cache.set(address, call);
      }
      return call(address, ...args);
    };
  };
  const row = (id, name, args, ret) => [id, { id, name, args, ret, call: dispatch(name) }];
  return new Map([
    row(1, "bpf_map_lookup_elem", ["ptr", "ptr"], "ptr"),
    row(2, "bpf_map_update_elem", ["ptr", "ptr", "ptr", "flags"], "int"),
    [12, { id: 12, name: "bpf_tail_call", args: [], ret: "void", call: () => 0, intrinsic: "tail_call" }],
  ]);
}

function spec(name) {
  return readObject(readFileSync(new URL(`programs/${name}.o`, import.meta.url)));
}

/** The program in a machine of its own: a function that runs it `count` times on one engine. */
export function loadOurs(entry) {
  const object = spec(entry.file ?? entry.name);
  const vm = new Vm();
  const maps = new Map();
  const references = { acquire: (value) => value, release: () => undefined, id: (value) => value };
  const make = (map) => {
    const made = createMap(vm.runtime, {
      ...map,
      id: maps.size + 1,
      cpus: 1,
      references,
      ...(map.inner === null ? { inner: undefined } : { inner: make({ ...map.inner, name: "inner" }) }),
    });
    if (typeof made === "number") throw new Error(`map ${map.name}: errno ${-made}`);
    return made;
  };
  for (const map of object.maps) maps.set(map.name, make(map));
  const all = [...maps.values()];
  const table = helpers(vm, all);
  const loaded = new Map();
  let code = [];
  for (const program of object.programs) {
    const linked = linkProgram(object, program);
    const refs = new Map();
    code = linked.code.slice();
    for (const { slot, map } of linked.mapReferences) {
      code[slot] = loadImm64(code[slot].dst, BigInt(maps.get(map).address));
      refs.set(slot, maps.get(map).ref);
    }
    const image = {
      name: program.name,
      code,
      subprogs: linked.functions.map((f) => f.start),
      maps: refs,
      contextSize: layout.XDP_CONTEXT_SIZE,
      skb: false,
    };
    loaded.set(program.name, vm.load(image, table));
  }
  const value32 = (value) => Uint8Array.from([value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24]);
  fill(entry, (name, key, value) => maps.get(name).update(key, value, 0), {
    program: (name) => value32(loaded.get(name).slot),
    map: (name) => value32(maps.get(name).address),
  });
  const main = loaded.get(entry.file ?? entry.name);
  const frame = vm.memory.alloc(FRAME_ROOM);
  const context = vm.memory.alloc(layout.XDP_CONTEXT_SIZE);
  const data = frame + XDP_HEADROOM;
  vm.memory.u8.set(entry.packet, data);
  const set = (offset, value) => vm.memory.view.setUint32(context + offset, value, true);
  set(layout.XDP_DATA, data);
  set(layout.XDP_DATA_END, data + entry.packet.length);
  set(layout.XDP_DATA_META, data);
  set(layout.XDP_HARD_START, frame);
  set(layout.XDP_FRAME_END, frame + FRAME_ROOM);
  const engines = { jit: layout.ENGINE_JIT, interpreter: layout.ENGINE_INTERPRETER };
  const run = (engine, count) => {
    vm.start(engine);
    const result = vm.runtime.exports.run_repeat(main.slot, engines[engine], context, count, 1);
    return Number(BigInt.asUintN(32, result));
  };
  /** Instructions of one run, by the interpreter's count. */
  const instructions = () => {
    vm.start("interpreter");
    vm.runtime.exports.run_repeat(main.slot, engines.interpreter, context, 1, 1);
    return Number(DEFAULT_BUDGET - vm.memory.view.getBigInt64(layout.FUEL, true));
  };
  const compile = () =>
    compileProgram(main.image, { runtime: vm.runtime, helpers: table, slot: main.slot, functionSlot: () => 0 });
  return { run, instructions, compile, slots: main.image.code.length, image: main.image };
}

function fill(entry, update, value) {
  const u32 = (n) => Uint8Array.from([n & 255, n >> 8, 0, 0]);
  for (const [map, pairs] of Object.entries(entry.fill ?? {})) for (const [k, v] of pairs) update(map, k, v);
  for (const [map, names] of Object.entries(entry.programs ?? {})) {
    for (const [n, name] of names.entries()) update(map, u32(n), value.program(name));
  }
  for (const [map, names] of Object.entries(entry.inner ?? {})) {
    for (const [n, name] of names.entries()) update(map, u32(n), value.map(name));
  }
}

/** The program in the running kernel: a function that runs it `count` times in one BPF_PROG_TEST_RUN. */
export function loadKernel(entry) {
  const object = spec(entry.file ?? entry.name);
  const fds = new Map();
  const make = (map) => kernel.createMap(map, map.inner === null ? 0 : make(map.inner));
  for (const map of object.maps) fds.set(map.name, make(map));
  const programs = new Map();
  for (const program of object.programs) {
    const linked = linkProgram(object, program);
    const code = linked.code.slice();
    for (const { slot, map } of linked.mapReferences) {
      code[slot] = insn("ld_imm64_map_fd", { dst: code[slot].dst, imm: fds.get(map) });
    }
    programs.set(program.name, kernel.loadProgram(encode(code)));
  }
  const fd32 = (fd) => Uint8Array.from([fd & 255, fd >> 8, 0, 0]);
  fill(entry, (name, key, value) => kernel.updateMap(fds.get(name), key, value), {
    program: (name) => fd32(programs.get(name)),
    map: (name) => fd32(fds.get(name)),
  });
  return kernel.testRunner(programs.get(entry.file ?? entry.name), entry.packet);
}
