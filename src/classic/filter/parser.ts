import type {
  AddressKind,
  Arithmetic,
  ArithmeticOp,
  Direction,
  Expression,
  Id,
  Qualifiers,
  RelationOp,
} from "./ast.ts";
import { filterError, type Place } from "./errors.ts";
import type { Proto } from "./keywords.ts";
import { type Token, tokenize } from "./lexer.ts";

/**
 * `and` and `or` bind equally and to the left; `not` binds tighter. An id may stand alone after `and`, `or` and `not` and then takes the
 * qualifiers of the id before it. What a parenthesis or a number opens (an id, an expression, arithmetic) shows only later, so those are
 * read as whichever they turn out to be.
 */
type Item =
  | { readonly is: "term" | "id"; readonly node: Expression; readonly qualifiers: Qualifiers | null }
  | { readonly is: "arithmetic"; readonly value: Arithmetic };

const BINDING: Partial<Record<string, number>> = { "|": 1, "&": 2, "<<": 3, ">>": 3, "+": 4, "-": 4, "*": 5, "/": 5 };
/** These two always wait for what follows them, and take all of it. */
const GREEDY = new Set(["^", "%"]);
const RELATIONS = new Set([">", ">=", "=", "<=", "<", "!="]);
const DIRECTIONS = new Set(["src", "dst", "ra", "ta", "addr1", "addr2", "addr3", "addr4"]);
const KINDS = new Set(["host", "net", "port", "portrange", "gateway", "proto", "protochain"]);
const WITH_OPTIONAL_NUMBER = new Set(["vlan", "mpls", "pppoes", "geneve", "vxlan"]);
const WITH_NUMBER = new Set(["less", "greater", "ifindex", "rnr", "srnr"]);
const BARE = new Set(["inbound", "outbound", "pppoed"]);
const BYTE_OPS = new Set(["&", "|", "<", ">", "="]);
const DEPTH = 200;

class Parser {
  private readonly tokens: readonly Token[];
  private at = 0;
  private depth = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  parse(): Expression {
    if (this.peek().kind === "end") return { node: "all", column: 1, length: 0 };
    const item = this.expression(null);
    if (this.peek().kind !== "end") this.unexpected();
    return item.node;
  }

