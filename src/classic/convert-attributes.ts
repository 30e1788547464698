import type { Emitter } from "./emitter.ts";

const SKB_LOAD_BYTES = 26;
const FP = 10;
/** Where an attribute's header is read to: length, type. */
const BUFFER = -8;

// Registers across calls.
const CTX = 6;
const AT = 7;
const TYPE = 8;
const LEFT = 9;

/**
 * The function behind `nla` and `nlan`, as `findAttribute` and `findNestedAttribute` of the interpreter: r1 context, r2 offset, r3 type,
 * r4 whether to look inside the attribute there. r0: the offset found, or 0.
 */
export function emitFindAttribute(out: Emitter, label: string): void {
  const name = (part: string): string => `${label} ${part}`;
  const load = (): void => {
    out.emit("mov64_reg", { dst: 1, src: CTX });
    out.emit("mov64_reg", { dst: 2, src: AT });
    out.emit("mov64_reg", { dst: 3, src: FP });
    out.emit("add64_imm", { dst: 3, imm: BUFFER });
    out.emit("mov64_imm", { dst: 4, imm: 4 });
    out.emit("call_helper", { imm: SKB_LOAD_BYTES });
    out.emit("jne64_imm", { dst: 0 }, name("none"));
    out.emit("ldx16", { dst: 1, src: FP, off: BUFFER });
  };
  out.label(label);
  out.emit("mov64_reg", { dst: CTX, src: 1 });
  out.emit("mov64_reg", { dst: AT, src: 2 });
  out.emit("mov64_reg", { dst: TYPE, src: 3 });
  out.emit("ldx32", { dst: LEFT, src: CTX });
  out.emit("sub64_reg", { dst: LEFT, src: AT });
  out.emit("jslt64_imm", { dst: LEFT, imm: 4 }, name("none"));
  out.emit("jeq64_imm", { dst: 4 }, name("next"));
  load();
  out.emit("jgt64_reg", { dst: 1, src: LEFT }, name("none"));
  out.emit("mov64_reg", { dst: LEFT, src: 1 });
  out.emit("sub64_imm", { dst: LEFT, imm: 4 });
  out.emit("add64_imm", { dst: AT, imm: 4 });
  out.label(name("next"));
  out.emit("may_goto", {}, name("none"));
  out.emit("jslt64_imm", { dst: LEFT, imm: 4 }, name("none"));
  load();
  out.emit("jlt64_imm", { dst: 1, imm: 4 }, name("none"));
  out.emit("jgt64_reg", { dst: 1, src: LEFT }, name("none"));
  out.emit("ldx16", { dst: 2, src: FP, off: BUFFER + 2 });
  out.emit("and64_imm", { dst: 2, imm: 0x3fff });
  out.emit("jeq64_reg", { dst: 2, src: TYPE }, name("found"));
  out.emit("add64_imm", { dst: 1, imm: 3 });
  out.emit("and64_imm", { dst: 1, imm: -4 });
  out.emit("add64_reg", { dst: AT, src: 1 });
  // No packet is so long; without this the verifier would see another offset in every round and never come to an end.
  out.emit("and64_imm", { dst: AT, imm: 0xf_ffff });
  out.emit("sub64_reg", { dst: LEFT, src: 1 });
  out.emit("ja", {}, name("next"));
  out.label(name("found"));
  out.emit("mov32_reg", { dst: 0, src: AT });
  out.emit("exit");
  out.label(name("none"));
  out.emit("mov64_imm", { dst: 0 });
  out.emit("exit");
}
