import type { EngineName } from "../../vm/index.ts";
import type { Options } from "../command.ts";

/** What `run` and `compare` are both told: a program of an object, what its maps and context hold, and its packets. */
export interface Input {
  readonly file: string;
  readonly program: string | undefined;
  readonly section: string | undefined;
  /** bpftool's word or BPF_PROG_TYPE_*, for sections whose names tell none. */
  readonly type: string | undefined;
  /** One of the two is given. */
  readonly pcap: string | undefined;
  readonly packet: string | undefined;
  /** A capture to write: packets that were passed on, or the first that differs. */
  readonly pcapOut: string | undefined;
  /** Of the simulated kernel. */
  readonly engine: EngineName;
  /** `NAME=FILE.json`. */
  readonly maps: readonly string[];
  readonly ctx: string | undefined;
}

/** Null where the options do not say which packets. */
export function inputOf(file: string, options: Options): Input | null {
  const text = (name: string) => options[name] as string | undefined;
  const [pcap, packet] = [text("pcap"), text("packet")];
  if ((pcap === undefined) === (packet === undefined)) return null;
  return {
    file,
    program: text("prog"),
    section: text("section"),
    type: text("type"),
    pcap,
    packet,
    pcapOut: text("pcapOut"),
    engine: text("engine") as EngineName,
    maps: (options["map"] ?? []) as readonly string[],
    ctx: text("ctx"),
  };
}

export const NO_INPUT = "give the packets: either --pcap FILE or --packet HEX|FILE";
