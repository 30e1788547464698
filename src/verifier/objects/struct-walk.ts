import { type Btf, type BtfArray, type BtfComposite, type BtfType, resolveId, sizeOf } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";

/*
 * What lies at an offset of a structure. A walk goes down into members that are structures, by any number of array dimensions, until it
 * finds a number, a pointer, or a structure that starts exactly there: then the caller decides whether to go on inside it. A pointer must
 * be read whole, a number may be read in parts, and neighbours in an array of numbers together. Members of a union are not to be trusted,
 * since nobody knows which one is there; a union with a single member is none.
 */

/** What a walk found; `flags` collects MEM_USER, MEM_PERCPU, MEM_RCU and PTR_UNTRUSTED on the way. */
export type Walk =
  | { readonly found: "scalar"; readonly flags: number }
  /** A structure that starts at the offset. */
  | { readonly found: "struct"; readonly id: number; readonly flags: number }
  /** A pointer to a structure, by the name of its member. */
  | { readonly found: "pointer"; readonly id: number; readonly member: string; readonly flags: number }
  /** A pointer to something else. */
  | { readonly found: "opaque"; readonly flags: number }
  /** Nothing that may be accessed: the line of the log and the positive errno. */
  | { readonly found: "nothing"; readonly errno: number; readonly message: string };

function nothing(errno: number, message: string): Walk {
  return { found: "nothing", errno, message };
}

function isComposite(type: BtfType | null): type is BtfComposite {
  return type?.kind === "struct" || type?.kind === "union";
}

function bareType(btf: Btf, id: number): BtfType | null {
  const bare = resolveId(btf, id);
  return bare === 0 ? null : btf.type(bare);
}

/** Bytes of a member, or -1 where its type has no size. */
function memberSize(btf: Btf, id: number): number {
  switch (bareType(btf, id)?.kind) {
    case undefined:
    case "fwd":
    case "func":
    case "func_proto":
      return -1;
    case "array":
      return arrayElement(btf, id) === 0 ? -1 : sizeOf(btf, id);
    default:
      return sizeOf(btf, id);
  }
}

/** The element of an array of any number of dimensions; 0 where that has no size. */
function arrayElement(btf: Btf, id: number): number {
  let at = resolveId(btf, id);
  while (btf.kindOf(at) === "array") at = resolveId(btf, (btf.type(at) as BtfArray).type);
  const kind = btf.kindOf(at);
  return kind === "void" || kind === "fwd" || kind === "func" || kind === "func_proto" ? 0 : at;
}

const nameText = (name: string): string => (name === "" ? "(anon)" : name);

/** The member that is an array of any length at a structure's end, if there is one. */
function flexibleMember(
  btf: Btf,
  struct: BtfComposite,
): { readonly start: number; readonly element: BtfType | null } | null {
  const member = struct.members[struct.members.length - 1];
  const type = member === undefined ? null : bareType(btf, member.type);
  if (type?.kind !== "array" || type.count !== 0) return null;
  return { start: Math.floor(member!.bitOffset / 8), element: bareType(btf, type.type) };
}

/** What `size` bytes at `off` of a structure are (btf_struct_walk). `flags`: what walks so far have collected. */
export function walkStruct(btf: Btf, id: number, off: number, size: number, flags: number): Walk {
  let type = bareType(btf, id);
  // Offsets are 32 bits wide: one before the structure is far behind it.
  let at = off >>> 0;
  for (;;) {
    if (!isComposite(type)) {
      return nothing(ERRNO.EINVAL, `Type '${type === null ? "(anon)" : nameText(type.name)}' is not a struct`);
    }
    if (type.kind === "union" && type.members.length !== 1) flags |= L.PTR_UNTRUSTED;
    if ((at + size) >>> 0 > type.size) {
      const last = flexibleMember(btf, type);
      if (last !== null && at >= last.start) {
        if (last.element?.kind === "int") return { found: "scalar", flags };
        if (isComposite(last.element) && last.element.size > 0) {
          at = (at - last.start) % last.element.size;
          type = last.element;
          continue;
        }
      }
      return nothing(ERRNO.EACCES, `access beyond struct ${nameText(type.name)} at off ${at} size ${size}`);
    }
    const step = walkMembers(btf, type, at, size, flags);
    if (!("into" in step)) return step;
    type = step.into;
    at = step.off;
  }
}

