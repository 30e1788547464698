// docs/verifier-errors.md: what every refusal means, from the rows and examples of src/verifier/explain.
import { EXAMPLES } from "../dist/verifier/explain/examples/index.js";
import { KIND_GROUPS } from "../dist/verifier/explain/rows.js";

const anchor = (kind, cause) => (cause === undefined ? kind : `${kind}-${cause}`).toLowerCase();
const sentence = (text) => text[0].toUpperCase() + text.slice(1);

function program({ language, section, before }, body) {
  const lines = language === "c" || section === "" ? [] : [`.section "${section}"`];
  const text = [...(before === undefined ? [] : [before]), ...lines, body];
  return ["```" + (language ?? ""), ...text, "```"].join("\n");
}

function example(row) {
  const { says, mode, license } = row;
  const conditions = [
    ...(mode === "bpf" ? ["loaded without CAP_PERFMON"] : []),
    ...(license === undefined ? [] : [`under the licence "${license}"`]),
  ];
  const when = conditions.length === 0 ? "" : ` (${conditions.join(", ")})`;
  const message = says === "" ? "" : `\n\nThe kernel says: \`${says}\``;
  return `Refused${when}:\n\n${program(row, row.bad)}${message}\n\nAccepted:\n\n${program(row, row.good)}\n`;
}

function words({ why, repair }) {
  return `${why}\n\n**What to do:** ${repair}\n`;
}

function section(kind, row) {
  const of = (cause) => EXAMPLES.filter((e) => e.kind === kind && e.cause === cause).map(example);
  const causes = Object.entries(row.causes ?? {}).map(([cause, told]) =>
    [
      `#### <a id="${anchor(kind, cause)}"></a>${kind}: ${cause}\n`,
      `${sentence(told.title)}.\n`,
      words(told),
      ...of(cause),
    ].join("\n"),
  );
  const head = [`### <a id="${anchor(kind)}"></a>${kind}\n`, `${sentence(row.title)}.\n`, words(row), ...of(undefined)];
  return [...head, ...causes].join("\n");
}

export function verifierErrors() {
  const index = KIND_GROUPS.map(([title, rows]) => {
    const lines = Object.entries(rows).map(([kind, row]) => {
      const causes = Object.keys(row.causes ?? {}).map((cause) => `[${cause}](#${anchor(kind, cause)})`);
      return `- [${kind}](#${anchor(kind)}): ${row.title}${causes.length === 0 ? "" : ` (${causes.join(", ")})`}`;
    });
    return `**${title}**\n\n${lines.join("\n")}\n`;
  });
  const sections = KIND_GROUPS.map(
    ([title, rows]) =>
      `## ${title}\n\n${Object.entries(rows)
        .map(([kind, row]) => section(kind, row))
        .join("\n")}`,
  );
  return `<!-- Made by \`npm run gen\` from src/verifier/explain. Do not edit. -->

# What the verifier refuses

\`anybpf verify\` gives each refusal a code: a kind such as \`V_PACKET_BOUNDS\`, and, where the path that led there shows what is
behind it, a cause such as \`order\`. Both are stable: \`--json\` has them as \`code\` and \`cause\`, \`--sarif\` as the rule and
a property. One message of the kernel may have several causes, and one kind several messages.

The examples are in the assembler's syntax (\`anybpf asm\`), with the context in r1 and the stack below r10, or in C. The tests put
every one to anybpf's verifier and, where they may, to the running kernel's.

${index.join("\n")}
${sections.join("\n")}`;
}
