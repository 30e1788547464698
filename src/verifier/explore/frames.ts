import * as L from "../../runtime/verifier-layout.ts";
import type { VerifierEnv } from "../env.ts";
import { scratchAll } from "../log/state-text.ts";
import type { Frame } from "../memory.ts";
import type { VerifierState } from "../state.ts";

/** A frame as a function finds it: r10 is its stack, no other register holds anything (init_func_state). */
export function newFrame(env: VerifierEnv, callsite: number, number: number, subprog: number): Frame {
  const { m } = env;
  const frame = m.allocate(0);
  m.u8.fill(0, frame, frame + L.FRAME_CAPACITY);
  for (let n = 0; n < L.REGS_PER_FRAME; n++) m.ops.mark_not_init(m.reg(frame, n));
  const r10 = m.reg(frame, 10);
  m.setType(r10, L.PTR_TO_STACK);
  m.ops.set_known(r10, 0, 0);
  m.set(r10, L.REG_FRAME, number);
  m.set(frame, L.FRAME_CALLSITE, callsite);
  m.set(frame, L.FRAME_NUMBER, number);
  m.set(frame, L.FRAME_SUBPROG, subprog);
  scratchAll(env);
  return frame;
}

/** The instruction where frame `f` of a state stands (frame_insn_idx). */
export function frameInsn(env: VerifierEnv, state: VerifierState, f: number): number {
  return f === state.curframe ? state.insnIdx : env.m.get(state.frames[f + 1]!, L.FRAME_CALLSITE);
}
