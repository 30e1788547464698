import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { asm, build, R0 } from "../../src/asm/index.ts";
import { parseBtf } from "../../src/btf/index.ts";
import { encode } from "../../src/isa/index.ts";
import type { LinkCreateAttr, ProgLoadAttr } from "../../src/kernel/index.ts";
import { ATTACH_TYPE, PROG_TYPE } from "../../src/uapi/index.ts";
import { hasVmlinux, VMLINUX } from "../elf-btf/tools.ts";
import { root } from "../support/cli.ts";
import { runningKernel } from "../support/linux.ts";

/**
 * Links to cgroups, perf events, tracepoints and iterators: tests attach no such thing to the system that they run on. What is
 * checked is that the kernel finds each argument where it looks for it, by the error that names it.
 */

const kernel = await runningKernel("links that are refused");
afterAll(() => kernel?.[Symbol.dispose]());

const load = (type: number, more: Partial<ProgLoadAttr> = {}) =>
  kernel!.progLoad({ type, insns: encode(build([asm.mov64(R0, 1), asm.exit()])), license: "GPL", ...more });

/** A descriptor that is open, but of a map. */
const map = kernel?.mapCreate({ type: 1, keySize: 4, valueSize: 4, maxEntries: 1 }) ?? -1;
const NOT_OPEN = 9999;

function refused(attr: LinkCreateAttr, message: RegExp): void {
  expect(() => kernel!.linkCreate(attr)).toThrow(message);
}

describe.skipIf(kernel === null)("links that are refused", () => {
  test("a program that is not open", () => {
    refused({ progFd: NOT_OPEN, target: 0, attachType: ATTACH_TYPE.BPF_CGROUP_INET_INGRESS }, /EBADF: program 9999 to/);
  });

  test("cgroups: the target is a cgroup's descriptor, the hook is one of the program's type", () => {
    const attachType = ATTACH_TYPE.BPF_CGROUP_INET_EGRESS;
    const progFd = load(PROG_TYPE.BPF_PROG_TYPE_CGROUP_SKB, { expectedAttachType: attachType });
    for (const target of [NOT_OPEN, map]) {
      const text = new RegExp(`EBADF: program ${progFd} to BPF_CGROUP_INET_EGRESS of target ${target}`);
      refused({ progFd, target, attachType }, text);
    }
    refused({ progFd, target: NOT_OPEN, attachType: ATTACH_TYPE.BPF_CGROUP_DEVICE }, /EINVAL/);
    refused({ progFd, target: NOT_OPEN, attachType, flags: 1 << 30 }, /EINVAL/);
    kernel!.close(progFd);
  });

  test("perf events: the target is a perf event's descriptor", () => {
    const progFd = load(PROG_TYPE.BPF_PROG_TYPE_KPROBE);
    const attachType = ATTACH_TYPE.BPF_PERF_EVENT;
    for (const target of [NOT_OPEN, map]) refused({ progFd, target, attachType, cookie: 7n }, /EBADF/);
    refused({ progFd, target: NOT_OPEN, attachType, flags: 1 }, /EINVAL/);
    kernel!.close(progFd);
  });

  test("raw tracepoints: by name, and only for such programs", () => {
    const raw = load(PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT);
    const xdp = load(PROG_TYPE.BPF_PROG_TYPE_XDP);
    const nowhere = "anybpf_no_such_tracepoint";
    expect(() => kernel!.rawTracepointOpen(raw, nowhere)).toThrow(
      /^BPF_RAW_TRACEPOINT_OPEN: ENOENT: anybpf_no_such_tracepoint: No such file/,
    );
    expect(() => kernel!.rawTracepointOpen(NOT_OPEN, nowhere)).toThrow(/EBADF/);
    expect(() => kernel!.rawTracepointOpen(xdp, nowhere)).toThrow(/EINVAL/);
    expect(() => kernel!.rawTracepointOpen(raw, null)).toThrow(/EFAULT: program \d+/);
    for (const fd of [raw, xdp]) kernel!.close(fd);
  });

  test.skipIf(!hasVmlinux)("iterators: of a map that is there, with what the kernel knows of it", () => {
    const vmlinux = parseBtf(readFileSync(VMLINUX), "vmlinux");
    const progFd = load(PROG_TYPE.BPF_PROG_TYPE_TRACING, {
      expectedAttachType: ATTACH_TYPE.BPF_TRACE_ITER,
      attachBtfId: vmlinux.find("bpf_iter_bpf_map_elem", "func")[0]!,
      insns: encode(build([asm.mov64(R0, 0), asm.exit()])),
    });
    // union bpf_iter_link_info: the map's descriptor comes first.
    const info = (fd: number, size: number) => new Uint8Array(Uint32Array.from([fd, ...Array(size / 4 - 1)]).buffer);
    const iterator = { progFd, target: 0, attachType: ATTACH_TYPE.BPF_TRACE_ITER };
    refused(iterator, /EBADF/);
    refused({ ...iterator, iterInfo: info(NOT_OPEN, 16) }, /EBADF/);
    refused({ ...iterator, iterInfo: info(map, 4096).fill(1, 64) }, /E2BIG/);
    refused({ ...iterator, iterInfo: info(map, 16), flags: 1 }, /EINVAL/);
    expect(() => kernel!.iterCreate(NOT_OPEN)).toThrow(/BPF_ITER_CREATE: EBADF: link 9999/);
    expect(() => kernel!.iterCreate(map)).toThrow(/BPF_ITER_CREATE: EINVAL/);
    kernel!.close(progFd);
  });

  test("links that are no links", () => {
    for (const fd of [NOT_OPEN, map]) {
      expect(() => kernel!.linkDetach(fd)).toThrow(/BPF_LINK_DETACH: E(BADF|INVAL): link/);
      expect(() => kernel!.linkUpdate(fd, fd)).toThrow(/BPF_LINK_UPDATE: E(BADF|INVAL): link/);
      expect(() => kernel!.linkInfo(fd)).toThrow(/E(BADF|INVAL)/);
    }
  });
});

test("without koffi the error says what to install", () => {
  // As it was built, where no package is near.
  const dir = mkdtempSync(join(tmpdir(), "anybpf-bare-"));
  try {
    cpSync(`${root}dist`, join(dir, "dist"), { recursive: true });
    const script = `const { openLinux } = await import(${JSON.stringify(join(dir, "dist/node/linux/index.js"))});
      await openLinux().catch((error) => console.log(error.code, error.message));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(stderr).toBe("");
    const expected =
      process.platform === "linux" ? /^E_LINUX_KOFFI .*npm install koffi\): it is not installed/ : /^E_LINUX_SYSTEM/;
    expect(stdout).toMatch(expected);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
