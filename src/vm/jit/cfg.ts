import type { Code, Insn } from "../../isa/index.ts";
import { isTerminal, slots } from "../../isa/index.ts";
import { jitError } from "./errors.ts";

/** The control-flow graph of one function; blocks are numbered in reverse postorder, the entry is 0. */
export interface Cfg {
  readonly count: number;
  /** First slot of each block and the slot after its last instruction. */
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** Successors: where the block falls through or goes, and where its conditional jump goes; -1 = none. */
  readonly next: Int32Array;
  readonly taken: Int32Array;
  /** Predecessors of block b: `preds[predStart[b]]` up to `preds[predStart[b + 1]]`. */
  readonly predStart: Int32Array;
  readonly preds: Int32Array;
  /** Immediate dominators; the entry's is 0. */
  readonly idom: Int32Array;
  /** Blocks that a retreating edge enters. */
  readonly header: Uint8Array;
  /** Number of forward edges into each block. */
  readonly forward: Int32Array;
  /** Whether every retreating edge goes to a block that dominates its origin. */
  readonly reducible: boolean;
  /** Whether the function has a `may_goto`. */
  readonly mayGoto: boolean;
  /** Per block, a bit for each register that may be read before it is written. */
  readonly liveIn: Uint16Array;
}

function branches(i: Insn): boolean {
  const { kind } = i.form;
  return kind === "ja" || kind === "jmp" || kind === "may_goto";
}

const MAX_BLOCK = 10_000;

/** Slots where blocks begin: the entry, jump targets, and what follows a jump or exit. */
function findLeaders(code: Code, first: number, last: number): Uint8Array {
  const leader = new Uint8Array(last - first + 1);
  let begun = first;
  leader[0] = 1;
  for (let slot = first; slot < last; slot++) {
    const i = code[slot];
    if (i == null) continue;
    // Blocks have an upper size, so that large functions can be divided between blocks.
    if (leader[slot - first] === 1) begun = slot;
    else if (slot - begun >= MAX_BLOCK) {
      leader[slot - first] = 1;
      begun = slot;
    }
    if (branches(i)) {
      const target = slot + 1 + i.off;
      if (target < first || target >= last || code[target] == null) throw jitError("E_JIT_TARGET", { slot, target });
      leader[target - first] = 1;
    }
    if (branches(i) || isTerminal(i)) leader[slot + 1 - first] = 1;
  }
  return leader;
}

