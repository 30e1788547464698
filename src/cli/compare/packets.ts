import { contextLayout, verdictName } from "../../uapi/index.ts";
import { BpfError, toHex } from "../../util/index.ts";
import type { Both, Outcome, PacketDifference } from "./report.ts";
import type { Side } from "./side.ts";

/** A run of one packet: what came out, or why nothing did. */
export interface Ran {
  readonly retval: number;
  readonly packet: Uint8Array;
  readonly ctx: Uint8Array;
  /** Of a run that was refused or stopped: the errno's name or the error's code, and its text. */
  readonly refused: { readonly word: string; readonly text: string } | null;
}

const NOTHING = new Uint8Array(0);

/** BPF_PROG_TEST_RUN of one packet. A run that the kernel refuses is an outcome like any other. */
export function runOne(side: Side, packet: Uint8Array, ctx: Uint8Array | undefined): Ran {
  try {
    const { backend, program } = side;
    const input = { dataIn: packet, repeat: 1, ...(ctx === undefined ? {} : { ctxIn: ctx }) };
    const { retval, dataOut, ctxOut } = backend.progTestRun(program.fd, input);
    return { retval, packet: dataOut, ctx: ctxOut, refused: null };
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    const { name } = error.data as { readonly name?: string };
    return {
      retval: 0,
      packet: NOTHING,
      ctx: NOTHING,
      refused: { word: name ?? error.code, text: error.message },
    };
  }
}

/** Offset of the first byte that differs, null where all are equal; a byte that only one side has differs. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number | null {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) if (a[i] !== b[i]) return i;
  return a.length === b.length ? null : common;
}

/** Null where both kernels did the same. */
export function packetDifference(number: number, type: number, simulated: Ran, linux: Ran): PacketDifference | null {
  const firstByte = firstDifference(simulated.packet, linux.packet);
  const retvalDiffers = simulated.retval !== linux.retval || simulated.refused?.word !== linux.refused?.word;
  const context = contextDifferences(type, { simulated: simulated.ctx, linux: linux.ctx });
  if (firstByte === null && !retvalDiffers && context.length === 0) return null;
  return {
    number,
    simulated: outcome(type, simulated),
    linux: outcome(type, linux),
    retvalDiffers,
    firstByte,
    context,
  };
}

function outcome(type: number, { retval, packet, refused }: Ran): Outcome {
  if (refused !== null) return { retval: null, verdict: null, packet: null, error: refused.text };
  return { retval, verdict: verdictName(type, retval), packet: toHex(packet), error: null };
}

/** Contexts are compared where both kernels hand one back. */
function contextDifferences(type: number, { simulated, linux }: Both<Uint8Array>): PacketDifference["context"] {
  if (simulated.length === 0 || linux.length === 0 || firstDifference(simulated, linux) === null) return [];
  const layout = contextLayout(type);
  const differing = (layout?.fields ?? []).flatMap(({ name, offset, size, unit }) => {
    const part = (bytes: Uint8Array) => bytes.subarray(offset, offset + size);
    if (firstDifference(part(simulated), part(linux)) === null) return [];
    const text = (bytes: Uint8Array) =>
      size === unit && unit === 4 && bytes.length === 4
        ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
        : toHex(bytes);
    return [{ field: name, simulated: text(part(simulated)), linux: text(part(linux)) }];
  });
  if (differing.length > 0) return differing;
  return [{ field: "(outside its fields)", simulated: toHex(simulated), linux: toHex(linux) }];
}
