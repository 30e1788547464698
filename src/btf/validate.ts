import { btfError } from "./errors.ts";
import {
  K_ARRAY,
  K_CONST,
  K_DATASEC,
  K_DECL_TAG,
  K_ENUM,
  K_ENUM64,
  K_FLOAT,
  K_FUNC,
  K_FUNC_PROTO,
  K_INT,
  K_PTR,
  K_RESTRICT,
  K_STRUCT,
  K_TYPE_TAG,
  K_TYPEDEF,
  K_UNION,
  K_VAR,
  K_VOLATILE,
  KINDS,
  kindRow,
} from "./kinds.ts";

/**
 * How deep types may nest through pointers, arrays and modifiers, and through members. The kernel's own deepest is about 20;
 * everything that walks types recursively relies on this bound.
 */
export const MAX_DEPTH = 64;

/** Where the types of a BTF section lie, after all of it has been checked. */
export interface TypeIndex {
  /** Index of the first word of each type; entry i belongs to id `firstId + i`. */
  readonly starts: Uint32Array;
}

/** What the checks need to know about the types and strings around. */
export interface TypeInput {
  readonly what: string;
  /** The type section as 32-bit words of this host's byte order. */
  readonly words: Uint32Array;
  /** Where it begins in the file, for messages. */
  readonly fileOffset: number;
  readonly firstId: number;
  readonly stringSize: number;
  /** Kind number of a type of the base. */
  readonly baseKind: (id: number) => number;
}

const EXTRA = new Uint8Array(32);
const PER_ITEM = new Uint8Array(32);
const THIRD_IS_TYPE = new Uint8Array(32);
for (const row of KINDS) {
  EXTRA[row.number] = row.extra;
  PER_ITEM[row.number] = row.perItem;
  THIRD_IS_TYPE[row.number] = row.third === "type" ? 1 : 0;
}

const kindName = (number: number): string => kindRow(number)?.kind ?? "void";

/**
 * Checks every record of a type section in one pass, then what can only be judged with all types known: cycles, nesting, and the
 * kinds that functions, data sections and tags must point to. After it, code that reads the section need check nothing again.
 * @throws BpfError `E_BTF_*`
 */
export function validateTypes(input: TypeInput): TypeIndex {
  const starts = scanRecords(input);
  const kinds = new Uint8Array(starts.length);
  for (let n = 0; n < starts.length; n++) kinds[n] = (input.words[starts[n]! + 1]! >>> 24) & 31;
  checkKinds(input, starts, kinds);
  checkChains(input, starts);
  checkContainment(input, starts, kinds);
  return { starts };
}

function scanRecords({ what, words, fileOffset, firstId, stringSize }: TypeInput): Uint32Array {
  const total = words.length;
  const starts = new Uint32Array(Math.floor(total / 3));
  let count = 0;
  let maxRef = 0;
  let maxRefOwner = 0;
  for (let at = 0; at < total; ) {
    const id = firstId + count;
    if (at + 3 > total) {
      const short = { what, id, kind: "header", at: fileOffset + at * 4, need: 12, size: total * 4 };
      throw btfError("E_BTF_TRUNCATED", short);
    }
    const name = words[at]!;
    const info = words[at + 1]!;
    const third = words[at + 2]!;
    const kind = (info >>> 24) & 31;
    const vlen = info & 0xffff;
    if (kind === 0 || kind > K_ENUM64) throw btfError("E_BTF_KIND", { what, id, at: fileOffset + at * 4, found: kind });
    const length = 3 + EXTRA[kind]! + PER_ITEM[kind]! * vlen;
    if (at + length > total) {
      const record = { what, id, kind: kindName(kind), at: fileOffset + at * 4, need: length * 4, size: total * 4 };
      throw btfError("E_BTF_TRUNCATED", record);
    }
    if (name >= stringSize) throw nameError(what, id, kind, name, stringSize);
    if (THIRD_IS_TYPE[kind] === 1 && third > maxRef) {
      maxRef = third;
      maxRefOwner = id;
    }
    const body = at + 3;
    switch (kind) {
      case K_INT: {
        const encoding = words[body]!;
        const bits = encoding & 0xff;
        const offset = (encoding >>> 16) & 0xff;
        if (third === 0 || third > 16 || (third & (third - 1)) !== 0) throw sizeError(what, id, kind, third);
        if (bits + offset > third * 8) {
          const problem = `${bits} bits at bit ${offset} do not fit in ${third} bytes`;
          throw btfError("E_BTF_SIZE", { what, id, kind: "int", problem });
        }
        break;
      }
      case K_FLOAT:
        if (![2, 4, 8, 12, 16].includes(third)) throw sizeError(what, id, kind, third);
        break;
      case K_ARRAY:
        if (words[body]! > maxRef) {
          maxRef = words[body]!;
          maxRefOwner = id;
        }
        if (words[body + 1]! > maxRef) {
          maxRef = words[body + 1]!;
          maxRefOwner = id;
        }
        break;
      case K_STRUCT:
      case K_UNION: {
        const bitfields = info >>> 31 !== 0;
        for (let i = body; i < at + length; i += 3) {
          if (words[i]! >= stringSize) throw nameError(what, id, kind, words[i]!, stringSize);
          if (words[i + 1]! > maxRef) {
            maxRef = words[i + 1]!;
            maxRefOwner = id;
          }
          const place = words[i + 2]!;
          const end = bitfields ? (place & 0xffffff) + (place >>> 24) : place;
          if (end > third * 8) {
            const problem = `member ${(i - body) / 3} at bit ${place} is outside its ${third} bytes`;
            throw btfError("E_BTF_SIZE", { what, id, kind: kindName(kind), problem });
          }
        }
        break;
      }
      case K_ENUM:
      case K_ENUM64: {
        if (third === 0 || third > 8 || (third & (third - 1)) !== 0) throw sizeError(what, id, kind, third);
        const step = PER_ITEM[kind]!;
        for (let i = body; i < at + length; i += step) {
          if (words[i]! >= stringSize) throw nameError(what, id, kind, words[i]!, stringSize);
        }
        break;
      }
      case K_FUNC_PROTO:
        for (let i = body; i < at + length; i += 2) {
          if (words[i]! >= stringSize) throw nameError(what, id, kind, words[i]!, stringSize);
          if (words[i + 1]! > maxRef) {
            maxRef = words[i + 1]!;
            maxRefOwner = id;
          }
        }
        break;
      case K_DATASEC:
        for (let i = body; i < at + length; i += 3) {
          if (words[i]! > maxRef) {
            maxRef = words[i]!;
            maxRefOwner = id;
          }
        }
        break;
      default:
    }
    starts[count++] = at;
    at += length;
  }
  if (maxRef >= firstId + count) {
    const kind = kindName((words[starts[maxRefOwner - firstId]! + 1]! >>> 24) & 31);
    throw btfError("E_BTF_REF", { what, id: maxRefOwner, kind, found: maxRef, count: firstId + count });
  }
  return starts.slice(0, count);
}

