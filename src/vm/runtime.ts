import { RUNTIME_WASM } from "../runtime/wasm.gen.ts";
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

function decodeBase64(text: string): Uint8Array {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const value = new Uint8Array(128);
  for (let i = 0; i < 64; i++) value[alphabet.charCodeAt(i)] = i;
  const length = Math.floor((text.replace(/=+$/, "").length * 3) / 4);
  const bytes = new Uint8Array(length);
  for (let i = 0, o = 0; o < length; i += 4) {
    const word =
      (value[text.charCodeAt(i)]! << 18) |
      (value[text.charCodeAt(i + 1)]! << 12) |
      (value[text.charCodeAt(i + 2) || 65]! << 6) |
      value[text.charCodeAt(i + 3) || 65]!;
    bytes[o++] = word >> 16;
    if (o < length) bytes[o++] = word >> 8;
    if (o < length) bytes[o++] = word;
  }
  return bytes;
}

/** Instantiates the runtime module over `memory`. The module's code is compiled once per process. */
export function createRuntime(memory: GuestMemory, imports: RuntimeImports): Runtime {
  compiled ??= new WebAssembly.Module(decodeBase64(RUNTIME_WASM));
  const table = new WebAssembly.Table({ element: "anyfunc", initial: 64 });
  const instance = new WebAssembly.Instance(compiled, {
    env: { memory: memory.memory, table, abort: () => undefined, ...imports },
  });
  return { memory, table, exports: instance.exports as Record<string, RuntimeFunction> };
}
