import { BPF_MAXINSNS, BPF_MEMWORDS, type ClassicInsn } from "../insn.ts";
import { relation } from "./arithmetic.ts";
import type { Expression } from "./ast.ts";
import { always, and, type Condition, not, or } from "./condition.ts";
import type { Context } from "./context.ts";
import { emit } from "./emit.ts";
import { filterError } from "./errors.ts";
import { ACCEPT, GraphBuilder, type Node, REJECT } from "./graph.ts";
import { idCondition } from "./ids.ts";
import { firstLayers } from "./layers.ts";
import { type LinkType, linkTypeOf } from "./link-types.ts";
import { optimize } from "./optimize.ts";
import { parseFilter } from "./parser.ts";
import { protocolAbbreviation } from "./protocol.ts";
import { specialCondition } from "./specials.ts";
import { readsWord, Values, type Word } from "./value.ts";
import { startWlan } from "./wlan.ts";

/** What tcpdump takes when it is told nothing. */
const DEFAULT_SNAPLEN = 262144;

export interface FilterOptions {
  /** LINKTYPE_ number of the packets: 1 is Ethernet. */
  readonly linkType: number;
  /** Bytes of a matching packet to keep: what the program returns. 262144 if not given. */
  readonly snaplen?: number;
  /** False leaves the program as the expression says it. */
  readonly optimize?: boolean;
  /** For `ip broadcast`: the network mask of the capturing device. */
  readonly netmask?: number;
}

export interface FilterProgram {
  readonly program: ClassicInsn[];
  /** The expression as it was understood. */
  readonly ast: Expression;
}

/** Left to right: `vlan`, `mpls` and their like change what the words behind them mean. */
function conditionOf(context: Context, node: Expression): Condition {
  switch (node.node) {
    case "all":
      return always;
    case "and":
    case "or": {
      const left = conditionOf(context, node.left);
      const right = conditionOf(context, node.right);
      return node.node === "and" ? and(left, right) : or(left, right);
    }
    case "not":
      return not(conditionOf(context, node.operand));
  }
  context.place = { column: node.column, length: node.length };
  switch (node.node) {
    case "id":
      return idCondition(context, node.id, node.qualifiers);
    case "proto":
      return protocolAbbreviation(context, node.proto);
    case "relation":
      return relation(context, node.op, node.left, node.right);
    case "special":
      return specialCondition(context, node);
  }
}

function reads(condition: Condition, word: Word): boolean {
  switch (condition.is) {
    case "not":
      return reads(condition.of, word);
    case "and":
    case "or":
      return reads(condition.left, word) || reads(condition.right, word);
    case "test":
      return readsWord(condition.test.left, word) || readsWord(condition.test.right, word);
    case "put":
    case "touch":
      return readsWord(condition.value, word);
    default:
      return false;
  }
}

/** With what fills the words that the expression reads in front of it. */
function behindPrelude(context: Context, expression: Condition): Condition {
  const { prelude } = context;
  if (prelude === null) return expression;
  const { frame, payload } = prelude;
  const readsPayload = reads(expression, payload.word);
  if (readsPayload) context.keepLoads = true;
  const whole = readsPayload ? and(payload.condition, expression) : expression;
  return frame !== null && reads(whole, frame.word) ? and(frame.condition, whole) : whole;
}

interface Compiled {
  readonly root: Node;
  readonly context: Context;
  /** No packet can match, and libpcap sees that, too. */
  readonly never: boolean;
}

function compileGraph(ast: Expression, link: LinkType, options: FilterOptions, keepLoads: boolean): Compiled {
  const { linkType, optimize: folding = true, netmask = null } = options;
  const values = new Values(folding);
  values.keepLoads = keepLoads;
  const place = { column: 1, length: 1 };
  const layers = firstLayers(link, linkType);
  const context: Context = { values, link, layers, place, netmask, words: 0, prelude: null, keepLoads };
  if (link.family === "wlan") startWlan(context);
  const expression = conditionOf(context, ast);
  const condition = behindPrelude(context, expression);
  const graph = new GraphBuilder(values, folding).of(condition, ACCEPT, REJECT);
  const root = folding ? optimize(graph, keepLoads) : graph;
  const never = folding && !keepLoads && root === REJECT;
  return { root, context, never };
}

/**
 * Compiles an expression of the pcap filter language (pcap-filter(7)) to a classic BPF program.
 * @throws BpfError `E_FILTER_…` with `column` and `length`, both in characters of the text, columns from 1
 */
export function compileExpression(text: string, options: FilterOptions): FilterProgram {
  const { linkType, snaplen = DEFAULT_SNAPLEN, optimize: folding = true } = options;
  const whole = { column: 1, length: Math.max(1, text.length) };
  const link = linkTypeOf(linkType);
  if (link === undefined) throw filterError("E_FILTER_LINK_TYPE", { linkType });
  const ast = parseFilter(text);
  const compiled = compileGraph(ast, link, options, false);
  const { root, context, never } = compiled.context.keepLoads ? compileGraph(ast, link, options, true) : compiled;
  if (never) throw filterError("E_FILTER_NEVER", whole);
  const { program, words } = emit(root, { snaplen, firstFree: context.words, reuse: folding });
  if (words > BPF_MEMWORDS) throw filterError("E_FILTER_SCRATCH", whole);
  if (program.length > BPF_MAXINSNS) throw filterError("E_FILTER_LONG", { instructions: program.length, ...whole });
  return { program, ast };
}
