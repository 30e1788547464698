import type { RejectionKind } from "../../kinds.ts";

/** A program that is refused, and its repair. */
export interface Example {
  readonly kind: RejectionKind;
  /** A word of the kind's row. */
  readonly cause?: string;
  /** Assembler text without it. */
  readonly language?: "c";
  /** Section of the program: its type and hook. Of C the text has it. */
  readonly section: string;
  /** Maps, or what else stands before both programs. */
  readonly before?: string;
  readonly bad: string;
  readonly good: string;
  /** The kernel's message for the bad one. */
  readonly says: string;
  readonly license?: string;
  /** Loaded without CAP_PERFMON. */
  readonly mode?: "bpf";
}

/** An example's program as a whole text. */
export function exampleText({ language, section, before = "", license = "GPL" }: Example, body: string): string {
  const parts = before === "" ? [body] : [before, body];
  if (language === "c") return [`char LICENSE[] SEC("license") = "${license}";`, ...parts].join("\n\n");
  const head = [`.license "${license}"`, ...(before === "" ? [] : [before]), `.section "${section}"`, ".globl prog"];
  return [...head, "prog:", body].join("\n");
}

/** Lines of a program, without the indentation that all have. */
export function program(text: string): string {
  const lines = text.replace(/^\n|\s+$/g, "").split("\n");
  const filled = lines.filter((line) => line.trim() !== "");
  const indent = Math.min(...filled.map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(indent)).join("\n");
}
