import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { featureJson, featureText } from "../../src/cli/commands/feature.ts";
import { probeFeatures } from "../../src/node/linux/index.ts";
import { ATTACH_TYPE, HELPERS, mayCall, PROG_TYPE, PROGRAM_TYPES } from "../../src/uapi/index.ts";
import { runningKernel } from "../support/linux.ts";
import { missing } from "../support/needs.ts";

/** Attach types that the probes' programs are made for, where helpers depend on them. */
const FOUND_FOR: Readonly<Record<string, number>> = {
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR: ATTACH_TYPE.BPF_CGROUP_INET4_BIND,
  BPF_PROG_TYPE_CGROUP_SOCKOPT: ATTACH_TYPE.BPF_CGROUP_GETSOCKOPT,
  BPF_PROG_TYPE_TRACING: ATTACH_TYPE.BPF_TRACE_FENTRY,
  BPF_PROG_TYPE_LSM: ATTACH_TYPE.BPF_LSM_MAC,
};

const WHAT = "features of the running kernel";
const kernel = await runningKernel(WHAT);

describe.skipIf(kernel === null)(WHAT, () => {
  const features = kernel === null ? null! : probeFeatures(kernel);

  test("the types that every kernel with BPF has are there", () => {
    for (const type of ["socket_filter", "xdp", "sched_cls"]) expect(features.programTypes[type]).toBe(true);
    for (const type of ["hash", "array", "percpu_hash", "lpm_trie", "ringbuf"]) {
      expect([type, features.mapTypes[type]]).toEqual([type, true]);
    }
    expect(features.misc).toMatchObject({ bounded_loops: true, v3_isa_extension: true });
    expect(features.limits.possibleCpus).toBe(kernel!.possibleCpus);
  });

  // The table is Linux 6.18's.
  test.skipIf(features?.release.startsWith("6.18.") !== true)("helpers are those of the table", () => {
    const silent = ["bpf_probe_write_user", "bpf_trace_printk", "bpf_trace_vprintk"];
    let compared = 0;
    for (const type of PROGRAM_TYPES) {
      const found = features.helpers[type.label];
      if (found == null || found.length === 0 || type.id === PROG_TYPE.BPF_PROG_TYPE_STRUCT_OPS) continue;
      const table = HELPERS.filter(
        (helper) => mayCall(type.id, helper, FOUND_FOR[type.name] ?? 0) && !silent.includes(helper.name),
      );
      expect([type.label, found]).toEqual([type.label, table.map(({ name }) => name)]);
      compared++;
    }
    expect(compared).toBeGreaterThan(20);
  });

  const bpftool = "the answers of bpftool feature probe";
  test.skipIf(missing(bpftool, "bpftool"))(bpftool, () => {
    const { stdout } = spawnSync("bpftool", ["feature", "probe"], { encoding: "utf8", maxBuffer: 1 << 26 });
    const theirs = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("\t"));
    const ours = new Set(featureText(features).split("\n"));
    // What bpftool cannot find out, since it gives such programs nothing to attach to.
    const better = /program_type (tracing|ext|lsm) is NOT available|CONFIG_BPFILTER/;
    expect(theirs.filter((line) => !ours.has(line) && !better.test(line))).toEqual([]);
    const json = spawnSync("bpftool", ["--json", "feature", "probe"], { encoding: "utf8", maxBuffer: 1 << 26 });
    const mine = featureJson(features) as Record<string, Record<string, unknown>>;
    for (const [section, rows] of Object.entries(JSON.parse(json.stdout) as Record<string, object>)) {
      const absent = Object.keys(rows).filter((key) => !(key in mine[section]!) && !better.test(key));
      expect([section, absent]).toEqual([section, []]);
    }
  });
});
