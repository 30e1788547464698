import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseBtf } from "../../src/btf/index.ts";
import { type Code, encode, insn } from "../../src/isa/index.ts";
import { linkProgram, readObject } from "../../src/loader/index.ts";
import { missing, skipped } from "../support/needs.ts";
import { compile, fixture, source } from "./compilers.ts";

/**
 * libbpf (by `bpftool prog loadall`, into a bpffs of our own) and this loader must hand the same instructions to the kernel.
 * The kernel's tag of a program tells: a hash over all its instructions, with map file descriptors taken as 0.
 */

const WHAT = "linked programs against libbpf and the running kernel";
const skip =
  (process.getuid?.() !== 0 && skipped(WHAT, "not root")) ||
  (!existsSync("/sys/kernel/btf/vmlinux") && skipped(WHAT, "the kernel has no BTF")) ||
  missing(WHAT, "bpftool", "clang-19");

const MACROS = `#include "bpf.h"
#define __core __attribute__((preserve_access_index))
`;

const OBJECTS: Readonly<Record<string, () => Uint8Array>> = {
  "subprograms, globals, callback": () => fixture("data"),
  // Without the pin by name, which would need the system's own bpffs, and with programs that may call each other.
  "maps of maps and of programs": () =>
    compile(source("maps").replace("__uint(pinning, 1);", "").replace("?xdp.frags", "xdp")),
  "kernel configuration, weak kernel symbols": () =>
    compile(`${MACROS}
      extern __u32 LINUX_KERNEL_VERSION __kconfig;
      extern _Bool CONFIG_NOTHING_LIKE_IT __kconfig __weak;
      extern const void nothing_like_it __ksym __weak;
      extern void no_such_kfunc(void) __ksym __weak;
      extern const int bpf_prog_active __ksym;
      SEC("xdp") int p(struct xdp_md *c) {
        if (&nothing_like_it) return 1;
        if (no_such_kfunc) return 2;
        return CONFIG_NOTHING_LIKE_IT + (LINUX_KERNEL_VERSION > 5) + (&bpf_prog_active != 0);
      }`),
  "chains of calls across sections": () =>
    compile(`${MACROS}
      __noinline int leaf(int x) { return x * 3; }
      __noinline int left(int x) { return leaf(x) + 1; }
      __noinline int right(int x) { return left(x) ^ leaf(x); }
      static __noinline int deep(int x) { return right(x) + left(x); }
      SEC("xdp") int a(struct xdp_md *c) { return deep(c->data_end - c->data) & 1; }
      SEC("xdp") int b(struct xdp_md *c) { return left(1) + leaf(2) & 1; }
      SEC("socket") int s(void *c) { return right(4); }`),
  "CO-RE against the running kernel": () =>
    compile(`${MACROS}
      struct sk_buff { unsigned int len; unsigned short protocol; unsigned char *data; } __core;
      struct task_struct { int tgid; int pid; char comm[16]; struct task_struct *real_parent; } __core;
      struct task_struct___never { int nothing_like_it; } __core;
      enum bpf_map_type { BPF_MAP_TYPE_RINGBUF = 1 };
      SEC("xdp") int offsets(struct xdp_md *c) {
        struct task_struct *t = 0; struct sk_buff *s = 0;
        __u64 sum = __builtin_preserve_field_info(t->pid, 0) + 3 * __builtin_preserve_field_info(t->comm, 1);
        sum += 5 * __builtin_preserve_field_info(s->data, 0) + 7 * __builtin_preserve_field_info(t->real_parent, 0);
        if (__builtin_preserve_field_info(((struct task_struct___never *)t)->nothing_like_it, 2))
          sum += __builtin_preserve_field_info(((struct task_struct___never *)t)->nothing_like_it, 0);
        sum += __builtin_preserve_type_info(*(struct task_struct *)0, 1) + __builtin_preserve_type_info(*(struct sk_buff *)0, 0);
        sum += __builtin_preserve_enum_value(*(typeof(enum bpf_map_type) *)BPF_MAP_TYPE_RINGBUF, 1);
        return sum & 1;
      }`),
  "CO-RE against the running kernel: bit fields, arrays, anonymous members, flavors, all kinds of types": () =>
    compile(`${MACROS}
      #define INFO(type, field, kind) __builtin_preserve_field_info(((struct type *)0)->field, kind)
      #define PLACE(type, field) INFO(type, field, 0), INFO(type, field, 1)
      #define BITS(type, field) PLACE(type, field), INFO(type, field, 3), INFO(type, field, 4), INFO(type, field, 5)
      #define ALL(row, ...) SEC("xdp") int row(struct xdp_md *c) { volatile __u64 seen[] = { __VA_ARGS__ }; return seen[0] & 1; }
      struct list_head { struct list_head *next; } __core;
      struct sk_buff { struct net_device *dev; __u8 pkt_type : 3, cloned : 1, ip_summed : 2; __u32 mark; char cb[48]; __u32 hash; } __core;
      struct net_device { int ifindex; char name[16]; unsigned int mtu; __u8 dismantle; } __core;
      struct xdp_buff { void *data, *data_end; __u32 frame_sz; } __core;
      struct xdp_frame { __u32 frame_sz; void *data; __u32 metasize; } __core;
      struct task_struct { unsigned in_execve : 1, in_iowait : 1; int prio; unsigned long long utime; char comm[16]; } __core;
      struct task_struct___old { long state; } __core;
      struct task_struct___new { unsigned int __state; } __core;
      struct iphdr { __u8 ihl : 4, version : 4; __u32 saddr; } __core;
      struct tcp_sock { __u32 snd_cwnd, srtt_us; __u8 nonagle : 4, repair : 1; } __core;
      struct bpf_prog { __u16 jited : 1, sleepable : 1; __u8 tag[8]; __u32 len; } __core;
      struct never_was { int a; } __core;
      enum bpf_prog_type { BPF_PROG_TYPE_XDP = 1, BPF_PROG_TYPE_NEVER };
      enum hrtimer_restart { HRTIMER_NORESTART };
      typedef int (*initcall_t)(void);
      #define TYPE(type, kind) __builtin_preserve_type_info(*(type *)0, kind)
      ALL(skb, BITS(sk_buff, pkt_type), BITS(sk_buff, cloned), BITS(sk_buff, ip_summed), PLACE(sk_buff, mark), PLACE(sk_buff, cb[20]))
      ALL(net, PLACE(net_device, ifindex), PLACE(net_device, name[3]), PLACE(net_device, mtu), BITS(net_device, dismantle))
      ALL(frame, PLACE(xdp_buff, data_end), PLACE(xdp_buff, frame_sz), PLACE(xdp_frame, metasize), PLACE(xdp_frame, data))
      ALL(task, BITS(task_struct, in_execve), BITS(task_struct, in_iowait), PLACE(task_struct, utime), PLACE(task_struct, comm))
      ALL(flavors, INFO(task_struct___old, state, 2), INFO(task_struct___new, __state, 2), PLACE(task_struct___new, __state))
      ALL(ip, BITS(iphdr, ihl), BITS(iphdr, version), PLACE(iphdr, saddr))
      ALL(tcp, BITS(tcp_sock, nonagle), BITS(tcp_sock, repair), PLACE(tcp_sock, srtt_us), PLACE(tcp_sock, snd_cwnd))
      ALL(prog, BITS(bpf_prog, jited), BITS(bpf_prog, sleepable), PLACE(bpf_prog, tag[7]), PLACE(bpf_prog, len))
      ALL(types, TYPE(struct sk_buff, 0), TYPE(struct sk_buff, 1), TYPE(struct never_was, 0), TYPE(struct never_was, 1),
          TYPE(struct sk_buff, 2), TYPE(struct iphdr, 2), TYPE(enum hrtimer_restart, 2), TYPE(initcall_t, 0), TYPE(initcall_t, 2),
          __builtin_btf_type_id(*(struct sk_buff *)0, 0), __builtin_btf_type_id(*(struct iphdr *)0, 1),
          __builtin_btf_type_id(*(enum bpf_prog_type *)0, 1))
      ALL(enums, __builtin_preserve_enum_value(*(typeof(enum bpf_prog_type) *)BPF_PROG_TYPE_XDP, 1),
          __builtin_preserve_enum_value(*(typeof(enum bpf_prog_type) *)BPF_PROG_TYPE_XDP, 0),
          __builtin_preserve_enum_value(*(typeof(enum bpf_prog_type) *)BPF_PROG_TYPE_NEVER, 0))`),
};

