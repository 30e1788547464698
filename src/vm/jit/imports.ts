import type { ArgAbi, Code, HelperBinding, HelperTable, MapRef } from "../../isa/index.ts";
import type { Runtime } from "../runtime.ts";
import { I32, I64, type WasmBytes } from "./wasm.ts";

/** A function that the module imports. */
export interface WasmImport {
  readonly index: number;
  readonly type: number;
  readonly call: unknown;
}

const WASM_TYPE: Readonly<Record<ArgAbi, number>> = { ptr: I32, u32: I32, s32: I32, flags: I32, u64: I64 };

/**
 * Function types and imported functions of one module. All that the program's calls might need is imported before code
 * is emitted, so that function indices are final.
 */
export class Imports {
  readonly types: { readonly params: readonly number[]; readonly results: readonly number[] }[] = [];
  readonly list: WasmImport[] = [];
  /** Type of a program: (ctx, fp) → r0. */
  readonly entryType: number;
  /** Type of a subprogram or callback: (r1 … r5, fp) → r0. */
  readonly functionType: number;
  /** (skb, offset, size) → address of these packet bytes, 0 = none; for offsets below zero. */
  readonly packetAddress: WasmImport | undefined;
  /**
   * Whether code calls through the function table, as it finds out while it is emitted. Others do without: V8 goes through all
   * modules that ever imported a table whenever an element of it changes, which is as often as programs come and go.
   */
  table = false;
  readonly #helpers: HelperTable;
  readonly #byHelper = new Map<number, WasmImport>();
  readonly #byExport = new Map<string, WasmImport>();

  constructor(code: Code, maps: Iterable<MapRef>, helpers: HelperTable, runtime: Runtime) {
    this.#helpers = helpers;
    this.entryType = this.#type([I32, I32], [I64]);
    this.functionType = this.#type([I64, I64, I64, I64, I64, I32], [I64]);
    const ids = new Set<number>();
    let packetLoads = false;
    let indirect = false;
    for (const i of code) {
      if (i == null) continue;
      if (i.form.kind === "call" && i.form.op !== "local") i.form.op === "reg" ? (indirect = true) : ids.add(i.imm);
      else if (i.form.kind === "ld_abs" || i.form.kind === "ld_ind") packetLoads = true;
    }
    if (indirect) for (const id of helpers.keys()) ids.add(id);
    const distinct = new Set(maps);
    for (const { inner } of distinct) if (inner !== undefined) distinct.add(inner);
    for (const id of ids) {
      const binding = helpers.get(id);
      if (binding === undefined || binding.intrinsic !== undefined) continue;
      const type = this.#helperType(binding);
      this.#byHelper.set(id, this.#import(type, binding.call));
      for (const map of distinct) {
        const name = map.exports[binding.name];
        const call = name === undefined ? undefined : runtime.exports[name];
        if (name !== undefined && call !== undefined && !this.#byExport.has(name)) {
          this.#byExport.set(name, this.#import(type, call));
        }
      }
    }
    const slow = runtime.exports["packet_address"];
    if (packetLoads && slow !== undefined) {
      this.packetAddress = this.#import(this.#type([I32, I32, I32], [I32]), slow);
    }
  }

  binding(id: number): HelperBinding | undefined {
    return this.#helpers.get(id);
  }

  /** What a call of helper `id` calls, given the map in r1 where it is known. */
  helper(id: number, map: MapRef | undefined): WasmImport | undefined {
    const binding = this.#helpers.get(id);
    const name = binding === undefined ? undefined : map?.exports[binding.name];
    return (name === undefined ? undefined : this.#byExport.get(name)) ?? this.#byHelper.get(id);
  }

  /** The import object of the module. */
  object(runtime: Runtime): Record<string, Record<string, unknown>> {
    const env: Record<string, unknown> = { m: runtime.memory.memory, ...(this.table ? { t: runtime.table } : {}) };
    for (const { index, call } of this.list) env[index] = call;
    return { e: env };
  }

  writeTypes(out: WasmBytes): void {
    out.leb(this.types.length);
    for (const { params, results } of this.types) {
      out.u8(0x60);
      out.leb(params.length);
      for (const p of params) out.u8(p);
      out.leb(results.length);
      for (const p of results) out.u8(p);
    }
  }

  writeImports(out: WasmBytes): void {
    out.leb(this.list.length + (this.table ? 2 : 1));
    out.name("e");
    out.name("m");
    out.u8(2);
    out.u8(1);
    out.leb(1);
    out.leb(0x10000);
    if (this.table) {
      out.name("e");
      out.name("t");
      out.u8(1);
      out.u8(0x70);
      out.u8(0);
      out.leb(0);
    }
    for (const { index, type } of this.list) {
      out.name("e");
      out.name(String(index));
      out.u8(0);
      out.leb(type);
    }
  }

  #helperType(binding: HelperBinding): number {
    const params = binding.args.map((abi) => WASM_TYPE[abi]);
    if (binding.callback === true) params.push(I32);
    return this.#type(params, binding.ret === "void" ? [] : [binding.ret === "u64" ? I64 : I32]);
  }

  #type(params: readonly number[], results: readonly number[]): number {
    const same = (a: readonly number[], b: readonly number[]): boolean =>
      a.length === b.length && a.every((x, n) => x === b[n]);
    const found = this.types.findIndex((t) => same(t.params, params) && same(t.results, results));
    return found >= 0 ? found : this.types.push({ params, results }) - 1;
  }

  #import(type: number, call: unknown): WasmImport {
    const made = { index: this.list.length, type, call };
    this.list.push(made);
    return made;
  }
}
