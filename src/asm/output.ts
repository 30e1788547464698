import type { Code } from "../isa/index.ts";
import { encode, SLOT_BYTES, slots } from "../isa/index.ts";
import { formatInsn } from "./format.ts";

/** Instructions as hexadecimal text, one line of 16 (or 32) digits each. */
export function codeToHex(code: Code, littleEndian = true): string {
  let text = "";
  for (const i of code) {
    if (i === null) continue;
    for (const byte of encode([i], littleEndian)) text += byte.toString(16).padStart(2, "0");
    text += "\n";
  }
  return text;
}

/**
 * Instructions as a C array of `struct bpf_insn` initialisers (linux/bpf.h), each with its text as comment.
 * `name` is the array's.
 */
export function codeToC(code: Code, name = "program"): string {
  const lines = [`static const struct bpf_insn ${name}[] = {`];
  for (const i of code) {
    if (i === null) continue;
    const bytes = encode([i]);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < slots(i) * SLOT_BYTES; at += SLOT_BYTES) {
      const regs = bytes[at + 1]!;
      const fields = [
        `.code = 0x${bytes[at]!.toString(16).padStart(2, "0")}`,
        `.dst_reg = ${regs & 15}`,
        `.src_reg = ${regs >> 4}`,
        `.off = ${view.getInt16(at + 2, true)}`,
        `.imm = ${view.getInt32(at + 4, true)}`,
      ];
      // INT_MIN has no literal of type int in C.
      const text = fields.join(", ").replace("-2147483648", "-2147483647 - 1");
      lines.push(`\t{ ${text} },${at === 0 ? ` /* ${formatInsn(i)} */` : ""}`);
    }
  }
  return `${lines.join("\n")}\n};\n`;
}
