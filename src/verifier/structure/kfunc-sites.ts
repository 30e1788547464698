import { type Btf, resolve } from "../../btf/index.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { checkDeviceBound } from "../kfuncs/sites.ts";

const MAX_KFUNCS = 256;
const MAX_BTFS = 256;
const MAX_ARGS = 12;
/** Bytes of a structure that two registers can carry. */
const MAX_ARG_BYTES = 16;

/** Which kernel functions the program's instructions name: each is looked up once. */
export class KfuncSites {
  readonly env: VerifierEnv;
  readonly #seen = new Set<string>();
  readonly #modules = new Map<number, Btf>();

  constructor(env: VerifierEnv) {
    this.env = env;
  }

  /** @returns false where the function was added before */
  add(id: number, offset: number): boolean {
    const key = `${id}/${offset}`;
    if (this.#seen.has(key)) return false;
    if (this.#seen.size === MAX_KFUNCS) {
      this.env.reject(ERRNO.E2BIG, "V_TOO_LARGE", "too many different kernel function calls", { limit: MAX_KFUNCS });
    }
    this.#seen.add(key);
    return true;
  }

  /** The BTF that a call's offset names (find_kfunc_desc_btf). */
  btf(offset: number): Btf {
    const { env } = this;
    if (offset === 0) return env.btfs[0]!;
    const known = this.#modules.get(offset);
    if (known !== undefined) return known;
    if (offset < 0) {
      env.verbose("negative offset disallowed for kernel module function call\n");
      this.#refuse(ERRNO.EINVAL);
    }
    if (this.#modules.size === MAX_BTFS) {
      env.verbose("too many different module BTFs\n");
      this.#refuse(ERRNO.E2BIG);
    }
    const fd = env.input.fdArray?.[offset];
    if (env.input.fdArray === undefined) {
      env.verbose("kfunc offset > 0 without fd_array is invalid\n");
      this.#refuse(ERRNO.EPROTO);
    }
    if (fd === undefined) this.#refuse(ERRNO.EFAULT);
    const btf = env.input.btfByFd?.(fd);
    if (btf === undefined) {
      env.verbose("invalid module BTF fd specified\n");
      this.#refuse(ERRNO.EINVAL);
    }
    this.#modules.set(offset, btf);
    return btf;
  }

  #refuse(errno: number): never {
    this.env.reject(errno, "V_UNKNOWN_KFUNC", "failed to find BTF for kernel function");
  }
}

/** A call of a kernel function: it exists, and the program may call such at all (add_kfunc_call). Whether it may call this one is asked on the path. */
export function addKfuncCall(env: VerifierEnv, sites: KfuncSites, id: number, offset: number): void {
  if (env.btfs[0] === null) {
    const message = "calling kernel function is not supported without CONFIG_DEBUG_INFO_BTF";
    env.reject(ERRNO.ENOTSUPP, "V_UNSUPPORTED", message);
  }
  if (!env.gplCompatible) {
    const message = "cannot call kernel function from non-GPL compatible program";
    env.reject(ERRNO.EINVAL, "V_GPL_ONLY", message, { id });
  }
  // Calls that a loader could not resolve: refused only where a path reaches them.
  if (id === 0 && offset === 0) return;
  const btf = sites.btf(offset);
  if (!sites.add(id, offset)) return;
  const func = id > 0 && id < btf.count ? btf.type(id) : undefined;
  if (func?.kind !== "func") {
    env.reject(ERRNO.EINVAL, "V_UNKNOWN_KFUNC", `kernel btf_id ${id >>> 0} is not a function`, { id });
  }
  checkDeviceBound(env, func.name);
  checkFuncModel(env, btf, func.type, func.name);
}

/** Bytes that an argument or result takes, and the type without qualifiers' kind; -1 for what has no size (__get_type_size). */
function passedSize(btf: Btf, id: number): { readonly size: number; readonly kind: string } {
  const type = resolve(btf, id);
  if (type === null) return { size: 0, kind: "UNKNOWN" };
  switch (type.kind) {
    case "ptr":
      return { size: 8, kind: "PTR" };
    case "int":
    case "enum":
    case "enum64":
    case "struct":
    case "union":
      return { size: type.size, kind: type.kind.toUpperCase() };
    default:
      return { size: -1, kind: type.kind.toUpperCase() };
  }
}

/** A function whose prototype can be called or attached to by a trampoline (btf_distill_func_proto). */
export function checkFuncModel(env: VerifierEnv, btf: Btf, protoId: number, name: string): void {
  const proto = btf.type(protoId);
  const refuse: (message: string) => never = (message) => env.reject(ERRNO.EINVAL, "V_UNSUPPORTED", message, { name });
  if (proto.kind !== "func_proto") refuse(`The function ${name} has no prototype`);
  const { params } = proto;
  if (params.length > MAX_ARGS) refuse(`The function ${name} has ${params.length} arguments. Too many.`);
  const ret = passedSize(btf, proto.type);
  if (ret.size < 0 || ret.kind === "STRUCT" || ret.kind === "UNION") {
    refuse(`The function ${name} return type ${ret.kind} is unsupported.`);
  }
  for (const [i, { type }] of params.entries()) {
    if (i === params.length - 1 && type === 0) refuse(`The function ${name} with variable args is unsupported.`);
    const { size, kind } = passedSize(btf, type);
    if (size < 0 || size > MAX_ARG_BYTES) refuse(`The function ${name} arg${i} type ${kind} is unsupported.`);
    if (size === 0) refuse(`The function ${name} has malformed void argument.`);
  }
}
