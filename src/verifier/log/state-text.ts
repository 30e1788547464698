import * as L from "../../runtime/verifier-layout.ts";
import type { VerifierEnv } from "../env.ts";
import type { Frame } from "../memory.ts";
import type { VerifierState } from "../state.ts";
import { regText } from "./reg-text.ts";
import { dynptrTypeText, iterStateText } from "./type-text.ts";

/** One character per byte of stack, by STACK_*. */
const SLOT_CHARACTERS = "?rm0dif";
/** Slots of 8 bytes that a dynptr takes. */
const DYNPTR_SLOTS = 2;

function slotScratched(env: VerifierEnv, slot: number): boolean {
  return slot < 32
    ? ((env.scratchedSlotsLow >>> slot) & 1) === 1
    : ((env.scratchedSlotsHigh >>> (slot - 32)) & 1) === 1;
}

/** Everything is printed anew at the next state, as after a jump to another path. */
export function scratchAll(env: VerifierEnv): void {
  env.scratchedRegs = -1;
  env.scratchedSlotsLow = -1;
  env.scratchedSlotsHigh = -1;
}

function scratchNothing(env: VerifierEnv): void {
  env.scratchedRegs = 0;
  env.scratchedSlotsLow = 0;
  env.scratchedSlotsHigh = 0;
}

/** Whether the last instruction changed something that the log shows. */
export function isScratched(env: VerifierEnv): boolean {
  return env.scratchedRegs !== 0 || env.scratchedSlotsLow !== 0 || env.scratchedSlotsHigh !== 0;
}

function kindsText(env: VerifierEnv, frame: Frame, slot: number): string {
  let text = "";
  for (let j = 0; j < 8; j++) text += SLOT_CHARACTERS[env.m.slotKind(frame, slot, j)] ?? "?";
  return text;
}

/** The slot's part of the state, with how many slots it stands for; "" where there is nothing to say. */
function slotText(env: VerifierEnv, frame: Frame, slot: number, frameNumber: number): string {
  const { m } = env;
  const kinds = kindsText(env, frame, slot);
  if (kinds === "????????") return "";
  const at = ` fp${-(slot + 1) * 8}=`;
  const reg = m.slot(frame, slot);
  switch (m.slotKind(frame, slot, 7)) {
    case L.STACK_SPILL: {
      const first = kinds.indexOf("r");
      return at + kinds.slice(0, first) + regText(env, reg, frameNumber);
    }
    case L.STACK_DYNPTR: {
      const main = m.slot(frame, slot + DYNPTR_SLOTS - 1);
      const parts: string[] = [];
      if (m.id(main) !== 0) parts.push(`id=${m.id(main)}`);
      if (m.ref(main) !== 0) parts.push(`ref_id=${m.ref(main)}`);
      const dynptrId = m.get(main, L.REG_D);
      if (dynptrId !== 0) parts.push(`dynptr_id=${dynptrId}`);
      return ` fp${-(slot + DYNPTR_SLOTS) * 8}=dynptr_${dynptrTypeText(m.get(main, L.REG_A))}(${parts.join(",")})`;
    }
    case L.STACK_ITER: {
      if (m.ref(reg) === 0) return "";
      const name = env.btfs[m.get(reg, L.REG_A)]?.nameOf(m.get(reg, L.REG_B)) ?? "";
      const state = iterStateText(m.get(reg, L.REG_C));
      const what = name.replace(/^bpf_iter_/, "");
      return `${at}iter_${what}(ref_id=${m.ref(reg)},state=${state},depth=${m.get(reg, L.REG_D)})`;
    }
    default:
      return at + kinds;
  }
}

/** Registers and slots of a frame as the log shows them, with a newline: all, or only what changed (print_verifier_state). */
export function printState(env: VerifierEnv, state: VerifierState, frameNumber: number, all: boolean): void {
  if (env.log.level === 0) return;
  const { m } = env;
  const frame = state.frames[frameNumber]!;
  let text = frameNumber === 0 ? "" : ` frame${frameNumber}:`;
  for (let r = 0; r < L.REGS_PER_FRAME; r++) {
    const reg = m.reg(frame, r);
    if (m.type(reg) === L.NOT_INIT) continue;
    if (all || ((env.scratchedRegs >>> r) & 1) === 1) text += ` R${r}=${regText(env, reg, frameNumber)}`;
  }
  const slots = m.get(frame, L.FRAME_STACK_BYTES) >> 3;
  for (let slot = 0; slot < slots; slot++) {
    if (!all && !slotScratched(env, slot)) continue;
    text += slotText(env, frame, slot, frameNumber);
    if (m.slotKind(frame, slot, 7) === L.STACK_DYNPTR) slot += DYNPTR_SLOTS - 1;
  }
  // Locks in global variables have no id, and are left out: all references are, where the first is such a lock.
  const ids = state.refs.map((ref) => ref.id);
  if (ids.length > 0 && ids[0] !== 0) text += ` refs=${ids.filter((id) => id !== 0).join(",")}`;
  if (m.get(frame, L.FRAME_IN_CALLBACK) !== 0) text += " cb";
  if (m.get(frame, L.FRAME_IN_ASYNC_CALLBACK) !== 0) text += " async_cb";
  env.verbose(`${text}\n`);
  if (!all) scratchNothing(env);
}

/** States stand in one column behind instructions where there is room. */
const COLUMN = 40;
const COLUMN_STEP = 8;

function columnGap(printed: number): number {
  const end = Math.max(printed + COLUMN_STEP / 2, COLUMN);
  return Math.ceil(end / COLUMN_STEP) * COLUMN_STEP - printed - 1;
}

/** What changed, on the line of the instruction just shown, else on a line of its own (print_insn_state). */
export function printInsnState(env: VerifierEnv, state: VerifierState, frameNumber: number): void {
  const { log } = env;
  if (!log.states) return;
  if (log.insnEnd !== 0 && log.insnEnd === log.position) {
    log.rewind(log.insnEnd - 1);
    env.verbose(`${" ".repeat(columnGap(log.insnLength))};`);
  } else {
    env.verbose(`${env.insnIdx}:`);
  }
  printState(env, state, frameNumber, false);
}
