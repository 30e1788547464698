import * as L from "../../../src/runtime/verifier-layout.ts";
import type { Reg, StateMemory } from "../../../src/verifier/memory.ts";

/** What is known of a scalar; words as the signs of the fields say. */
export interface Known {
  smin: bigint;
  smax: bigint;
  umin: bigint;
  umax: bigint;
  smin32: bigint;
  smax32: bigint;
  umin32: bigint;
  umax32: bigint;
  value: bigint;
  mask: bigint;
}

export const UNKNOWN: Known = {
  smin: -(1n << 63n),
  smax: (1n << 63n) - 1n,
  umin: 0n,
  umax: (1n << 64n) - 1n,
  smin32: -(1n << 31n),
  smax32: (1n << 31n) - 1n,
  umin32: 0n,
  umax32: (1n << 32n) - 1n,
  value: 0n,
  mask: (1n << 64n) - 1n,
};

export function knownOf(m: StateMemory, reg: Reg): Known {
  const s = (field: number) => m.i64[(reg + field) >> 3]!;
  const u = (field: number) => m.u64[(reg + field) >> 3]!;
  return {
    smin: s(L.REG_SMIN),
    smax: s(L.REG_SMAX),
    umin: u(L.REG_UMIN),
    umax: u(L.REG_UMAX),
    smin32: BigInt(m.get(reg, L.REG_S32_MIN)),
    smax32: BigInt(m.get(reg, L.REG_S32_MAX)),
    umin32: BigInt(m.get(reg, L.REG_U32_MIN) >>> 0),
    umax32: BigInt(m.get(reg, L.REG_U32_MAX) >>> 0),
    value: u(L.REG_VALUE),
    mask: u(L.REG_MASK),
  };
}

export function setKnown(m: StateMemory, reg: Reg, k: Known): void {
  m.i64[(reg + L.REG_SMIN) >> 3] = k.smin;
  m.i64[(reg + L.REG_SMAX) >> 3] = k.smax;
  m.u64[(reg + L.REG_UMIN) >> 3] = k.umin;
  m.u64[(reg + L.REG_UMAX) >> 3] = k.umax;
  m.set(reg, L.REG_S32_MIN, Number(k.smin32));
  m.set(reg, L.REG_S32_MAX, Number(k.smax32));
  m.set(reg, L.REG_U32_MIN, Number(k.umin32));
  m.set(reg, L.REG_U32_MAX, Number(k.umax32));
  m.u64[(reg + L.REG_VALUE) >> 3] = k.value;
  m.u64[(reg + L.REG_MASK) >> 3] = k.mask;
}

/** One line; a constant is its value alone, for the kernel's log says no more of it. */
export function knownText(k: Known): string {
  if (k.mask === 0n) return `${k.value}`;
  const fields: string[] = [];
  for (const name of Object.keys(UNKNOWN) as (keyof Known)[]) {
    if (k[name] !== UNKNOWN[name]) fields.push(`${name}=${name === "mask" ? `0x${k[name].toString(16)}` : k[name]}`);
  }
  return fields.length === 0 ? "?" : fields.join(" ");
}

function number(text: string): bigint {
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
}

/** Reads a scalar as the kernel's log writes it (`scalar(smin=…,var_off=(…; …))`, `Pscalar()`, `5`); null for anything else. */
export function parseKernelScalar(text: string): Known | null {
  const bare = text.replace(/^P/, "");
  if (/^-?(0x[0-9a-f]+|\d+)$/.test(bare)) {
    const value = BigInt.asUintN(64, number(bare));
    return { ...UNKNOWN, value, mask: 0n };
  }
  const match = /^scalar\((.*)\)$/.exec(bare);
  if (match === null) return null;
  const known: Known = { ...UNKNOWN };
  let rest = match[1]!;
  const bits = /,?var_off=\((0x[0-9a-f]+); (0x[0-9a-f]+)\)/.exec(rest);
  if (bits !== null) {
    known.value = BigInt(bits[1]!);
    known.mask = BigInt(bits[2]!);
    rest = rest.replace(bits[0], "");
  }
  // Bounds of one value share it: smin=umin=5.
  for (const group of rest.split(",")) {
    if (group === "") continue;
    const names = group.split("=");
    const value = names.pop()!;
    for (const name of names) {
      if (!(name in known)) continue;
      const field = name as keyof Known;
      const width = field.endsWith("32") ? 32 : 64;
      known[field] = field.startsWith("s") ? BigInt.asIntN(width, number(value)) : BigInt.asUintN(width, number(value));
    }
  }
  return known;
}