  private peek(ahead = 0): Token {
    return this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)] as Token;
  }

  private next(): Token {
    const token = this.peek();
    this.at++;
    return token;
  }

  private is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return (token.kind === "word" || token.kind === "sign") && token.text === text;
  }

  private expect(text: string): Token {
    if (!this.is(text)) this.unexpected(`'${text}' is missing`);
    return this.next();
  }

  private unexpected(what?: string): never {
    const { kind, text, column, length } = this.peek();
    throw filterError("E_FILTER_SYNTAX", {
      what: what ?? (kind === "end" ? "the expression ends too early" : `unexpected '${text}'`),
      column,
      length,
    });
  }

  /** From one token to the last one taken. */
  private since(start: Place): Place {
    const last = this.tokens[this.at - 1] ?? start;
    return { column: start.column, length: Math.max(1, last.column + last.length - start.column) };
  }

  private deeper<T>(read: () => T): T {
    if (++this.depth > DEPTH)
      throw filterError("E_FILTER_DEEP", { column: this.peek().column, length: this.peek().length });
    const result = read();
    this.depth--;
    return result;
  }

  private expression(outer: Qualifiers | null): Item & { is: "term" | "id" } {
    const first = this.item(outer, false);
    return this.rest(first, outer, false);
  }

  /** `and` and `or` with what follows them; in a list of ids nothing else may stand. */
  private rest(
    first: Item & { is: "term" | "id" },
    _outer: Qualifiers | null,
    onlyIds: boolean,
  ): Item & { is: "term" | "id" } {
    let left = first;
    while (this.is("and") || this.is("or")) {
      const start = { column: left.node.column, length: 1 };
      const node = this.next().text === "and" ? "and" : "or";
      const right = this.item(left.qualifiers, true);
      if (onlyIds && right.is !== "id") this.unexpected();
      left = {
        is: left.is,
        node: { node, left: left.node, right: right.node, ...this.since(start) },
        qualifiers: right.qualifiers,
      };
    }
    return left;
  }

  private item(qualifiers: Qualifiers | null, mayBeId: boolean): Item & { is: "term" | "id" } {
    const item = this.operand(qualifiers, mayBeId);
    return item.is === "arithmetic" ? this.bareNumber(item.value, qualifiers, mayBeId) : item;
  }

  private bareNumber(value: Arithmetic, qualifiers: Qualifiers | null, mayBeId: boolean): Item & { is: "term" | "id" } {
    if (value.node !== "number" || !mayBeId) return this.unexpected();
    const { column, length } = value;
    const node: Expression = { node: "id", qualifiers, id: { form: "number", value: value.value }, column, length };
    return { is: "id", node, qualifiers };
  }

  private operand(qualifiers: Qualifiers | null, mayBeId: boolean): Item {
    return this.deeper(() => {
      const item = this.primary(qualifiers, mayBeId);
      if (item.is !== "arithmetic") return item;
      const left = this.operators(item.value, 0);
      const relation = this.peek();
      if (relation.kind !== "sign" || !RELATIONS.has(relation.text)) return { is: "arithmetic", value: left };
      this.next();
      const right = this.arithmetic(0);
      const op = relation.text as RelationOp;
      return { is: "term", node: { node: "relation", op, left, right, ...this.since(left) }, qualifiers: null };
    });
  }

  private primary(qualifiers: Qualifiers | null, mayBeId: boolean): Item {
    const token = this.peek();
    if (this.is("not")) {
      this.next();
      const inner = this.item(qualifiers, mayBeId);
      return { ...inner, node: { node: "not", operand: inner.node, ...this.since(token) } };
    }
    if (this.is("(")) return this.parenthesis(qualifiers, mayBeId);
    if (this.startsArithmetic()) return { is: "arithmetic", value: this.atom() };
    if (token.kind === "word" || token.kind === "proto") return this.term();
    if (token.kind === "foreign") {
      throw filterError("E_FILTER_LINK", {
        why: `'${token.text}' is supported only on ${token.of}`,
        column: token.column,
        length: token.length,
      });
    }
    return mayBeId ? this.id(qualifiers) : this.unexpected();
  }

  private parenthesis(qualifiers: Qualifiers | null, mayBeId: boolean): Item {
    const open = this.next();
    const first = this.operand(qualifiers, mayBeId);
    if (first.is === "arithmetic" && this.is(")")) {
      this.next();
      return { is: "arithmetic", value: { ...first.value, ...this.since(open) } };
    }
    const head = first.is === "arithmetic" ? this.bareNumber(first.value, qualifiers, mayBeId) : first;
    const all = this.rest(head, qualifiers, head.is === "id");
    this.expect(")");
    return head.is === "id" ? all : { ...all, qualifiers };
  }

  private startsArithmetic(): boolean {
    const token = this.peek();
    if (token.kind === "number") return true;
    if (token.kind === "proto") return this.is("[", 1);
    return this.is("len") || this.is("-");
  }

  private arithmetic(least: number): Arithmetic {
    return this.deeper(() => this.operators(this.atom(), least));
  }

  private operators(first: Arithmetic, least: number): Arithmetic {
    let left = first;
    for (;;) {
      const token = this.peek();
      if (token.kind !== "sign") return left;
      const greedy = GREEDY.has(token.text);
      const binding = BINDING[token.text];
      if (!greedy && (binding === undefined || binding <= least)) return left;
      this.next();
      const right = this.arithmetic(greedy ? 0 : (binding ?? 0));
      left = { node: "operation", op: token.text as ArithmeticOp, left, right, ...this.since(left) };
    }
  }

  private atom(): Arithmetic {
    const token = this.peek();
    if (token.kind === "number") {
      this.next();
      return { node: "number", value: token.value, column: token.column, length: token.length };
    }
    if (this.is("len")) {
      this.next();
      return { node: "len", column: token.column, length: token.length };
    }
    if (this.is("-")) {
      this.next();
      const operand = this.arithmetic(6);
      return { node: "negate", operand, ...this.since(token) };
    }
    if (this.is("(")) {
      this.next();
      const inner = this.arithmetic(0);
      this.expect(")");
      return { ...inner, ...this.since(token) };
    }
    if (token.kind === "proto" && this.is("[", 1)) return this.load(token.proto);
    return this.unexpected();
  }

  private load(proto: Proto): Arithmetic {
    const start = this.next();
    this.expect("[");
    const index = this.arithmetic(0);
    let size = 1;
    if (this.is(":")) {
      this.next();
      const token = this.peek();
      if (token.kind !== "number") this.unexpected();
      size = token.value;
      this.next();
    }
    this.expect("]");
    const place = this.since(start);
    if (size !== 1 && size !== 2 && size !== 4)
      throw filterError("E_FILTER_RANGE", { why: "data size must be 1, 2, or 4", ...place });
    return { node: "load", proto, index, size, ...place };
  }

  private term(): Item {
    const start = this.peek();
    const proto = start.kind === "proto" ? start.proto : null;
    if (start.kind === "proto") this.next();
    const word = this.peek();
    if (word.kind === "word") {
      const text = word.text;
      if (text === "broadcast" || text === "multicast") return this.special(start, proto, this.next().text, []);
      if (text === "type" || text === "subtype" || text === "dir") return this.wireless(start, proto);
      if (DIRECTIONS.has(text) || KINDS.has(text)) return this.qualified(proto);
    }
    if (proto !== null) return { is: "term", node: { node: "proto", proto, ...this.since(start) }, qualifiers: null };
    if (word.kind !== "word") return this.unexpected();
    const text = word.text;
    if (BARE.has(text)) return this.special(start, null, this.next().text, []);
    if (WITH_OPTIONAL_NUMBER.has(text)) {
      this.next();
      return this.special(start, null, text, this.startsNumber() ? [this.number()] : []);
    }
    if (WITH_NUMBER.has(text)) {
      this.next();
      return this.special(start, null, text, [this.plainNumber()]);
    }
    if (text === "byte") return this.byte(start);
    if (text === "llc") return this.llc(start);
    if (text === "ifname" || text === "rset" || text === "action" || text === "reason")
      return this.packetFilter(start, text);
    return this.unexpected();
  }

  private special(start: Token, proto: Proto | null, word: string, numbers: number[], names: string[] = []): Item {
    return {
      is: "term",
      node: { node: "special", word, proto, numbers, names, ...this.since(start) },
      qualifiers: null,
    };
  }

  private startsNumber(): boolean {
    let ahead = 0;
    while (this.is("(", ahead)) ahead++;
    return this.peek(ahead).kind === "number";
  }

  /** A number, perhaps in parentheses. */
  private number(): number {
    if (!this.is("(")) return this.plainNumber();
    this.next();
    const value = this.number();
    this.expect(")");
    return value;
  }

  private plainNumber(): number {
    const token = this.peek();
    if (token.kind !== "number") return this.unexpected();
    this.next();
    return token.value;
  }

  private byte(start: Token): Item {
    this.next();
    const offset = this.plainNumber();
    const op = this.peek();
    if (op.kind !== "sign" || !BYTE_OPS.has(op.text)) this.unexpected();
    this.next();
    return this.special(start, null, "byte", [offset, this.plainNumber()], [op.text]);
  }

  private llc(start: Token): Item {
    this.next();
    const token = this.peek();
    if (token.kind === "name") {
      this.next();
      return this.special(start, null, "llc", [], [token.text]);
    }
    if (token.kind === "word" && token.text === "rnr") {
      this.next();
      return this.special(start, null, "llc", [], ["rnr"]);
    }
    return this.special(start, null, "llc", []);
  }

  private packetFilter(start: Token, word: string): Item {
    this.next();
    const token = this.peek();
    if (token.kind === "number" && word === "reason") {
      this.next();
      return this.special(start, null, word, [token.value]);
    }
    if (token.kind !== "name") return this.unexpected();
    this.next();
    return this.special(start, null, word, [], [token.text]);
  }

  /** `type T`, `type T subtype S`, `subtype S`, `dir D` of 802.11. */
  private wireless(start: Token, proto: Proto | null): Item {
    const numbers: number[] = [];
    const names: string[] = [];
    const argument = (prefix: string): void => {
      const token = this.peek();
      if (token.kind === "number") numbers.push(token.value);
      else if (token.kind === "name") names.push(`${prefix}=${token.text}`);
      else this.unexpected();
      if (token.kind === "number") names.push(`${prefix}#${token.value}`);
      this.next();
    };
    const word = this.next().text;
    argument(word);
    if (word === "type" && this.is("subtype")) {
      this.next();
      argument("subtype");
    }
    return this.special(start, proto, word, numbers, names);
  }

  private qualified(proto: Proto | null): Item {
    let dir: Direction = null;
    let kind: AddressKind = null;
    const word = this.peek().text;
    if (DIRECTIONS.has(word)) {
      this.next();
      dir = word as Direction;
      const other = word === "src" ? "dst" : word === "dst" ? "src" : "";
      if (other !== "" && (this.is("or") || this.is("and")) && this.is(other, 1)) {
        dir = this.next().text as Direction;
        this.next();
      }
    }
    const token = this.peek();
    const directed =
      token.text === "host" || token.text === "net" || token.text === "port" || token.text === "portrange";
    if (token.kind === "word" && (dir === null ? KINDS.has(token.text) : directed)) {
      this.next();
      kind = token.text as AddressKind;
    }
    const qualifiers = { proto, dir, kind };
    const item = this.item(qualifiers, true);
    if (item.is !== "id") this.unexpected();
    return { is: "term", node: item.node, qualifiers: item.qualifiers };
  }

  private id(qualifiers: Qualifiers | null): Item {
    const start = this.next();
    const make = (id: Id): Item => ({
      is: "id",
      node: { node: "id", qualifiers, id, ...this.since(start) },
      qualifiers,
    });
    const prefix = (): number | null => {
      if (!this.is("/")) return null;
      this.next();
      return this.plainNumber();
    };
    switch (start.kind) {
      case "ipv4": {
        const bits = prefix();
        if (bits !== null) return make({ form: "ipv4-prefix", text: start.text, bits });
        if (!this.is("mask")) return make({ form: "ipv4", text: start.text });
        this.next();
        const mask = this.peek();
        if (mask.kind !== "ipv4") return this.unexpected();
        this.next();
        return make({ form: "ipv4-mask", text: start.text, mask: mask.text });
      }
      case "ipv6":
        return make({ form: "ipv6", text: start.text, bits: prefix() });
      case "mac":
      case "arcnet":
      case "name":
        return make({ form: start.kind, text: start.text });
      default:
        this.at--;
        return this.unexpected();
    }
  }
}

/** @throws BpfError `E_FILTER_…` with `column` and `length` */
export function parseFilter(text: string): Expression {
  return new Parser(tokenize(text)).parse();
}
