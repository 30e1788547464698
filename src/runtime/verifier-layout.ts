/**
 * The verifier's own memory: where register and frame records lie and what their fields are. Read by TypeScript and, as is, by the
 * AssemblyScript of `assembly/verifier/`: plain numeric constants only.
 */

// A register record: what is known of one register or of one spilled slot. Addresses are multiples of 8.
export const REG_SIZE = 104;
/** u32: one of the register types below, with its flags. */
export const REG_TYPE = 0;
/** i32: fixed offset of a pointer; of a scalar with ID_ADD_CONST, the constant that parts it from the others of its id. */
export const REG_OFF = 4;
/**
 * 4 x u32 whose meaning follows the type:
 * packet, packet meta: A = bytes proven readable (i32, BEYOND_PKT_END and AT_PKT_END after a comparison);
 * map pointer, value, key: A = number of the map in the environment, B = uid of an inner map's lookup;
 * BTF object: A = number of the BTF in the environment, B = type id; memory: A = size in bytes, B = id of its dynptr;
 * dynptr: A = DYNPTR_*, B = 1 in the first slot; iterator: A = BTF, B = type id, C = ITER_STATE_*, D = depth; irq flag: A = class;
 * function: A = number of the subprogram.
 */
export const REG_A = 8;
export const REG_B = 12;
export const REG_C = 16;
export const REG_D = 20;
/** tnum: bits known to be one (u64 value), and bits unknown (u64 mask). */
export const REG_VALUE = 24;
export const REG_MASK = 32;
export const REG_SMIN = 40;
export const REG_SMAX = 48;
export const REG_UMIN = 56;
export const REG_UMAX = 64;
export const REG_S32_MIN = 72;
export const REG_S32_MAX = 76;
export const REG_U32_MIN = 80;
export const REG_U32_MAX = 84;
/** Bytes from the start of the record that are alike in equal registers; identity follows. */
export const REG_EXACT = 88;
/** u32: registers of one id stem from one value (scalars) or one check (pointers). */
export const REG_ID = 88;
/** u32: id of the reference that the pointer holds. */
export const REG_REF = 92;
/** u32: number of the frame that a stack pointer points into. */
export const REG_FRAME = 96;
/** u32: 1 where the exact value matters to a decision made later. */
export const REG_PRECISE = 100;

/** Mark in a scalar's id: REG_OFF is a constant added since the id was given. */
export const ID_ADD_CONST = 0x80000000;
/** The same where the constant was added by a 32-bit operation. */
export const ID_ADD_CONST32 = 0x40000000;

// Register types (enum bpf_reg_type) and their flags (enum bpf_type_flag) as Linux 6.18 numbers them.
export const NOT_INIT = 0;
export const SCALAR_VALUE = 1;
export const PTR_TO_CTX = 2;
export const CONST_PTR_TO_MAP = 3;
export const PTR_TO_MAP_VALUE = 4;
export const PTR_TO_MAP_KEY = 5;
export const PTR_TO_STACK = 6;
export const PTR_TO_PACKET_META = 7;
export const PTR_TO_PACKET = 8;
export const PTR_TO_PACKET_END = 9;
export const PTR_TO_FLOW_KEYS = 10;
export const PTR_TO_SOCKET = 11;
export const PTR_TO_SOCK_COMMON = 12;
export const PTR_TO_TCP_SOCK = 13;
export const PTR_TO_TP_BUFFER = 14;
export const PTR_TO_XDP_SOCK = 15;
export const PTR_TO_BTF_ID = 16;
export const PTR_TO_MEM = 17;
export const PTR_TO_ARENA = 18;
export const PTR_TO_BUF = 19;
export const PTR_TO_FUNC = 20;
export const CONST_PTR_TO_DYNPTR = 21;

