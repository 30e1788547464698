import type { Btf } from "../../btf/index.ts";

/** Tags of a global function's argument: `__attribute__((btf_decl_tag("arg:ctx")))`, `__arg_ctx` in libbpf's bpf_helpers.h. */
export const ARG_TAGS = ["ctx", "trusted", "untrusted", "nonnull", "nullable", "arena"] as const;
export type ArgTag = (typeof ARG_TAGS)[number];

const PREFIX = "arg:";

/** Texts of declaration tags by tagged type, then by component (-1: the type itself), in the order of their ids. */
type TagIndex = ReadonlyMap<number, readonly { readonly component: number; readonly text: string }[]>;

const indices = new WeakMap<Btf, TagIndex>();

function tagIndex(btf: Btf): TagIndex {
  const known = indices.get(btf);
  if (known !== undefined) return known;
  const index = new Map<number, { component: number; text: string }[]>();
  for (let id = 1; id < btf.count; id++) {
    if (btf.kindOf(id) !== "decl_tag") continue;
    const tag = btf.type(id) as { name: string; type: number; component: number };
    const tags = index.get(tag.type);
    if (tags === undefined) index.set(tag.type, [{ component: tag.component, text: tag.name }]);
    else tags.push({ component: tag.component, text: tag.name });
  }
  indices.set(btf, index);
  return index;
}

/** What follows `arg:` in the tags of a function's argument, known words or not. */
export function argTags(btf: Btf, funcId: number, arg: number): readonly string[] {
  const tags = tagIndex(btf).get(funcId);
  if (tags === undefined) return NONE;
  return tags
    .filter((tag) => tag.component === arg && tag.text.startsWith(PREFIX))
    .map((tag) => tag.text.slice(PREFIX.length));
}

const NONE: readonly string[] = [];
