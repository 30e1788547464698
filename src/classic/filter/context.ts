import type { Condition } from "./condition.ts";
import type { Place } from "./errors.ts";
import { filterError } from "./errors.ts";
import type { Layers } from "./layers.ts";
import type { LinkType } from "./link-types.ts";
import type { Values, Word } from "./value.ts";

/** Fills words of scratch memory with places in the packet. */
export interface Prelude {
  /** Where the frame begins; null where it begins with the packet. */
  readonly frame: { readonly word: Word; readonly condition: Condition } | null;
  /** Where what the frame carries begins. Its branches keep libpcap from optimising the program. */
  readonly payload: { readonly word: Word; readonly condition: Condition };
}

/** What primitives are compiled in: where the headers stand by now, and the part of the text at hand, for errors. */
export interface Context {
  readonly values: Values;
  readonly link: LinkType;
  layers: Layers;
  place: Place;
  readonly netmask: number | null;
  /** Set by what libpcap does not optimise. */
  keepLoads: boolean;
  /** What comes before the whole expression, where that reads words of it. */
  prelude: Prelude | null;
  /** Words of scratch memory taken so far. */
  words: number;
}

export function refuseQualifier(context: Context, why: string): never {
  throw filterError("E_FILTER_QUALIFIER", { why, ...context.place });
}

export function refuseLink(context: Context, why: string): never {
  throw filterError("E_FILTER_LINK", { why, ...context.place });
}

export function refuseRange(context: Context, why: string): never {
  throw filterError("E_FILTER_RANGE", { why, ...context.place });
}

/** A word of scratch memory that nothing else uses. */
export function takeWord(context: Context): Word {
  return context.values.word(context.words++);
}
