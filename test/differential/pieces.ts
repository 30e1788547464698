import { FORMS } from "../../src/isa/index.ts";
import { bpfLoop, branch, callLocal, ladder, leave, loop, mayGoto } from "./control-pieces.ts";
import {
  atomic,
  contextField,
  contextStore,
  directValue,
  legacyLoad,
  load,
  mapDelete,
  mapLookup,
  mapUpdate,
  packet,
  packetLength,
  store,
} from "./memory-pieces.ts";
import type { Writer } from "./writer.ts";

/** What programs are made of. */
interface Piece {
  readonly name: string;
  readonly weight: number;
  /** Needs registers that nothing holds, and has blocks of pieces inside. */
  readonly nests: boolean;
  readonly write: (w: Writer) => void;
}

const ALU = FORMS.filter((f) => ["alu", "mov", "movsx", "neg", "end"].includes(f.kind));

function alu(w: Writer): void {
  const { random } = w;
  const form = random.pick(ALU);
  const overwrites = form.kind === "mov" || form.kind === "movsx";
  if (form.source === "imm") {
    const dst = overwrites ? w.target() : w.operand();
    let imm = w.immediate();
    // The verifier refuses shifts by the width or more, and division by 0, where it can see them.
    if (["lsh", "rsh", "arsh"].includes(form.op)) imm &= form.width - 1;
    if (["div", "mod", "sdiv", "smod"].includes(form.op) && imm === 0) imm = -1;
    w.emit(form, { dst, imm });
    w.state.setScalar(dst);
  } else if (form.source === "reg") {
    const src = w.scalar();
    const dst = overwrites ? w.target() : w.operand();
    w.emit(form, { dst, src });
    w.state.setScalar(dst);
  } else w.emit(form, { dst: w.operand() });
}

function constant(w: Writer): void {
  w.constant(w.target());
}

const PIECES: readonly Piece[] = [
  { name: "alu", weight: 38, nests: false, write: alu },
  { name: "constant", weight: 6, nests: false, write: constant },
  { name: "load", weight: 13, nests: false, write: load },
  { name: "store", weight: 13, nests: false, write: store },
  { name: "atomic", weight: 8, nests: false, write: atomic },
  { name: "context field", weight: 1, nests: false, write: contextField },
  { name: "context store", weight: 1, nests: false, write: contextStore },
  { name: "legacy load", weight: 1, nests: false, write: legacyLoad },
  { name: "packet length", weight: 1, nests: false, write: packetLength },
  { name: "branch", weight: 9, nests: true, write: branch },
  { name: "ladder", weight: 2, nests: true, write: ladder },
  { name: "leave", weight: 1, nests: false, write: leave },
  { name: "may_goto", weight: 1, nests: true, write: mayGoto },
  { name: "loop", weight: 3, nests: true, write: loop },
  { name: "packet", weight: 6, nests: true, write: packet },
  { name: "map lookup", weight: 5, nests: true, write: mapLookup },
  { name: "direct value", weight: 3, nests: true, write: directValue },
  { name: "map update", weight: 2, nests: false, write: mapUpdate },
  { name: "map delete", weight: 1, nests: false, write: mapDelete },
  { name: "call", weight: 4, nests: false, write: callLocal },
  { name: "bpf_loop", weight: 2, nests: false, write: bpfLoop },
];

const weighted = PIECES.flatMap((piece) => Array.from({ length: piece.weight }, () => piece));
const flat = weighted.filter((p) => !p.nests);
const MOST_DEPTH = 4;
/** Registers that a piece with blocks inside needs for itself and for them. */
const NEEDED_REGISTERS = 5;

/** Writes some pieces, unless control has ended. */
export function block(w: Writer, count: number): void {
  w.depth++;
  for (let n = 0; n < count && w.reachable; n++) {
    const nest = w.depth < MOST_DEPTH && w.freeCount() >= NEEDED_REGISTERS;
    w.random.pick(nest ? weighted : flat).write(w);
  }
  w.depth--;
}
