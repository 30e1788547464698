import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { assemble, assemblyToElf } from "../asm/index.ts";
import { readObject } from "../loader/index.ts";
import { BpfError } from "../util/index.ts";
import type { ProgLoadAttr } from "./backend.ts";
import { loadObject } from "./object.ts";
import { SimulatedKernel } from "./simulated.ts";

const bytes = readFileSync(new URL("../../examples/accounting/accounting.bpf.o", import.meta.url));

/** A kernel that keeps what programs were loaded with. */
class Recorder extends SimulatedKernel {
  readonly loads: ProgLoadAttr[] = [];
  override progLoad(attr: ProgLoadAttr): number {
    this.loads.push(attr);
    return super.progLoad(attr);
  }
}

function errorOf(run: () => unknown): BpfError {
  try {
    run();
  } catch (error) {
    if (error instanceof BpfError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("loading an object", () => {
  test("tells the kernel the types of functions and the source lines", () => {
    const kernel = new Recorder();
    const object = loadObject(kernel, readObject(bytes, { name: "a.o" }));
    expect(kernel.loads.length).toBeGreaterThan(0);
    for (const { btfFd, funcInfo, lineInfo } of kernel.loads) {
      expect(btfFd).toBeDefined();
      // Records of 8 and 16 bytes; the first of each is about instruction 0.
      expect(funcInfo!.length % 8).toBe(0);
      expect([...funcInfo!.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
      expect(lineInfo!.length % 16).toBe(0);
      expect([...lineInfo!.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
      expect(lineInfo!.length).toBeGreaterThan(16);
    }
    object.close();
  });

  test("names the object in what the kernel refuses, with code and data as they were", () => {
    const spec = readObject(bytes, { name: "a.o" });
    spec.maps[0]!.maxEntries = 0;
    const map = errorOf(() => loadObject(new SimulatedKernel(), spec));
    expect(map.message).toMatch(/^a\.o: BPF_MAP_CREATE: EINVAL.* \[E_KERNEL\]$/);
    expect(map.data).toMatchObject({ command: "BPF_MAP_CREATE", name: "EINVAL" });
    expect(map.cause).toBeInstanceOf(BpfError);
  });

  test("names it in what program loading refuses, and only once in what names it already", () => {
    const text = '.section xdp,"ax"\n.globl prog\nprog: r2 = 0\ncall 26\nexit\n';
    const spec = readObject(assemblyToElf(assemble(text)), { name: "a.o" });
    const helper = errorOf(() => loadObject(new SimulatedKernel({ verify: false }), spec));
    expect(helper.message).toBe(
      "a.o: program prog: instruction 1: helper 26 does not exist, or not for programs of type xdp [E_PROG_HELPER]",
    );
    expect(helper.data).toMatchObject({ program: "prog", slot: 1, helper: 26 });
    const unknown = errorOf(() => loadObject(new SimulatedKernel(), spec, { programs: ["nobody"] }));
    expect(unknown.message).toMatch(/^a\.o: no program is named "nobody"/);
  });
});