function nameError(what: string, id: number, kind: number, offset: number, limit: number) {
  return btfError("E_BTF_NAME", { what, id, kind: kindName(kind), offset, limit });
}

function sizeError(what: string, id: number, kind: number, size: number) {
  return btfError("E_BTF_SIZE", { what, id, kind: kindName(kind), problem: `size ${size} is impossible` });
}

/** What may stand behind a type that only makes sense on some kinds. */
const REFERENT: ReadonlyMap<number, { readonly kinds: readonly number[]; readonly want: string }> = new Map([
  [K_FUNC, { kinds: [K_FUNC_PROTO], want: "func_proto" }],
  [K_DATASEC, { kinds: [K_VAR, K_FUNC], want: "var or func" }],
  [K_DECL_TAG, { kinds: [K_STRUCT, K_UNION, K_FUNC, K_VAR, K_TYPEDEF], want: "struct, union, func, var or typedef" }],
]);

/** Kinds that name no type of a value: functions, variables, sections and tags. */
const isValueKind = (kind: number): boolean =>
  kind !== K_FUNC && kind !== K_VAR && kind !== K_DATASEC && kind !== K_DECL_TAG;

function checkKinds({ what, words, firstId, baseKind }: TypeInput, starts: Uint32Array, kinds: Uint8Array): void {
  const kindAt = (id: number): number => (id < firstId ? baseKind(id) : kinds[id - firstId]!);
  const value = (id: number, kind: number, found: number): void => {
    const foundKind = kindAt(found);
    if (isValueKind(foundKind)) return;
    const named = { found, foundKind: kindName(foundKind), want: "type of a value" };
    throw btfError("E_BTF_REF_KIND", { what, id, kind: kindName(kind), ...named });
  };
  for (let n = 0; n < starts.length; n++) {
    const at = starts[n]!;
    const info = words[at + 1]!;
    const kind = (info >>> 24) & 31;
    const vlen = info & 0xffff;
    const id = firstId + n;
    const body = at + 3;
    const rule = isValueKind(kind) || kind === K_VAR ? undefined : REFERENT.get(kind);
    if (rule !== undefined) {
      const items = kind === K_DATASEC ? vlen : 1;
      for (let i = 0; i < items; i++) {
        const found = kind === K_DATASEC ? words[body + 3 * i]! : words[at + 2]!;
        const foundKind = kindAt(found);
        if (rule.kinds.includes(foundKind)) continue;
        const named = { found, foundKind: kindName(foundKind), want: rule.want };
        throw btfError("E_BTF_REF_KIND", { what, id, kind: kindName(kind), ...named });
      }
    } else if (THIRD_IS_TYPE[kind] === 1) {
      value(id, kind, words[at + 2]!);
      if (kind === K_FUNC_PROTO) for (let i = 0; i < vlen; i++) value(id, kind, words[body + 2 * i + 1]!);
    } else if (kind === K_ARRAY) {
      value(id, kind, words[body]!);
      value(id, kind, words[body + 1]!);
    } else if (kind === K_STRUCT || kind === K_UNION) {
      for (let i = 0; i < vlen; i++) value(id, kind, words[body + 3 * i + 1]!);
    }
  }
}

