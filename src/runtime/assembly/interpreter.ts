/*
 * The fast interpreter: one loop over a decoded image (vm/image.ts makes it), a record of 16 bytes per instruction slot:
 *   u8 operation (runtime/operations.ts), u8 destination, u8 source (registers as byte offsets), u8 0,
 *   i32 offset of a memory access or u32 address of the jump target's record, i64 immediate.
 * Registers lie at REGISTERS: a load with a constant base costs less than a switch over locals.
 * The budget is counted at taken jumps: the records since the last one were executed one after the other.
 * Memory accesses are held against the ends of guest memory only; the stepping interpreter holds them against regions.
 */
import {
  CALL_FRAME, ENGINE, ENGINE_INTERPRETER, ENGINE_JIT, FAULT_ACCESS, FAULT_CODE, FAULT_FRAMES, FAULT_FUEL, FAULT_INSN,
  FAULT_PROGRAM, FAULT_SLOT, FAULT_VALUE, FRAME_SIZE, FRAME_STACK, FUEL, IMAGE_TABLE, MAP_DATA, MAP_DESCRIPTOR_SIZE,
  MAP_MAX_ENTRIES, MAP_STRIDE, MAX_FRAMES, MAX_LOOPS, MAX_PROGRAM_SLOTS, MAX_TAIL_CALLS, REGISTERS,
  SKB_CONTEXT_SIZE, SKB_DATA, SKB_HEAD, SKB_LEN, SKB_MAC_HEADER, SKB_NETWORK_HEADER, STACK_LIMIT, TAIL_CALLS,
} from "../layout";
import { call_helper, callStepping } from "./interpreter/imports";
import { callRuntime } from "./interpreter/runtime-call";
import {
  ADD64_IMM, ADD64_REG, SUB64_IMM, SUB64_REG, MUL64_IMM, MUL64_REG, DIV64_IMM, DIV64_REG, SDIV64_IMM, SDIV64_REG,
  OR64_IMM, OR64_REG, AND64_IMM, AND64_REG, LSH64_IMM, LSH64_REG, RSH64_IMM, RSH64_REG, MOD64_IMM, MOD64_REG,
  SMOD64_IMM, SMOD64_REG, XOR64_IMM, XOR64_REG, ARSH64_IMM, ARSH64_REG, MOV64_IMM, MOV64_REG, NEG64, MOVSX8_64,
  MOVSX16_64, MOVSX32_64, ADD32_IMM, ADD32_REG, SUB32_IMM, SUB32_REG, MUL32_IMM, MUL32_REG, DIV32_IMM, DIV32_REG,
  SDIV32_IMM, SDIV32_REG, OR32_IMM, OR32_REG, AND32_IMM, AND32_REG, LSH32_IMM, LSH32_REG, RSH32_IMM, RSH32_REG,
  MOD32_IMM, MOD32_REG, SMOD32_IMM, SMOD32_REG, XOR32_IMM, XOR32_REG, ARSH32_IMM, ARSH32_REG, MOV32_REG, NEG32,
  MOVSX8_32, MOVSX16_32, BE16, BE32, BE64, LD_IMM64, LDX8, LDX16, LDX32, LDX64, LDXS8, LDXS16, LDXS32, ST8, STX8,
  ST16, STX16, ST32, STX32, ST64, STX64, ATOMIC_ADD64, FETCH_ADD64, ATOMIC_OR64, FETCH_OR64, ATOMIC_AND64,
  FETCH_AND64, ATOMIC_XOR64, FETCH_XOR64, XCHG64, CMPXCHG64, ATOMIC_ADD32, FETCH_ADD32, ATOMIC_OR32, FETCH_OR32,
  ATOMIC_AND32, FETCH_AND32, ATOMIC_XOR32, FETCH_XOR32, XCHG32, CMPXCHG32, JEQ64_IMM, JEQ64_REG, JGT64_IMM,
  JGT64_REG, JGE64_IMM, JGE64_REG, JSET64_IMM, JSET64_REG, JNE64_IMM, JNE64_REG, JSGT64_IMM, JSGT64_REG, JSGE64_IMM,
  JSGE64_REG, JLT64_IMM, JLT64_REG, JLE64_IMM, JLE64_REG, JSLT64_IMM, JSLT64_REG, JSLE64_IMM, JSLE64_REG, JEQ32_IMM,
  JEQ32_REG, JGT32_IMM, JGT32_REG, JGE32_IMM, JGE32_REG, JSET32_IMM, JSET32_REG, JNE32_IMM, JNE32_REG, JSGT32_IMM,
  JSGT32_REG, JSGE32_IMM, JSGE32_REG, JLT32_IMM, JLT32_REG, JLE32_IMM, JLE32_REG, JSLT32_IMM, JSLT32_REG, JSLE32_IMM,
  JSLE32_REG, JA, MAY_GOTO, LD_ABS8, LD_ABS16, LD_ABS32, LD_IND8, LD_IND16, LD_IND32, CALL_LOCAL, CALL_SCRIPT,
  CALL_RUNTIME, CALL_REG, TAIL_CALL, LOOP, EXIT, BAD,
} from "../operations";

/** No program may reach what lies below the stacks: null, the CPU block, the runtime's own data. */
const GUARD: u64 = STACK_LIMIT;
const RECORD: u32 = 16;
const IMM: usize = 8;

// Image header: addresses of the first record to run and of slot 0's record, then the program's slot.
const IMAGE_ENTRY: usize = 0;
const IMAGE_RECORDS: usize = 4;
const IMAGE_PROGRAM: usize = 8;

