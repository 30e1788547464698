import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asm, build, label, R0, R1, R2, R10 } from "../../src/asm/index.ts";
import { BtfBuilder } from "../../src/btf/index.ts";
import { type Code, encode, insn } from "../../src/isa/index.ts";
import { Capabilities } from "../../src/node/linux/capabilities.ts";
import { parseCpus } from "../../src/node/linux/cpus.ts";
import { openLinux, verifierStatistics } from "../../src/node/linux/index.ts";
import { MAP_TYPE, PROG_TYPE } from "../../src/uapi/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { runningKernel } from "../support/linux.ts";
import { missing } from "../support/needs.ts";

const kernel = await runningKernel("the running kernel as a backend");
afterAll(() => kernel?.[Symbol.dispose]());

const XDP = PROG_TYPE.BPF_PROG_TYPE_XDP;
const u32 = (n: number) => new Uint8Array(new Uint32Array([n]).buffer);
const u64 = (...n: number[]) => new Uint8Array(new BigUint64Array(n.map(BigInt)).buffer);
const load = (code: Code, type: number = XDP, more = {}) =>
  kernel!.progLoad({ type, insns: encode(code), license: "GPL", name: "test", ...more });
const returns = (value: number) => build([asm.mov64(R0, value), asm.exit()]);

