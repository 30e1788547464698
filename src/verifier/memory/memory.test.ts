import { release } from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { runningKernel } from "../../../test/support/linux.ts";
import { skipped } from "../../../test/support/needs.ts";
import { BothVerifiers, kernelBtf, type Trial } from "../../../test/support/verifier/both.ts";
import { MEMORY_CASES, type MemoryCase } from "../../../test/support/verifier/memory-cases.ts";
import { CASE_MAPS, mapOf } from "../../../test/support/verifier/memory-maps.ts";
import { assembleBytes } from "../../asm/index.ts";
import { PROG_TYPE } from "../../uapi/index.ts";
import type { Mode, VerifierMap } from "../types.ts";
import { verify } from "../verify.ts";

const WHAT = "arithmetic and memory against the kernel's verifier";
const MODES: readonly Mode[] = ["root", "bpf"];
/** Cases whose context or return value is described by the kernel's BTF. */
const btf = kernelBtf();

function bytes(one: MemoryCase, fds: ReadonlyMap<string, number>): Uint8Array {
  const insns = assembleBytes(one.asm.replaceAll("; ", "\n"), { maps: fds });
  for (const [at, value] of Object.entries(one.patch ?? {})) insns[Number(at)] = value;
  return insns;
}

function trial(one: MemoryCase, fds: ReadonlyMap<string, number>, maps: ReadonlyMap<number, VerifierMap>): Trial {
  return {
    name: one.name,
    type: PROG_TYPE[one.type ?? "BPF_PROG_TYPE_SCHED_CLS"],
    insns: bytes(one, fds),
    ...(one.attach === undefined ? {} : { expectedAttachType: one.attach }),
    ...(one.flags === undefined ? {} : { flags: one.flags }),
    mapByFd: (fd) => maps.get(fd),
  };
}

describe("arithmetic and memory", () => {
  const names = Object.keys(CASE_MAPS);
  const fds = new Map(names.map((name, i) => [name, 100 + i]));
  const maps = new Map(names.map((name, i) => [100 + i, mapOf(name)]));

  it.each(MODES)("is judged as recorded, for %s", (mode) => {
    const said = MEMORY_CASES.map((one) => {
      const { name, mapByFd, ...rest } = trial(one, fds, maps);
      const input = { ...rest, license: "GPL", mapByFd: mapByFd ?? (() => undefined) };
      const verdict = verify(input, { logLevel: 2, mode, ...(btf === null ? {} : { kernel: { vmlinux: btf } }) });
      return `${name}: ${verdict.accepted ? "ok" : `${verdict.errno} ${verdict.failure?.message}`}`;
    });
    const recorded = MEMORY_CASES.map((one) => `${one.name}: ${mode === "bpf" ? (one.bpf ?? one.root) : one.root}`);
    expect(said).toEqual(recorded);
  });

  it("says the same at log level 0", () => {
    for (const one of MEMORY_CASES) {
      const { mapByFd, ...rest } = trial(one, fds, maps);
      const input = { ...rest, license: "GPL", mapByFd: mapByFd ?? (() => undefined) };
      const { errno, log } = verify(input, btf === null ? {} : { kernel: { vmlinux: btf } });
      expect(`${one.name}: ${errno || "ok"}`).toBe(`${one.name}: ${one.root.split(" ")[0]}`);
      expect(log).toBe("");
    }
  });
});

const usable = btf !== null && release().startsWith("6.18.");
const kernel = usable ? await runningKernel(WHAT) : skipped(WHAT, `Linux ${release()} is not 6.18 with BTF`) && null;

describe.skipIf(kernel === null)(WHAT, () => {
  const fds = new Map<string, number>();
  const maps = new Map<number, VerifierMap>();
  for (const [name, { type, keySize, valueSize, maxEntries, flags, frozen, value }] of Object.entries(CASE_MAPS)) {
    if (kernel === null) break;
    const fd = kernel.mapCreate({ type, keySize, valueSize, maxEntries, flags, name });
    if (value.length > 0) {
      const data = new Uint8Array(valueSize);
      data.set(value);
      kernel.mapUpdate(fd, new Uint8Array(keySize), data);
    }
    if (frozen) kernel.mapFreeze(fd);
    fds.set(name, fd);
    maps.set(fd, mapOf(name));
  }
  afterAll(() => {
    for (const fd of fds.values()) kernel?.close(fd);
    kernel?.[Symbol.dispose]();
  });

  it.each(MODES)("says word for word the same, for %s", (mode) => {
    const both = new BothVerifiers(kernel!, btf!, { mode });
    expect(both.differences(MEMORY_CASES.map((one) => trial(one, fds, maps)))).toEqual([]);
    console.log(`${WHAT}, ${mode}: ${both.compared} programs, ${both.accepted} accepted`);
  });
});
