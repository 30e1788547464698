import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { expect, test } from "vitest";
import { skipped } from "../../test/support/needs.ts";
import { type Btf, parseBtf } from "../btf/index.ts";
import { findKfunc, KF_ITER_NEXT, KF_RET_NULL, KFUNCS, mayCallKfunc } from "./kfuncs.ts";
import { PROG_TYPE as P } from "./program-types.ts";

const VMLINUX = "/sys/kernel/btf/vmlinux";
const is618 = existsSync(VMLINUX) && release().startsWith("6.18.");
const without = !is618 && skipped("the kernel's own list of kfuncs", `Linux ${release()} is not 6.18 with BTF`);

test("names are unique, and every iterator has its three functions", () => {
  const names = KFUNCS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const next = KFUNCS.filter(({ flags }) => (flags & KF_ITER_NEXT) !== 0);
  expect(next.length).toBeGreaterThan(5);
  for (const { name, flags } of next) {
    expect(flags & KF_RET_NULL).not.toBe(0);
    expect(findKfunc(name.replace(/_next$/, "_new"))).toBeDefined();
    expect(findKfunc(name.replace(/_next$/, "_destroy"))).toBeDefined();
  }
});

test("programs call what is for their type and attach type", () => {
  const may = (name: string, type: number, attach = 0) => mayCallKfunc(findKfunc(name)!, type, attach);
  expect(may("bpf_rcu_read_lock", P.BPF_PROG_TYPE_SOCKET_FILTER)).toBe(true);
  expect(may("bpf_task_acquire", P.BPF_PROG_TYPE_SCHED_CLS)).toBe(true);
  expect(may("bpf_task_acquire", P.BPF_PROG_TYPE_RAW_TRACEPOINT)).toBe(false);
  expect(may("bpf_dynptr_from_xdp", P.BPF_PROG_TYPE_XDP)).toBe(true);
  expect(may("bpf_sock_destroy", P.BPF_PROG_TYPE_TRACING, 28)).toBe(true);
  expect(may("bpf_sock_destroy", P.BPF_PROG_TYPE_TRACING, 23)).toBe(false);
  expect(may("bpf_path_d_path", P.BPF_PROG_TYPE_TRACING, 23)).toBe(false);
  expect(may("bpf_fentry_test1", P.BPF_PROG_TYPE_SYSCALL)).toBe(false);
});

/** Names of the functions that the kernel's BTF tags as kfuncs. */
function taggedKfuncs(btf: Btf): string[] {
  const names: string[] = [];
  for (let id = 1; id < btf.count; id++) {
    if (btf.kindOf(id) !== "decl_tag" || btf.nameOf(id) !== "bpf_kfunc") continue;
    const tag = btf.type(id);
    if (tag.kind === "decl_tag") names.push(btf.nameOf(tag.type));
  }
  return names;
}

test.skipIf(without)("every kfunc of the running kernel has a row", () => {
  const tagged = taggedKfuncs(parseBtf(readFileSync(VMLINUX), VMLINUX));
  expect(tagged.filter((name) => findKfunc(name) === undefined)).toEqual([]);
});
