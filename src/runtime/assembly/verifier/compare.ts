import {
  FRAME_CALLBACK_DEPTH, FRAME_SLOTS, FRAME_STACK_BYTES, ID_ADD_CONST, ID_ADD_CONST32, ID_MAP, ID_MAP_PAIRS, NOT_INIT, PTR_TO_ARENA,
  PTR_TO_BUF, PTR_TO_MAP_KEY, PTR_TO_MAP_VALUE, PTR_TO_MEM, PTR_TO_PACKET, PTR_TO_PACKET_META, PTR_TO_STACK, PTR_TO_TP_BUFFER, REG_A,
  REG_B, REG_C, REG_EXACT, REG_FRAME, REG_ID, REG_MASK, REG_OFF, REG_PRECISE, REG_REF, REG_S32_MAX, REG_S32_MIN, REG_SIZE, REG_SMAX,
  REG_SMIN, REG_TYPE, REG_U32_MAX, REG_U32_MIN, REG_UMAX, REG_UMIN, REG_VALUE, REGS_PER_FRAME, SCALAR_VALUE, SLOT_KINDS, SLOT_SIZE,
  STACK_DYNPTR, STACK_INVALID, STACK_IRQ_FLAG, STACK_ITER, STACK_MISC, STACK_SPILL, STACK_ZERO, TYPE_BASE_MASK,
} from "../../verifier-layout";
import { mark_unknown } from "./record";

// Comparison of states. An explored state was safe; the current one is too if everything it may hold, the explored one might have held
// (NOT_EXACT, where only what mattered has to be so), or if it is the very same (EXACT), or lies within it whether it mattered or not
// (RANGE_WITHIN, inside loops, where not all that matters is known yet).

const EXACT: i32 = 1;
const NOT_EXACT: i32 = 0;
/** Pairs that the table has room for. */
const MAX_PAIRS: u32 = 512;

/** Where the last temporary id is kept: behind the count of pairs. */
const TMP_ID: u32 = ID_MAP_PAIRS + 4;
/** An unknown scalar stands for a slot of eight STACK_MISC. */
const UNBOUND: u32 = ID_MAP_PAIRS + 8;

export function reset_id_map(idGen: u32): void {
  store<u32>(ID_MAP_PAIRS, 0);
  store<u32>(TMP_ID, idGen);
}

export function check_ids(old: u32, cur: u32): i32 {
  if ((old != 0) != (cur != 0)) return 0;
  if (old == 0) return 1;
  const count = load<u32>(ID_MAP_PAIRS);
  const end: u32 = ID_MAP + count * 8;
  for (let at: u32 = ID_MAP; at < end; at += 8) {
    if (load<u32>(at) == old) return i32(load<u32>(at, 4) == cur);
    if (load<u32>(at, 4) == cur) return 0;
  }
  if (count == MAX_PAIRS) return 0;
  store<u32>(end, old);
  store<u32>(end, cur, 4);
  store<u32>(ID_MAP_PAIRS, count + 1);
  return 1;
}

/** Scalars without id are each their own. */
function checkScalarIds(old: u32, cur: u32): i32 {
  let last = load<u32>(TMP_ID);
  if (old == 0) old = ++last;
  if (cur == 0) cur = ++last;
  store<u32>(TMP_ID, last);
  return check_ids(old, cur);
}

/** Whether the first `bytes` (a multiple of 8) are alike. */
function alike(a: u32, b: u32, bytes: u32): bool {
  for (let i: u32 = 0; i < bytes; i += 8) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false;
  }
  return true;
}

function exact(old: u32, cur: u32): bool {
  return (
    alike(old, cur, REG_EXACT) &&
    check_ids(load<u32>(old, REG_ID), load<u32>(cur, REG_ID)) != 0 &&
    check_ids(load<u32>(old, REG_REF), load<u32>(cur, REG_REF)) != 0
  );
}

/** Whether two registers are the same, ids aside that could not be paired; starts a table of ids of its own. */
export function regs_exact(old: u32, cur: u32): i32 {
  return i32(exact(old, cur));
}