/** struct sha digest input of bpf_prog_calc_tag: instructions with the immediates of map loads zeroed. */
function tags(code: Code): string[] {
  const plain = code.map((i) => {
    const ofMap = i?.form.name === "ld_imm64_map_fd" || i?.form.name === "ld_imm64_map_value";
    return i != null && ofMap ? insn(i.form, { dst: i.dst }) : i;
  });
  // SHA-1 up to Linux 6.17, SHA-256 since.
  return ["sha1", "sha256"].map((hash) => createHash(hash).update(encode(plain)).digest("hex").slice(0, 16));
}

describe.skipIf(skip)("the same instructions as libbpf", () => {
  const dir = mkdtempSync(join(tmpdir(), "anybpf-bpffs-"));
  beforeAll(() => {
    execFileSync("mount", ["-t", "bpf", "anybpf-test", dir]);
  });
  afterAll(() => {
    execFileSync("umount", [dir]);
    rmSync(dir, { recursive: true });
  });

  const raw = skip ? new Uint8Array() : new Uint8Array(readFileSync("/sys/kernel/btf/vmlinux"));

  Object.entries(OBJECTS).forEach(([what, make], number) => {
    test(what, () => {
      const bytes = make();
      const target = parseBtf(raw, "vmlinux");
      const spec = readObject(bytes, { name: what });
      // libbpf names pins after programs; every object gets a directory.
      const file = join(tmpdir(), `anybpf-${process.pid}-${number}.o`);
      const pins = join(dir, `o${number}`);
      mkdirSync(pins);
      writeFileSync(file, bytes);
      try {
        execFileSync("bpftool", ["prog", "loadall", file, pins], { stdio: "pipe" });
      } finally {
        rmSync(file);
      }
      for (const program of spec.programs.filter((p) => p.autoload)) {
        const shown = execFileSync("bpftool", ["-j", "prog", "show", "pinned", join(pins, program.name)], {
          encoding: "utf8",
        });
        const linked = linkProgram(spec, program, { targetBtf: target });
        expect(tags(linked.code), program.name).toContain((JSON.parse(shown) as { tag: string }).tag);
      }
    });
  });
});
