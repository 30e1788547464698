import { type Btf, type BtfFuncProto, type BtfKind, essentialName, resolveId, sizeOf } from "../../btf/index.ts";
import { ERRNO, PROG_TYPE } from "../../uapi/index.ts";
import { BpfError } from "../../util/index.ts";
import type { Subprog, SubprogArg, VerifierEnv } from "../env.ts";
import { Rejection } from "../reject.ts";
import { ARG_TAGS, type ArgTag, argTags } from "./arg-tags.ts";
import { checkArg } from "./call-args.ts";
import { isContextType, taggedContextProblem } from "./context-types.ts";

/** Registers that arguments travel in. */
const MAX_ARGS = 5;

/** The kernel's words for kinds of BTF types in its messages. */
const KIND_WORDS: Readonly<Record<BtfKind | "void", string>> = {
  void: "UNKNOWN",
  int: "INT",
  ptr: "PTR",
  array: "ARRAY",
  struct: "STRUCT",
  union: "UNION",
  enum: "ENUM",
  enum64: "ENUM64",
  fwd: "FWD",
  typedef: "TYPEDEF",
  volatile: "VOLATILE",
  const: "CONST",
  restrict: "RESTRICT",
  type_tag: "TYPE_TAG",
  func: "FUNC",
  func_proto: "FUNC_PROTO",
  var: "VAR",
  datasec: "DATASEC",
  float: "FLOAT",
  decl_tag: "DECL_TAG",
};

/** The kernel's word for a type's kind: `STRUCT`. */
export function kindWord(btf: Btf, id: number): string {
  return KIND_WORDS[btf.kindOf(id)];
}

/** What went wrong with a function's arguments: a positive errno, and the kernel's message ("" where it says nothing). */
class ArgProblem {
  readonly errno: number;
  readonly message: string;

  constructor(errno: number, message: string) {
    this.errno = errno;
    this.message = message;
  }
}

/**
 * What a function takes, from its BTF and its arguments' tags, into `args` of the subprogram (btf_prepare_func_args). Global functions
 * are verified and called by that alone; of static ones only numbers, contexts and dynptrs are of use.
 * @returns 0, or the positive errno; the caller decides whether that ends verification. Messages are in the log.
 */
export function prepareSubprogArgs(env: VerifierEnv, subprog: number): number {
  const sub = env.subprogs[subprog]!;
  if (sub.args !== null) return 0;
  const btf = env.input.btf;
  if (btf === undefined || sub.typeId === 0) return ERRNO.EINVAL;
  try {
    sub.args = functionArgs(env, btf, sub);
    return 0;
  } catch (error) {
    if (!(error instanceof ArgProblem)) throw error;
    if (error.message !== "") {
      env.verbose(`${error.message}\n`);
      env.log.lastMessage = error.message;
    }
    return error.errno;
  }
}

function isScalar(btf: Btf, id: number): boolean {
  const kind = btf.kindOf(id);
  return kind === "int" || kind === "enum" || kind === "enum64";
}

function functionArgs(env: VerifierEnv, btf: Btf, sub: Subprog): SubprogArg[] {
  const name = btf.nameOf(sub.typeId);
  const proto = btf.type((btf.type(sub.typeId) as { type: number }).type) as BtfFuncProto;
  const count = proto.params.length;
  if (count > MAX_ARGS) {
    throw problem(sub, ERRNO.EINVAL, `Global function ${name}() with ${count} > ${MAX_ARGS} args. Buggy compiler.`);
  }
  if (!isScalar(btf, resolveId(btf, proto.type))) {
    throw problem(sub, ERRNO.EINVAL, `Global function ${name}() doesn't return scalar. Only those are supported.`);
  }
  return proto.params.map((param, i) => functionArg(env, btf, sub, i, param.type));
}

/** A problem that only global functions are told of. */
function problem(sub: Subprog, errno: number, message: string): ArgProblem {
  return new ArgProblem(errno, sub.global ? message : "");
}

/** The tags of an argument as a set; throws on unknown ones and on any at a static function. */
function readTags(btf: Btf, sub: Subprog, i: number): ReadonlySet<ArgTag> {
  const tags = new Set<ArgTag>();
  for (const text of argTags(btf, sub.typeId, i)) {
    if (!sub.global) {
      throw new ArgProblem(ERRNO.EOPNOTSUPP, `arg#${i} type tag is not supported in static functions`);
    }
    const tag = ARG_TAGS.find((known) => known === text);
    if (tag === undefined) throw new ArgProblem(ERRNO.EOPNOTSUPP, `arg#${i} has unsupported set of tags`);
    tags.add(tag);
  }
  return tags;
}

function arg(type: string, memSize = 0, btfId = 0): SubprogArg {
  return { type, memSize, btf: 0, btfId };
}

function functionArg(env: VerifierEnv, btf: Btf, sub: Subprog, i: number, typeId: number): SubprogArg {
  const tags = readTags(btf, sub, i);
  const id = resolveId(btf, typeId);
  if (btf.kindOf(id) === "ptr") {
    const pointer = pointerArg(env, btf, sub, i, (btf.type(id) as { type: number }).type, tags);
    if (pointer !== null) return pointer;
  }
  if (tags.size > 0) throw new ArgProblem(ERRNO.EINVAL, `arg#${i} has pointer tag, but is not a pointer type`);
  if (isScalar(btf, id)) return arg("ARG_ANYTHING");
  const name = btf.nameOf(sub.typeId);
  throw problem(sub, ERRNO.EINVAL, `Arg#${i} type ${kindWord(btf, id)} in ${name}() is not supported yet.`);
}

