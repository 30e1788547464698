import * as L from "../../runtime/verifier-layout.ts";
import type { VerifierEnv } from "../env.ts";
import type { Reg, StateMemory } from "../memory.ts";
import { signedText, tnumText, unsignedText } from "./number-text.ts";
import { dynptrTypeText, regTypeText } from "./type-text.ts";

const S64_MIN = -(1n << 63n);
const S64_MAX = (1n << 63n) - 1n;
const U64_MAX = (1n << 64n) - 1n;
const S32_MIN = -0x80000000;
const S32_MAX = 0x7fffffff;

interface Limit {
  readonly name: string;
  readonly signed: boolean;
  readonly value: bigint;
  /** The limit says nothing, or has been written with another of the same value. */
  omit: boolean;
}

/** A 32-bit signed limit: small ones keep their sign, others are shown as the 32 bits they are. */
function limit32(value: number): bigint {
  return value >= -0x8000 && value <= 0x7fff ? BigInt(value) : BigInt(value >>> 0);
}

function limits(m: StateMemory, reg: Reg): Limit[] {
  const smin = m.i64[(reg + L.REG_SMIN) >> 3]!;
  const smax = m.i64[(reg + L.REG_SMAX) >> 3]!;
  const umin = m.u64[(reg + L.REG_UMIN) >> 3]!;
  const umax = m.u64[(reg + L.REG_UMAX) >> 3]!;
  const smin32 = m.get(reg, L.REG_S32_MIN);
  const smax32 = m.get(reg, L.REG_S32_MAX);
  const umin32 = m.get(reg, L.REG_U32_MIN) >>> 0;
  const umax32 = m.get(reg, L.REG_U32_MAX) >>> 0;
  return [
    { name: "smin", signed: true, value: smin, omit: smin === S64_MIN },
    { name: "smax", signed: true, value: smax, omit: smax === S64_MAX },
    { name: "umin", signed: false, value: umin, omit: umin === 0n },
    { name: "umax", signed: false, value: umax, omit: umax === U64_MAX },
    { name: "smin32", signed: true, value: limit32(smin32), omit: smin32 === S32_MIN },
    { name: "smax32", signed: true, value: limit32(smax32), omit: smax32 === S32_MAX },
    { name: "umin32", signed: false, value: BigInt(umin32), omit: umin32 === 0 },
    { name: "umax32", signed: false, value: BigInt(umax32), omit: umax32 === 0xffffffff },
  ];
}

/** The ranges that say something, minima and maxima of one value (and sign) joined: `smin=smin32=0`. */
function rangeParts(m: StateMemory, reg: Reg): string[] {
  const all = limits(m, reg);
  const parts: string[] = [];
  for (const [i, limit] of all.entries()) {
    if (limit.omit) continue;
    const negative = limit.signed && limit.value < 0n;
    let names = limit.name;
    for (let j = i + 2; j < all.length; j += 2) {
      const other = all[j]!;
      if (other.omit || BigInt.asUintN(64, other.value) !== BigInt.asUintN(64, limit.value)) continue;
      if ((other.signed && other.value < 0n) !== negative) continue;
      other.omit = true;
      names += `=${other.name}`;
    }
    parts.push(`${names}=${limit.signed ? signedText(limit.value) : unsignedText(limit.value)}`);
  }
  return parts;
}

function typeName(env: VerifierEnv, reg: Reg): string {
  const btf = env.btfs[env.m.get(reg, L.REG_A)];
  return btf == null ? "" : btf.nameOf(env.m.get(reg, L.REG_B));
}

/** What is known of a register, as the log shows it behind `R1=`. `frameNumber` is that of the frame which is shown. */
export function regText(env: VerifierEnv, reg: Reg, frameNumber: number): string {
  const { m } = env;
  const type = m.type(reg);
  const base = type & L.TYPE_BASE_MASK;
  const known = m.isConst(reg);
  const value = m.i64[(reg + L.REG_VALUE) >> 3]!;
  let text = type === L.SCALAR_VALUE && m.get(reg, L.REG_PRECISE) !== 0 ? "P" : "";
  if (type === L.SCALAR_VALUE && known) return text + signedText(value);
  text += regTypeText(type);
  if (type === L.PTR_TO_ARENA) return text;
  if (type === L.PTR_TO_STACK) {
    const frame = m.get(reg, L.REG_FRAME);
    if (frame !== frameNumber) text += `[${frame}]`;
    if (known) return text + signedText(value + BigInt(m.off(reg)));
  }
  if (base === L.PTR_TO_BTF_ID) text += typeName(env, reg);
  text += "(";
  const parts: string[] = [];
  const id = m.id(reg);
  if (id !== 0) {
    const constant = (id & (L.ID_ADD_CONST | L.ID_ADD_CONST32)) === 0 ? "" : (m.off(reg) < 0 ? "" : "+") + m.off(reg);
    parts.push(`id=${id & ~(L.ID_ADD_CONST | L.ID_ADD_CONST32)}${constant}`);
  }
  if (m.ref(reg) !== 0) parts.push(`ref_obj_id=${m.ref(reg)}`);
  if ((type & L.NON_OWN_REF) !== 0) parts.push("non_own_ref");
  if (base === L.CONST_PTR_TO_MAP || base === L.PTR_TO_MAP_VALUE || base === L.PTR_TO_MAP_KEY) {
    const map = env.maps[m.get(reg, L.REG_A)]!;
    if (map.name !== "") parts.push(`map=${map.name}`);
    parts.push(`ks=${map.keySize}`, `vs=${map.valueSize}`);
  }
  if (type !== L.SCALAR_VALUE && m.off(reg) !== 0) parts.push(`off=${signedText(BigInt(m.off(reg)))}`);
  if (base === L.PTR_TO_PACKET || base === L.PTR_TO_PACKET_META) {
    parts.push(`r=${unsignedText(BigInt.asUintN(64, BigInt(m.get(reg, L.REG_A))))}`);
  }
  if (base === L.PTR_TO_MEM) parts.push(`sz=${unsignedText(BigInt(m.get(reg, L.REG_A) >>> 0))}`);
  if (base === L.CONST_PTR_TO_DYNPTR) parts.push(`type=${dynptrTypeText(m.get(reg, L.REG_A))}`);
  if (known) {
    if (value !== 0n) parts.push(`imm=${signedText(value)}`);
  } else {
    parts.push(...rangeParts(m, reg));
    const mask = m.i64[(reg + L.REG_MASK) >> 3]!;
    if (mask !== -1n) parts.push(`var_off=${tnumText(value, mask)}`);
  }
  return `${text}${parts.join(",")})`;
}