// A saved frame. Kind: a call of the program's own, an iteration of bpf_loop, or registers saved by `callInterpreter`.
const SAVED_PC: usize = 0;
const SAVED_IMAGE: usize = 4;
const SAVED_MAY_GOTO: usize = 8;
const SAVED_KIND: usize = 12;
const SAVED_REGISTERS: usize = 16;
const LOOP_INDEX: usize = 56;
const LOOP_COUNT: usize = 60;
const LOOP_CONTEXT: usize = 64;
const LOOP_ENTRY: usize = 72;
const SAVED_SIZE: u32 = 96;
const KIND_CALL: u32 = 0;
const KIND_LOOP: u32 = 1;

/** A frame is free below this; the first frame of a run saves nothing. */
const FRAMES_FULL: u32 = FRAME_STACK + (MAX_FRAMES - 1) * SAVED_SIZE;
const EXIT_RECORD = memory.data<u8>([<u8>EXIT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

let frames: u32 = FRAME_STACK;

// @ts-ignore: decorator
@inline function R(register: usize): u64 { return load<u64>(REGISTERS + register * 8); }
// @ts-ignore: decorator
@inline function setR(register: usize, value: u64): void { store<u64>(REGISTERS + register * 8, value); }
// @ts-ignore: decorator
@inline function D(pc: u32): u64 { return load<u64>(<usize>load<u8>(pc, 1), REGISTERS); }
// @ts-ignore: decorator
@inline function S(pc: u32): u64 { return load<u64>(<usize>load<u8>(pc, 2), REGISTERS); }
// @ts-ignore: decorator
@inline function setD(pc: u32, value: u64): void { store<u64>(<usize>load<u8>(pc, 1), value, REGISTERS); }
// @ts-ignore: decorator
@inline function setS(pc: u32, value: u64): void { store<u64>(<usize>load<u8>(pc, 2), value, REGISTERS); }
// @ts-ignore: decorator
@inline function I(pc: u32): u64 { return load<u64>(pc, IMM); }
// @ts-ignore: decorator
@inline function off(pc: u32): u64 { return <u64><i64>load<i32>(pc, 4); }

// RFC 9669 section 4.1: division by zero gives 0, modulo by zero leaves the destination, -1 divides without overflow.
// @ts-ignore: decorator
@inline function div64(a: u64, b: u64): u64 { return b == 0 ? 0 : a / b; }
// @ts-ignore: decorator
@inline function mod64(a: u64, b: u64): u64 { return b == 0 ? a : a % b; }
// @ts-ignore: decorator
@inline function sdiv64(a: u64, b: u64): u64 { return b == 0 ? 0 : b == u64.MAX_VALUE ? 0 - a : <u64>(<i64>a / <i64>b); }
// @ts-ignore: decorator
@inline function smod64(a: u64, b: u64): u64 { return b == 0 ? a : <u64>(<i64>a % <i64>b); }
// @ts-ignore: decorator
@inline function div32(a: u32, b: u32): u32 { return b == 0 ? 0 : a / b; }
// @ts-ignore: decorator
@inline function mod32(a: u32, b: u32): u32 { return b == 0 ? a : a % b; }
// @ts-ignore: decorator
@inline function sdiv32(a: u32, b: u32): u32 { return b == 0 ? 0 : b == u32.MAX_VALUE ? 0 - a : <u32>(<i32>a / <i32>b); }
// @ts-ignore: decorator
@inline function smod32(a: u32, b: u32): u32 { return b == 0 ? a : <u32>(<i32>a % <i32>b); }

// V8 leaves wasm for memory.copy and memory.fill: registers are moved in words.
/** r6 to r10 into a saved frame, and back. */
// @ts-ignore: decorator
@inline function saveRegisters(to: usize): void {
  v128.store(to, v128.load(REGISTERS + 6 * 8));
  v128.store(to + 16, v128.load(REGISTERS + 8 * 8));
  store<u64>(to + 32, R(10));
}
// @ts-ignore: decorator
@inline function restoreRegisters(from: usize): void {
  v128.store(REGISTERS + 6 * 8, v128.load(from));
  v128.store(REGISTERS + 8 * 8, v128.load(from + 16));
  setR(10, load<u64>(from + 32));
}
/** r0 to r10. */
function copyRegisters(to: usize, from: usize): void {
  for (let at: usize = 0; at < 80; at += 16) v128.store(to + at, v128.load(from + at));
  store<u64>(to + 80, load<u64>(from + 80));
}

/** Addresses from GUARD to the end of memory, as a distance from GUARD. */
// @ts-ignore: decorator
@inline function reach(): u64 { return ((<u64>memory.size()) << 16) - GUARD; }

/** Notes why and where a run ends; 0, the result of such a run. */
function fault(code: u32, image: u32, pc: u32, value: u64): u64 {
  store<u32>(FAULT_CODE, code);
  store<u32>(FAULT_SLOT, (pc - load<u32>(image, IMAGE_RECORDS)) / RECORD);
  store<u32>(FAULT_PROGRAM, load<u32>(image, IMAGE_PROGRAM));
  store<u64>(FAULT_VALUE, value);
  return 0;
}

/** A helper said that it does not exist: notes where, unless a callback has already said so. */
function faultIn(image: u32, pc: u32): u64 {
  if (load<u32>(FAULT_PROGRAM) == 0) fault(load<u32>(FAULT_CODE), image, pc, load<u64>(FAULT_VALUE));
  return 0;
}

/** The image of a program or callback, 0 for none. */
function imageOf(slot: u64): u32 {
  return slot < <u64>MAX_PROGRAM_SLOTS ? load<u32>(IMAGE_TABLE + <usize>slot * 4) : 0;
}

function saveFrame(pc: u32, image: u32, mayGoto: u32, kind: u32): u32 {
  const at = frames;
  store<u32>(at, pc, SAVED_PC);
  store<u32>(at, image, SAVED_IMAGE);
  store<u32>(at, mayGoto, SAVED_MAY_GOTO);
  store<u32>(at, kind, SAVED_KIND);
  saveRegisters(at + SAVED_REGISTERS);
  setR(10, R(10) - FRAME_SIZE);
  frames = at + SAVED_SIZE;
  return at;
}

function startIteration(index: u32, context: u64): void {
  setR(1, index);
  setR(2, context);
  setR(3, 0);
  setR(4, 0);
  setR(5, 0);
}

/** LD_ABS and LD_IND: address of `size` bytes at `offset` of the packet, 0 where there are none; see vm/packet-load.ts. */
export function packet_address(skb: u32, offset: i32, size: u32): u32 {
  const limit = reach();
  if (<u64>skb - GUARD > limit - SKB_CONTEXT_SIZE) return 0;
  const data: i64 = load<u32>(skb, SKB_DATA);
  let first = data + offset;
  if (offset < 0) {
    if (offset >= -0x100000) first = <i64>load<u32>(skb, SKB_NETWORK_HEADER) + offset + 0x100000;
    else if (offset >= -0x200000) first = <i64>load<u32>(skb, SKB_MAC_HEADER) + offset + 0x200000;
    else return 0;
  }
  if (first < <i64>load<u32>(skb, SKB_HEAD) || first + size > data + load<u32>(skb, SKB_LEN)) return 0;
  return <u64>first - GUARD > limit - size ? 0 : <u32>first;
}

/** Runs from `image`'s entry until the frame that was innermost at `bottom` exits; r0. */
function execute(image: u32, bottom: u32): u64 {
  let pc = load<u32>(image, IMAGE_ENTRY);
  let start = pc;
  let fuel: i64 = load<i64>(FUEL) * RECORD;
  let limit = reach();
  let mayGoto: u32 = MAX_LOOPS;
  while (true) {
    switch (<u32>load<u8>(pc)) {
      // RFC 9669 section 4.1: 64-bit arithmetic.
      case ADD64_IMM: setD(pc, D(pc) + I(pc)); pc += RECORD; continue;
      case ADD64_REG: setD(pc, D(pc) + S(pc)); pc += RECORD; continue;
      case SUB64_IMM: setD(pc, D(pc) - I(pc)); pc += RECORD; continue;
      case SUB64_REG: setD(pc, D(pc) - S(pc)); pc += RECORD; continue;
      case MUL64_IMM: setD(pc, D(pc) * I(pc)); pc += RECORD; continue;
      case MUL64_REG: setD(pc, D(pc) * S(pc)); pc += RECORD; continue;
      case DIV64_IMM: setD(pc, div64(D(pc), I(pc))); pc += RECORD; continue;
      case DIV64_REG: setD(pc, div64(D(pc), S(pc))); pc += RECORD; continue;
      case SDIV64_IMM: setD(pc, sdiv64(D(pc), I(pc))); pc += RECORD; continue;
      case SDIV64_REG: setD(pc, sdiv64(D(pc), S(pc))); pc += RECORD; continue;
      case OR64_IMM: setD(pc, D(pc) | I(pc)); pc += RECORD; continue;
      case OR64_REG: setD(pc, D(pc) | S(pc)); pc += RECORD; continue;
      case AND64_IMM: setD(pc, D(pc) & I(pc)); pc += RECORD; continue;
      case AND64_REG: setD(pc, D(pc) & S(pc)); pc += RECORD; continue;
      case LSH64_IMM: setD(pc, D(pc) << I(pc)); pc += RECORD; continue;
      case LSH64_REG: setD(pc, D(pc) << S(pc)); pc += RECORD; continue;
      case RSH64_IMM: setD(pc, D(pc) >> I(pc)); pc += RECORD; continue;
      case RSH64_REG: setD(pc, D(pc) >> S(pc)); pc += RECORD; continue;
      case MOD64_IMM: setD(pc, mod64(D(pc), I(pc))); pc += RECORD; continue;
      case MOD64_REG: setD(pc, mod64(D(pc), S(pc))); pc += RECORD; continue;
      case SMOD64_IMM: setD(pc, smod64(D(pc), I(pc))); pc += RECORD; continue;
      case SMOD64_REG: setD(pc, smod64(D(pc), S(pc))); pc += RECORD; continue;
      case XOR64_IMM: setD(pc, D(pc) ^ I(pc)); pc += RECORD; continue;
      case XOR64_REG: setD(pc, D(pc) ^ S(pc)); pc += RECORD; continue;
      case ARSH64_IMM: setD(pc, <u64>(<i64>D(pc) >> <i64>I(pc))); pc += RECORD; continue;
      case ARSH64_REG: setD(pc, <u64>(<i64>D(pc) >> <i64>S(pc))); pc += RECORD; continue;
      case MOV64_IMM: setD(pc, I(pc)); pc += RECORD; continue;
      case MOV64_REG: setD(pc, S(pc)); pc += RECORD; continue;
      case NEG64: setD(pc, 0 - D(pc)); pc += RECORD; continue;
      case MOVSX8_64: setD(pc, <u64><i64><i8>S(pc)); pc += RECORD; continue;
      case MOVSX16_64: setD(pc, <u64><i64><i16>S(pc)); pc += RECORD; continue;
      case MOVSX32_64: setD(pc, <u64><i64><i32>S(pc)); pc += RECORD; continue;
      // RFC 9669 section 4.1: 32-bit arithmetic.
      case ADD32_IMM: setD(pc, <u64>(<u32>D(pc) + <u32>I(pc))); pc += RECORD; continue;
      case ADD32_REG: setD(pc, <u64>(<u32>D(pc) + <u32>S(pc))); pc += RECORD; continue;
      case SUB32_IMM: setD(pc, <u64>(<u32>D(pc) - <u32>I(pc))); pc += RECORD; continue;
      case SUB32_REG: setD(pc, <u64>(<u32>D(pc) - <u32>S(pc))); pc += RECORD; continue;
      case MUL32_IMM: setD(pc, <u64>(<u32>D(pc) * <u32>I(pc))); pc += RECORD; continue;
      case MUL32_REG: setD(pc, <u64>(<u32>D(pc) * <u32>S(pc))); pc += RECORD; continue;
      case DIV32_IMM: setD(pc, <u64>div32(<u32>D(pc), <u32>I(pc))); pc += RECORD; continue;
      case DIV32_REG: setD(pc, <u64>div32(<u32>D(pc), <u32>S(pc))); pc += RECORD; continue;
      case SDIV32_IMM: setD(pc, <u64>sdiv32(<u32>D(pc), <u32>I(pc))); pc += RECORD; continue;
      case SDIV32_REG: setD(pc, <u64>sdiv32(<u32>D(pc), <u32>S(pc))); pc += RECORD; continue;
      case OR32_IMM: setD(pc, <u64>(<u32>D(pc) | <u32>I(pc))); pc += RECORD; continue;
      case OR32_REG: setD(pc, <u64>(<u32>D(pc) | <u32>S(pc))); pc += RECORD; continue;
      case AND32_IMM: setD(pc, <u64>(<u32>D(pc) & <u32>I(pc))); pc += RECORD; continue;
      case AND32_REG: setD(pc, <u64>(<u32>D(pc) & <u32>S(pc))); pc += RECORD; continue;
      case LSH32_IMM: setD(pc, <u64>(<u32>D(pc) << <u32>I(pc))); pc += RECORD; continue;
      case LSH32_REG: setD(pc, <u64>(<u32>D(pc) << <u32>S(pc))); pc += RECORD; continue;
      case RSH32_IMM: setD(pc, <u64>(<u32>D(pc) >> <u32>I(pc))); pc += RECORD; continue;
      case RSH32_REG: setD(pc, <u64>(<u32>D(pc) >> <u32>S(pc))); pc += RECORD; continue;
      case MOD32_IMM: setD(pc, <u64>mod32(<u32>D(pc), <u32>I(pc))); pc += RECORD; continue;
      case MOD32_REG: setD(pc, <u64>mod32(<u32>D(pc), <u32>S(pc))); pc += RECORD; continue;
      case SMOD32_IMM: setD(pc, <u64>smod32(<u32>D(pc), <u32>I(pc))); pc += RECORD; continue;
      case SMOD32_REG: setD(pc, <u64>smod32(<u32>D(pc), <u32>S(pc))); pc += RECORD; continue;
      case XOR32_IMM: setD(pc, <u64>(<u32>D(pc) ^ <u32>I(pc))); pc += RECORD; continue;
      case XOR32_REG: setD(pc, <u64>(<u32>D(pc) ^ <u32>S(pc))); pc += RECORD; continue;
      case ARSH32_IMM: setD(pc, <u64><u32>(<i32><u32>D(pc) >> <i32><u32>I(pc))); pc += RECORD; continue;
      case ARSH32_REG: setD(pc, <u64><u32>(<i32><u32>D(pc) >> <i32><u32>S(pc))); pc += RECORD; continue;
      case MOV32_REG: setD(pc, <u64><u32>S(pc)); pc += RECORD; continue;
      case NEG32: setD(pc, <u64><u32>(0 - <u32>D(pc))); pc += RECORD; continue;
      case MOVSX8_32: setD(pc, <u64><u32><i32><i8>S(pc)); pc += RECORD; continue;
      case MOVSX16_32: setD(pc, <u64><u32><i32><i16>S(pc)); pc += RECORD; continue;
      // RFC 9669 section 4.2: byte swaps.
      case BE16: setD(pc, <u64>bswap<u16>(<u16>D(pc))); pc += RECORD; continue;
      case BE32: setD(pc, <u64>bswap<u32>(<u32>D(pc))); pc += RECORD; continue;
      case BE64: setD(pc, bswap<u64>(D(pc))); pc += RECORD; continue;
      // RFC 9669 section 5.4: two slots, one instruction.
      case LD_IMM64: { setD(pc, I(pc)); pc += 2 * RECORD; start += RECORD; continue; }
      // RFC 9669 section 5.1 and 5.2: loads and stores.
      case LDX8: { const at = S(pc) + off(pc); if (at - GUARD > limit - 1) return fault(FAULT_ACCESS, image, pc, at); setD(pc, load<u8>(<usize>at)); } pc += RECORD; continue;
      case LDX16: { const at = S(pc) + off(pc); if (at - GUARD > limit - 2) return fault(FAULT_ACCESS, image, pc, at); setD(pc, load<u16>(<usize>at)); } pc += RECORD; continue;
      case LDX32: { const at = S(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); setD(pc, load<u32>(<usize>at)); } pc += RECORD; continue;
      case LDX64: { const at = S(pc) + off(pc); if (at - GUARD > limit - 8) return fault(FAULT_ACCESS, image, pc, at); setD(pc, load<u64>(<usize>at)); } pc += RECORD; continue;
      case LDXS8: { const at = S(pc) + off(pc); if (at - GUARD > limit - 1) return fault(FAULT_ACCESS, image, pc, at); setD(pc, <u64>load<i8>(<usize>at)); } pc += RECORD; continue;
      case LDXS16: { const at = S(pc) + off(pc); if (at - GUARD > limit - 2) return fault(FAULT_ACCESS, image, pc, at); setD(pc, <u64>load<i16>(<usize>at)); } pc += RECORD; continue;
      case LDXS32: { const at = S(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); setD(pc, <u64>load<i32>(<usize>at)); } pc += RECORD; continue;
      case ST8: { const at = D(pc) + off(pc); if (at - GUARD > limit - 1) return fault(FAULT_ACCESS, image, pc, at); store<u8>(<usize>at, <u8>I(pc)); } pc += RECORD; continue;
      case STX8: { const at = D(pc) + off(pc); if (at - GUARD > limit - 1) return fault(FAULT_ACCESS, image, pc, at); store<u8>(<usize>at, <u8>S(pc)); } pc += RECORD; continue;
      case ST16: { const at = D(pc) + off(pc); if (at - GUARD > limit - 2) return fault(FAULT_ACCESS, image, pc, at); store<u16>(<usize>at, <u16>I(pc)); } pc += RECORD; continue;
      case STX16: { const at = D(pc) + off(pc); if (at - GUARD > limit - 2) return fault(FAULT_ACCESS, image, pc, at); store<u16>(<usize>at, <u16>S(pc)); } pc += RECORD; continue;
      case ST32: { const at = D(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); store<u32>(<usize>at, <u32>I(pc)); } pc += RECORD; continue;
      case STX32: { const at = D(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); store<u32>(<usize>at, <u32>S(pc)); } pc += RECORD; continue;
      case ST64: { const at = D(pc) + off(pc); if (at - GUARD > limit - 8) return fault(FAULT_ACCESS, image, pc, at); store<u64>(<usize>at, I(pc)); } pc += RECORD; continue;
      case STX64: { const at = D(pc) + off(pc); if (at - GUARD > limit - 8) return fault(FAULT_ACCESS, image, pc, at); store<u64>(<usize>at, S(pc)); } pc += RECORD; continue;
      // RFC 9669 section 5.3: atomics; one virtual CPU runs at a time, so plain memory access will do.
      case ATOMIC_ADD64: { const at = D(pc) + off(pc); if (at - GUARD > limit - 8) return fault(FAULT_ACCESS, image, pc, at); store<u64>(<usize>at, load<u64>(<usize>at) + S(pc)); } pc += RECORD; continue;
      case FETCH_ADD64: { const at = D(pc) + off(pc); if (at - GUARD > limit - 8) return fault(FAULT_ACCESS, image, pc, at); const old = load<u64>(<usize>at); store<u64>(<usize>at, old + S(pc)); setS(pc, old); } pc += RECORD; continue;
      case ATOMIC_OR64: { const at = D(pc) + off(pc); if (at - GUARD > limit - 8) return fault(FAULT_ACCESS, image, pc, at); store<u64>(<usize>at, load<u64>(<usize>at) | S(pc)); } pc += RECORD; continue;
      case FETCH_OR64: { const at = D(pc) + off(pc); if (at - GUARD > limit - 8) return fault(FAULT_ACCESS, image, pc, at); const old = load<u64>(<usize>at); store<u64>(<usize>at, old | S(pc)); setS(pc, old); } pc += RECORD; continue;
      case ATOMIC_AND64: { const at = D(pc) + off(pc); if (at - GUARD > limit - 8) return fault(FAULT_ACCESS, image, pc, at); store<u64>(<usize>at, load<u64>(<usize>at) & S(pc)); } pc += RECORD; continue;
      case FETCH_AND64: { const at = D(pc) + off(pc); if (at - GUARD > limit - 8) return fault(FAULT_ACCESS, image, pc, at); const old = load<u64>(<usize>at); store<u64>(<usize>at, old & S(pc)); setS(pc, old); } pc += RECORD; continue;
      case ATOMIC_XOR64: { const at = D(pc) + off(pc); if (at - GUARD > limit - 8) return fault(FAULT_ACCESS, image, pc, at); store<u64>(<usize>at, load<u64>(<usize>at) ^ S(pc)); } pc += RECORD; continue;
      case FETCH_XOR64: { const at = D(pc) + off(pc); if (at - GUARD > limit - 8) return fault(FAULT_ACCESS, image, pc, at); const old = load<u64>(<usize>at); store<u64>(<usize>at, old ^ S(pc)); setS(pc, old); } pc += RECORD; continue;
      case XCHG64: { const at = D(pc) + off(pc); if (at - GUARD > limit - 8) return fault(FAULT_ACCESS, image, pc, at); const old = load<u64>(<usize>at); store<u64>(<usize>at, S(pc)); setS(pc, old); } pc += RECORD; continue;
      case CMPXCHG64: { const at = D(pc) + off(pc); if (at - GUARD > limit - 8) return fault(FAULT_ACCESS, image, pc, at); const old = load<u64>(<usize>at); if (old == R(0)) store<u64>(<usize>at, S(pc)); setR(0, old); } pc += RECORD; continue;
      case ATOMIC_ADD32: { const at = D(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); store<u32>(<usize>at, load<u32>(<usize>at) + <u32>S(pc)); } pc += RECORD; continue;
      case FETCH_ADD32: { const at = D(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); const old = load<u32>(<usize>at); store<u32>(<usize>at, old + <u32>S(pc)); setS(pc, <u64>old); } pc += RECORD; continue;
      case ATOMIC_OR32: { const at = D(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); store<u32>(<usize>at, load<u32>(<usize>at) | <u32>S(pc)); } pc += RECORD; continue;
      case FETCH_OR32: { const at = D(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); const old = load<u32>(<usize>at); store<u32>(<usize>at, old | <u32>S(pc)); setS(pc, <u64>old); } pc += RECORD; continue;
      case ATOMIC_AND32: { const at = D(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); store<u32>(<usize>at, load<u32>(<usize>at) & <u32>S(pc)); } pc += RECORD; continue;
      case FETCH_AND32: { const at = D(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); const old = load<u32>(<usize>at); store<u32>(<usize>at, old & <u32>S(pc)); setS(pc, <u64>old); } pc += RECORD; continue;
      case ATOMIC_XOR32: { const at = D(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); store<u32>(<usize>at, load<u32>(<usize>at) ^ <u32>S(pc)); } pc += RECORD; continue;
      case FETCH_XOR32: { const at = D(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); const old = load<u32>(<usize>at); store<u32>(<usize>at, old ^ <u32>S(pc)); setS(pc, <u64>old); } pc += RECORD; continue;
      case XCHG32: { const at = D(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); const old = load<u32>(<usize>at); store<u32>(<usize>at, <u32>S(pc)); setS(pc, <u64>old); } pc += RECORD; continue;
      case CMPXCHG32: { const at = D(pc) + off(pc); if (at - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, at); const old = load<u32>(<usize>at); if (old == <u32>R(0)) store<u32>(<usize>at, <u32>S(pc)); setR(0, <u64>old); } pc += RECORD; continue;
      // RFC 9669 section 4.3: jumps; `break` takes the jump.
      case JEQ64_IMM: if (D(pc) == I(pc)) break; pc += RECORD; continue;
      case JEQ64_REG: if (D(pc) == S(pc)) break; pc += RECORD; continue;
      case JGT64_IMM: if (D(pc) > I(pc)) break; pc += RECORD; continue;
      case JGT64_REG: if (D(pc) > S(pc)) break; pc += RECORD; continue;
      case JGE64_IMM: if (D(pc) >= I(pc)) break; pc += RECORD; continue;
      case JGE64_REG: if (D(pc) >= S(pc)) break; pc += RECORD; continue;
      case JSET64_IMM: if ((D(pc) & I(pc)) != 0) break; pc += RECORD; continue;
      case JSET64_REG: if ((D(pc) & S(pc)) != 0) break; pc += RECORD; continue;
      case JNE64_IMM: if (D(pc) != I(pc)) break; pc += RECORD; continue;
      case JNE64_REG: if (D(pc) != S(pc)) break; pc += RECORD; continue;
      case JSGT64_IMM: if (<i64>D(pc) > <i64>I(pc)) break; pc += RECORD; continue;
      case JSGT64_REG: if (<i64>D(pc) > <i64>S(pc)) break; pc += RECORD; continue;
      case JSGE64_IMM: if (<i64>D(pc) >= <i64>I(pc)) break; pc += RECORD; continue;
      case JSGE64_REG: if (<i64>D(pc) >= <i64>S(pc)) break; pc += RECORD; continue;
      case JLT64_IMM: if (D(pc) < I(pc)) break; pc += RECORD; continue;
      case JLT64_REG: if (D(pc) < S(pc)) break; pc += RECORD; continue;
      case JLE64_IMM: if (D(pc) <= I(pc)) break; pc += RECORD; continue;
      case JLE64_REG: if (D(pc) <= S(pc)) break; pc += RECORD; continue;
      case JSLT64_IMM: if (<i64>D(pc) < <i64>I(pc)) break; pc += RECORD; continue;
      case JSLT64_REG: if (<i64>D(pc) < <i64>S(pc)) break; pc += RECORD; continue;
      case JSLE64_IMM: if (<i64>D(pc) <= <i64>I(pc)) break; pc += RECORD; continue;
      case JSLE64_REG: if (<i64>D(pc) <= <i64>S(pc)) break; pc += RECORD; continue;
      case JEQ32_IMM: if (<u32>D(pc) == <u32>I(pc)) break; pc += RECORD; continue;
      case JEQ32_REG: if (<u32>D(pc) == <u32>S(pc)) break; pc += RECORD; continue;
      case JGT32_IMM: if (<u32>D(pc) > <u32>I(pc)) break; pc += RECORD; continue;
      case JGT32_REG: if (<u32>D(pc) > <u32>S(pc)) break; pc += RECORD; continue;
      case JGE32_IMM: if (<u32>D(pc) >= <u32>I(pc)) break; pc += RECORD; continue;
      case JGE32_REG: if (<u32>D(pc) >= <u32>S(pc)) break; pc += RECORD; continue;
      case JSET32_IMM: if ((<u32>D(pc) & <u32>I(pc)) != 0) break; pc += RECORD; continue;
      case JSET32_REG: if ((<u32>D(pc) & <u32>S(pc)) != 0) break; pc += RECORD; continue;
      case JNE32_IMM: if (<u32>D(pc) != <u32>I(pc)) break; pc += RECORD; continue;
      case JNE32_REG: if (<u32>D(pc) != <u32>S(pc)) break; pc += RECORD; continue;
      case JSGT32_IMM: if (<i32>D(pc) > <i32>I(pc)) break; pc += RECORD; continue;
      case JSGT32_REG: if (<i32>D(pc) > <i32>S(pc)) break; pc += RECORD; continue;
      case JSGE32_IMM: if (<i32>D(pc) >= <i32>I(pc)) break; pc += RECORD; continue;
      case JSGE32_REG: if (<i32>D(pc) >= <i32>S(pc)) break; pc += RECORD; continue;
      case JLT32_IMM: if (<u32>D(pc) < <u32>I(pc)) break; pc += RECORD; continue;
      case JLT32_REG: if (<u32>D(pc) < <u32>S(pc)) break; pc += RECORD; continue;
      case JLE32_IMM: if (<u32>D(pc) <= <u32>I(pc)) break; pc += RECORD; continue;
      case JLE32_REG: if (<u32>D(pc) <= <u32>S(pc)) break; pc += RECORD; continue;
      case JSLT32_IMM: if (<i32>D(pc) < <i32>I(pc)) break; pc += RECORD; continue;
      case JSLT32_REG: if (<i32>D(pc) < <i32>S(pc)) break; pc += RECORD; continue;
      case JSLE32_IMM: if (<i32>D(pc) <= <i32>I(pc)) break; pc += RECORD; continue;
      case JSLE32_REG: if (<i32>D(pc) <= <i32>S(pc)) break; pc += RECORD; continue;
      case JA: break;
      case MAY_GOTO: if (mayGoto == 0) break; mayGoto--; pc += RECORD; continue;
      // RFC 9669 section 5.5; a packet that is too short ends the function with r0 = 0.
      case LD_ABS8: case LD_IND8: case LD_ABS16: case LD_IND16: case LD_ABS32: case LD_IND32: {
        const op: u32 = load<u8>(pc);
        const index: i32 = op >= <u32>LD_IND8 ? <i32>S(pc) : 0;
        const width: u32 = op >= <u32>LD_IND8 ? op - LD_IND8 : op - LD_ABS8;
        const at = packet_address(<u32>R(6), index + <i32>I(pc), <u32>1 << width);
        if (at == 0) {
          setR(0, 0);
          fuel -= pc - start;
          pc = start = <u32>EXIT_RECORD;
          continue;
        }
        setR(0, width == 0 ? load<u8>(at) : width == 1 ? <u64>bswap<u16>(load<u16>(at)) : <u64>bswap<u32>(load<u32>(at)));
        pc += RECORD;
        continue;
      }
      case CALL_LOCAL: {
        if (frames >= FRAMES_FULL) return fault(FAULT_FRAMES, image, pc, 0);
        saveFrame(pc + RECORD, image, mayGoto, KIND_CALL);
        mayGoto = MAX_LOOPS;
        break;
      }
      case CALL_RUNTIME: {
        store<i64>(FUEL, (fuel - (pc - start)) / RECORD);
        callRuntime(pc, <u32>R(10) - FRAME_SIZE);
        if (load<u32>(FAULT_CODE) != 0) return faultIn(image, pc);
        fuel = load<i64>(FUEL) * RECORD + (pc - start);
        limit = reach();
        pc += RECORD;
        continue;
      }
      case CALL_SCRIPT: case CALL_REG: {
        for (let at: usize = 0; at < 40; at += 8) store<u64>(CALL_FRAME + at, load<u64>(REGISTERS + 8 + at));
        store<i64>(FUEL, (fuel - (pc - start)) / RECORD);
        const id = load<u8>(pc) == CALL_REG ? <u32>D(pc) : <u32>I(pc);
        call_helper(load<u32>(image, IMAGE_PROGRAM), id, <u32>R(10) - FRAME_SIZE);
        if (load<u32>(FAULT_CODE) != 0) return faultIn(image, pc);
        setR(0, load<u64>(CALL_FRAME + 40));
        fuel = load<i64>(FUEL) * RECORD + (pc - start);
        limit = reach();
        pc += RECORD;
        continue;
      }
      // bpf_tail_call(context, map, index): goes on in another program in the same frame, or falls through with r0 = 0.
      case TAIL_CALL: {
        const map = R(2);
        if (map - GUARD > limit - MAP_DESCRIPTOR_SIZE) return fault(FAULT_ACCESS, image, pc, map);
        const index: u32 = <u32>R(3);
        const count = load<u32>(TAIL_CALLS);
        setR(0, 0);
        if (index < load<u32>(<usize>map, MAP_MAX_ENTRIES) && count < <u32>MAX_TAIL_CALLS) {
          const element = <u64>load<u32>(<usize>map, MAP_DATA) + <u64>index * load<u32>(<usize>map, MAP_STRIDE);
          if (element - GUARD > limit - 4) return fault(FAULT_ACCESS, image, pc, element);
          const target = imageOf(load<u32>(<usize>element));
          if (target != 0) {
            store<u32>(TAIL_CALLS, count + 1);
            fuel -= pc - start + RECORD;
            if (fuel < 0) return fault(FAULT_FUEL, image, pc, 0);
            image = target;
            mayGoto = MAX_LOOPS;
            pc = start = load<u32>(image, IMAGE_ENTRY);
            continue;
          }
        }
        pc += RECORD;
        continue;
      }
      // bpf_loop(count, callback, context, flags)
      case LOOP: {
        const count = <u32>R(1);
        // The kernel opens the loop in code and puts -E2BIG in the lower half of r0.
        const refused: i64 = R(4) != 0 ? -22 : count > <u32>MAX_LOOPS ? 0xfffffff9 : 0;
        if (refused != 0 || count == 0) {
          setR(0, refused);
          pc += RECORD;
          continue;
        }
        const callback = imageOf(R(2));
        if (callback == 0) return fault(FAULT_INSN, image, pc, R(2));
        if (frames >= FRAMES_FULL) return fault(FAULT_FRAMES, image, pc, 0);
        const saved = saveFrame(pc + RECORD, image, mayGoto, KIND_LOOP);
        const entry = load<u32>(callback, IMAGE_ENTRY);
        const context = R(3);
        store<u32>(saved, 0, LOOP_INDEX);
        store<u32>(saved, count, LOOP_COUNT);
        store<u64>(saved, context, LOOP_CONTEXT);
        store<u32>(saved, entry, LOOP_ENTRY);
        startIteration(0, context);
        fuel -= pc - start + RECORD;
        image = callback;
        mayGoto = MAX_LOOPS;
        pc = start = entry;
        continue;
      }
      case EXIT: {
        fuel -= pc - start + RECORD;
        if (frames == bottom) {
          if (fuel < 0) return fault(FAULT_FUEL, image, pc, 0);
          store<i64>(FUEL, fuel / RECORD);
          return R(0);
        }
        const saved = frames - SAVED_SIZE;
        if (load<u32>(saved, SAVED_KIND) == KIND_LOOP) {
          const index = load<u32>(saved, LOOP_INDEX) + 1;
          if (R(0) == 0 && index < load<u32>(saved, LOOP_COUNT)) {
            if (fuel < 0) return fault(FAULT_FUEL, image, load<u32>(saved, LOOP_ENTRY), 0);
            store<u32>(saved, index, LOOP_INDEX);
            startIteration(index, load<u64>(saved, LOOP_CONTEXT));
            mayGoto = MAX_LOOPS;
            pc = start = load<u32>(saved, LOOP_ENTRY);
            continue;
          }
          setR(0, index);
        }
        frames = saved;
        restoreRegisters(saved + SAVED_REGISTERS);
        image = load<u32>(saved, SAVED_IMAGE);
        mayGoto = load<u32>(saved, SAVED_MAY_GOTO);
        pc = start = load<u32>(saved, SAVED_PC);
        continue;
      }
      default: return fault(FAULT_INSN, image, pc, 0);
    }
    fuel -= pc - start + RECORD;
    if (fuel < 0) return fault(FAULT_FUEL, image, pc, 0);
    pc = start = load<u32>(pc, 4);
  }
}

/** Runs the program in `slot` with r1 = `ctx` and its first frame below `fp`; r0. Whether it ended well is in FAULT_CODE. */
export function interpret(slot: u32, ctx: u32, fp: u32): i64 {
  store<u32>(FAULT_PROGRAM, 0);
  for (let at: usize = 0; at < 80; at += 16) v128.store(REGISTERS + at, i64x2(0, 0));
  setR(1, ctx);
  setR(10, fp);
  frames = FRAME_STACK;
  const image = imageOf(slot);
  if (image != 0) return execute(image, FRAME_STACK);
  store<u32>(FAULT_CODE, FAULT_INSN);
  store<u32>(FAULT_PROGRAM, slot);
  store<u32>(FAULT_SLOT, 0);
  return 0;
}

/** A callback in the fast interpreter. After a fault it returns 1, which ends every helper that iterates. */
function callInterpreter(handle: u32, r1: i64, r2: i64, r3: i64, r4: i64, r5: i64, frame: u32): i64 {
  if (load<u32>(FAULT_CODE) != 0) return 1;
  const image = imageOf(handle);
  if (image == 0 || frames >= FRAMES_FULL) {
    store<u32>(FAULT_CODE, image == 0 ? FAULT_INSN : FAULT_FRAMES);
    store<u64>(FAULT_VALUE, handle);
    return 1;
  }
  const saved = frames;
  copyRegisters(saved, REGISTERS);
  frames = saved + SAVED_SIZE;
  setR(1, r1);
  setR(2, r2);
  setR(3, r3);
  setR(4, r4);
  setR(5, r5);
  setR(10, frame);
  const result = execute(image, frames);
  copyRegisters(REGISTERS, saved);
  frames = saved;
  return load<u32>(FAULT_CODE) != 0 ? 1 : result;
}

/**
 * Calls a function of a program from a helper, on the engine that runs (the ENGINE cell).
 * `handle` is what `ld_imm64_func` loaded, `frame` the lowest stack address in use, which becomes the callee's r10.
 */
export function call_function(handle: u32, r1: i64, r2: i64, r3: i64, r4: i64, r5: i64, frame: u32): i64 {
  const engine = load<u32>(ENGINE);
  if (engine == ENGINE_JIT) return call_indirect<i64>(handle, r1, r2, r3, r4, r5, frame);
  if (engine == ENGINE_INTERPRETER) return callInterpreter(handle, r1, r2, r3, r4, r5, frame);
  return callStepping(handle, r1, r2, r3, r4, r5, frame);
}
