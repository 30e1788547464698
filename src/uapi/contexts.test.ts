import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { skipped } from "../../test/support/needs.ts";
import { type Btf, type BtfMember, parseBtf, resolve } from "../btf/index.ts";
import { contextRules, PROGRAM_TYPES } from "./index.ts";

const VMLINUX = "/sys/kernel/btf/vmlinux";
/** Structures of which our fields are not C's members, and a name that is not a structure's. */
const OTHERWISE = ["pt_regs", "bpf_raw_tracepoint_args", "trace_entry", "bpf_perf_event_data", "context"];
const layouts = [...new Set(PROGRAM_TYPES.flatMap(({ id }) => contextRules(id) ?? []))];

describe("context structures", () => {
  test("fields lie one after the other, inside the structure", () => {
    for (const { name, size, fields } of layouts) {
      let end = 0;
      for (const field of fields) {
        expect(field.offset, `${name}.${field.name}`).toBeGreaterThanOrEqual(end);
        end = field.offset + field.size;
        for (const sizes of [field.readSizes, field.writeSizes]) expect(sizes & ~31).toBe(0);
        expect(field.narrow).toBe(field.kind === "scalar" && (field.readSizes & (field.unit - 1)) !== 0);
      }
      expect(end, name).toBeLessThanOrEqual(size + 1);
    }
  });

  const btf = existsSync(VMLINUX) ? parseBtf(readFileSync(VMLINUX), VMLINUX) : null;
  if (btf === null) skipped("context structures against the kernel's BTF", `no ${VMLINUX}`);
  test.skipIf(btf === null)("fields lie where the kernel's BTF has them", () => {
    let checked = 0;
    for (const { name, size, fields } of layouts) {
      const id = btf!.find(name, "struct")[0];
      const struct = id === undefined ? null : btf!.type(id);
      if (struct?.kind !== "struct" || OTHERWISE.includes(name)) continue;
      expect(struct.size, name).toBe(size);
      const members = new Map(flatten(btf!, struct.members, 0));
      for (const field of fields) {
        if (field.name === "") continue;
        expect(members.get(field.name), `${name}.${field.name}`).toBe(field.name === "args" ? 4 : field.offset);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(140);
  });
});

/** Names and offsets in bytes, those of nameless unions among them. */
function flatten(btf: Btf, members: readonly BtfMember[], base: number): (readonly [string, number])[] {
  return members.flatMap((member): (readonly [string, number])[] => {
    const offset = base + member.bitOffset / 8;
    if (member.name !== "") return [[member.name, offset]];
    const inner = resolve(btf, member.type);
    return inner?.kind === "union" || inner?.kind === "struct" ? flatten(btf, inner.members, offset) : [];
  });
}