/** Whether everything in `cur` is in `old`: ranges and bits. */
function within(old: u32, cur: u32): bool {
  if (load<u64>(old, REG_UMIN) > load<u64>(cur, REG_UMIN) || load<u64>(old, REG_UMAX) < load<u64>(cur, REG_UMAX)) return false;
  if (load<i64>(old, REG_SMIN) > load<i64>(cur, REG_SMIN) || load<i64>(old, REG_SMAX) < load<i64>(cur, REG_SMAX)) return false;
  if (load<u32>(old, REG_U32_MIN) > load<u32>(cur, REG_U32_MIN) || load<u32>(old, REG_U32_MAX) < load<u32>(cur, REG_U32_MAX)) return false;
  if (load<i32>(old, REG_S32_MIN) > load<i32>(cur, REG_S32_MIN) || load<i32>(old, REG_S32_MAX) < load<i32>(cur, REG_S32_MAX)) return false;
  const mask = load<u64>(old, REG_MASK);
  if ((load<u64>(cur, REG_MASK) & ~mask) != 0) return false;
  return load<u64>(old, REG_VALUE) == (load<u64>(cur, REG_VALUE) & ~mask);
}

/** Whether a register of the explored state covers the current one (regsafe). */
function covers(old: u32, cur: u32, level: i32, exploreAluLimits: bool): bool {
  if (level == EXACT) return exact(old, cur);
  const type = load<u32>(old, REG_TYPE);
  if (type == NOT_INIT) return true;
  if (type != load<u32>(cur, REG_TYPE)) return false;
  const oldId = load<u32>(old, REG_ID);
  const curId = load<u32>(cur, REG_ID);
  if (type == SCALAR_VALUE) {
    if (exploreAluLimits) return alike(old, cur, REG_EXACT) && checkScalarIds(oldId, curId) != 0;
    if (level == NOT_EXACT && load<u32>(old, REG_PRECISE) == 0) return true;
    // Links in the current state alone only narrow it; those of the explored state must be there too.
    if (oldId != 0) {
      const sums: u32 = ID_ADD_CONST | ID_ADD_CONST32;
      if (((oldId ^ curId) & sums) != 0) return false;
      if ((oldId & sums) != 0 && load<i32>(old, REG_OFF) != load<i32>(cur, REG_OFF)) return false;
      if (checkScalarIds(oldId & ~sums, curId & ~sums) == 0) return false;
    }
    return within(old, cur);
  }
  switch (type & TYPE_BASE_MASK) {
    case PTR_TO_MAP_KEY:
    case PTR_TO_MAP_VALUE:
    case PTR_TO_MEM:
    case PTR_TO_BUF:
    case PTR_TO_TP_BUFFER:
      return (
        alike(old, cur, REG_VALUE) &&
        within(old, cur) &&
        check_ids(oldId, curId) != 0 &&
        check_ids(load<u32>(old, REG_REF), load<u32>(cur, REG_REF)) != 0
      );
    case PTR_TO_PACKET_META:
    case PTR_TO_PACKET: {
      // Fewer bytes proven readable are not enough; "beyond the end" is no number of bytes.
      const a = load<i32>(old, REG_A);
      const b = load<i32>(cur, REG_A);
      if (a < 0 || b < 0 ? a != b : a > b) return false;
      if (load<i32>(old, REG_OFF) != load<i32>(cur, REG_OFF)) return false;
      return check_ids(oldId, curId) != 0 && within(old, cur);
    }
    case PTR_TO_STACK:
      return exact(old, cur) && load<u32>(old, REG_FRAME) == load<u32>(cur, REG_FRAME);
    case PTR_TO_ARENA:
      return true;
    default:
      return exact(old, cur);
  }
}

/** The scalar that a slot is read as: a spilled one of 64 bits, or anything; 0 = none (scalar_reg_for_stack). */
function slotScalar(slot: u32, allowUninit: bool): u32 {
  if (load<u8>(slot, SLOT_KINDS) == STACK_SPILL && load<u32>(slot, REG_TYPE) == SCALAR_VALUE) return slot;
  for (let i: u32 = 0; i < 8; i++) {
    const kind = load<u8>(slot + i, SLOT_KINDS);
    if (kind != STACK_MISC && !(kind == STACK_INVALID && allowUninit)) return 0;
  }
  return UNBOUND;
}

