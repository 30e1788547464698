import type { ProgramImage } from "../../isa/index.ts";
import { type JitEnvironment, type ModuleContext, writeFunction } from "./function.ts";
import { Imports } from "./imports.ts";
import { GLOBAL } from "./segments.ts";
import { I32, I64, SECTION, W, WasmBytes } from "./wasm.ts";

export type { JitEnvironment } from "./function.ts";

/** A program as a WebAssembly module. */
export interface CompiledProgram {
  readonly bytes: Uint8Array;
  /** Instantiates the module over the runtime's memory and puts its entry and callbacks into the function table. */
  install(): void;
}

function section(out: WasmBytes, id: number, write: () => void): void {
  out.u8(id);
  const start = out.beginSized();
  write();
  out.endSized(start);
}

/** The globals through which the segments of large functions pass registers. */
function writeGlobals(out: WasmBytes): void {
  out.leb(GLOBAL.count);
  for (let n = 0; n < GLOBAL.count; n++) {
    const wide = n < GLOBAL.mayGoto;
    out.u8(wide ? I64 : I32);
    out.u8(1);
    if (wide) out.i64(0, 0);
    else out.i32(0);
    out.u8(W.end);
  }
}

/** Compiles a verified program to a WebAssembly module; every function of the program is a function of the module. */
export function compileProgram(image: ProgramImage, env: JitEnvironment): CompiledProgram {
  const starts = image.subprogs;
  const imports = new Imports(image.code, image.maps.values(), env.helpers, env.runtime);
  const indices = new Map(starts.map((start, n) => [start, imports.list.length + n]));
  const pointers = new Set<number>([0]);
  image.code.forEach((i, slot) => {
    if (i?.form.name === "ld_imm64_func") pointers.add(slot + 1 + i.off);
  });
  const bodies = new WasmBytes(1024 + 12 * image.code.length);
  const module: ModuleContext = { image, env, imports, indices, parts: new WasmBytes(), partTypes: [] };
  starts.forEach((start, n) => {
    writeFunction(bodies, module, { start, end: starts[n + 1] ?? image.code.length });
  });
  const out = new WasmBytes(512 + bodies.length + module.parts.length);
  out.append(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  section(out, SECTION.type, () => imports.writeTypes(out));
  section(out, SECTION.import, () => imports.writeImports(out));
  section(out, SECTION.function, () => {
    out.leb(starts.length + module.partTypes.length);
    for (const start of starts) out.leb(start === 0 ? imports.entryType : imports.functionType);
    for (const type of module.partTypes) out.leb(type);
  });
  if (module.partTypes.length > 0) section(out, SECTION.global, () => writeGlobals(out));
  section(out, SECTION.export, () => {
    out.leb(pointers.size);
    for (const start of pointers) {
      out.name(String(start));
      out.u8(0);
      out.leb(indices.get(start) ?? 0);
    }
  });
  section(out, SECTION.code, () => {
    out.leb(starts.length + module.partTypes.length);
    out.append(bodies.view());
    out.append(module.parts.view());
  });
  const bytes = out.view();
  let instance: WebAssembly.Instance | undefined;
  return {
    bytes,
    install: () => {
      const { runtime } = env;
      instance ??= new WebAssembly.Instance(new WebAssembly.Module(bytes), imports.object(runtime));
      for (const start of pointers) {
        runtime.table.set(start === 0 ? env.slot : env.functionSlot(start), instance.exports[String(start)]);
      }
    },
  };
}
