import { type Explanation, explain, KIND_ROWS, type Place, REJECTION_KINDS } from "../../verifier/index.ts";
import type { Judged } from "./judge.ts";
import { shortPath } from "./layout.ts";
import { verdictWord } from "./table.ts";

/** The rule of programs that the running kernel refused: it names no kind. */
const REFUSED = "V_REFUSED";

interface Refusal {
  readonly judged: Judged;
  readonly explanation: Explanation | null;
}

/** Refused programs as a SARIF 2.1.0 log (OASIS), for code-scanning tools: a rule per kind, a result per program. */
export function sarif(results: readonly Judged[]): unknown {
  const refused = results
    .filter((r) => !r.accepted)
    .map((judged) => ({
      judged,
      explanation: judged.own === null ? null : explain(judged.own.input, judged.own.verdict),
    }));
  const rules = REJECTION_KINDS.filter((kind) => refused.some(({ explanation }) => explanation?.kind === kind)).map(
    rule,
  );
  const unnamed = refused.some(({ explanation }) => explanation === null)
    ? [{ id: REFUSED, shortDescription: { text: "the running kernel's verifier refuses the program" } }]
    : [];
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "anybpf",
            informationUri: "https://www.npmjs.com/package/anybpf",
            rules: [...rules, ...unnamed],
          },
        },
        columnKind: "utf16CodeUnits",
        results: refused.map((refusal) => result(refusal, [...rules, ...unnamed])),
      },
    ],
  };
}

function rule(id: (typeof REJECTION_KINDS)[number]) {
  const { title, why, repair } = KIND_ROWS[id];
  return {
    id,
    name: id
      .slice(2)
      .toLowerCase()
      .replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: `${why} ${repair}`, markdown: `${why}\n\n**What to do:** ${repair}` },
    defaultConfiguration: { level: "error" },
  };
}

/** A place in the source, or in the object where no line is known. */
function location(judged: Judged, place: Place | null, text?: string) {
  const line = place?.line ?? null;
  const uri = (line === null ? judged.file : shortPath(line.file)).replaceAll("\\", "/");
  // Line 0 stands for code without a line of its own.
  const known = line !== null && line.line > 0;
  const region = known ? { region: { startLine: line.line, startColumn: Math.max(line.column, 1) } } : {};
  return {
    physicalLocation: { artifactLocation: { uri: encodeURI(uri) }, ...region },
    logicalLocations: [{ name: judged.program, kind: "function" }],
    ...(text === undefined ? {} : { message: { text } }),
  };
}

function result({ judged, explanation }: Refusal, rules: readonly { readonly id: string }[]): unknown {
  const ruleId = explanation?.kind ?? REFUSED;
  const said = `${judged.program}: ${verdictWord(judged)}: ${judged.message}`;
  const text = explanation === null ? said : `${judged.program}: ${explanation.title}. ${explanation.advice} (${said})`;
  return {
    ruleId,
    ruleIndex: rules.findIndex(({ id }) => id === ruleId),
    level: "error",
    message: { text },
    locations: [location(judged, explanation?.place ?? null)],
    ...(explanation === null || explanation.place === null ? {} : { codeFlows: [codeFlow(judged, explanation)] }),
    ...(explanation?.cause == null ? {} : { properties: { cause: explanation.cause } }),
  };
}

/** The path: its decisions, then the place at fault. */
function codeFlow(judged: Judged, { branches, place, title }: Explanation) {
  const steps = branches.map((branch) =>
    location(
      judged,
      branch.place,
      `${branch.place.insn}: ${branch.place.text}: ${branch.taken ? "jumps" : "goes on"} to ${branch.to.insn}`,
    ),
  );
  const locations = [...steps, location(judged, place, title)].map((at) => ({ location: at }));
  return { threadFlows: [{ locations }] };
}
