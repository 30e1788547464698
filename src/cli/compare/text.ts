import { escapeText } from "../../util/index.ts";
import { count, plural } from "../count.ts";
import type {
  CompareReport,
  EventComparison,
  MapComparison,
  Outcome,
  PacketDifference,
  PrintkComparison,
} from "./report.ts";

/** The report as people read it. */
export function renderComparison(report: CompareReport): string {
  const { program } = report;
  const lines = [
    `program  ${program.name}  section ${program.section}  type ${program.type}`,
    `kernels  simulated (${report.engine}) and the running Linux kernel`,
    `input    ${plural(report.packets, "packet")}, ${plural(report.bytes, "byte")}`,
    "",
    `packets  ${report.packetDifferences.count === 0 ? "equal" : plural(report.packetDifferences.count, "packet differs", "packets differ")}: verdicts and bytes`,
    ...verdictLines(report),
    ...packetLines(report),
    ...report.maps.flatMap(mapLines),
    ...report.events.flatMap(eventLines),
  ];
  lines.push(...printkLines(report.printk));
  if (report.capture !== null) lines.push("", `The first differing packet is in ${report.capture}.`);
  lines.push("", report.equal ? "equal" : "different");
  // Names, values and printk lines come from the object and its packets.
  return `${lines.map(escapeText).join("\n")}\n`;
}

function verdictLines({ verdicts }: CompareReport): string[] {
  const keys = new Map([...verdicts.simulated, ...verdicts.linux].map((row) => [row.verdict, row.name]));
  const SHOWN = 8;
  const packets = (rows: CompareReport["verdicts"]["linux"], verdict: number) =>
    rows.find((row) => row.verdict === verdict)?.packets ?? 0;
  const lines = [...keys].slice(0, SHOWN).map(([verdict, name]) => {
    const ours = packets(verdicts.simulated, verdict);
    const theirs = packets(verdicts.linux, verdict);
    const counts = ours === theirs ? count(ours) : `simulated ${count(ours)}, linux ${count(theirs)}`;
    return `  ${name ?? verdict}: ${counts}`;
  });
  if (keys.size > SHOWN) lines.push(`  … ${plural(keys.size - SHOWN, "more value")}`);
  return lines;
}

function packetLines({ packetDifferences: { count: differing, first } }: CompareReport): string[] {
  const lines = first.flatMap(differenceLines);
  if (differing > first.length) lines.push(`  … ${count(differing - first.length)} more`);
  return lines;
}

function differenceLines(d: PacketDifference): string[] {
  const lines: string[] = [];
  if (d.retvalDiffers)
    lines.push(`  packet ${d.number}: simulated ${outcomeText(d.simulated)}, linux ${outcomeText(d.linux)}`);
  if (d.firstByte !== null && d.simulated.packet !== null && d.linux.packet !== null) {
    const at = d.firstByte;
    const byte = (hex: string) =>
      hex.length <= 2 * at ? `ends after ${hex.length / 2} bytes` : `0x${hex.slice(2 * at, 2 * at + 2)}`;
    lines.push(
      `  packet ${d.number}: byte ${at}: simulated ${byte(d.simulated.packet)}, linux ${byte(d.linux.packet)}`,
    );
  }
  for (const { field, simulated, linux } of d.context) {
    lines.push(`  packet ${d.number}: context ${field}: simulated ${simulated}, linux ${linux}`);
  }
  return lines;
}

function outcomeText({ retval, verdict, error }: Outcome): string {
  return error === null ? (verdict ?? String(retval)) : `refused (${error})`;
}

function mapLines(map: MapComparison): string[] {
  const { simulated, linux } = map.entries;
  const entries =
    simulated === linux
      ? plural(simulated, "entry", "entries")
      : `simulated ${plural(simulated, "entry", "entries")}, linux ${count(linux)}`;
  const verdict = !map.compared
    ? "not compared"
    : map.different === 0
      ? "equal"
      : plural(map.different, "entry differs", "entries differ");
  const limit = map.limit === null ? "" : ` (${map.limit})`;
  const lines = [`map      ${map.name}  ${map.type}, ${entries}: ${verdict}${limit}`];
  for (const entry of map.first) {
    lines.push(
      `  ${entry.key === "" ? "" : `${entry.key}: `}simulated ${entry.simulated ?? "absent"}, linux ${entry.linux ?? "absent"}`,
    );
  }
  if (map.different > map.first.length) lines.push(`  … ${count(map.different - map.first.length)} more`);
  return lines;
}

function eventLines(events: EventComparison): string[] {
  const { simulated, linux } = events.records;
  const records =
    simulated === linux
      ? plural(simulated, "record")
      : `simulated ${plural(simulated, "record")}, linux ${count(linux)}`;
  const lines = [
    `events   ${events.map}  ${records}: ${events.different === 0 ? "equal" : plural(events.different, "record differs", "records differ")}`,
  ];
  if (events.lost.simulated !== events.lost.linux) {
    lines.push(`  lost: simulated ${events.lost.simulated}, linux ${events.lost.linux}`);
  }
  for (const record of events.first) {
    lines.push(
      `  packet ${record.packet}: byte ${record.firstByte}`,
      `    simulated ${record.simulated ?? "absent"}`,
      `    linux     ${record.linux ?? "absent"}`,
    );
  }
  if (events.different > events.first.length) lines.push(`  … ${count(events.different - events.first.length)} more`);
  return lines;
}

/** Differing lines of bpf_printk that people see. */
const SHOWN_LINES = 5;

function printkLines({ simulated, linux, different }: PrintkComparison): string[] {
  if (linux === null) {
    const why = "the running kernel's lines cannot be read here: no tracefs, or no right to trace";
    return simulated.length === 0 ? [] : [`printk   ${plural(simulated.length, "line")}: not compared (${why})`];
  }
  if (simulated.length + linux.length === 0) return [];
  const found =
    simulated.length === linux.length
      ? plural(simulated.length, "line")
      : `simulated ${plural(simulated.length, "line")}, linux ${count(linux.length)}`;
  const lines = [`printk   ${found}: ${different === 0 ? "equal" : plural(different, "line differs", "lines differ")}`];
  const longer = simulated.length > linux.length ? simulated : linux;
  const differing = [...longer.keys()].filter((n) => simulated[n] !== linux[n]);
  for (const n of differing.slice(0, SHOWN_LINES)) {
    lines.push(`  line ${n + 1}: simulated ${simulated[n] ?? "absent"}, linux ${linux[n] ?? "absent"}`);
  }
  if (different > SHOWN_LINES) lines.push(`  … ${count(different - SHOWN_LINES)} more`);
  return lines;
}
