import { type LinkType, linkTypeOf } from "../../classic/filter/link-types.ts";

/** LINKTYPE_ numbers end long before this one. */
const NUMBERS = 512;

const ROWS: readonly LinkType[] = [
  ...new Set(Array.from({ length: NUMBERS }, (_, n) => linkTypeOf(n)).filter((row) => row !== undefined)),
];

/** A link type by tcpdump's name for it (EN10MB, LINUX_SLL, ...) or by number; null for one that is not known. */
export function parseLinkType(text: string): number | null {
  const wanted = text.toUpperCase().replace(/^(DLT|LINKTYPE)_/, "");
  if (/^\d{1,9}$/.test(wanted)) return linkTypeOf(Number(wanted)) === undefined ? null : Number(wanted);
  return ROWS.find((row) => row.name === wanted)?.numbers[0] ?? null;
}

/** tcpdump's name for a link type. */
export function linkTypeLabel(linkType: number): string {
  return linkTypeOf(linkType)?.name ?? `${linkType}`;
}

export function linkTypeNames(): string {
  return ROWS.map((row) => row.name).join(", ");
}
