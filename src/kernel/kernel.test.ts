import { beforeEach, describe, expect, it } from "vitest";
import { asm, build, label, R0, R1, R2, R10 } from "../asm/index.ts";
import { type Code, encode, insn } from "../isa/index.ts";
import { MAP_TYPE, PROG_TYPE } from "../uapi/index.ts";
import { SimulatedKernel } from "./simulated.ts";

const XDP = PROG_TYPE.BPF_PROG_TYPE_XDP;
const packet = new Uint8Array(64);
const u32 = (n: number) => new Uint8Array(new Uint32Array([n]).buffer);

let kernel: SimulatedKernel;
beforeEach(() => {
  kernel = new SimulatedKernel();
});

const load = (code: Code, type: number = XDP) =>
  kernel.progLoad({ type, insns: encode(code), license: "GPL", name: "test" });
const returns = (value: number) => load(build([asm.mov64(R0, value), asm.exit()]));
const arrayMap = (name = "m") =>
  kernel.mapCreate({ type: MAP_TYPE.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 2, name });
const errnoOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return (error as { data?: { name?: string } }).data?.name;
  }
  return "none";
};

describe("ids, descriptors and references", () => {
  it("gives ids in order and never again", () => {
    const a = arrayMap("a");
    const b = arrayMap("b");
    const first = kernel.mapInfo(a).id;
    expect(kernel.mapInfo(b).id).toBe(first + 1);
    expect(kernel.mapNextId(0)).toBe(first);
    kernel.close(b);
    expect(kernel.mapNextId(first)).toBeNull();
    expect(kernel.mapInfo(arrayMap("c")).id).toBe(first + 2);
    expect(errnoOf(() => kernel.mapFdById(first + 1))).toBe("ENOENT");
  });

  it("keeps a map while a program uses it", () => {
    const map = arrayMap();
    const { id } = kernel.mapInfo(map);
    const prog = load([insn("ld_imm64_map_fd", { dst: 1, imm: map }), null, ...build([asm.mov64(R0, 2), asm.exit()])]);
    kernel.close(map);
    expect(kernel.progInfo(prog).mapIds).toEqual([id]);
    expect(kernel.mapInfo(kernel.mapFdById(id)).name).toBe("m");
    kernel.close(prog);
  });

  it("keeps what is pinned, and refuses names that bpffs refuses", () => {
    const map = arrayMap();
    kernel.objPin(map, "/sys/fs/bpf/m");
    kernel.close(map);
    expect(kernel.mapInfo(kernel.objGet("/sys/fs/bpf/m")).name).toBe("m");
    const other = arrayMap();
    expect(errnoOf(() => kernel.objPin(other, "/sys/fs/bpf/m"))).toBe("EEXIST");
    expect(errnoOf(() => kernel.objPin(other, "/sys/fs/bpf/a.b"))).toBe("EPERM");
    expect(errnoOf(() => kernel.objPin(other, `/sys/fs/bpf/${"x".repeat(256)}`))).toBe("ENAMETOOLONG");
    expect(errnoOf(() => kernel.objGet("/sys/fs/bpf/nothing"))).toBe("ENOENT");
  });

  it("tells descriptors of the wrong kind from closed ones", () => {
    const map = arrayMap();
    const prog = returns(2);
    expect(errnoOf(() => kernel.progTestRun(map, { dataIn: packet }))).toBe("EINVAL");
    expect(errnoOf(() => kernel.mapLookup(prog, u32(0)))).toBe("EINVAL");
    kernel.close(map);
    expect(errnoOf(() => kernel.mapLookup(map, u32(0)))).toBe("EBADF");
    expect(errnoOf(() => kernel.close(map))).toBe("EBADF");
  });

  it("refuses names the kernel refuses", () => {
    expect(errnoOf(() => arrayMap("sixteen_letters_"))).toBe("EINVAL");
    expect(errnoOf(() => arrayMap("a b"))).toBe("EINVAL");
  });
});

describe("maps that hold descriptors", () => {
  it("show ids for what programs use", () => {
    const stages = kernel.mapCreate({
      type: MAP_TYPE.BPF_MAP_TYPE_PROG_ARRAY,
      keySize: 4,
      valueSize: 4,
      maxEntries: 2,
    });
    const prog = returns(1);
    kernel.mapUpdate(stages, u32(1), u32(prog));
    expect(kernel.mapLookup(stages, u32(1))).toEqual(u32(kernel.progInfo(prog).id));
    expect(kernel.mapLookup(stages, u32(0))).toBeNull();
    expect(errnoOf(() => kernel.mapUpdate(stages, u32(0), u32(9999)))).toBe("EBADF");
    expect(errnoOf(() => kernel.mapUpdate(stages, u32(0), u32(stages)))).toBe("EINVAL");
  });

  it("take inner maps that are like their template only", () => {
    const template = arrayMap();
    const outer = kernel.mapCreate({
      type: MAP_TYPE.BPF_MAP_TYPE_ARRAY_OF_MAPS,
      keySize: 4,
      valueSize: 4,
      maxEntries: 1,
      innerMapFd: template,
    });
    kernel.mapUpdate(outer, u32(0), u32(arrayMap("inner")));
    const other = kernel.mapCreate({ type: MAP_TYPE.BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries: 2 });
    expect(errnoOf(() => kernel.mapUpdate(outer, u32(0), u32(other)))).toBe("EINVAL");
  });
});

