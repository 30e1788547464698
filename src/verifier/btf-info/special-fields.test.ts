import { release } from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { Random } from "../../../test/differential/random.ts";
import { runningKernel } from "../../../test/support/linux.ts";
import { skipped } from "../../../test/support/needs.ts";
import { kernelBtf } from "../../../test/support/verifier/both.ts";
import { type Btf, BtfBuilder, type BtfMember, parseBtf } from "../../btf/index.ts";
import { ERRNO } from "../../uapi/index.ts";
import { BpfError } from "../../util/index.ts";
import { FIELD_KINDS, MAP_FIELDS } from "./field-kinds.ts";
import { parseFields, parseStructRecords, recordOf } from "./special-fields.ts";

/** A program's BTF in the making, with the structures that fields are made of. */
class Types {
  readonly builder = new BtfBuilder();
  readonly word: number;
  readonly sizes = new Map<number, number>();

  constructor() {
    const int = {
      kind: "int",
      name: "u32",
      size: 4,
      signed: false,
      char: false,
      bool: false,
      bits: 32,
      bitOffset: 0,
    } as const;
    this.word = this.builder.add(int);
    this.sizes.set(this.word, 4);
  }

  /** A structure that only has a size. */
  opaque(name: string, size: number): number {
    const members: BtfMember[] = [];
    for (let at = 0; at < size; at += 4)
      members.push({ name: `w${at}`, type: this.word, bitOffset: at * 8, bitSize: 0 });
    const id = this.builder.add({ kind: "struct", name, size, members });
    this.sizes.set(id, size);
    return id;
  }

  special(name: string): number {
    return this.opaque(name, FIELD_KINDS.find((row) => row.struct === name)!.size);
  }

  pointer(tag: string, to: number): number {
    const tagged = this.builder.add({ kind: "type_tag", name: tag, type: to });
    const id = this.builder.add({ kind: "ptr", name: "", type: tagged });
    this.sizes.set(id, 8);
    return id;
  }

  array(type: number, count: number): number {
    const id = this.builder.add({ kind: "array", name: "", type, indexType: this.word, count });
    this.sizes.set(id, this.sizes.get(type)! * count);
    return id;
  }

  /** A structure of members one after the other, at multiples of 8. */
  struct(name: string, members: readonly number[]): number {
    let size = 0;
    const list = members.map((type, i): BtfMember => {
      const member = { name: `f${i}`, type, bitOffset: size * 8, bitSize: 0 };
      size += (this.sizes.get(type)! + 7) & ~7;
      return member;
    });
    const id = this.builder.add({ kind: "struct", name, size, members: list });
    this.sizes.set(id, size);
    return id;
  }

  contains(owner: number, component: number, text: string): void {
    this.builder.add({ kind: "decl_tag", name: `contains:${text}`, type: owner, component });
  }

  finish(): Btf {
    return parseBtf(this.builder.finish(), "test");
  }
}

/** Fields of a structure with these members, and the errno that refuses it. */
function fieldsOf(make: (types: Types) => readonly number[]): { errno: number; fields: string[] } {
  const types = new Types();
  const value = types.struct("value", make(types));
  const { record, errno } = parseFields(types.finish(), value, MAP_FIELDS, types.sizes.get(value)!, null);
  return { errno, fields: (record?.fields ?? []).map(({ kind, offset }) => `${kind}@${offset}`) };
}