/** Whether slots of one kind, neither of them a mere scalar, hold the same. */
function slotCovers(kind: u32, old: u32, cur: u32, level: i32, exploreAluLimits: bool): bool {
  switch (kind) {
    case STACK_SPILL:
      return covers(old, cur, level, exploreAluLimits);
    case STACK_DYNPTR:
      return (
        load<u32>(old, REG_A) == load<u32>(cur, REG_A) &&
        load<u32>(old, REG_B) == load<u32>(cur, REG_B) &&
        check_ids(load<u32>(old, REG_REF), load<u32>(cur, REG_REF)) != 0
      );
    case STACK_ITER:
      return (
        load<u32>(old, REG_A) == load<u32>(cur, REG_A) &&
        load<u32>(old, REG_B) == load<u32>(cur, REG_B) &&
        load<u32>(old, REG_C) == load<u32>(cur, REG_C) &&
        check_ids(load<u32>(old, REG_REF), load<u32>(cur, REG_REF)) != 0
      );
    case STACK_IRQ_FLAG:
      return check_ids(load<u32>(old, REG_REF), load<u32>(cur, REG_REF)) != 0 && load<u32>(old, REG_A) == load<u32>(cur, REG_A);
    default:
      return true;
  }
}

/** Whether the explored stack covers the current one (stacksafe). */
function stackCovers(old: u32, cur: u32, level: i32, allowUninit: bool, exploreAluLimits: bool): bool {
  const oldSlots = load<u32>(old, FRAME_STACK_BYTES) >> 3;
  const curSlots = load<u32>(cur, FRAME_STACK_BYTES) >> 3;
  for (let s: u32 = 0; s < oldSlots; s++) {
    const a = old + FRAME_SLOTS + s * SLOT_SIZE;
    const b = cur + FRAME_SLOTS + s * SLOT_SIZE;
    for (let j: u32 = 0; j < 8; j++) {
      const kind = load<u8>(a + j, SLOT_KINDS);
      if (level != NOT_EXACT && (s >= curSlots || kind != load<u8>(b + j, SLOT_KINDS))) return false;
      if (kind == STACK_INVALID || (allowUninit && kind == STACK_MISC)) continue;
      if (s >= curSlots) return false;
      const aScalar = slotScalar(a, allowUninit);
      const bScalar = slotScalar(b, allowUninit);
      if (aScalar != 0 && bScalar != 0) {
        if (!covers(aScalar, bScalar, level, exploreAluLimits)) return false;
        break;
      }
      const curKind = load<u8>(b + j, SLOT_KINDS);
      if (kind == STACK_MISC && curKind == STACK_ZERO) continue;
      if (kind != curKind) return false;
      if (j == 7 && !slotCovers(kind, a, b, level, exploreAluLimits)) return false;
    }
  }
  return true;
}

/**
 * Whether the explored frame covers the current one (func_states_equal). `flags`: bit 0, slots that hold nothing may be read; bit 1,
 * scalars must be the very same.
 */
export function frame_equal(old: u32, cur: u32, liveRegs: u32, level: i32, flags: u32): i32 {
  if (load<u32>(old, FRAME_CALLBACK_DEPTH) > load<u32>(cur, FRAME_CALLBACK_DEPTH)) return 0;
  const exploreAluLimits = (flags & 2) != 0;
  for (let n: u32 = 0; n < u32(REGS_PER_FRAME); n++) {
    if (((liveRegs >> n) & 1) == 0) continue;
    if (!covers(old + n * REG_SIZE, cur + n * REG_SIZE, level, exploreAluLimits)) return 0;
  }
  if (load<u32>(UNBOUND, REG_TYPE) != SCALAR_VALUE) mark_unknown(UNBOUND);
  return i32(stackCovers(old, cur, level, (flags & 1) != 0, exploreAluLimits));
}

/** Whether all registers of two frames are the very same, ids included (states_maybe_looping). */
export function regs_same(old: u32, cur: u32): i32 {
  for (let n: u32 = 0; n < u32(REGS_PER_FRAME); n++) {
    if (!alike(old + n * REG_SIZE, cur + n * REG_SIZE, REG_FRAME)) return 0;
  }
  return 1;
}
