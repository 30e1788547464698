import { type Code, isBranch, type ProgramImage } from "../isa/index.ts";

/** First slots of the functions of `code`: 0 and every target of a local call or function address, ascending. */
export function findSubprograms(code: Code): number[] {
  const starts = new Set([0]);
  code.forEach((i, slot) => {
    if (i === null || !isBranch(i) || (i.form.kind !== "call" && i.form.kind !== "ld_imm64")) return;
    const target = slot + 1 + i.off;
    if (target >= 0 && target < code.length) starts.add(target);
  });
  return [...starts].sort((a, b) => a - b);
}

/** An image of code that refers to no maps: for assembled programs, tests and the conformance runner. */
export function plainImage(
  name: string,
  code: Code,
  more: Partial<Pick<ProgramImage, "contextSize" | "skb" | "maps">> = {},
): ProgramImage {
  return { name, code, subprogs: findSubprograms(code), maps: new Map(), contextSize: 0, skb: false, ...more };
}
