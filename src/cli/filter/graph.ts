import type { ClassicInsn } from "../../classic/index.ts";
import { classicOp } from "../../classic/ops.ts";
import { listingLine } from "./listing.ts";

interface Edge {
  readonly to: number;
  readonly label: "" | "true" | "false";
}

/** Where control goes after instruction `n`; nothing after a `ret`. */
function successors(insn: ClassicInsn, n: number): readonly Edge[] {
  switch (classicOp(insn.code)?.kind) {
    case "ret_k":
    case "ret_a":
      return [];
    case "ja":
      return [{ to: n + 1 + insn.k, label: "" }];
    case "jmp":
      return [
        { to: n + 1 + insn.jt, label: "true" },
        { to: n + 1 + insn.jf, label: "false" },
      ];
    default:
      return [{ to: n + 1, label: "" }];
  }
}

const COLOURS = { true: ' [label="true", color="#2e7d32"]', false: ' [label="false", color="#c62828"]', "": "" };

/** The end of a block colours it: what accepts, what refuses, and what returns A. */
function fill(last: ClassicInsn): string {
  const kind = classicOp(last.code)?.kind;
  if (kind === "ret_k")
    return last.k === 0 ? ', style=filled, fillcolor="#ffcdd2"' : ', style=filled, fillcolor="#c8e6c9"';
  return kind === "ret_a" ? ', style=filled, fillcolor="#fff9c4"' : "";
}

/** The program's control flow as a graph of Graphviz (`dot -Tsvg`), a node per stretch of instructions without jumps. */
export function controlFlowDot(program: readonly ClassicInsn[], comments: readonly string[] = []): string {
  const leads = new Set([0]);
  program.forEach((insn, n) => {
    const edges = successors(insn, n);
    if (edges.length === 1 && edges[0]!.to === n + 1) return;
    for (const { to } of edges) leads.add(to);
    leads.add(n + 1);
  });
  const lines = [
    ...comments.map((text) => `// ${text}`),
    "digraph filter {",
    '  node [shape=box, fontname="monospace"];',
  ];
  for (let start = 0; start < program.length; ) {
    let end = start + 1;
    while (end < program.length && !leads.has(end)) end++;
    const text = program.slice(start, end).map(
      (insn, i) =>
        `${listingLine(insn, start + i)
          .split(" jt ")[0]!
          .trimEnd()}\\l`,
    );
    lines.push(`  b${start} [label="${text.join("")}"${fill(program[end - 1]!)}];`);
    for (const { to, label } of successors(program[end - 1]!, end - 1))
      lines.push(`  b${start} -> b${to}${COLOURS[label]};`);
    start = end;
  }
  return `${[...lines, "}"].join("\n")}\n`;
}
