import { REJECTION_KINDS } from "../../verifier/index.ts";
import type { Judged } from "./judge.ts";
import { verdictWord } from "./table.ts";

/** Refused programs as a SARIF 2.1.0 log (OASIS), for code-scanning tools: a rule per kind, a result per program. */
export function sarif(results: readonly Judged[]): unknown {
  const refused = results.filter((r) => !r.accepted);
  const used = REJECTION_KINDS.filter((kind) => refused.some((r) => r.own?.verdict.failure?.kind === kind));
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "anybpf",
            informationUri: "https://www.npmjs.com/package/anybpf",
            rules: used.map((id) => ({ id })),
          },
        },
        results: refused.map(result),
      },
    ],
  };
}

function result(judged: Judged): unknown {
  const failure = judged.own?.verdict.failure ?? null;
  const line = failure === null || failure.insn < 0 ? null : judged.own!.verdict.lineAt(failure.insn);
  const artifact = { uri: (line?.file ?? judged.file).replaceAll("\\", "/") };
  const region = line === null ? {} : { region: { startLine: line.line, startColumn: Math.max(line.column, 1) } };
  return {
    ruleId: failure?.kind ?? "V_REFUSED",
    level: "error",
    message: { text: `${judged.program}: ${verdictWord(judged)}: ${judged.message}` },
    locations: [
      {
        physicalLocation: { artifactLocation: artifact, ...region },
        logicalLocations: [{ name: judged.program, kind: "function" }],
      },
    ],
  };
}
