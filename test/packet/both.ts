import { createHelpers } from "../../src/helpers/index.ts";
import { decode, encode, type HelperTable, type Insn, insn, loadImm64 } from "../../src/isa/index.ts";
import { createContext, type RunContext } from "../../src/net/index.ts";
import { contextLayout, helperByName, MAP_TYPE } from "../../src/uapi/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { type EngineName, GuestMemory, plainImage, Vm } from "../../src/vm/index.ts";
import { runningKernel } from "../support/linux.ts";

/** The same packet program on the running kernel and on each engine of ours. */

/** An argument of a helper: a number, the context, or an address in the stack frame or the read-only data. */
export type Arg = number | bigint | "ctx" | { readonly stack: number } | { readonly rodata: number };

export const stack = (offset: number): Arg => ({ stack: offset });
export const rodata = (offset: number): Arg => ({ rodata: offset });

/** A piece of a program: instructions, given how to make the address of read-only data. */
export type Step = (dataAddress: (dst: number, offset: number) => Insn) => Insn[];

/** Writes bytes to the stack frame. */
export function put(offset: number, bytes: ArrayLike<number>): Step {
  return () => Array.from(bytes, (b, i) => insn("st8", { dst: 10, off: offset + i, imm: b }));
}

/** Calls a helper; r0 is its result. */
export function call(name: string, ...args: Arg[]): Step {
  const helper = helperByName(name);
  if (helper === undefined) throw new Error(name);
  return (dataAddress) => [
    ...args.flatMap((arg, i) => {
      const dst = i + 1;
      if (arg === "ctx") return [insn("mov64_reg", { dst, src: 6 })];
      if (typeof arg !== "object") return [loadImm64(dst, BigInt(arg))];
      if ("rodata" in arg) return [dataAddress(dst, arg.rodata)];
      return [insn("mov64_reg", { dst, src: 10 }), insn("add64_imm", { dst, imm: arg.stack })];
    }),
    insn("call_helper", { imm: helper.id }),
  ];
}

const CB = 48;

/** Keeps the low half of r0 in `cb[index]`, which a test run hands back. */
export function keep(index: number): Step {
  return () => [insn("stx32", { dst: 6, src: 0, off: CB + 4 * index })];
}

/** Keeps a context field in `cb[index]`. */
export function keepField(name: string, index: number, type: number): Step {
  const field = contextLayout(type)?.fields.find((f) => f.name === name);
  if (field === undefined) throw new Error(name);
  return () => [
    insn(`ldx${8 * Math.min(field.unit, 8)}`, { dst: 0, src: 6, off: field.offset }),
    insn("stx32", { dst: 6, src: 0, off: CB + 4 * index }),
  ];
}

export const raw =
  (...insns: Insn[]): Step =>
  () =>
    insns;

/** Ends with this value. */
export const end = (value: number): Step => raw(insn("mov64_imm", { dst: 0, imm: value }));

export interface Case {
  readonly name: string;
  readonly type: number;
  readonly steps: readonly Step[];
  readonly packet: Uint8Array;
  readonly ctx?: Uint8Array;
  readonly rodata?: Uint8Array;
  readonly repeat?: number;
}

function program(c: Case, dataAddress: (dst: number, offset: number) => Insn): Uint8Array {
  return encode([insn("mov64_reg", { dst: 6, src: 1 }), ...c.steps.flatMap((step) => step(dataAddress)), insn("exit")]);
}

const kernel = await runningKernel("packet helpers against the running kernel");
export const HAS_KERNEL = kernel !== null;

/** What a test run gave, or its -errno. */
export type Outcome = { retval: number; dataOut: Uint8Array; ctxOut: Uint8Array | undefined } | number;

/** A frozen array of one element with these bytes, as libbpf makes of `.rodata`. */
function createRodata(contents: Uint8Array): number {
  const BPF_F_RDONLY_PROG = 128;
  const map = { type: MAP_TYPE.BPF_MAP_TYPE_ARRAY, keySize: 4, maxEntries: 1, flags: BPF_F_RDONLY_PROG };
  const fd = kernel!.mapCreate({ ...map, valueSize: contents.length });
  kernel!.mapUpdate(fd, new Uint8Array(4), contents);
  kernel!.mapFreeze(fd);
  return fd;
}

/** On the running kernel. @throws BpfError with the verifier's last line where it refuses the program */
export function onKernel(c: Case): Outcome {
  if (kernel === null) throw new Error("no kernel");
  const data = c.rodata === undefined ? -1 : createRodata(c.rodata);
  const insns = program(c, (dst, offset) => insn("ld_imm64_map_value", { dst, imm: data, hi: offset }));
  const fd = kernel.progLoad({ type: c.type, insns, license: "GPL" });
  if (data >= 0) kernel.close(data);
  try {
    const ctx = c.ctx === undefined ? {} : { ctxIn: c.ctx };
    const { retval, dataOut, ctxOut } = kernel.progTestRun(fd, { dataIn: c.packet, ...ctx, repeat: c.repeat ?? 1 });
    return { retval, dataOut, ctxOut: c.ctx === undefined ? undefined : ctxOut };
  } catch (error) {
    if (error instanceof BpfError && error.code === "E_KERNEL") return -(error.data["errno"] as number);
    throw error;
  } finally {
    kernel.close(fd);
  }
}

export const ENGINES: readonly EngineName[] = ["stepping", "interpreter", "jit"];

/** One machine of ours, used over and over: making one costs more than a case. */
const vm = new Vm(new GuestMemory());
const lines: string[] = [];
const contexts = new Map<number, RunContext>();
const helpers = new Map<number, HelperTable>();
const RODATA_SIZE = 4096;
const data = vm.memory.alloc(RODATA_SIZE);
vm.memory.addRegion({ start: data, end: data + RODATA_SIZE, write: false, name: "rodata" });

function contextOf(type: number): RunContext {
  const context = contexts.get(type) ?? createContext(vm.runtime, type);
  if (context === undefined) throw new Error(`no context for type ${type}`);
  contexts.set(type, context);
  return context;
}

function helpersOf(type: number): HelperTable {
  const env = { runtime: vm.runtime, memory: vm.memory, printk: (line: string) => lines.push(line) };
  const made = helpers.get(type) ?? createHelpers(env, type);
  helpers.set(type, made);
  return made;
}

/** On an engine of ours. */
export function onEngine(c: Case, engine: EngineName): Outcome {
  vm.memory.u8.fill(0, data, data + RODATA_SIZE);
  vm.memory.u8.set(c.rodata ?? [], data);
  lines.length = 0;
  const bytes = program(c, (dst, offset) => loadImm64(dst, BigInt(data + offset)));
  const size = contextLayout(c.type)!.size;
  const loaded = vm.load(plainImage(c.name, decode(bytes), { contextSize: size }), helpersOf(c.type));
  try {
    const context = contextOf(c.type);
    const address = context.begin(c.packet, c.ctx);
    if (address < 0) return address;
    let result = 0n;
    for (let n = 0; n < (c.repeat ?? 1); n++) result = vm.run(loaded, engine, address);
    const { dataOut, ctxOut } = context.finish();
    return { retval: Number(BigInt.asUintN(32, result)), dataOut, ctxOut: c.ctx === undefined ? undefined : ctxOut };
  } finally {
    vm.unload(loaded);
  }
}

/** What the last case on an engine of ours printed. */
export function printed(): readonly string[] {
  return lines;
}
