import { helperById } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import * as I from "../insns.ts";

/** Words of the log for opcodes; their order follows the opcode's upper four bits. */
const ALU_SIGNS = ["+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>=", "endian", "", ""];
const JUMP_SIGNS = [
  "jmp",
  "==",
  ">",
  ">=",
  "&",
  "!=",
  "s>",
  "s>=",
  "call",
  "exit",
  "<",
  "<=",
  "s<",
  "s<=",
  "(null)",
  "(null)",
];
const ATOMIC_NAMES: Readonly<Record<number, string>> = { 0: "add", 64: "or", 80: "and", 160: "xor" };
/** By the size bits of the opcode. */
const SIZES = ["u32", "u16", "u8", "u64"];
const SIGNED_SIZES = ["s32", "s16", "s8", "s64"];
const CLASSES = ["ld", "ldx", "st", "stx", "alu", "jmp", "jmp32", "alu64"];

function plus(value: number): string {
  return value < 0 ? `${value}` : `+${value}`;
}

function hex2(value: number): string {
  return value.toString(16).padStart(2, "0");
}

function aluText(insns: I.Insns, i: number): string {
  const code = insns.code[i]!;
  const op = insns.op(i);
  const off = insns.off[i]!;
  const imm = insns.imm[i]!;
  const w = insns.class(i) === I.BPF_ALU ? "w" : "r";
  const dst = insns.dst[i]!;
  const src = insns.src[i]!;
  if (op === I.BPF_END) {
    const name = w === "r" ? "bswap" : code & I.BPF_X ? "be" : "le";
    return `r${dst} = ${name}${imm} r${dst}`;
  }
  if (op === I.BPF_NEG) return `${w}${dst} = -${w}${dst}`;
  if (op === I.BPF_MOV && w === "r" && code & I.BPF_X && off === 1) {
    return `r${dst} = addr_space_cast(r${src}, ${imm >>> 16}, ${imm & 0xffff})`;
  }
  if (op === I.BPF_MOV && w === "r" && code & I.BPF_X && off === -1) return `r${dst} = &(void __percpu *)(r${src})`;
  const sign = off === 1 && (op === I.BPF_DIV || op === I.BPF_MOD) ? `s${ALU_SIGNS[op >> 4]}` : ALU_SIGNS[op >> 4];
  if ((code & I.BPF_X) === 0) return `${w}${dst} ${sign} ${imm}`;
  const extend = op === I.BPF_MOV && (off === 8 || off === 16 || off === 32) ? `(s${off})` : "";
  return `${w}${dst} ${sign} ${extend}${w}${src}`;
}

function atomicText(insns: I.Insns, i: number): string {
  const code = insns.code[i]!;
  const imm = insns.imm[i]!;
  const size = SIZES[(code >> 3) & 3]!;
  const memory = `(${size} *)(r${insns.dst[i]} ${plus(insns.off[i]!)})`;
  const wide = (code & 0x18) === I.BPF_DW ? "64" : "";
  const src = insns.src[i]!;
  if (imm === I.BPF_CMPXCHG) return `r0 = atomic${wide}_cmpxchg(${memory}, r0, r${src})`;
  if (imm === I.BPF_XCHG) return `r${src} = atomic${wide}_xchg(${memory}, r${src})`;
  if (imm === I.BPF_LOAD_ACQ) {
    return `r${insns.dst[i]} = load_acquire((${size} *)(r${src} ${plus(insns.off[i]!)}))`;
  }
  if (imm === I.BPF_STORE_REL) return `store_release(${memory}, r${src})`;
  const name = ATOMIC_NAMES[imm & 0xf0];
  if (name !== undefined && (imm & ~0xf0) === 0) return `lock *${memory} ${ALU_SIGNS[imm >> 4]} r${src}`;
  if (name !== undefined && (imm & ~0xf0) === I.BPF_FETCH) {
    return `r${src} = atomic${wide}_fetch_${name}(${memory}, r${src})`;
  }
  return `BUG_${hex2(code)}`;
}

function loadText(env: VerifierEnv, i: number): string {
  const { insns } = env;
  const code = insns.code[i]!;
  const size = SIZES[(code >> 3) & 3]!;
  const imm = insns.imm[i]!;
  switch (code & 0xe0) {
    case I.BPF_ABS:
      return `r0 = *(${size} *)skb[${imm}]`;
    case I.BPF_IND:
      return `r0 = *(${size} *)skb[r${insns.src[i]} + ${imm}]`;
    case I.BPF_IMM:
      if ((code & 0x18) === I.BPF_DW) return `r${insns.dst[i]} = 0x${immediate(env, i).toString(16)}`;
  }
  return `BUG_ld_${hex2(code)}`;
}

