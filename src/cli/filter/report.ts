import { plural } from "../count.ts";
import type { CaptureFilterReport } from "./capture.ts";
import { linkTypeLabel } from "./link-type.ts";

const share = (part: number, whole: number) => (whole === 0 ? "0.0" : ((part / whole) * 100).toFixed(1));

/** What a filtered capture came to, for people. */
export function renderFilterReport(expression: string, report: CaptureFilterReport): string {
  const { source, packets, bytes, acceptedPackets, acceptedBytes, seconds } = report;
  const lines = [
    `filter    ${expression === "" ? "(every packet)" : expression}`,
    `input     ${plural(packets, "packet")}, ${plural(bytes, "byte")}, link type ${linkTypeLabel(source.linkType)}`,
    `accepted  ${plural(acceptedPackets, "packet")}, ${plural(acceptedBytes, "byte")} (${share(acceptedPackets, packets)}% of the packets)`,
    `time      matching ${(seconds.matching * 1000).toFixed(1)} ms, total ${(seconds.total * 1000).toFixed(1)} ms`,
    ...report.notices.map((text) => `notice    ${text}`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