/** The one type that a pointer, array, typedef or qualifier continues with, or -1. */
function successor(words: Uint32Array, at: number): number {
  switch ((words[at + 1]! >>> 24) & 31) {
    case K_PTR:
    case K_TYPEDEF:
    case K_VOLATILE:
    case K_CONST:
    case K_RESTRICT:
    case K_TYPE_TAG:
      return words[at + 2]!;
    case K_ARRAY:
      return words[at + 3]!;
    default:
      return -1;
  }
}

/** Refuses chains of pointers, arrays and modifiers that come back to themselves (no C declaration can) or never seem to end. */
function checkChains({ what, words, firstId }: TypeInput, starts: Uint32Array): void {
  // Length of the chain from each type on; 0 = not known yet. A base was checked by itself, so its types count as ends.
  const depth = new Uint8Array(starts.length);
  const path: number[] = [];
  for (let n = 0; n < starts.length; n++) {
    let at = n;
    let below = 0;
    while (at >= 0 && depth[at] === 0) {
      if (path.length > MAX_DEPTH) {
        const kind = kindName((words[starts[n]! + 1]! >>> 24) & 31);
        if (path.includes(at)) throw btfError("E_BTF_CYCLE", { what, id: firstId + at, kind });
        throw btfError("E_BTF_DEPTH", { what, id: firstId + n, kind, limit: MAX_DEPTH });
      }
      path.push(at);
      const next = successor(words, starts[at]!);
      at = next < firstId ? -1 : next - firstId;
    }
    if (at >= 0) below = depth[at]!;
    while (path.length > 0) {
      below++;
      const id = path.pop()!;
      if (below > MAX_DEPTH) {
        const kind = kindName((words[starts[id]! + 1]! >>> 24) & 31);
        throw btfError("E_BTF_DEPTH", { what, id: firstId + id, kind, limit: MAX_DEPTH });
      }
      depth[id] = below;
    }
  }
}

/** Refuses structs that contain themselves by value, and nesting beyond MAX_DEPTH. */
function checkContainment({ what, words, firstId }: TypeInput, starts: Uint32Array, kinds: Uint8Array): void {
  const depth = new Uint8Array(starts.length);
  const onPath = new Uint8Array(starts.length);
  const path: { id: number; next: number; deepest: number }[] = [];
  const isComposite = (id: number): boolean => kinds[id] === K_STRUCT || kinds[id] === K_UNION;
  /** The composite of this BTF that a member of this type holds by value, or -1. */
  const held = (type: number): number => {
    let id = type;
    for (;;) {
      if (id < firstId) return -1;
      const n = id - firstId;
      const kind = kinds[n]!;
      if (kind === K_STRUCT || kind === K_UNION) return n;
      if (kind === K_PTR || kind === K_INT) return -1;
      id = successor(words, starts[n]!);
    }
  };
  const enter = (id: number): void => {
    if (path.length >= MAX_DEPTH) {
      const of = { what, id: firstId + id, kind: kindName((words[starts[id]! + 1]! >>> 24) & 31) };
      throw btfError("E_BTF_DEPTH", { ...of, limit: MAX_DEPTH });
    }
    onPath[id] = 1;
    path.push({ id, next: 0, deepest: 0 });
  };
  for (let n = 0; n < starts.length; n++) {
    if (depth[n] !== 0 || !isComposite(n)) continue;
    enter(n);
    while (path.length > 0) {
      const top = path[path.length - 1]!;
      const at = starts[top.id]!;
      const vlen = words[at + 1]! & 0xffff;
      let inner = -1;
      while (top.next < vlen) {
        const child = held(words[at + 4 + 3 * top.next]!);
        top.next++;
        if (child < 0) continue;
        if (onPath[child] === 1) {
          const kind = kindName((words[starts[child]! + 1]! >>> 24) & 31);
          throw btfError("E_BTF_CYCLE", { what, id: firstId + child, kind });
        }
        if (depth[child] !== 0) top.deepest = Math.max(top.deepest, depth[child]!);
        else {
          inner = child;
          break;
        }
      }
      if (inner >= 0) {
        enter(inner);
        continue;
      }
      path.pop();
      onPath[top.id] = 0;
      depth[top.id] = top.deepest + 1;
      if (top.deepest + 1 > MAX_DEPTH) {
        const kind = kindName((words[at + 1]! >>> 24) & 31);
        throw btfError("E_BTF_DEPTH", { what, id: firstId + top.id, kind, limit: MAX_DEPTH });
      }
      const parent = path[path.length - 1];
      if (parent !== undefined) parent.deepest = Math.max(parent.deepest, depth[top.id]!);
    }
  }
}