/** What a 64-bit load puts into the register, addresses that `resolveLoads` put there included; not shown to those who must not see them. */
function immediate(env: VerifierEnv, i: number): bigint {
  const { insns } = env;
  const isMap = insns.src[i] === I.BPF_PSEUDO_MAP_FD || insns.src[i] === I.BPF_PSEUDO_MAP_VALUE;
  if (isMap && !env.allowPtrLeaks) return 0n;
  const high = i + 1 < insns.count ? insns.imm[i + 1]! : 0;
  return (BigInt(high >>> 0) << 32n) | BigInt(insns.imm[i]! >>> 0);
}

function callText(env: VerifierEnv, i: number): string {
  const { insns } = env;
  const imm = insns.imm[i]!;
  if (insns.src[i] === I.BPF_PSEUDO_CALL) return `call pc${plus(imm)}`;
  if (insns.src[i] === I.BPF_PSEUDO_KFUNC_CALL) return `call ${kfuncName(env, i)}#${imm}`;
  const helper = imm === 0 ? "bpf_unspec" : helperById(imm)?.name;
  return `call ${(insns.src[i] === 0 ? helper : undefined) ?? "unknown"}#${imm}`;
}

function kfuncName(env: VerifierEnv, i: number): string {
  const btf = env.kfuncBtf(i);
  const id = env.insns.imm[i]!;
  return btf !== null && id >= 0 && id < btf.count ? btf.nameOf(id) : "kernel-function";
}

function jumpText(env: VerifierEnv, i: number): string {
  const { insns } = env;
  const code = insns.code[i]!;
  const op = insns.op(i);
  const wide = insns.class(i) === I.BPF_JMP;
  const target = `pc${plus(insns.off[i]!)}`;
  if (op === I.BPF_CALL) return callText(env, i);
  if (code === (I.BPF_JMP | I.BPF_JA)) return `goto ${target}`;
  if (code === (I.BPF_JMP | I.BPF_JCOND) && insns.src[i] === 0) return `may_goto ${target}`;
  if (code === (I.BPF_JMP32 | I.BPF_JA)) return `gotol pc${plus(insns.imm[i]!)}`;
  if (code === (I.BPF_JMP | I.BPF_EXIT)) return "exit";
  const w = wide ? "r" : "w";
  const right = code & I.BPF_X ? `${w}${insns.src[i]}` : `0x${(insns.imm[i]! >>> 0).toString(16)}`;
  return `if ${w}${insns.dst[i]} ${JUMP_SIGNS[op >> 4]} ${right} goto ${target}`;
}

function text(env: VerifierEnv, i: number): string {
  const { insns } = env;
  const code = insns.code[i]!;
  const size = (code >> 3) & 3;
  const mode = code & 0xe0;
  switch (insns.class(i)) {
    case I.BPF_ALU:
    case I.BPF_ALU64:
      return aluText(insns, i);
    case I.BPF_STX:
      if (mode === I.BPF_MEM) return `*(${SIZES[size]} *)(r${insns.dst[i]} ${plus(insns.off[i]!)}) = r${insns.src[i]}`;
      return mode === I.BPF_ATOMIC ? atomicText(insns, i) : `BUG_${hex2(code)}`;
    case I.BPF_ST:
      if (mode === I.BPF_MEM) return `*(${SIZES[size]} *)(r${insns.dst[i]} ${plus(insns.off[i]!)}) = ${insns.imm[i]}`;
      return mode === 0xc0 ? "nospec" : `BUG_st_${hex2(code)}`;
    case I.BPF_LDX: {
      if (mode !== I.BPF_MEM && mode !== I.BPF_MEMSX) return `BUG_ldx_${hex2(code)}`;
      const type = (mode === I.BPF_MEM ? SIZES : SIGNED_SIZES)[size];
      return `r${insns.dst[i]} = *(${type} *)(r${insns.src[i]} ${plus(insns.off[i]!)})`;
    }
    case I.BPF_LD:
      return loadText(env, i);
    case I.BPF_JMP:
    case I.BPF_JMP32:
      return jumpText(env, i);
  }
  return CLASSES[insns.class(i)]!;
}

/** An instruction as the log shows it: `(bf) r2 = r10` (verbose_insn). */
export function insnText(env: VerifierEnv, i: number): string {
  const words = text(env, i);
  return words.startsWith("BUG_") ? words : `(${hex2(env.insns.code[i]!)}) ${words}`;
}