/** An argument that is a pointer; null for a static function's that says nothing. */
function pointerArg(
  env: VerifierEnv,
  btf: Btf,
  sub: Subprog,
  i: number,
  pointee: number,
  tags: ReadonlySet<ArgTag>,
): SubprogArg | null {
  const combination = new ArgProblem(ERRNO.EINVAL, `arg#${i} has invalid combination of tags`);
  const progType = env.type === PROG_TYPE.BPF_PROG_TYPE_EXT ? (env.input.attachProgram?.type ?? env.type) : env.type;
  if (tags.has("ctx") || isContextType(btf, pointee, progType, i, (text) => env.verbose(text))) {
    if (tags.size > (tags.has("ctx") ? 1 : 0)) throw combination;
    if (tags.has("ctx")) {
      const wrong = taggedContextProblem(btf, pointee, progType, env.expectedAttachType, i);
      if (wrong !== "") throw new ArgProblem(ERRNO.EINVAL, wrong);
    }
    return arg("ARG_PTR_TO_CTX");
  }
  const target = resolveId(btf, pointee);
  if (isComposite(btf, target) && btf.nameOf(target) === "bpf_dynptr") {
    if (tags.size > 0) throw combination;
    return arg("ARG_PTR_TO_DYNPTR | MEM_RDONLY");
  }
  if (tags.has("trusted")) {
    if (tags.has("nonnull")) throw combination;
    const type = tags.has("nullable")
      ? "ARG_PTR_TO_BTF_ID | PTR_MAYBE_NULL | PTR_TRUSTED"
      : "ARG_PTR_TO_BTF_ID | PTR_TRUSTED";
    return arg(type, 0, kernelType(env, btf, target, i));
  }
  if (tags.has("untrusted")) {
    if (tags.size > 1) {
      throw new ArgProblem(ERRNO.EINVAL, `arg#${i} untrusted cannot be combined with any other tags`);
    }
    return untrustedArg(env, btf, target, i);
  }
  if (tags.has("arena")) {
    if (tags.size > 1) throw new ArgProblem(ERRNO.EINVAL, `arg#${i} arena cannot be combined with any other tags`);
    return arg("ARG_PTR_TO_ARENA");
  }
  if (!sub.global) return null;
  if (tags.has("nullable")) throw combination;
  return arg(tags.has("nonnull") ? "ARG_PTR_TO_MEM" : "ARG_PTR_TO_MEM | PTR_MAYBE_NULL", pointeeSize(btf, target, i));
}

function isComposite(btf: Btf, id: number): boolean {
  const kind = btf.kindOf(id);
  return kind === "struct" || kind === "union";
}

function pointeeSize(btf: Btf, target: number, i: number): number {
  try {
    return sizeOf(btf, target);
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    const type = `${kindWord(btf, target)} ${btf.nameOf(target)}`;
    throw new ArgProblem(
      ERRNO.EINVAL,
      `arg#${i} reference type('${type}') size cannot be determined: -${ERRNO.EINVAL}`,
    );
  }
}

/** Memory that is read with faults caught: `arg:untrusted`. */
function untrustedArg(env: VerifierEnv, btf: Btf, target: number, i: number): SubprogArg {
  // btf_type_is_primitive: numbers and enumerations, which are read as memory.
  if (target === 0 || isScalar(btf, target)) return arg("ARG_PTR_TO_MEM | MEM_RDONLY | PTR_UNTRUSTED");
  const kernelId = kernelType(env, btf, target, i);
  const kernel = env.btf(0);
  if (!isComposite(kernel, kernelId)) {
    const words = `type ${kindWord(kernel, kernelId)} '(anon)'`;
    throw new ArgProblem(ERRNO.EINVAL, `arg#${i} has ${words}, but only struct or primitive types are allowed`);
  }
  return arg("ARG_PTR_TO_BTF_ID | PTR_UNTRUSTED", 0, kernelId);
}

/** The kernel's type of the same kind and name, flavours aside (btf_get_ptr_to_btf_id). */
function kernelType(env: VerifierEnv, btf: Btf, target: number, i: number): number {
  const kind = btf.kindOf(target);
  const name = btf.nameOf(target);
  const prefix = `arg#${i} reference type('${kindWord(btf, target)} ${name}')`;
  if (name === "" || kind === "void") {
    throw new ArgProblem(ERRNO.EINVAL, `${prefix} candidate matching error: -${ERRNO.EINVAL}`);
  }
  const found = env.btfs[0]?.find(essentialName(name), kind) ?? [];
  if (found.length === 0) throw new ArgProblem(ERRNO.ENOENT, `${prefix} has no matches`);
  if (found.length > 1) throw new ArgProblem(ERRNO.ESRCH, `${prefix} is ambiguous`);
  return found[0]!;
}

/**
 * Whether the caller's registers fit what a function takes (btf_check_subprog_call). A function that was called otherwise is
 * unreliable from then on: its BTF does not tell what it gets.
 * @returns 0, or the positive errno. EFAULT must end verification; others only for global functions.
 */
export function checkSubprogCallArgs(env: VerifierEnv, subprog: number): number {
  const sub = env.subprogs[subprog]!;
  if (env.input.btf === undefined || (env.input.funcInfo?.length ?? 0) === 0) return ERRNO.EINVAL;
  if (sub.typeId === 0) return ERRNO.EFAULT;
  if (sub.unreliable) return ERRNO.EINVAL;
  const errno = matchArgs(env, subprog, sub);
  if (errno !== 0) sub.unreliable = true;
  return errno;
}

function matchArgs(env: VerifierEnv, subprog: number, sub: Subprog): number {
  const errno = prepareSubprogArgs(env, subprog);
  if (errno !== 0) return errno;
  try {
    sub.args!.forEach((wanted, i) => {
      checkArg(env, i, wanted);
    });
    return 0;
  } catch (error) {
    if (error instanceof Rejection) return error.errno;
    throw error;
  }
}
