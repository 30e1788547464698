import { escapeText } from "../../util/index.ts";
import { count, plural } from "../count.ts";
import type { GlobalReport, InspectReport, MapReport, ProgramReport } from "./report.ts";

/** Columns side by side, each as wide as its widest cell; `right` lists those that align to the right. */
function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, c) => Math.max(...rows.map((r) => r[c]!.length)));
  return rows.map((r) =>
    `  ${r.map((cell, c) => (right.includes(c) ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!))).join("  ")}`.trimEnd(),
  );
}

function part(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines];
}

/** The report as people read it. */
export function renderInspect(report: InspectReport): string {
  const license = report.license === "" ? "no license" : `license ${report.license}`;
  const version = report.kernelVersion === null ? "" : `, for kernel ${versionText(report.kernelVersion)}`;
  const lines = [
    `${report.object}: BPF object, ${report.byteOrder}-endian, ${license}${version}`,
    ...part("programs", programLines(report.programs)),
    ...part("maps", mapLines(report.maps)),
    ...part("globals", globalLines(report.globals)),
    ...part("externs", externLines(report)),
    ...part("functions", functionLines(report)),
    ...part("relocations", relocationLines(report)),
    ...part("BTF", btfLines(report)),
    ...part(
      "notes",
      report.notes.map((note) => `  ${note}`),
    ),
  ];
  return `${lines.map(escapeText).join("\n")}\n`;
}

/** KERNEL_VERSION(a, b, c) of linux/version.h. */
function versionText(code: number): string {
  return `${code >>> 16}.${(code >>> 8) & 255}.${code & 255}`;
}

function programLines(programs: readonly ProgramReport[]): string[] {
  const rows = programs.map((p) => [
    p.name,
    `SEC("${p.section}")`,
    p.type ?? "type unknown",
    plural(p.instructions, "instruction"),
    [
      ...(p.attachType === null ? [] : [`attach ${p.attachType}`]),
      ...(p.attachTarget === null ? [] : [`to ${p.attachTarget}`]),
      ...(p.sleepable ? ["sleepable"] : []),
      ...(p.autoload ? [] : ["loaded only when asked for"]),
    ].join(", "),
  ]);
  return table(rows).flatMap((line, i) => {
    const p = programs[i]!;
    const uses = [
      ...(p.functions.length === 0
        ? []
        : [`functions ${p.functions.join(", ")} (${plural(p.linkedInstructions, "instruction")} in all)`]),
      ...(p.maps.length === 0 ? [] : [`maps ${p.maps.join(", ")}`]),
      ...(p.helpers.length === 0 ? [] : [`helpers ${p.helpers.map((h) => h.replace(/^bpf_/, "")).join(", ")}`]),
    ];
    return [line, ...uses.map((use) => `    ${use}`)];
  });
}

function mapLines(maps: readonly MapReport[]): string[] {
  const shown = maps.flatMap((map) => (map.inner === null ? [map] : [map, { ...map.inner, name: "  inner" }]));
  const lines = table(
    shown.map((m) => [
      m.name,
      m.type,
      sided("key", m.keyType, m.keySize),
      sided("value", m.valueType, m.valueSize),
      m.maxEntries === 0 ? "" : plural(m.maxEntries, "entry", "entries"),
      mapExtras(m),
    ]),
    [4],
  );
  return lines.flatMap((line, i) => [line, ...shown[i]!.values.map((v) => `    [${v.key}] = ${v.kind} ${v.name}`)]);
}

function sided(side: string, type: string | null, size: number): string {
  if (type !== null) return `${side} ${type} (${size})`;
  return size === 0 ? "" : `${side} ${plural(size, "byte")}`;
}

function mapExtras(map: MapReport): string {
  return [
    ...map.flags.map((flag) => flag.replace(/^BPF_F_/, "").toLowerCase()),
    ...(map.mapExtra === "0" ? [] : [`map_extra ${map.mapExtra}`]),
    ...(map.numaNode === null ? [] : [`numa node ${map.numaNode}`]),
    ...(map.pinning === null ? [] : [`pinned ${map.pinning === "by name" ? "" : "in "}${map.pinning}`]),
    ...(map.frozen ? ["frozen"] : []),
  ].join(", ");
}

function globalLines(globals: readonly GlobalReport[]): string[] {
  return table(globals.map((g) => [g.name, `${g.map}+${g.offset}`, g.type ?? plural(g.size, "byte"), `= ${g.text}`]));
}

function externLines({ externs }: InspectReport): string[] {
  return table(externs.map((e) => [e.name, e.kind, e.type ?? "void", e.weak ? "weak" : ""]));
}

function functionLines({ functions }: InspectReport): string[] {
  return table(
    functions.map((f) => [f.name, f.section, f.linkage, `slot ${f.start}`, plural(f.instructions, "instruction")]),
    [3, 4],
  );
}

/** Relocations of one section that are listed; --json has all. */
const SHOWN_RELOCATIONS = 60;

function relocationLines({ relocations }: InspectReport): string[] {
  const seen = new Map<string, number>();
  const shown = relocations.filter((r) => {
    const n = (seen.get(r.section) ?? 0) + 1;
    seen.set(r.section, n);
    return n <= SHOWN_RELOCATIONS;
  });
  const rows = shown.map((r) => [r.section, `slot ${r.slot}`, r.kind.replace("_", " "), r.target]);
  const rest = relocations.length - shown.length;
  return [...table(rows, [1]), ...(rest === 0 ? [] : [`  and ${count(rest)} more (--json lists all)`])];
}

function btfLines({ btf }: InspectReport): string[] {
  if (btf === null) return ["  none (compile with -g)"];
  const kinds = Object.entries(btf.kinds)
    .sort((a, b) => b[1] - a[1])
    .map(([kind, n]) => `${n} ${kind}`);
  return [`  ${plural(btf.types, "type")}: ${kinds.join(", ")}`];
}
