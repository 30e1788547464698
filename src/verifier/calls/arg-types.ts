import * as L from "../../runtime/verifier-layout.ts";
import type { Helper } from "../../uapi/index.ts";
import { assert } from "../../util/index.ts";
import type { VerifierEnv } from "../env.ts";

/** What helpers demand of arguments and promise of results, as numbers: kinds of enum bpf_arg_type and enum bpf_return_type with the flags of register types. */

export const ARG_DONTCARE = 0;
export const ARG_CONST_MAP_PTR = 1;
export const ARG_PTR_TO_MAP_KEY = 2;
export const ARG_PTR_TO_MAP_VALUE = 3;
export const ARG_PTR_TO_MEM = 4;
export const ARG_PTR_TO_ARENA = 5;
export const ARG_CONST_SIZE = 6;
export const ARG_CONST_SIZE_OR_ZERO = 7;
export const ARG_PTR_TO_CTX = 8;
export const ARG_ANYTHING = 9;
export const ARG_PTR_TO_SPIN_LOCK = 10;
export const ARG_PTR_TO_SOCK_COMMON = 11;
export const ARG_PTR_TO_SOCKET = 12;
export const ARG_PTR_TO_BTF_ID = 13;
export const ARG_PTR_TO_RINGBUF_MEM = 14;
export const ARG_CONST_ALLOC_SIZE_OR_ZERO = 15;
export const ARG_PTR_TO_BTF_ID_SOCK_COMMON = 16;
export const ARG_PTR_TO_PERCPU_BTF_ID = 17;
export const ARG_PTR_TO_FUNC = 18;
export const ARG_PTR_TO_STACK = 19;
export const ARG_PTR_TO_CONST_STR = 20;
export const ARG_PTR_TO_TIMER = 21;
export const ARG_KPTR_XCHG_DEST = 22;
export const ARG_PTR_TO_DYNPTR = 23;

export const RET_INTEGER = 0;
export const RET_VOID = 1;
export const RET_PTR_TO_MAP_VALUE = 2;
export const RET_PTR_TO_SOCKET = 3;
export const RET_PTR_TO_TCP_SOCK = 4;
export const RET_PTR_TO_SOCK_COMMON = 5;
export const RET_PTR_TO_MEM = 6;
export const RET_PTR_TO_MEM_OR_BTF_ID = 7;
export const RET_PTR_TO_BTF_ID = 8;

/** Names of the kinds and flags as the rows of `uapi/helpers.ts` spell them. */
const WORDS: Readonly<Record<string, number>> = {
  ARG_CONST_MAP_PTR,
  ARG_PTR_TO_MAP_KEY,
  ARG_PTR_TO_MAP_VALUE,
  ARG_PTR_TO_MEM,
  ARG_PTR_TO_ARENA,
  ARG_CONST_SIZE,
  ARG_CONST_SIZE_OR_ZERO,
  ARG_PTR_TO_CTX,
  ARG_ANYTHING,
  ARG_PTR_TO_SPIN_LOCK,
  ARG_PTR_TO_SOCK_COMMON,
  ARG_PTR_TO_SOCKET,
  ARG_PTR_TO_BTF_ID,
  ARG_PTR_TO_RINGBUF_MEM,
  ARG_CONST_ALLOC_SIZE_OR_ZERO,
  ARG_PTR_TO_BTF_ID_SOCK_COMMON,
  ARG_PTR_TO_PERCPU_BTF_ID,
  ARG_PTR_TO_FUNC,
  ARG_PTR_TO_STACK,
  ARG_PTR_TO_CONST_STR,
  ARG_PTR_TO_TIMER,
  ARG_KPTR_XCHG_DEST,
  ARG_PTR_TO_DYNPTR,
  RET_INTEGER,
  RET_VOID,
  RET_PTR_TO_MAP_VALUE,
  RET_PTR_TO_SOCKET,
  RET_PTR_TO_TCP_SOCK,
  RET_PTR_TO_SOCK_COMMON,
  RET_PTR_TO_MEM,
  RET_PTR_TO_MEM_OR_BTF_ID,
  RET_PTR_TO_BTF_ID,
  PTR_MAYBE_NULL: L.PTR_MAYBE_NULL,
  PTR_TRUSTED: L.PTR_TRUSTED,
  OBJ_RELEASE: L.OBJ_RELEASE,
  MEM_RDONLY: L.MEM_RDONLY,
  MEM_RINGBUF: L.MEM_RINGBUF,
  MEM_UNINIT: L.MEM_UNINIT,
  MEM_WRITE: L.MEM_WRITE,
  MEM_ALIGNED: L.MEM_ALIGNED,
  MEM_FIXED_SIZE: L.MEM_FIXED_SIZE,
  DYNPTR_TYPE_LOCAL: L.DYNPTR_TYPE_LOCAL,
  DYNPTR_TYPE_RINGBUF: L.DYNPTR_TYPE_RINGBUF,
};

/** The number of `ARG_PTR_TO_MEM | MEM_RDONLY` and the like. */
export function typeNumber(words: string): number {
  let out = 0;
  for (const word of words.split(" | ")) {
    const bits = WORDS[word];
    assert(bits !== undefined, `type word ${word}`);
    out |= bits;
  }
  return out;
}

/** A helper as calls are checked against it (struct bpf_func_proto). */
export interface Prototype {
  readonly id: number;
  /** With the prefix: `bpf_map_lookup_elem`. */
  readonly name: string;
  readonly gpl: boolean;
  readonly packetAccess: boolean;
  readonly changesPacket: boolean;
  readonly sleeps: boolean;
  /** Attach targets that may not have it, though the program's type may; null = none (the `allowed` of struct bpf_func_proto). */
  readonly allowed: ((env: VerifierEnv) => boolean) | null;
  /** One per argument register, ARG_DONTCARE where there is none. */
  readonly args: readonly number[];
  /** Bytes behind memory of fixed size, by argument from 0. */
  readonly sizes: readonly number[];
  /** The kernel structure that an object argument must be, by argument from 0; "" = none named. */
  readonly objects: readonly string[];
  readonly ret: number;
  /** The kernel structure that the result points at; "" = none. */
  readonly retObject: string;
}

const ARGUMENTS = [0, 1, 2, 3, 4] as const;

/** The numbers of a helper's row. */
export function compilePrototype(helper: Omit<Helper, "gpl"> & { readonly gpl?: boolean }): Prototype {
  return {
    id: helper.id,
    name: helper.name,
    gpl: helper.gpl ?? false,
    packetAccess: helper.packetAccess ?? false,
    changesPacket: helper.changesPacket ?? false,
    sleeps: helper.sleeps ?? false,
    allowed: null,
    args: ARGUMENTS.map((i) => (helper.args[i] === undefined ? ARG_DONTCARE : typeNumber(helper.args[i]))),
    sizes: ARGUMENTS.map((i) => helper.sizes?.[i + 1] ?? 0),
    objects: ARGUMENTS.map((i) => helper.btf?.[i + 1] ?? ""),
    ret: typeNumber(helper.ret),
    retObject: helper.btf?.ret ?? "",
  };
}