describe("loading programs", () => {
  const ret = [asm.mov64(R0, 0), asm.exit()];
  it.each([
    ["no instructions", [], "E_PROG_EMPTY"],
    ["a jump out of the program", [insn("ja", { off: 5 }), ...build(ret)], "E_PROG_JUMP"],
    ["a jump back out of the program", [insn("ja", { off: -3 }), ...build(ret)], "E_PROG_JUMP"],
    ["a jump into an immediate", [insn("ja", { off: 1 }), insn("ld_imm64"), null, ...build(ret)], "E_PROG_JUMP"],
    [
      "a jump into another function",
      [insn("call_local", { off: 2 }), insn("ja", { off: 1 }), ...build(ret), ...build(ret)],
      "E_PROG_JUMP",
    ],
    ["no exit", build([asm.mov64(R0, 0)]), "E_PROG_FALL"],
    ["a helper that does not exist", build([asm.call_helper(9999), asm.exit()]), "E_PROG_HELPER"],
    ["a helper of other program types", build([asm.call_helper("bpf_skb_load_bytes"), asm.exit()]), "E_PROG_HELPER"],
    ["a kernel function", [insn("call_kfunc", { imm: 1 }), insn("exit")], "E_PROG_KFUNC"],
    [
      "a descriptor that is no map",
      [insn("ld_imm64_map_fd", { dst: 1, imm: 77 }), null, ...build(ret)],
      "E_PROG_MAP_FD",
    ],
  ] as [string, Code, string][])("refuses %s, even without verification", (_, code, expected) => {
    kernel = new SimulatedKernel({ verify: false });
    expect(() => load(code)).toThrow(expect.objectContaining({ code: expected }));
    expect(kernel.progNextId(0)).toBeNull();
  });

  it("refuses what the verifier refuses, with its log", () => {
    const stray = build([asm.mov64(R1, 0), asm.ldx64(R0, R1, 8), asm.exit()]);
    expect(() => load(stray)).toThrow(/EACCES: program "test" of type xdp: R1 invalid mem access 'scalar'.*E_KERNEL/);
    let log = "";
    const attr = { type: XDP, insns: encode(stray), license: "GPL", logLevel: 1, log: (text: string) => (log = text) };
    expect(errnoOf(() => kernel.progLoad(attr))).toBe("EACCES");
    expect(log).toContain("1: (79) r0 = *(u64 *)(r1 +8)\nR1 invalid mem access 'scalar'\nprocessed 2 insns");
  });

  it("refuses program types that it does not have, by name", () => {
    expect(() => load(build(ret), PROG_TYPE.BPF_PROG_TYPE_KPROBE)).toThrow(/kprobe.*E_KERNEL/);
  });
});

describe("test runs", () => {
  it.each(["jit", "interpreter", "stepping"] as const)("end runaway programs by their budget (%s)", (engine) => {
    kernel = new SimulatedKernel({ engine, budget: 10_000n, unchecked: true });
    const forever = load(build([label("again"), asm.mov64(R0, 1), asm.ja("again"), asm.exit()]));
    expect(() => kernel.progTestRun(forever, { dataIn: packet })).toThrow(/E_RUN_BUDGET/);
    expect(kernel.progTestRun(returns(2), { dataIn: packet }).retval).toBe(2);
  });

  it("say where a program strays, with every access checked", () => {
    kernel = new SimulatedKernel({ verify: false });
    expect(kernel.engine).toBe("stepping");
    const stray = load(build([asm.mov64(R1, 0), asm.ldx64(R0, R1, 8), asm.exit()]));
    expect(() => kernel.progTestRun(stray, { dataIn: packet })).toThrow(
      /instruction 1 .*read of 8 bytes at 0x8.*E_RUN_ACCESS/,
    );
  });

  it("refuse packets that the kernel refuses", () => {
    const prog = returns(2);
    expect(errnoOf(() => kernel.progTestRun(prog, { dataIn: new Uint8Array(13) }))).toBe("EINVAL");
    expect(errnoOf(() => kernel.progTestRun(prog, { dataIn: packet, ctxIn: new Uint8Array(25).fill(1) }))).toBe(
      "E2BIG",
    );
  });

  it("move the clock and draw random numbers the same way in every machine", () => {
    const sample = () => {
      const machine = new SimulatedKernel({ seed: 7n });
      const code = build([asm.call_helper("bpf_get_prandom_u32"), asm.exit()]);
      const prog = machine.progLoad({ type: XDP, insns: encode(code), license: "GPL" });
      return [1, 2, 3].map(() => machine.progTestRun(prog, { dataIn: packet }).retval);
    };
    expect(sample()).toEqual(sample());
    expect(new Set(sample()).size).toBe(3);
  });

  it("let a program write its stack and read it back", () => {
    const prog = load(
      build([asm.mov64(R2, 41), asm.stx64(R10, -8, R2), asm.ldx64(R0, R10, -8), asm.add64(R0, 1), asm.exit()]),
    );
    expect(kernel.progTestRun(prog, { dataIn: packet }).retval).toBe(42);
  });
});
