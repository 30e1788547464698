import type { VerdictRow } from "../run/report.ts";

/** A thing of each kernel. */
export interface Both<T> {
  readonly simulated: T;
  readonly linux: T;
}

/** What `anybpf compare` found out, in the shape that schema/compare.schema.json describes. */
export interface CompareReport {
  readonly format: 1;
  readonly object: string;
  readonly program: { readonly name: string; readonly section: string; readonly type: string };
  /** The simulated side's. */
  readonly engine: "jit" | "interpreter" | "stepping";
  readonly packets: number;
  readonly bytes: number;
  readonly equal: boolean;
  readonly verdicts: Both<readonly VerdictRow[]>;
  readonly packetDifferences: {
    /** Packets that were treated differently. */
    readonly count: number;
    /** The first of them. */
    readonly first: readonly PacketDifference[];
  };
  readonly maps: readonly MapComparison[];
  readonly events: readonly EventComparison[];
  readonly printk: PrintkComparison;
  /** The capture that the first differing packet was written to. */
  readonly capture: string | null;
}

/** Lines of bpf_printk, the first thousand of each kernel. */
export interface PrintkComparison {
  readonly simulated: readonly string[];
  /** Null where the running kernel's cannot be read: then nothing was compared. */
  readonly linux: readonly string[] | null;
  readonly different: number;
}

/** What one kernel made of a packet. Where it refused or stopped the run, `error` says how and the rest is null. */
export interface Outcome {
  readonly retval: number | null;
  readonly verdict: string | null;
  /** Hexadecimal. */
  readonly packet: string | null;
  readonly error: string | null;
}

export interface PacketDifference extends Both<Outcome> {
  /** From 1, as Wireshark and tcpdump number them. */
  readonly number: number;
  readonly retvalDiffers: boolean;
  /** Offset of the first byte of the packet that differs; null where the packets are equal. */
  readonly firstByte: number | null;
  /** Fields of the context that differ. */
  readonly context: readonly ({ readonly field: string } & Both<number | string>)[];
}

export interface MapComparison {
  readonly name: string;
  readonly type: string;
  /** Why contents were not compared, or only their keys; null where all was. */
  readonly limit: string | null;
  readonly compared: boolean;
  readonly entries: Both<number>;
  readonly different: number;
  /** The first of them. */
  readonly first: readonly EntryDifference[];
}

/** An entry that differs; values are texts by their types, null where the entry is absent. */
export interface EntryDifference extends Both<string | null> {
  readonly key: string;
}

export interface EventComparison {
  readonly map: string;
  readonly records: Both<number>;
  readonly bytes: Both<number>;
  readonly lost: Both<number>;
  readonly different: number;
  readonly first: readonly RecordDifference[];
}

/** A record that differs, in hexadecimal; null where there is none. */
export interface RecordDifference extends Both<string | null> {
  /** The packet whose run sent it. */
  readonly packet: number;
  readonly firstByte: number;
}
