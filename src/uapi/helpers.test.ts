import { describe, expect, test } from "vitest";
import { ATTACH_TYPE, HELPERS, helperById, helperByName, helperCapability, mayCall, PROG_TYPE } from "./index.ts";

describe("helper rows", () => {
  test("all 211, by ascending id", () => {
    expect(HELPERS.map((h) => h.id)).toEqual(Array.from({ length: 211 }, (_, i) => i + 1));
    expect(new Set(HELPERS.map((h) => h.name)).size).toBe(211);
  });

  test("are found by id and by name with and without prefix", () => {
    expect(helperById(1)?.name).toBe("bpf_map_lookup_elem");
    expect(helperByName("bpf_xdp_adjust_head")?.id).toBe(44);
    expect(helperByName("loop")?.id).toBe(181);
    expect(helperById(0)).toBeUndefined();
    expect(helperByName("bpf_nothing")).toBeUndefined();
  });

  test("a size follows its memory, as the verifier checks them in pairs", () => {
    for (const helper of HELPERS) {
      helper.args.forEach((arg, i) => {
        if (!/^ARG_CONST_SIZE/.test(arg)) return;
        expect(helper.args[i - 1], `${helper.name} argument ${i + 1}`).toMatch(/^ARG_PTR_TO_MEM/);
      });
    }
  });

  test("a calling convention covers the arguments", () => {
    for (const { name, abi, args, variadic } of HELPERS) {
      if (abi === undefined || variadic) continue;
      expect(abi[0].length, name).toBe(args.length);
      args.forEach((arg, i) => {
        if (/PTR|MAP/.test(arg) && arg !== "ARG_PTR_TO_FUNC") expect(abi[0][i], `${name} ${i + 1}`).toBe("ptr");
      });
    }
  });

  test("say who may call them", () => {
    const xdpOnly = helperByName("xdp_adjust_tail")!;
    expect(mayCall(PROG_TYPE.BPF_PROG_TYPE_XDP, xdpOnly)).toBe(true);
    expect(mayCall(PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS, xdpOnly)).toBe(false);
    expect(mayCall(PROG_TYPE.BPF_PROG_TYPE_LIRC_MODE2, xdpOnly)).toBeUndefined();
  });

  test("depend on the attach type", () => {
    const { BPF_PROG_TYPE_TRACING, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_PROG_TYPE_XDP } = PROG_TYPE;
    const bind = helperByName("bind")!;
    expect(mayCall(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, bind)).toBe(true);
    expect(mayCall(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, bind, ATTACH_TYPE.BPF_CGROUP_INET4_CONNECT)).toBe(true);
    expect(mayCall(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, bind, ATTACH_TYPE.BPF_CGROUP_INET4_BIND)).toBe(false);
    const write = helperByName("seq_write")!;
    expect(mayCall(BPF_PROG_TYPE_TRACING, write, ATTACH_TYPE.BPF_TRACE_ITER)).toBe(true);
    expect(mayCall(BPF_PROG_TYPE_TRACING, write, ATTACH_TYPE.BPF_TRACE_FENTRY)).toBe(false);
    expect(mayCall(BPF_PROG_TYPE_XDP, helperByName("redirect")!, ATTACH_TYPE.BPF_XDP_DEVMAP)).toBe(true);
  });

  test("say what the loader must be able to do", () => {
    expect(helperCapability(helperByName("trace_printk")!)).toBe("CAP_PERFMON");
    expect(helperCapability(helperByName("spin_lock")!)).toBe("CAP_BPF");
    expect(helperCapability(helperByName("map_lookup_elem")!)).toBeNull();
    expect(helperCapability(helperByName("skb_load_bytes")!)).toBeNull();
  });
});