/** Builds the graph of the function in slots `first` to `last`; blocks that nothing reaches are left out. */
export function buildCfg(code: Code, first: number, last: number): Cfg {
  const leader = findLeaders(code, first, last);
  const size = last - first;
  const blockAt = new Int32Array(size + 1).fill(-1);
  const starts: number[] = [];
  for (let at = 0; at < size; at++) {
    if (leader[at] === 1) {
      blockAt[at] = starts.length;
      starts.push(at + first);
    }
  }
  const raw = starts.length;
  const rawEnd = new Int32Array(raw);
  const rawNext = new Int32Array(raw).fill(-1);
  const rawTaken = new Int32Array(raw).fill(-1);
  for (let b = 0; b < raw; b++) {
    const end = b + 1 < raw ? starts[b + 1]! : last;
    rawEnd[b] = end;
    let slot = end - 1;
    if (code[slot] == null) slot--;
    const i = code[slot];
    if (i == null) throw jitError("E_JIT_TARGET", { slot: end, target: end });
    if (branches(i)) {
      const target = blockAt[slot + 1 + i.off - first]!;
      if (i.form.kind === "ja") rawNext[b] = target;
      else {
        rawTaken[b] = target;
        rawNext[b] = end < last ? b + 1 : -1;
      }
    } else if (i.form.kind !== "exit") {
      rawNext[b] = end < last ? b + 1 : -1;
    }
  }
  // Reverse postorder by an explicit stack.
  const order = new Int32Array(raw);
  const state = new Uint8Array(raw);
  const stack = new Int32Array(raw);
  let at = raw;
  let depth = 1;
  stack[0] = 0;
  state[0] = 1;
  while (depth > 0) {
    const b = stack[depth - 1]!;
    const step = state[b]!++;
    if (step === 3) {
      order[--at] = b;
      depth--;
      continue;
    }
    const to = step === 1 ? rawTaken[b]! : rawNext[b]!;
    if (to >= 0 && state[to] === 0) {
      state[to] = 1;
      stack[depth++] = to;
    }
  }
  const count = raw - at;
  const number = new Int32Array(raw).fill(-1);
  for (let n = 0; n < count; n++) number[order[at + n]!] = n;
  const start = new Int32Array(count);
  const end = new Int32Array(count);
  const next = new Int32Array(count);
  const taken = new Int32Array(count);
  const predStart = new Int32Array(count + 1);
  for (let n = 0; n < count; n++) {
    const b = order[at + n]!;
    start[n] = starts[b]!;
    end[n] = rawEnd[b]!;
    next[n] = rawNext[b]! < 0 ? -1 : number[rawNext[b]!]!;
    taken[n] = rawTaken[b]! < 0 ? -1 : number[rawTaken[b]!]!;
    if (next[n]! >= 0) predStart[next[n]! + 1]!++;
    if (taken[n]! >= 0) predStart[taken[n]! + 1]!++;
  }
  for (let n = 0; n < count; n++) predStart[n + 1]! += predStart[n]!;
  const preds = new Int32Array(predStart[count]!);
  const fill = predStart.slice(0, count);
  for (let n = 0; n < count; n++) {
    if (next[n]! >= 0) preds[fill[next[n]!]!++] = n;
    if (taken[n]! >= 0) preds[fill[taken[n]!]!++] = n;
  }
  const idom = findDominators(count, predStart, preds, next, taken);
  const header = new Uint8Array(count);
  const forward = new Int32Array(count);
  const depths = domDepths(count, idom);
  let reducible = true;
  let mayGoto = false;
  for (let n = 0; n < count; n++) {
    if (code[end[n]! - 1]?.form.kind === "may_goto") mayGoto = true;
    for (const to of [next[n]!, taken[n]!]) {
      if (to < 0) continue;
      if (to > n) forward[to]!++;
      else {
        header[to] = 1;
        if (reducible && !dominates(depths, to, n)) reducible = false;
      }
    }
  }
  const liveIn = findLive(code, count, start, end, next, taken);
  return { count, start, end, next, taken, predStart, preds, idom, header, forward, reducible, mayGoto, liveIn };
}

/** Entry and exit times of a walk of the dominator tree, so that dominance is interval containment. */
interface Times {
  readonly enter: Int32Array;
  readonly leave: Int32Array;
}

function domDepths(count: number, idom: Int32Array): Times {
  // Subtree sizes, then preorder numbers: parents have smaller numbers than their children in reverse postorder.
  const size = new Int32Array(count).fill(1);
  for (let b = count - 1; b > 0; b--) size[idom[b]!]! += size[b]!;
  const enter = new Int32Array(count);
  const used = new Int32Array(count).fill(1);
  const leave = new Int32Array(count);
  leave[0] = size[0]!;
  for (let b = 1; b < count; b++) {
    const parent = idom[b]!;
    enter[b] = enter[parent]! + used[parent]!;
    used[parent]! += size[b]!;
    leave[b] = enter[b]! + size[b]!;
  }
  return { enter, leave };
}

function dominates(times: Times, a: number, b: number): boolean {
  return times.enter[a]! <= times.enter[b]! && times.leave[b]! <= times.leave[a]!;
}

/**
 * Immediate dominators by Lengauer and Tarjan ("A fast algorithm for finding dominators in a flowgraph", 1979), simple
 * version, with explicit stacks. The iterative algorithm of Cooper, Harvey and Kennedy is quadratic on long chains of
 * conditional jumps to one exit, which BPF programs do have.
 */
