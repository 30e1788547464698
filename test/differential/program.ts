import { disassemble } from "../../src/asm/index.ts";
import { type Code, encode, type Insn, slots } from "../../src/isa/index.ts";
import type { TestRunAttr } from "../../src/kernel/index.ts";
import { MAP_TYPE } from "../../src/uapi/index.ts";
import type { Kind } from "./kinds.ts";

/** An instruction of a program in the making: branches name the item they go to, map loads the number of their map. */
export interface Item {
  readonly insn: Insn;
  /** Index of the item that a branch, local call or function address goes to. */
  readonly target?: number;
}

export type Items = readonly Item[];

/** A program and what it is run on. */
export interface Trial {
  readonly kind: Kind;
  readonly items: Items;
  /** Packets and contexts, in this order, on the same maps. */
  readonly inputs: readonly TestRunAttr[];
}

export interface MapShape {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

/** Slots of `direct`: programs use the first part, and write their registers and stack to the second when they end. */
export const DIRECT_SIZE = 224;
export const DIRECT_REGISTERS = 80;
export const DIRECT_STACK = 160;

/** The maps that every program can name, by number. Keys are 0 to 7, so that not all of them fit into the hash. */
export const MAPS = [
  {
    name: "direct",
    type: MAP_TYPE.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: DIRECT_SIZE,
    maxEntries: 1,
  },
  { name: "array", type: MAP_TYPE.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 24, maxEntries: 4 },
  { name: "hash", type: MAP_TYPE.BPF_MAP_TYPE_HASH, keySize: 8, valueSize: 16, maxEntries: 6 },
] as const satisfies readonly MapShape[];

export const DIRECT = 0;
export const ARRAY = 1;
export const HASH = 2;
/** Keys that programs make: 0 to this, excluded. */
export const KEYS = 8;

/** The map that an item refers to, or -1. */
export function mapOf({ insn }: Item): number {
  const { op } = insn.form;
  return insn.form.kind === "ld_imm64" && (op === "map_fd" || op === "map_value") ? insn.imm : -1;
}

/** The items as code, with displacements, and descriptors (or what `fds` says) in the place of map numbers. */
export function codeOf(items: Items, fds: readonly number[]): Code {
  const at: number[] = [];
  let slot = 0;
  for (const { insn } of items) {
    at.push(slot);
    slot += slots(insn);
  }
  const code: (Insn | null)[] = [];
  items.forEach((item, n) => {
    let { insn } = item;
    if (item.target !== undefined) insn = { ...insn, off: (at[item.target] ?? slot) - at[n]! - 1 };
    const map = mapOf(item);
    if (map >= 0) insn = { ...insn, imm: fds[map]! };
    code.push(insn);
    if (slots(insn) === 2) code.push(null);
  });
  return code;
}

export function bytesOf(items: Items, fds: readonly number[]): Uint8Array {
  return encode(codeOf(items, fds));
}

/** The program as text; map descriptors are the numbers of `MAPS`. */
export function textOf(items: Items): string {
  const maps = MAPS.map(
    (m, n) => `# map_fd(${n}) is ${m.name}: key ${m.keySize}, value ${m.valueSize}, ${m.maxEntries} entries`,
  ).filter((_, n) => items.some((item) => mapOf(item) === n));
  const code = codeOf(
    items,
    MAPS.map((_, n) => n),
  );
  return [...maps, disassemble(code).trimEnd()].join("\n");
}