function errorOf(run: () => unknown): BpfError {
  try {
    run();
  } catch (error) {
    if (error instanceof BpfError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
const errnoOf = (run: () => unknown) => errorOf(run).data["name"];

describe.skipIf(kernel === null)("maps", () => {
  const hash = (maxEntries = 8) =>
    kernel!.mapCreate({ type: MAP_TYPE.BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries, name: "h" });

  test("elements come and go", () => {
    const fd = hash();
    expect(kernel!.mapLookup(fd, u32(1))).toBeNull();
    kernel!.mapUpdate(fd, u32(1), u64(10));
    expect(errnoOf(() => kernel!.mapUpdate(fd, u32(1), u64(11), 1))).toBe("EEXIST");
    expect(errnoOf(() => kernel!.mapUpdate(fd, u32(2), u64(11), 2))).toBe("ENOENT");
    expect(kernel!.mapLookup(fd, u32(1))).toEqual(u64(10));
    expect(kernel!.mapNextKey(fd, null)).toEqual(u32(1));
    expect(kernel!.mapNextKey(fd, u32(1))).toBeNull();
    expect(kernel!.mapLookupAndDelete(fd, u32(1))).toEqual(u64(10));
    expect(kernel!.mapDelete(fd, u32(1))).toBe(false);
    expect(kernel!.mapInfo(fd)).toMatchObject({ type: 1, name: "h", keySize: 4, valueSize: 8, maxEntries: 8 });
    kernel!.close(fd);
    expect(errnoOf(() => kernel!.mapLookup(fd, u32(1)))).toBe("EBADF");
    expect(errnoOf(() => kernel!.close(fd))).toBe("EBADF");
  });

  test("sizes that do not fit are named", () => {
    const fd = hash();
    expect(errorOf(() => kernel!.mapUpdate(fd, u32(1), u32(1))).message).toMatch(
      /BPF_MAP_UPDATE_ELEM: EINVAL: map \d+ has keys of 4 and values of 8 bytes, given were 4 and 4/,
    );
    expect(errnoOf(() => kernel!.mapLookup(fd, u64(1)))).toBe("EINVAL");
    kernel!.close(fd);
  });

  test("many elements in one command", () => {
    const fd = hash(1000);
    const keys = Array.from({ length: 1000 }, (_, i) => u32(i));
    kernel!.mapUpdateBatch(
      fd,
      keys,
      keys.map((_, i) => u64(i * 3)),
    );
    const seen = new Map<number, bigint>();
    for (let at: Uint8Array | null = null, more = true; more; ) {
      const batch = kernel!.mapLookupBatch(fd, at, 64);
      for (const [i, key] of batch.keys.entries()) {
        seen.set(new Uint32Array(key.buffer)[0]!, new BigUint64Array(batch.values[i]!.buffer)[0]!);
      }
      at = batch.next;
      more = at !== null;
    }
    expect(seen.size).toBe(1000);
    expect(seen.get(999)).toBe(2997n);
    kernel!.mapDeleteBatch(fd, keys.slice(0, 990));
    const rest = kernel!.mapLookupAndDeleteBatch(fd, null, 100);
    expect(rest.keys.length).toBe(10);
    expect(rest.next).toBeNull();
    expect(kernel!.mapNextKey(fd, null)).toBeNull();
    expect(errnoOf(() => kernel!.mapDeleteBatch(fd, [u32(5)]))).toBe("ENOENT");
    kernel!.close(fd);
  });

  test("values per CPU have a copy for each possible CPU", () => {
    const fd = kernel!.mapCreate({ type: MAP_TYPE.BPF_MAP_TYPE_PERCPU_ARRAY, keySize: 4, valueSize: 4, maxEntries: 2 });
    const value = u64(...Array.from({ length: kernel!.possibleCpus }, (_, cpu) => cpu + 1));
    kernel!.mapUpdate(fd, u32(1), value);
    expect(kernel!.mapLookup(fd, u32(1))).toEqual(value);
    expect(kernel!.mapLookupBatch(fd, null, 10).values).toEqual([new Uint8Array(value.length), value]);
    kernel!.close(fd);
  });

  test("maps in maps, frozen maps, queues, values bigger than a page", () => {
    const inner = hash();
    const outer = kernel!.mapCreate({
      type: MAP_TYPE.BPF_MAP_TYPE_ARRAY_OF_MAPS,
      keySize: 4,
      valueSize: 4,
      maxEntries: 2,
      innerMapFd: inner,
    });
    kernel!.mapUpdate(outer, u32(0), u32(inner));
    expect(kernel!.mapLookup(outer, u32(0))).toEqual(u32(kernel!.mapInfo(inner).id));
    kernel!.mapFreeze(inner);
    expect(errnoOf(() => kernel!.mapUpdate(inner, u32(0), u64(0)))).toBe("EPERM");
    const queue = kernel!.mapCreate({ type: MAP_TYPE.BPF_MAP_TYPE_QUEUE, keySize: 0, valueSize: 8, maxEntries: 2 });
    kernel!.mapUpdate(queue, new Uint8Array(0), u64(5));
    expect(kernel!.mapLookupAndDelete(queue, new Uint8Array(0))).toEqual(u64(5));
    const size = 500_000;
    const big = kernel!.mapCreate({ type: MAP_TYPE.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: size, maxEntries: 1 });
    const value = new Uint8Array(size).map((_, i) => i * 7);
    kernel!.mapUpdate(big, u32(0), value);
    expect(Buffer.compare(kernel!.mapLookup(big, u32(0))!, value)).toBe(0);
    for (const fd of [inner, outer, queue, big]) kernel!.close(fd);
  });

  test("creation says what was asked for", () => {
    const error = errorOf(() =>
      kernel!.mapCreate({ type: MAP_TYPE.BPF_MAP_TYPE_HASH, keySize: 0, valueSize: 8, maxEntries: 1, name: "bad" }),
    );
    expect(error.message).toMatch(
      /BPF_MAP_CREATE: EINVAL: map "bad", type hash, key 0, value 8, max_entries 1, flags 0/,
    );
    const name = "a name with blanks";
    const refused = errorOf(() => kernel!.mapCreate({ type: 1, keySize: 4, valueSize: 4, maxEntries: 1, name }));
    expect(refused.code).toBe("E_LINUX_NAME");
  });

  test("ids and descriptors by id", () => {
    const fd = hash();
    const { id } = kernel!.mapInfo(fd);
    const ids = new Set<number>();
    for (let at = kernel!.mapNextId(0); at !== null; at = kernel!.mapNextId(at)) ids.add(at);
    expect(ids.has(id)).toBe(true);
    const again = kernel!.mapFdById(id);
    kernel!.mapUpdate(again, u32(3), u64(4));
    expect(kernel!.mapLookup(fd, u32(3))).toEqual(u64(4));
    kernel!.close(fd);
    kernel!.close(again);
    expect(errnoOf(() => kernel!.mapFdById(id))).toBe("ENOENT");
  });
});

describe.skipIf(kernel === null)("BTF", () => {
  test("is loaded, typed maps refer to it, and it can be read back", () => {
    const builder = new BtfBuilder();
    const int = builder.add({
      kind: "int",
      name: "unsigned int",
      size: 4,
      bits: 32,
      bitOffset: 0,
      signed: false,
      char: false,
      bool: false,
    });
    const bytes = builder.finish();
    const btf = kernel!.btfLoad(bytes);
    const info = kernel!.btfInfo(btf);
    expect(info.bytes).toEqual(bytes);
    expect(info.kernelBtf).toBe(false);
    const map = kernel!.mapCreate({
      type: MAP_TYPE.BPF_MAP_TYPE_HASH,
      keySize: 4,
      valueSize: 4,
      maxEntries: 1,
      btfFd: btf,
      btfKeyTypeId: int,
      btfValueTypeId: int,
    });
    expect(kernel!.mapInfo(map)).toMatchObject({ btfId: info.id, btfKeyTypeId: int, btfValueTypeId: int });
    const ids = new Set<number>();
    for (let at = kernel!.btfNextId(0); at !== null; at = kernel!.btfNextId(at)) ids.add(at);
    expect(ids.has(info.id)).toBe(true);
    const again = kernel!.btfFdById(info.id);
    expect(kernel!.btfInfo(again).id).toBe(info.id);
    for (const fd of [btf, map, again]) kernel!.close(fd);
  });

  test("the kernel's own has a name", () => {
    const fd = kernel!.btfFdById(1);
    expect(kernel!.btfInfo(fd)).toMatchObject({ name: "vmlinux", kernelBtf: true });
    kernel!.close(fd);
  });

  test("what is refused says why", () => {
    const error = errorOf(() => kernel!.btfLoad(new Uint8Array(40)));
    expect(error.message).toMatch(/^BPF_BTF_LOAD: EINVAL: .*magic/i);
    expect(error.data["log"]).toMatch(/magic/i);
  });
});

describe.skipIf(kernel === null)("programs", () => {
  test("what the verifier refuses comes with its log", () => {
    const error = errorOf(() => load(build([asm.mov64(R0, R2), asm.exit()])));
    expect(error.code).toBe("E_KERNEL");
    expect(error.message).toBe('BPF_PROG_LOAD: EACCES: program "test" of type xdp: R2 !read_ok [E_KERNEL]');
    expect(error.data).toMatchObject({ command: "BPF_PROG_LOAD", errno: 13, name: "EACCES" });
    expect(error.data["log"]).toContain("0: (bf) r0 = r2");
    expect(error.data["log"]).toContain("processed 1 insns");
  });

  test("the log is whole however long it is, and its numbers are true", () => {
    const steps = Array.from({ length: 20_000 }, () => asm.add64(R0, 1));
    let log = "";
    const options = { logLevel: 2 | 4, log: (text: string) => (log = text) };
    kernel!.close(load(build([asm.mov64(R0, 0), ...steps, asm.exit()]), XDP, options));
    expect(log.length).toBeGreaterThan(500_000);
    expect(log.startsWith("func#0 @0")).toBe(true);
    expect(verifierStatistics(log)).toMatchObject({ processed: 20_002, limit: 1_000_000 });
  });

  test("info and ids", () => {
    const fd = load(returns(2));
    const info = kernel!.progInfo(fd);
    expect(info).toMatchObject({ type: XDP, name: "test", insnCount: 2, mapIds: [], gplCompatible: true });
    expect(info.kernel!.xlatedSize).toBe(16);
    expect(info.kernel!.tag).toMatch(/^[0-9a-f]{16}$/);
    const ids = new Set<number>();
    for (let at = kernel!.progNextId(0); at !== null; at = kernel!.progNextId(at)) ids.add(at);
    expect(ids.has(info.id)).toBe(true);
    const again = kernel!.progFdById(info.id);
    expect(kernel!.progTestRun(again, { dataIn: new Uint8Array(64) }).retval).toBe(2);
    kernel!.close(fd);
    kernel!.close(again);
  });

  test("fd arrays: maps by index", () => {
    const map = kernel!.mapCreate({ type: MAP_TYPE.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 1 });
    kernel!.mapUpdate(map, u32(0), u64(7));
    const code: Code = [
      insn("ld_imm64_map_idx_value", { dst: 1, imm: 0 }),
      null,
      insn("ldx64", { dst: 0, src: 1 }),
      insn("exit"),
    ];
    const fd = load(code, XDP, { fdArray: [map] });
    expect(kernel!.progTestRun(fd, { dataIn: new Uint8Array(64) }).retval).toBe(7);
    for (const it of [map, fd]) kernel!.close(it);
  });

  test("test runs: packet, context, repetitions", () => {
    // r0 = ctx->mark; ctx->mark = 9
    const mark = 8;
    const fd = load(
      [insn("ldx32", { dst: 0, src: 1, off: mark }), insn("st32", { dst: 1, off: mark, imm: 9 }), insn("exit")],
      PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS,
    );
    const ctxIn = new Uint8Array(192);
    ctxIn[mark] = 77;
    const run = kernel!.progTestRun(fd, { dataIn: new Uint8Array(100), ctxIn });
    expect(run.retval).toBe(77);
    expect(run.ctxOut[mark]).toBe(9);
    expect(run.dataOut.length).toBe(100);
    expect(kernel!.progTestRun(fd, { dataIn: new Uint8Array(100), repeat: 1000 }).retval).toBe(9);
    expect(errorOf(() => kernel!.progTestRun(fd, { dataIn: new Uint8Array(13) })).message).toMatch(
      /BPF_PROG_TEST_RUN: EINVAL: sched_cls program on a packet of 13 bytes/,
    );
    kernel!.close(fd);
  });

  // One program of every type that can be loaded without a target, on what its test run takes.
  const {
    BPF_PROG_TYPE_RAW_TRACEPOINT: RAW_TP,
    BPF_PROG_TYPE_SYSCALL: SYSCALL,
    BPF_PROG_TYPE_SK_LOOKUP: SK_LOOKUP,
  } = PROG_TYPE;
  const packet = { dataIn: new Uint8Array(64) };
  test.each([
    [PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER, packet, 1, 0],
    [PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS, packet, 1, 0],
    [PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT, packet, 1, 0],
    [XDP, packet, 1, 0],
    [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SKB, packet, 1, 0],
    [PROG_TYPE.BPF_PROG_TYPE_LWT_IN, packet, 1, 0],
    [PROG_TYPE.BPF_PROG_TYPE_LWT_OUT, packet, 1, 0],
    [PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT, packet, 1, 0],
    [PROG_TYPE.BPF_PROG_TYPE_FLOW_DISSECTOR, packet, 1, 0],
    [RAW_TP, { ctxIn: u64(1, 2) }, 1, 0],
    [SYSCALL, { ctxIn: u64(1, 2) }, 1, 0],
    [SK_LOOKUP, { ctxIn: new Uint8Array(64).fill(2, 8, 9) }, 1, 36],
    [PROG_TYPE.BPF_PROG_TYPE_NETFILTER, packet, 1, 45],
  ] as const)("test runs of type %i", (type, input, value, expectedAttachType) => {
    const flags = type === SYSCALL ? 16 : 0; // BPF_F_SLEEPABLE
    const fd = load(returns(value), type, { expectedAttachType, flags });
    expect(kernel!.progTestRun(fd, input).retval).toBe(value);
    kernel!.close(fd);
  });

  test("a type without test runs says so", () => {
    for (const type of ["KPROBE", "SK_SKB", "LWT_SEG6LOCAL", "RAW_TRACEPOINT_WRITABLE"] as const) {
      const fd = load(returns(0), PROG_TYPE[`BPF_PROG_TYPE_${type}`]);
      expect(errorOf(() => kernel!.progTestRun(fd, packet)).message).toMatch(/type \w+ have no test runs/);
      kernel!.close(fd);
    }
  });

  test("a syscall program's context comes back", () => {
    const code = [insn("st64", { dst: 1, off: 8, imm: 5 }), ...build([asm.mov64(R0, 3), asm.exit()])];
    const fd = load(code, SYSCALL, { flags: 16 });
    const { retval, ctxOut } = kernel!.progTestRun(fd, { ctxIn: u64(1, 2) });
    expect(retval).toBe(3);
    expect(ctxOut).toEqual(u64(1, 5));
    kernel!.close(fd);
  });

  test("subprograms and loops of the builder run as they do everywhere", () => {
    const code = build([
      asm.mov64(R0, 0),
      asm.mov64(R1, 10),
      label("again"),
      asm.add64(R0, R1),
      asm.sub64(R1, 1),
      asm.jne64(R1, 0, "again"),
      asm.stx64(R10, -8, R0),
      asm.exit(),
    ]);
    const fd = load(code);
    expect(kernel!.progTestRun(fd, packet).retval).toBe(55);
    kernel!.close(fd);
  });
});

const BPFFS = "pins in a bpffs";
describe.skipIf(kernel === null || missing(BPFFS, "mount"))(BPFFS, () => {
  let dir = "";
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "anybpf-bpffs-"));
    expect(spawnSync("mount", ["-t", "bpf", "none", dir]).status).toBe(0);
  });
  afterAll(() => {
    spawnSync("umount", [dir]);
    rmdirSync(dir);
  });

  test("outlive their descriptors", () => {
    const fd = kernel!.mapCreate({ type: 1, keySize: 4, valueSize: 4, maxEntries: 1, name: "pinned" });
    kernel!.objPin(fd, `${dir}/m`);
    kernel!.close(fd);
    const again = kernel!.objGet(`${dir}/m`);
    expect(kernel!.mapInfo(again).name).toBe("pinned");
    expect(errnoOf(() => kernel!.objPin(again, `${dir}/m`))).toBe("EEXIST");
    expect(errnoOf(() => kernel!.objPin(again, `${dir}/m.x`))).toBe("EPERM");
    kernel!.close(again);
  });

  test("elsewhere and nowhere are told apart", () => {
    const fd = load(returns(0));
    expect(errorOf(() => kernel!.objPin(fd, join(tmpdir(), "anybpf-no-pin"))).message).toMatch(/bpffs/);
    expect(errnoOf(() => kernel!.objGet(`${dir}/nothing`))).toBe("ENOENT");
    kernel!.close(fd);
  });
});

