import { escapeText } from "../../util/index.ts";
import { count, plural } from "../count.ts";

/** What `anybpf run` found out, in the shape that schema/run.schema.json describes; bigints are printed as JSON numbers or strings. */
export interface RunReport {
  readonly format: 1;
  readonly object: string;
  readonly program: {
    readonly name: string;
    readonly section: string;
    readonly type: string;
    readonly instructions: number;
  };
  readonly engine: "jit" | "interpreter" | "stepping";
  readonly kernel: "simulated" | "linux";
  readonly packets: number;
  readonly bytes: number;
  readonly repeat: number;
  readonly verdicts: readonly VerdictRow[];
  readonly nsPerPacket: number | null;
  readonly mpps: number | null;
  /** `program`: inside the BPF program; `reading`: reading and splitting the capture; both parts of `total`. */
  readonly seconds: { readonly program: number; readonly reading: number; readonly total: number };
  readonly maps: readonly MapReport[];
  readonly events: readonly EventReport[];
  /** Null where the running kernel's lines cannot be read. */
  readonly printk: readonly string[] | null;
  readonly result: { readonly retval: number; readonly dataOut: string } | null;
}

export interface VerdictRow {
  readonly verdict: number;
  readonly name: string | null;
  readonly packets: number;
  readonly bytes: number;
}

/** One map that has entries. `text` is for people: key and value in one line by their BTF types. */
export interface MapReport {
  readonly name: string;
  readonly type: string;
  readonly keyType: string | null;
  readonly valueType: string | null;
  /** Entries in the map; `entries` may show fewer. */
  readonly count: number;
  readonly entries: readonly MapEntry[];
  readonly truncated: boolean;
}

export interface MapEntry {
  readonly key: unknown;
  readonly value?: unknown;
  readonly values?: readonly { readonly cpu: number; readonly value: unknown }[];
  readonly text: { readonly key: string; readonly value: string };
}

/** Records that the program sent through a ring buffer or perf event array. */
export interface EventReport {
  readonly map: string;
  readonly records: number;
  readonly bytes: number;
  /** Records that found the buffer full. */
  readonly lost: number;
  readonly samples: readonly string[];
}

function seconds(s: number): string {
  return s >= 1 ? `${s.toFixed(2)} s` : `${(s * 1000).toFixed(1)} ms`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((r) => r[column]!.length)));
  return rows.map(
    (r) => `  ${r.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ")}`,
  );
}

/** The report as people read it. */
export function renderReport(report: RunReport): string {
  const { program } = report;
  const lines = [
    `program  ${program.name}  section ${program.section}  type ${program.type}  ${plural(program.instructions, "instruction")}`,
    `engine   ${report.kernel === "linux" ? "the running Linux kernel" : `${report.engine} (simulated kernel)`}`,
    `input    ${plural(report.packets, "packet")}, ${plural(report.bytes, "byte")}${report.repeat > 1 ? `, each ${count(report.repeat)} times` : ""}`,
    "",
    ...verdictLines(report),
  ];
  if (report.nsPerPacket !== null && report.mpps !== null) {
    const { program: inProgram, reading, total } = report.seconds;
    lines.push(
      "",
      `${report.nsPerPacket.toFixed(1)} ns per packet, ${report.mpps.toFixed(2)} Mpps` +
        `  (program ${seconds(inProgram)}, reading ${seconds(reading)}, total ${seconds(total)})`,
    );
  }
  if (report.result !== null) lines.push("", `packet out  ${report.result.dataOut}`);
  for (const map of report.maps) lines.push("", ...mapLines(map));
  for (const events of report.events) lines.push("", ...eventLines(events));
  if (report.printk === null) lines.push("", "bpf_printk  cannot be read here: no tracefs, or no right to trace");
  else if (report.printk.length > 0) lines.push("", "bpf_printk", ...report.printk.map((line) => `  ${line}`));
  // Names, values and printk lines come from the object and its packets.
  return `${lines.map(escapeText).join("\n")}\n`;
}

function verdictLines(report: RunReport): string[] {
  const runs = report.verdicts.reduce((sum, v) => sum + v.packets, 0);
  return table([
    ["verdict", "packets", "bytes", "share"],
    ...report.verdicts.map((v) => [
      v.name ?? String(v.verdict),
      count(v.packets),
      count(v.bytes),
      `${((100 * v.packets) / runs).toFixed(1)}%`,
    ]),
  ]);
}

function mapLines(map: MapReport): string[] {
  const shown = map.entries.map((e) => `  ${e.text.key}: ${e.text.value}`);
  if (map.truncated) shown.push(`  … ${count(map.count - shown.length)} more (--json has all)`);
  return [`map ${map.name}  ${map.type}, ${plural(map.count, "entry", "entries")}`, ...shown];
}

function eventLines(events: EventReport): string[] {
  const shown = events.samples.map((sample) => `  ${sample}`);
  if (events.records > shown.length) shown.push(`  … ${count(events.records - shown.length)} more`);
  return [
    `events ${events.map}  ${plural(events.records, "record")}, ${plural(events.bytes, "byte")}${events.lost > 0 ? `, ${count(events.lost)} lost` : ""}`,
    ...shown,
  ];
}

/** The report as one JSON document: bigints become numbers where exact, else decimal strings; texts for people are left out. */
export function reportJson(report: RunReport): string {
  return JSON.stringify(
    report,
    (key, value: unknown) => {
      if (key === "text") return undefined;
      if (typeof value === "bigint") {
        return BigInt.asIntN(54, value) === value || BigInt.asUintN(53, value) === value
          ? Number(value)
          : String(value);
      }
      if (value instanceof Uint8Array) return Array.from(value, (b) => b.toString(16).padStart(2, "0")).join("");
      return value;
    },
    2,
  );
}
