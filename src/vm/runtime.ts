import { RUNTIME_WASM } from "../runtime/wasm.gen.ts";
import { decodeBase64 } from "../util/index.ts";
import type { GuestMemory } from "./memory.ts";

/** Any function of the runtime module: numbers for i32, BigInt for i64. */
export type RuntimeFunction = (...args: (number | bigint)[]) => number | bigint | undefined;

/** The runtime module (map algorithms, fast interpreter, batch loops) over one guest memory. */
export interface Runtime {
  readonly memory: GuestMemory;
  /** Programs and callbacks by slot; slot 0 is never used. Shared by all compiled programs. */
  readonly table: WebAssembly.Table;
  /** The module's exports by name; also what compiled programs import directly. */
  readonly exports: Readonly<Record<string, RuntimeFunction>>;
}

/** JavaScript that the runtime module calls. */
export interface RuntimeImports {
  /**
   * The fast interpreter calls a helper that lives in JavaScript: arguments r1 to r5 and then r0 are u64 cells at CALL_FRAME.
   * `program` is the slot of the running program, `frame` the lowest stack address in use.
   */
  readonly call_helper: (program: number, helper: number, frame: number) => void;
  /** A helper of the runtime calls back while the stepping interpreter runs: the function's handle, r1 to r5, the lowest stack address in use; r0. */
  readonly call_function: (
    handle: number,
    r1: bigint,
    r2: bigint,
    r3: bigint,
    r4: bigint,
    r5: bigint,
    frame: number,
  ) => bigint;
}

let compiled: WebAssembly.Module | undefined;

/** Instantiates the runtime module over `memory`. The module's code is compiled once per process. */
export function createRuntime(memory: GuestMemory, imports: RuntimeImports): Runtime {
  compiled ??= new WebAssembly.Module(decodeBase64(RUNTIME_WASM));
  const table = new WebAssembly.Table({ element: "anyfunc", initial: 64 });
  const instance = new WebAssembly.Instance(compiled, {
    env: { memory: memory.memory, table, abort: () => undefined, ...imports },
  });
  return { memory, table, exports: instance.exports as Record<string, RuntimeFunction> };
}