function findDominators(
  count: number,
  predStart: Int32Array,
  preds: Int32Array,
  next: Int32Array,
  taken: Int32Array,
): Int32Array {
  const dfn = new Int32Array(count).fill(-1);
  const vertex = new Int32Array(count);
  const parent = new Int32Array(count);
  const stack = new Int32Array(count + 1);
  const step = new Uint8Array(count);
  let depth = 1;
  let time = 0;
  dfn[0] = time;
  vertex[time++] = 0;
  while (depth > 0) {
    const b = stack[depth - 1]!;
    const at = step[b]!++;
    if (at === 2) {
      depth--;
      continue;
    }
    const to = at === 0 ? next[b]! : taken[b]!;
    if (to >= 0 && dfn[to]! < 0) {
      dfn[to] = time;
      vertex[time++] = to;
      parent[dfn[to]!] = dfn[b]!;
      stack[depth++] = to;
    }
  }
  // From here on vertices are named by their depth-first numbers.
  const semi = new Int32Array(count);
  const label = new Int32Array(count);
  const ancestor = new Int32Array(count).fill(-1);
  const idom = new Int32Array(count);
  const bucket = new Int32Array(count).fill(-1);
  const bucketNext = new Int32Array(count).fill(-1);
  for (let v = 0; v < count; v++) {
    semi[v] = v;
    label[v] = v;
  }
  const path = new Int32Array(count);
  const evaluate = (v: number): number => {
    if (ancestor[v]! < 0) return label[v]!;
    let length = 0;
    let u = v;
    while (ancestor[ancestor[u]!]! >= 0) {
      path[length++] = u;
      u = ancestor[u]!;
    }
    while (length > 0) {
      const w = path[--length]!;
      const a = ancestor[w]!;
      if (semi[label[a]!]! < semi[label[w]!]!) label[w] = label[a]!;
      ancestor[w] = ancestor[a]!;
    }
    return label[v]!;
  };
  for (let w = count - 1; w > 0; w--) {
    const block = vertex[w]!;
    for (let p = predStart[block]!; p < predStart[block + 1]!; p++) {
      const u = evaluate(dfn[preds[p]!]!);
      if (semi[u]! < semi[w]!) semi[w] = semi[u]!;
    }
    bucketNext[w] = bucket[semi[w]!]!;
    bucket[semi[w]!] = w;
    const up = parent[w]!;
    ancestor[w] = up;
    for (let v = bucket[up]!; v >= 0; v = bucketNext[v]!) {
      const u = evaluate(v);
      idom[v] = semi[u]! < semi[v]! ? u : up;
    }
    bucket[up] = -1;
  }
  const result = new Int32Array(count);
  for (let w = 1; w < count; w++) {
    if (idom[w] !== semi[w]) idom[w] = idom[idom[w]!]!;
    result[vertex[w]!] = vertex[idom[w]!]!;
  }
  return result;
}

const CALL_READS = 0b111110;
const CALL_WRITES = 0b111111;

/** Registers that an instruction reads (low 16 bits) and writes for sure (high 16 bits). */
export function registerUse(i: Insn): number {
  const { kind, op, source } = i.form;
  const dst = 1 << i.dst;
  const src = 1 << i.src;
  switch (kind) {
    case "mov":
      return (source === "reg" ? src : 0) | (dst << 16);
    case "movsx":
    case "addr_cast":
    case "ldx":
    case "ldxs":
    case "load_acquire":
      return src | (dst << 16);
    case "ld_imm64":
      return dst << 16;
    case "alu":
      return (source === "reg" ? src | dst : dst) | (dst << 16);
    case "neg":
    case "end":
      return dst | (dst << 16);
    case "ld_abs":
      return (1 << 6) | (CALL_WRITES << 16);
    case "ld_ind":
      return (1 << 6) | src | (CALL_WRITES << 16);
    case "st":
      return dst;
    case "stx":
    case "store_release":
      return dst | src;
    case "atomic":
      if (op === "cmpxchg") return dst | src | 1 | (1 << 16);
      return dst | src | (op === "xchg" || op.startsWith("fetch_") ? src << 16 : 0);
    case "jmp":
      return source === "reg" ? dst | src : dst;
    case "call":
      return CALL_READS | (op === "reg" ? dst : 0) | (CALL_WRITES << 16);
    case "exit":
      return 1;
    default:
      return 0;
  }
}

function findLive(
  code: Code,
  count: number,
  start: Int32Array,
  end: Int32Array,
  next: Int32Array,
  taken: Int32Array,
): Uint16Array {
  const reads = new Uint16Array(count);
  const writes = new Uint16Array(count);
  for (let b = 0; b < count; b++) {
    let read = 0;
    let written = 0;
    for (let slot = start[b]!; slot < end[b]!; ) {
      const i = code[slot]!;
      const use = registerUse(i);
      read |= use & 0xffff & ~written;
      written |= use >>> 16;
      slot += slots(i);
    }
    reads[b] = read;
    writes[b] = written;
  }
  const live = new Uint16Array(count);
  for (let changed = true; changed; ) {
    changed = false;
    for (let b = count - 1; b >= 0; b--) {
      const out = (next[b]! >= 0 ? live[next[b]!]! : 0) | (taken[b]! >= 0 ? live[taken[b]!]! : 0);
      const now = reads[b]! | (out & ~writes[b]!);
      if (now !== live[b]) {
        live[b] = now;
        changed = true;
      }
    }
  }
  return live;
}
