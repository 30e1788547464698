import { type Btf, CORE_RELO_KINDS, type CoreResult, type CoreValue, resolveCoreRelo } from "../btf/index.ts";
import { type Insn, insn, loadImm64 } from "../isa/index.ts";
import { BpfError } from "../util/index.ts";

/**
 * CO-RE relocations as changes of instructions (Documentation/bpf/llvm_reloc.rst, "CO-RE Relocations"): an immediate, the offset of a load or
 * store with its size, or a 64-bit immediate takes the value that the target's BTF gives.
 */

/**
 * An instruction whose field the target lacks becomes a call of this helper, which exists nowhere: fine while it is never reached,
 * else the verifier names it. libbpf's number ("bad relo"); its log reader knows it too.
 */
export const POISON_CORE = 0xbad2310;

/**
 * A call of a kfunc that the kernel does not have becomes a call of helper `POISON_KFUNC + number of the extern`, as libbpf leaves it:
 * the verifier names that id should the call be reachable.
 */
export const POISON_KFUNC = 2002000000;

/** The instruction in place of the old one; or poison and why; or a contradiction between program, record and BTF. */
export type CorePatch =
  | { readonly kind: "insn"; readonly insn: Insn }
  | { readonly kind: "poison"; readonly reason: string }
  | { readonly kind: "error"; readonly problem: string };

/** A record of `.BTF.ext` as references keep it. */
export interface CoreRecord {
  readonly slot: number;
  readonly type: number;
  readonly access: string;
  readonly relo: number;
}

/** What a CO-RE relocation makes of an instruction on a target kernel. */
export function coreInsn(old: Insn, record: CoreRecord, local: Btf, target: Btf): CorePatch {
  const { slot, type, access, relo } = record;
  let result: CoreResult;
  try {
    result = resolveCoreRelo(local, { offset: slot * 8, type, access, kind: relo }, target);
  } catch (cause) {
    if (!(cause instanceof BpfError)) throw cause;
    return { kind: "error", problem: `cannot be resolved: ${cause.message}` };
  }
  const name = `${CORE_RELO_KINDS[relo]!.name} of ${local.nameOf(type)} ${access}`;
  if (result.kind === "poison") return { kind: "poison", reason: `${name}: ${result.poison}` };
  const patch = patchInsn(old, result);
  return typeof patch === "string" ? { kind: "error", problem: `${name}: ${patch}` } : patch;
}

function patchInsn(old: Insn, result: CoreValue): CorePatch | string {
  const { kind, source, op } = old.form;
  switch (kind) {
    case "alu":
    case "mov":
      return source === "imm" ? patchImmediate(old, result) : `${old.form.name} has no immediate to patch`;
    case "ld_imm64":
      return op === "value" ? patchImm64(old, result) : `${old.form.name} has no constant to patch`;
    case "ldx":
    case "ldxs":
    case "st":
    case "stx":
    case "atomic":
    case "load_acquire":
    case "store_release":
      return patchAccess(old, result);
    default:
      return `${old.form.name} is no instruction that relocations patch`;
  }
}

/** The record and the instruction must agree on what compiling for the object's own types gave. */
function mismatch(found: bigint, { validate, localValue, value }: CoreValue): string | null {
  if (!validate || localValue === null || found === localValue) return null;
  return `the instruction has ${found}, its BTF says ${localValue} (${value} on the target)`;
}

function patchImmediate(old: Insn, result: CoreValue): CorePatch | string {
  const imm = Number(BigInt.asIntN(32, result.value));
  const expected = result.localValue === null ? null : BigInt.asIntN(32, result.localValue);
  const wrong = mismatch(BigInt(old.imm), { ...result, localValue: expected });
  return wrong ?? { kind: "insn", insn: insn(old.form, { ...old, imm }) };
}

function patchImm64(old: Insn, result: CoreValue): CorePatch | string {
  const found = (BigInt(old.hi) << 32n) | BigInt(old.imm >>> 0);
  const expected = result.localValue === null ? null : BigInt.asIntN(64, result.localValue);
  return (
    mismatch(found, { ...result, localValue: expected }) ?? { kind: "insn", insn: loadImm64(old.dst, result.value) }
  );
}

function patchAccess(old: Insn, result: CoreValue): CorePatch | string {
  const wrong = mismatch(BigInt(old.off), result);
  if (wrong !== null) return wrong;
  if (result.value > 0x7fffn) return `offset ${result.value} on the target does not fit in 16 bits`;
  const { localSize, targetSize } = result;
  const off = Number(result.value);
  if (localSize === null || localSize === targetSize) return { kind: "insn", insn: insn(old.form, { ...old, off }) };
  if (!result.resizable) {
    const change = `its size is ${localSize} bytes here and ${targetSize} on the target`;
    return { kind: "poison", reason: `${change}, and it is neither a pointer nor an unsigned integer on both` };
  }
  if (old.form.width !== localSize * 8) return `the instruction accesses ${old.form.width / 8} bytes of ${localSize}`;
  const kind = old.form.kind;
  if ((kind !== "ldx" && kind !== "st" && kind !== "stx") || ![1, 2, 4, 8].includes(targetSize ?? 0)) {
    return `${old.form.name} cannot access ${targetSize} bytes`;
  }
  return { kind: "insn", insn: insn(`${kind}${targetSize! * 8}`, { ...old, off }) };
}
