import { type Btf, type BtfFuncProto, resolveId } from "../../btf/index.ts";
import { findKfunc, type Kfunc, mayCallKfunc } from "../../uapi/index.ts";
import { resolvedType } from "../calls/program-type.ts";
import type { VerifierEnv } from "../env.ts";

/** What the name of a parameter ends in tells how its argument is checked (Documentation/bpf/kfuncs.rst, "Annotating kfunc parameters"). */
const SUFFIXES = [
  "__sz", "__szk", "__k", "__ign", "__map", "__alloc", "__uninit", "__refcounted_kptr", "__nullable", "__str", "__irq_flag", "__prog",
  "__opt", "__iter",
] as const; // biome-ignore format: a list of words
export type Suffix = (typeof SUFFIXES)[number];

/** Structures whose pointers are checked in ways of their own. */
const STRUCTURES = [
  "bpf_dynptr", "bpf_list_head", "bpf_list_node", "bpf_rb_root", "bpf_rb_node", "bpf_wq", "bpf_res_spin_lock", "bpf_task_work",
] as const; // biome-ignore format: a list of words
export type SpecialStruct = (typeof STRUCTURES)[number];

/** A parameter of a kernel function. */
export interface KfuncParam {
  readonly name: string;
  /** Its type behind qualifiers and typedefs. */
  readonly type: number;
  readonly kind: "scalar" | "pointer" | "other";
  /** Of a pointer: what it points at, as declared, and behind qualifiers and typedefs. */
  readonly pointee: number;
  readonly target: number;
  readonly suffixes: ReadonlySet<Suffix>;
  readonly special: SpecialStruct | null;
  /** It points at an iterator's structure, `bpf_iter_*`. */
  readonly isIter: boolean;
  readonly isCallback: boolean;
}

/** A kernel function as calls are checked against it. */
export interface KfuncPrototype {
  readonly name: string;
  /** Type id of its BTF_KIND_FUNC. */
  readonly id: number;
  /** Number of its BTF in the environment. */
  readonly btf: number;
  readonly kfunc: Kfunc | null;
  readonly params: readonly KfuncParam[];
  /** Type of its result behind qualifiers and typedefs; 0 = void. */
  readonly ret: number;
}

/** By BTF, then by type id; the BTF's number in an environment is fixed for the kernel's, and checked for modules'. */
const known = new WeakMap<Btf, Map<number, KfuncPrototype>>();

/** The kernel function that the call at `insn` names; null for none (`imm` 0). Its BTF_KIND_FUNC was found before the walk. */
export function kfuncPrototype(env: VerifierEnv, insn: number): KfuncPrototype | null {
  const id = env.insns.imm[insn]!;
  const btf = env.kfuncBtf(insn);
  if (id === 0 || btf === null) return null;
  let prototypes = known.get(btf);
  if (prototypes === undefined) known.set(btf, (prototypes = new Map()));
  const number = env.btfNumber(btf);
  let prototype = prototypes.get(id);
  if (prototype?.btf !== number) prototypes.set(id, (prototype = readPrototype(btf, id, number)));
  return prototype;
}

/** Whether the program may call it: it is in the table, for programs of this type. */
export function mayCallPrototype(env: VerifierEnv, prototype: KfuncPrototype): boolean {
  return prototype.kfunc !== null && mayCallKfunc(prototype.kfunc, resolvedType(env), env.expectedAttachType);
}

function readPrototype(btf: Btf, id: number, number: number): KfuncPrototype {
  const name = btf.nameOf(id);
  const proto = btf.type((btf.type(id) as { type: number }).type) as BtfFuncProto;
  return {
    name,
    id,
    btf: number,
    kfunc: findKfunc(name) ?? null,
    params: proto.params.map((param) => readParam(btf, param.name, param.type)),
    ret: resolveId(btf, proto.type),
  };
}

function readParam(btf: Btf, name: string, declared: number): KfuncParam {
  const type = resolveId(btf, declared);
  const kind = btf.kindOf(type);
  const isPointer = kind === "ptr";
  const pointee = isPointer ? (btf.type(type) as { type: number }).type : 0;
  const target = resolveId(btf, pointee);
  const targetKind = btf.kindOf(target);
  const targetName = targetKind === "struct" ? btf.nameOf(target) : "";
  return {
    name,
    type,
    kind: isPointer ? "pointer" : kind === "int" || kind === "enum" ? "scalar" : "other",
    pointee,
    target,
    suffixes: new Set(SUFFIXES.filter((suffix) => name.endsWith(suffix))),
    special: STRUCTURES.find((special) => special === targetName) ?? null,
    isIter: targetName.startsWith("bpf_iter_"),
    isCallback: targetKind === "func_proto",
  };
}
