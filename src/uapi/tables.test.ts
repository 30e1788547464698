import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { skipped } from "../../test/support/needs.ts";
import { type Btf, parseBtf } from "../btf/index.ts";
import {
  ATTACH_TYPE,
  ATTACH_TYPES,
  ERRNO,
  errnoName,
  errnoText,
  findMapType,
  findProgramType,
  MAP_TYPES,
  mapFlagNames,
  PROG_TYPE,
  PROGRAM_TYPES,
  SECTIONS,
  sectionMeaning,
  verdictName,
  verdictValue,
} from "./index.ts";

describe("section names", () => {
  const NONE = null;
  const CASES: readonly [
    name: string,
    type: keyof typeof PROG_TYPE,
    attach: keyof typeof ATTACH_TYPE | null,
    target: string | null,
  ][] = [
    ["xdp", "BPF_PROG_TYPE_XDP", "BPF_XDP", NONE],
    ["xdp.frags/cpumap", "BPF_PROG_TYPE_XDP", "BPF_XDP_CPUMAP", NONE],
    ["tc", "BPF_PROG_TYPE_SCHED_CLS", NONE, NONE],
    ["tcx/ingress", "BPF_PROG_TYPE_SCHED_CLS", "BPF_TCX_INGRESS", NONE],
    ["kprobe/do_unlinkat", "BPF_PROG_TYPE_KPROBE", NONE, "do_unlinkat"],
    ["kprobe", "BPF_PROG_TYPE_KPROBE", NONE, NONE],
    ["uprobe//bin/sh:main+4", "BPF_PROG_TYPE_KPROBE", NONE, "/bin/sh:main+4"],
    ["tp/syscalls/sys_enter_open", "BPF_PROG_TYPE_TRACEPOINT", NONE, "syscalls/sys_enter_open"],
    ["fentry.s/f", "BPF_PROG_TYPE_TRACING", "BPF_TRACE_FENTRY", "f"],
    ["lsm/file_open", "BPF_PROG_TYPE_LSM", "BPF_LSM_MAC", "file_open"],
    ["cgroup/connect6", "BPF_PROG_TYPE_CGROUP_SOCK_ADDR", "BPF_CGROUP_INET6_CONNECT", NONE],
    ["cgroup_skb/egress", "BPF_PROG_TYPE_CGROUP_SKB", "BPF_CGROUP_INET_EGRESS", NONE],
    ["struct_ops/init", "BPF_PROG_TYPE_STRUCT_OPS", NONE, "init"],
  ];
  for (const [name, type, attach, target] of CASES) {
    test(name, () => {
      const meaning = sectionMeaning(name);
      expect(meaning.row?.type).toBe(PROG_TYPE[type]);
      expect(meaning.row?.attachType).toBe(attach === null ? null : ATTACH_TYPE[attach]);
      expect(meaning.target).toBe(target);
    });
  }

  test("flags, sleepable, autoload", () => {
    expect(sectionMeaning("xdp.frags").row).toMatchObject({ flags: 32, sleepable: false });
    expect(sectionMeaning("?lsm.s/bpf")).toMatchObject({
      autoload: false,
      target: "bpf",
      row: { flags: 16, sleepable: true },
    });
  });

  test("what libbpf does not know has no meaning", () => {
    for (const name of [
      "prog",
      "cls",
      "ingress",
      "xdp_drop",
      "xdp/other",
      "socket/x",
      "kprobes",
      "",
      "?",
      "toString",
    ]) {
      expect(sectionMeaning(name).row).toBeNull();
    }
  });

  test("each name once", () => expect(new Set(SECTIONS.map((s) => s.section)).size).toBe(SECTIONS.length));
});

test("errno, verdicts, flags, words", () => {
  expect([ERRNO.ENOENT, ERRNO.EEXIST, ERRNO.EOPNOTSUPP]).toEqual([2, 17, 95]);
  expect([errnoName(-17), errnoName(524), errnoName(9999)]).toEqual(["EEXIST", "ENOTSUPP", "errno 9999"]);
  expect(errnoText(2)).toBe("No such file or directory");
  expect([verdictName(6, 1), verdictName(3, 0xffffffff), verdictName(3, 2), verdictName(1, 5)]).toEqual([
    "XDP_DROP",
    "TC_ACT_UNSPEC",
    "TC_ACT_SHOT",
    null,
  ]);
  expect(verdictValue(6, "XDP_REDIRECT")).toBe(4);
  expect(mapFlagNames(0x401)).toEqual(["BPF_F_NO_PREALLOC", "BPF_F_MMAPABLE"]);
  expect([findMapType("lru_hash")?.id, findProgramType("BPF_PROG_TYPE_XDP")?.id]).toEqual([9, 6]);
});

const VMLINUX = "/sys/kernel/btf/vmlinux";
const absent = !existsSync(VMLINUX);

describe.skipIf(absent && skipped("tables against the running kernel", `no ${VMLINUX}`))(
  "as the running kernel has them",
  () => {
    const btf: Btf | null = absent ? null : parseBtf(new Uint8Array(readFileSync(VMLINUX)), "vmlinux");
    for (const [name, rows] of [
      ["bpf_prog_type", PROGRAM_TYPES],
      ["bpf_map_type", MAP_TYPES],
      ["bpf_attach_type", ATTACH_TYPES],
    ] as const) {
      test(name, () => {
        const type = btf!.type(btf!.find(name, "enum")[0]!);
        const values = new Map(type.kind === "enum" ? type.values.map((v) => [v.name, Number(v.value)]) : []);
        rows.forEach((row, i) => {
          expect(row.id).toBe(i);
          // A kernel older than the table lacks the last ones.
          if (values.has(row.name)) expect(values.get(row.name), row.name).toBe(row.id);
        });
      });
    }
  },
);