describe("privilege", () => {
  test("what is missing is named", () => {
    const none = new Capabilities(0n);
    expect(() => none.needForProgram(XDP)).toThrow(
      /BPF_PROG_LOAD: a program of type xdp needs CAP_BPF and CAP_NET_ADMIN/,
    );
    expect(() => none.needForMap(MAP_TYPE.BPF_MAP_TYPE_HASH)).toThrow(/a map of type hash needs CAP_BPF,/);
    const bpf = new Capabilities(1n << 39n);
    bpf.needForMap(MAP_TYPE.BPF_MAP_TYPE_HASH);
    bpf.needForProgram(PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER);
    expect(() => bpf.needForProgram(PROG_TYPE.BPF_PROG_TYPE_KPROBE)).toThrow(/needs CAP_PERFMON/);
    expect(() => bpf.needForMap(MAP_TYPE.BPF_MAP_TYPE_DEVMAP)).toThrow(/needs CAP_NET_ADMIN/);
    expect(() => bpf.needForIds("BPF_PROG_GET_NEXT_ID")).toThrow(/needs CAP_SYS_ADMIN/);
    new Capabilities(1n << 21n).needForProgram(XDP);
  });

  test("other systems are told in one line", async () => {
    const { platform } = process;
    Object.defineProperty(process, "platform", { value: "darwin" });
    try {
      await expect(openLinux()).rejects.toThrow(
        /^the running kernel as a backend needs Linux on x86-64 or arm64; this is darwin on \w+ .* \[E_LINUX_SYSTEM\]$/,
      );
    } finally {
      Object.defineProperty(process, "platform", { value: platform });
    }
  });

  test("lists of CPUs", () => {
    expect(parseCpus("0-3,8-9\n")).toEqual([0, 1, 2, 3, 8, 9]);
    expect(parseCpus("0")).toEqual([0]);
    expect(parseCpus("\n")).toEqual([]);
  });
});

describe.skipIf(kernel === null)("descriptors", () => {
  test("are closed together", async () => {
    const backend = await openLinux();
    const fd = backend.mapCreate({ type: 1, keySize: 4, valueSize: 4, maxEntries: 1 });
    const { id } = backend.mapInfo(fd);
    backend[Symbol.dispose]();
    expect(errnoOf(() => kernel!.mapFdById(id))).toBe("ENOENT");
  });
});
