import { Worker } from "node:worker_threads";
import type { Vector } from "./vectors.ts";

/** Plain JavaScript: it runs in a thread that can be ended, for changed code may run for ever. */
const CODE = `
const { parentPort, workerData } = require("node:worker_threads");
const { vectors, size, at } = workerData;
const memory = new WebAssembly.Memory({ initial: 512, maximum: 65536 });
const bytes = new Uint8Array(memory.buffer);
const words = new Int32Array(memory.buffer);
const instantiate = (wasm) => new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: { memory } }).exports;
for (const v of vectors) v.expected = new Int32Array(v.after.buffer.slice(v.after.byteOffset, v.after.byteOffset + v.after.length));
function vectorsHold(x) {
  for (const v of vectors) {
    bytes.set(v.before, at);
    const answer = x[v.name](...(v.registers === 2 ? [at, v.same ? at : at + size] : [at]), ...v.rest);
    if (v.answer !== undefined && answer !== v.answer) return false;
    const expected = v.expected;
    const length = v.same ? size / 4 : expected.length;
    for (let n = 0; n < length; n++) if (words[at / 4 + n] !== expected[n]) return false;
  }
  return true;
}
const narrow = (calls) => (x) => calls.every(([name, ...args]) => x[name](...args) === 0);
parentPort.on("message", ({ wasm, calls }) => {
  let held = false;
  try {
    held = (calls === null ? vectorsHold : narrow(calls))(instantiate(wasm));
  } catch {}
  parentPort.postMessage(held);
});
`;

export type Call = readonly [string, ...number[]];

/** Runs checks on modules in a thread; a module that takes too long has failed. */
export class Judge {
  #worker: Worker | null = null;
  readonly #vectors: readonly Vector[];
  readonly #limit: number;

  constructor(vectors: readonly Vector[], limit: number) {
    this.#vectors = vectors;
    this.#limit = limit;
  }

  #start(): Worker {
    const workerData = { vectors: this.#vectors, size: 104, at: 0x10000 };
    return new Worker(CODE, { eval: true, workerData });
  }

  /** Whether the module answers all vectors, or passes the named checks, which answer 0. */
  holds(wasm: Uint8Array, calls: readonly Call[] | null = null): Promise<boolean> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#worker = null;
        void worker.terminate();
        resolve(false);
      }, this.#limit);
      worker.once("message", (held: boolean) => {
        clearTimeout(timer);
        resolve(held);
      });
      worker.postMessage({ wasm, calls });
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}