export const TYPE_BASE_MASK = 0xff;
export const PTR_MAYBE_NULL = 0x100;
export const MEM_RDONLY = 0x200;
export const MEM_RINGBUF = 0x400;
export const MEM_USER = 0x800;
export const MEM_PERCPU = 0x1000;
export const OBJ_RELEASE = 0x2000;
export const PTR_UNTRUSTED = 0x4000;
export const MEM_UNINIT = 0x8000;
export const DYNPTR_TYPE_LOCAL = 0x10000;
export const DYNPTR_TYPE_RINGBUF = 0x20000;
export const MEM_FIXED_SIZE = 0x40000;
export const MEM_ALLOC = 0x80000;
export const PTR_TRUSTED = 0x100000;
export const MEM_RCU = 0x200000;
export const NON_OWN_REF = 0x400000;
export const DYNPTR_TYPE_SKB = 0x800000;
export const DYNPTR_TYPE_XDP = 0x1000000;
export const MEM_ALIGNED = 0x2000000;
export const MEM_WRITE = 0x4000000;
export const DYNPTR_TYPE_SKB_META = 0x8000000;

/** Packet range of a pointer known to be at, or beyond, the packet's end. */
export const AT_PKT_END = -1;
export const BEYOND_PKT_END = -2;

// A frame record: the registers of one BPF function and its stack.
export const FRAME_REGS = 0;
/** r0 to r10. */
export const REGS_PER_FRAME = 11;
/** i32: instruction that called this function; CALLSITE_MAIN for the program itself. */
export const FRAME_CALLSITE = 1144;
export const CALLSITE_MAIN = -1;
/** u32 each. */
export const FRAME_NUMBER = 1148;
export const FRAME_SUBPROG = 1152;
export const FRAME_ASYNC_ENTRIES = 1156;
/** i32 x 2: range of values that a callback may return. */
export const FRAME_CALLBACK_RET_MIN = 1160;
export const FRAME_CALLBACK_RET_MAX = 1164;
/** u32 (0 or 1) each. */
export const FRAME_IN_CALLBACK = 1168;
export const FRAME_IN_ASYNC_CALLBACK = 1172;
export const FRAME_IN_EXCEPTION_CALLBACK = 1176;
/** u32: how often the callback has been entered on this path. */
export const FRAME_CALLBACK_DEPTH = 1180;
/** u32: bytes of stack that slots are kept for, a multiple of 8. */
export const FRAME_STACK_BYTES = 1184;
/** u32: slots that the record has room for. */
export const FRAME_CAPACITY = 1188;
/** Slot records follow; slot i stands for the 8 bytes at r10 - 8 * (i + 1). */
export const FRAME_SLOTS = 1192;
/** A slot record: a register record (of what was spilled), then 8 bytes of STACK_*; byte j of them stands for address r10 - 8 * i - 1 - j. */
export const SLOT_SIZE = 112;
export const SLOT_KINDS = 104;
export const MAX_SLOTS = 64;

/** What a byte of stack holds (enum bpf_stack_slot_type). */
export const STACK_INVALID = 0;
export const STACK_SPILL = 1;
export const STACK_MISC = 2;
export const STACK_ZERO = 3;
export const STACK_DYNPTR = 4;
export const STACK_ITER = 5;
export const STACK_IRQ_FLAG = 6;

export const DYNPTR_INVALID = 0;
export const DYNPTR_LOCAL = 1;
export const DYNPTR_RINGBUF = 2;
export const DYNPTR_SKB = 3;
export const DYNPTR_XDP = 4;
export const DYNPTR_SKB_META = 5;

export const ITER_STATE_INVALID = 0;
export const ITER_STATE_ACTIVE = 1;
export const ITER_STATE_DRAINED = 2;

/** Register records for passing values: two made-up operands, four for the sides of a branch, the rest for whoever needs one. */
export const SCRATCH_REGS = 0x10000;
export const SCRATCH_COUNT = 16;
/** Table of ids that correspond in two states under comparison: u32 pairs; then how many, and the last temporary id. */
export const ID_MAP = 0x11000;
export const ID_MAP_PAIRS = 0x12000;
/** The allocator's memory starts here. */
export const HEAP = 0x14000;
