import type { ArgAbi, HelperBinding, RetAbi } from "../isa/index.ts";
import { CALL_FRAME } from "../runtime/layout.ts";
import type { GuestMemory } from "./memory.ts";

/** Offset in CALL_FRAME of the result. */
export const CALL_RESULT = CALL_FRAME + 40;

/**
 * A helper called by way of the CALL_FRAME cells: takes r1 to r5 from them and leaves r0 there.
 * `frame` is the lowest stack address in use. Arguments arrive as compiled programs pass them: i32 as signed numbers, i64 as signed BigInts.
 */
export type FrameCall = (memory: GuestMemory, frame: number) => void;

type Read = (view: DataView, at: number) => number | bigint;
type Write = (view: DataView, result: unknown) => void;

const low: Read = (view, at) => view.getInt32(at, true);

const READ: Readonly<Record<ArgAbi, Read>> = {
  ptr: low,
  u32: low,
  s32: low,
  flags: (view, at) => (view.getUint32(at + 4, true) === 0 ? view.getInt32(at, true) : -1),
  u64: (view, at) => view.getBigInt64(at, true),
};

function writeWords(view: DataView, lowWord: number, highWord: number): void {
  view.setInt32(CALL_RESULT, lowWord, true);
  view.setInt32(CALL_RESULT + 4, highWord, true);
}

const WRITE: Readonly<Record<RetAbi, Write>> = {
  int: (view, result) => writeWords(view, result as number, (result as number) >> 31),
  ptr: (view, result) => writeWords(view, result as number, 0),
  u64: (view, result) => view.setBigInt64(CALL_RESULT, result as bigint, true),
  void: (view) => writeWords(view, 0, 0),
};

/** The CALL_FRAME form of a helper. */
export function frameCall(binding: HelperBinding): FrameCall {
  const reads = binding.args.map((abi) => READ[abi]);
  const write = WRITE[binding.ret];
  const call = binding.call as (...args: unknown[]) => unknown;
  return (memory, frame) => {
    const { view } = memory;
    const args: unknown[] = [];
    for (let i = 0; i < reads.length; i++) args.push(reads[i]!(view, CALL_FRAME + 8 * i));
    if (binding.callback === true) args.push(frame);
    const result = call(...args);
    // The helper may have made the memory grow: its view is read anew.
    write(memory.view, result);
  };
}