/** Goes through a structure's members: the answer, or the member to go on in. */
function walkMembers(
  btf: Btf,
  struct: BtfComposite,
  off: number,
  size: number,
  flags: number,
): Walk | { readonly into: BtfType; readonly off: number } {
  for (const member of struct.members) {
    let start = Math.floor(member.bitOffset / 8);
    if ((off + size) >>> 0 <= start) break;
    if (member.bitSize > 0) {
      // Clang leaves nameless bit fields out, so a load may start before the member.
      const end = Math.ceil((member.bitOffset + member.bitSize) / 8);
      if (off <= start && end <= off + size) return { found: "scalar", flags };
      continue;
    }
    if (off < start) break;
    let bytes = memberSize(btf, member.type);
    if (bytes < 0) return nothing(ERRNO.EFAULT, `field ${nameText(member.name)} doesn't have size`);
    const end = start + bytes;
    if (off >= end) continue;
    let memberId = resolveId(btf, member.type);
    if (btf.kindOf(memberId) === "array") {
      memberId = arrayElement(btf, memberId);
      bytes = sizeOf(btf, memberId);
      start += Math.floor((off - start) / bytes) * bytes;
    }
    const type = btf.type(memberId);
    if (isComposite(type)) {
      return off === start ? { found: "struct", id: memberId, flags } : { into: type, off: off - start };
    }
    if (type.kind === "ptr") {
      if (bytes !== size || off !== start) {
        const where = `with moff ${start} in struct ${nameText(struct.name)} with off ${off} size ${size}`;
        return nothing(ERRNO.EACCES, `cannot access ptr member ${nameText(member.name)} ${where}`);
      }
      return pointerMember(btf, type.type, member.name, flags);
    }
    if (off + size > end && (flags & L.PTR_UNTRUSTED) === 0) {
      const what = `member ${nameText(member.name)} (mend:${end}) in struct ${nameText(struct.name)}`;
      return nothing(ERRNO.EACCES, `access beyond the end of ${what} with off ${off} size ${size}`);
    }
    return { found: "scalar", flags };
  }
  return nothing(ERRNO.EINVAL, `struct ${nameText(struct.name)} doesn't have field at offset ${off | 0}`);
}

const TAGS: Readonly<Record<string, number>> = { user: L.MEM_USER, percpu: L.MEM_PERCPU, rcu: L.MEM_RCU };

function pointerMember(btf: Btf, pointeeId: number, member: string, flags: number): Walk {
  const target = bareType(btf, pointeeId);
  if (!isComposite(target)) return { found: "opaque", flags };
  const direct = pointeeId === 0 ? null : btf.type(pointeeId);
  const tag = direct?.kind === "type_tag" && direct.attribute === undefined ? direct.name : "";
  const extra = Object.hasOwn(TAGS, tag) ? TAGS[tag]! : 0;
  return { found: "pointer", id: resolveId(btf, pointeeId), member, flags: flags | extra };
}

/** What walks may be remembered of one BTF: enough for the largest programs, too little to matter. */
const MAX_REMEMBERED = 50_000;
const remembered = new WeakMap<Btf, Map<number, Exclude<Walk, { found: "struct" }>>>();

/**
 * Walks on into structures that start where the last walk ended, to a number or a pointer (btf_struct_access). Large structures have
 * hundreds of members and programs touch the same few again and again, so answers are kept: 3.5 us for an instruction that reads
 * `task_struct`, not 38.
 */
export function walkToEnd(btf: Btf, id: number, off: number, size: number): Exclude<Walk, { found: "struct" }> {
  if (off < 0 || off >= 0x10000) return walkAll(btf, id, off, size);
  let known = remembered.get(btf);
  if (known === undefined) remembered.set(btf, (known = new Map()));
  const key = (id * 0x10000 + off) * 16 + size;
  let walk = known.get(key);
  if (walk === undefined) {
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(key, (walk = walkAll(btf, id, off, size)));
  }
  return walk;
}

function walkAll(btf: Btf, id: number, off: number, size: number): Exclude<Walk, { found: "struct" }> {
  let walk = walkStruct(btf, id, off, size, 0);
  // A structure cannot contain itself, so this ends; the count is for BTF that says otherwise.
  for (let depth = 0; walk.found === "struct" && depth < 64; depth++) {
    walk = walkStruct(btf, walk.id, 0, size, walk.flags);
  }
  return walk.found === "struct" ? { found: "nothing", errno: ERRNO.EINVAL, message: "" } : walk;
}