describe("fields of map values", () => {
  const CASES: readonly (readonly [string, (types: Types) => readonly number[], number, readonly string[]])[] = [
    ["none", (t) => [t.word], 0, []],
    ["a lock and a timer", (t) => [t.special("bpf_spin_lock"), t.special("bpf_timer")], 0, ["spin_lock@0", "timer@8"]],
    ["a structure of another size", (t) => [t.opaque("bpf_timer", 8)], 0, []],
    ["a nested one", (t) => [t.word, t.struct("inner", [t.word, t.special("bpf_wq")])], 0, ["workqueue@16"]],
    ["two timers", (t) => Array<number>(2).fill(t.special("bpf_timer")), ERRNO.E2BIG, []],
    ["an array of timers", (t) => [t.array(t.special("bpf_timer"), 2)], ERRNO.EINVAL, []],
    ["both locks", (t) => [t.special("bpf_spin_lock"), t.special("bpf_res_spin_lock")], ERRNO.EINVAL, []],
    [
      "pointers in an array",
      (t) => [t.array(t.pointer("kptr_untrusted", t.opaque("mine", 8)), 3)],
      0,
      ["kptr_unref@0", "kptr_unref@8", "kptr_unref@16"],
    ],
    ["too many of them", (t) => [t.array(t.pointer("kptr", t.opaque("mine", 8)), 12)], ERRNO.E2BIG, []],
    ["an unknown tag", (t) => [t.pointer("mine", t.opaque("mine", 8))], ERRNO.EINVAL, []],
    ["a pointer to no structure", (t) => [t.pointer("kptr", t.word)], ERRNO.EINVAL, []],
    ["a list that says nothing of its nodes", (t) => [t.special("bpf_list_head")], ERRNO.EINVAL, []],
  ];
  it.each(CASES)("%s", (_, make, errno, fields) => {
    expect(fieldsOf(make)).toEqual({ errno, fields });
  });

  const list = (
    node: string,
    members: (types: Types) => readonly number[],
  ): { types: Types; value: number; element: number } => {
    const types = new Types();
    const element = types.struct("element", members(types));
    const value = types.struct("value", [types.special("bpf_spin_lock"), types.special("bpf_list_head")]);
    types.contains(value, 1, `element:${node}`);
    return { types, value, element };
  };

  it("a list and what it holds", () => {
    const { types, value, element } = list("f1", (t) => [t.word, t.special("bpf_list_node")]);
    const btf = types.finish();
    const map = { name: "m", type: 2, keySize: 4, valueSize: 24, maxEntries: 1, flags: 0, btf, btfValueTypeId: value };
    const record = recordOf(map);
    expect(record?.spinLockOff).toBe(0);
    expect(record?.fields[1]).toMatchObject({ kind: "list_head", offset: 8 });
    expect(record?.fields[1]?.graphRoot).toMatchObject({ valueBtfId: element, nodeOffset: 8 });
    expect([...parseStructRecords(btf, null).records.keys()]).toEqual([element, value]);
  });

  it("a list whose nodes are none", () => {
    const missing = list("f7", (t) => [t.special("bpf_list_node")]);
    expect(parseStructRecords(missing.types.finish(), null).errno).toBe(ERRNO.ENOENT);
    const other = list("f0", (t) => [t.special("bpf_rb_node")]);
    expect(parseStructRecords(other.types.finish(), null).errno).toBe(ERRNO.EINVAL);
  });
});

const WHAT = "special fields of random BTF against BPF_BTF_LOAD";
const vmlinux = kernelBtf();
const usable = vmlinux !== null && release().startsWith("6.18.");
const kernel = usable ? await runningKernel(WHAT) : skipped(WHAT, `Linux ${release()} is not 6.18 with BTF`) && null;

/** Structures of fields in any order, with lists and trees of each other. */
function randomTypes(random: Random): Btf {
  const types = new Types();
  const roots: number[] = [];
  const pool = [types.word];
  for (const { struct } of FIELD_KINDS) {
    if (struct === "" || random.below(8) === 0) continue;
    const id = types.special(struct);
    pool.push(id);
    if (struct === "bpf_list_head" || struct === "bpf_rb_root") roots.push(id);
  }
  const mine = types.opaque("mine", 8);
  const task = types.opaque("task_struct", 8);
  const sock = types.opaque("sock", 8);
  pool.push(types.pointer("kptr", mine), types.pointer("kptr", task), types.pointer("percpu_kptr", mine));
  if (random.below(4) === 0) pool.push(types.pointer(random.pick(["kptr", "kptr_untrusted", "rcu"]), sock));
  for (const name of ["node", "value"]) {
    const members = Array.from({ length: 1 + random.below(4) }, () => random.pick(pool));
    const laid = members.map((type) => (random.below(8) === 0 ? types.array(type, random.below(4)) : type));
    const id = types.struct(name, laid);
    for (const [i, type] of members.entries()) {
      if (!roots.includes(type) || random.below(12) === 0) continue;
      types.contains(
        id,
        i,
        `${random.pick(["node", "node", "node", "none"])}:${random.pick(["f0", "f1", "f2", "zz", ""])}`,
      );
    }
  }
  return types.finish();
}

describe.skipIf(kernel === null)(WHAT, () => {
  afterAll(() => kernel?.[Symbol.dispose]());

  it("the same errno", () => {
    const random = new Random(5);
    const seen = new Map<number, number>();
    for (let n = 0; n < 1500; n++) {
      const btf = randomTypes(random);
      let theirs = 0;
      try {
        kernel!.close(kernel!.btfLoad(btf.bytes));
      } catch (error) {
        if (!(error instanceof BpfError)) throw error;
        theirs = Number(error.data["errno"]);
      }
      expect(parseStructRecords(btf, vmlinux).errno, `program ${n}`).toBe(theirs);
      seen.set(theirs, (seen.get(theirs) ?? 0) + 1);
    }
    console.log(`random BTF by errno: ${[...seen].map(([errno, count]) => `${errno}: ${count}`).join(", ")}`);
  }, 60_000);
});
