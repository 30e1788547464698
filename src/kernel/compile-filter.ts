import { type ClassicInsn, compileExpression, type FilterOptions } from "../classic/index.ts";
import { type FilterMemory, PacketFilter } from "./packet-filter.ts";

export interface PacketFilterOptions extends Partial<FilterOptions> {
  /** Where packets lie; default one that all filters share. */
  readonly memory?: FilterMemory;
}

const ETHERNET = 1;

/**
 * A filter from a pcap-filter(7) expression, or from a classic program:
 *
 * ```ts
 * const dns = compileFilter("udp port 53");
 * dns.match(frame); // true or false
 * ```
 *
 * The link type is Ethernet unless told otherwise.
 *
 * @throws BpfError `E_FILTER_*` with `column` and `length` where the expression is wrong; `E_JIT_CLASSIC*` for programs.
 */
export function compileFilter(
  filter: string | readonly ClassicInsn[],
  options: PacketFilterOptions = {},
): PacketFilter {
  const { memory, linkType = ETHERNET, ...rest } = options;
  return new PacketFilter(
    typeof filter === "string" ? compileExpression(filter, { ...rest, linkType }).program : filter,
    memory,
  );
}
