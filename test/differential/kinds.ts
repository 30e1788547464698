import { type ContextField, contextLayout, PROG_TYPE } from "../../src/uapi/index.ts";

/** A program type that random programs have, with what they do to its context. */
export interface Kind {
  readonly name: string;
  /** BPF_PROG_TYPE_* */
  readonly type: number;
  /** Offsets of the packet's bounds. */
  readonly data: number;
  readonly dataEnd: number;
  /** Numbers that programs read, and those that they write. */
  readonly reads: readonly ContextField[];
  readonly writes: readonly ContextField[];
  /** The context can be given: bytes of the structure, and which fields of it. */
  readonly ctx: { readonly size: number; readonly fields: readonly ContextField[] } | null;
  /** Has the legacy loads LD_ABS and LD_IND. */
  readonly legacy: boolean;
}

/** Numbers that each kernel chooses for itself: keyed by a random seed, or of the clock. */
const UNSTEADY = ["hash", "tstamp", "hwtstamp"];
/** What a test run of an sk_buff lets the caller set at will (Documentation/bpf/bpf_prog_run.rst). */
const GIVEN = ["mark", "priority", "cb"];

function kind(name: string, type: number, legacy: boolean): Kind {
  const layout = contextLayout(type)!;
  const offset = (which: string) => layout.fields.find((f) => f.kind === which)!.offset;
  // Fields that only some attach types may read are left alone.
  const numbers = layout.fields.filter(
    (f) => f.kind === "scalar" && f.readAttach === undefined && !UNSTEADY.includes(f.name),
  );
  const fields = layout.fields.filter((f) => GIVEN.includes(f.name));
  return {
    name,
    type,
    data: offset("packet"),
    dataEnd: offset("packet_end"),
    reads: numbers.filter((f) => f.read.includes(type)),
    writes: numbers.filter((f) => f.write.includes(type)),
    ctx: fields.length === 0 ? null : { size: layout.size, fields },
    legacy,
  };
}

export const XDP = kind("xdp", PROG_TYPE.BPF_PROG_TYPE_XDP, false);
export const TC = kind("tc", PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS, true);
