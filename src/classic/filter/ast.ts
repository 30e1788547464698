import type { Place } from "./errors.ts";
import type { Proto } from "./keywords.ts";

export type Direction = "src" | "dst" | "or" | "and" | "ra" | "ta" | "addr1" | "addr2" | "addr3" | "addr4" | null;
export type AddressKind = "host" | "net" | "port" | "portrange" | "gateway" | "proto" | "protochain" | null;

/** What stands before an id, or is taken over from the id before it. */
export interface Qualifiers {
  readonly proto: Proto | null;
  readonly dir: Direction;
  readonly kind: AddressKind;
}

export type Id =
  | { readonly form: "number"; readonly value: number }
  | { readonly form: "ipv4"; readonly text: string }
  | { readonly form: "ipv4-prefix"; readonly text: string; readonly bits: number }
  | { readonly form: "ipv4-mask"; readonly text: string; readonly mask: string }
  | { readonly form: "ipv6"; readonly text: string; readonly bits: number | null }
  | { readonly form: "mac" | "arcnet" | "name"; readonly text: string };

export type ArithmeticOp = "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^" | "<<" | ">>";
export type RelationOp = ">" | ">=" | "=" | "<=" | "<" | "!=";

export type Arithmetic = Place &
  (
    | { readonly node: "number"; readonly value: number }
    | { readonly node: "len" }
    | { readonly node: "load"; readonly proto: Proto; readonly index: Arithmetic; readonly size: number }
    | { readonly node: "negate"; readonly operand: Arithmetic }
    | { readonly node: "operation"; readonly op: ArithmeticOp; readonly left: Arithmetic; readonly right: Arithmetic }
  );

/** A word with its optional arguments, such as `vlan 5`, `less 100`, `type mgt subtype beacon`. */
export type Special = {
  readonly word: string;
  readonly proto: Proto | null;
  readonly numbers: readonly number[];
  readonly names: readonly string[];
};

export type Expression = Place &
  (
    | { readonly node: "all" }
    | { readonly node: "and" | "or"; readonly left: Expression; readonly right: Expression }
    | { readonly node: "not"; readonly operand: Expression }
    | { readonly node: "id"; readonly qualifiers: Qualifiers | null; readonly id: Id }
    | { readonly node: "proto"; readonly proto: Proto }
    | { readonly node: "relation"; readonly op: RelationOp; readonly left: Arithmetic; readonly right: Arithmetic }
    | ({ readonly node: "special" } & Special)
  );
