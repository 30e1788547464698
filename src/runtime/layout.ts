/**
 * Where things lie in guest memory. Read by TypeScript and, as is, by the AssemblyScript of `assembly/`: plain numeric constants only.
 */

/** Nothing below is ever mapped: null and small bad pointers are faults. */
export const NULL_GUARD_END = 0x10000;

// The CPU block: state of the virtual CPU that runs.
export const CPU_BLOCK = 0x10000;
/** u32: number of the virtual CPU. */
export const CPU_ID = 0x10000;
/** u32: tail calls made in this run; the 34th falls through. */
export const TAIL_CALLS = 0x10004;
/** i64: instructions this run may still execute, where counted. */
export const FUEL = 0x10008;
/** u32: why a run ended early, one of FAULT_*; 0 = it did not. */
export const FAULT_CODE = 0x10010;
/** u32: slot of the instruction at fault. */
export const FAULT_SLOT = 0x10014;
/** u64: address or helper id of the fault. */
export const FAULT_VALUE = 0x10018;
/** u64: nanoseconds of the virtual clock (bpf_ktime_get_ns). */
export const CLOCK_NS = 0x10020;
/** u64: nanoseconds the clock moves on with every packet or reading. */
export const CLOCK_STEP_NS = 0x10028;
/** u64 x 2: state of the seeded random numbers (bpf_get_prandom_u32). */
export const RANDOM_STATE = 0x10030;
/** u32: number of virtual CPUs. */
export const CPU_COUNT = 0x10040;
/** u32: which engine runs, one of ENGINE_*; callbacks go to the same one. */
export const ENGINE = 0x10044;
export const ENGINE_JIT = 0;
export const ENGINE_INTERPRETER = 1;
export const ENGINE_STEPPING = 2;
/** u32: program slot of the instruction at fault. */
export const FAULT_PROGRAM = 0x10048;
/**
 * u32 x 3: where bpf_redirect, bpf_redirect_map and their kin leave their target (they see no context): interface index (cpumap: its
 * queue size; broadcast: 0), flags as the program gave them, descriptor of the redirect map (0 = none). All 0 before each packet.
 */
export const REDIRECT_TARGET = 0x10050;
export const REDIRECT_FLAGS = 0x10054;
export const REDIRECT_MAP = 0x10058;
/** 5 x u64: arguments, then u64 result, of a helper that the fast interpreter calls in JavaScript. */
export const CALL_FRAME = 0x10080;
/** 11 x u64: r0 to r10 of the fast interpreter. */
export const REGISTERS = 0x10100;
/** Frames that the fast interpreter has saved; grows up, at most to SCRATCH. */
export const FRAME_STACK = 0x10200;
/** Scratch for JavaScript that calls the runtime: keys and values of bpf(2) commands, up to 4096 bytes. */
export const SCRATCH = 0x11000;
export const SCRATCH_SIZE = 0x1000;

/** Static data of the runtime module (asc --memoryBase). */
export const RUNTIME_DATA = 0x12000;

/** BPF stacks grow down from here; a frame is 512 bytes. */
export const STACK_LIMIT = 0x20000;
export const STACK_TOP = 0x40000;
export const FRAME_SIZE = 512;

/** u32 per program slot: address of the fast interpreter's image, 0 = none. Slot 0 is never a program. */
export const IMAGE_TABLE = 0x40000;
export const MAX_PROGRAM_SLOTS = 16384;

/** The allocator's memory starts here. */
export const HEAP_START = 0x50000;

export const FAULT_NONE = 0;
/** Memory access to an address that is not mapped. FAULT_VALUE: the address. */
export const FAULT_ACCESS = 1;
/** The instruction budget is used up. */
export const FAULT_FUEL = 2;
/** Call of a helper that is not there. FAULT_VALUE: its id. */
export const FAULT_HELPER = 3;
/** More than 8 frames. */
export const FAULT_FRAMES = 4;
/** A packet load (LD_ABS, LD_IND) beyond the packet: the program ends with 0. Not an error. */
export const FAULT_PACKET_LOAD = 5;
/** Jump outside the program or an instruction that this engine does not know. */
export const FAULT_INSN = 6;

export const MAX_TAIL_CALLS = 33;
export const MAX_FRAMES = 8;
/** BPF_MAX_LOOPS: iterations of bpf_loop, and times that may_goto of one frame falls through. */
export const MAX_LOOPS = 0x800000;

// Map descriptor: what a map pointer points at. All u32 unless said otherwise. 128 bytes.
export const MAP_TYPE = 0;
export const MAP_KEY_SIZE = 4;
export const MAP_VALUE_SIZE = 8;
export const MAP_MAX_ENTRIES = 12;
export const MAP_FLAGS = 16;
export const MAP_ID = 20;
/** Address of the elements. */
export const MAP_DATA = 24;
/** Bytes from one element to the next. */
export const MAP_STRIDE = 28;
/** Bytes from one CPU's copy to the next, 0 for maps that are not per CPU. */
export const MAP_CPU_STRIDE = 32;
/** Elements in use. */
export const MAP_COUNT = 36;
/** From here on private to the map type's algorithm. */
export const MAP_PRIVATE = 40;
export const MAP_DESCRIPTOR_SIZE = 128;

// XDP run context: struct xdp_md (24 bytes, what the program sees), then what the helpers need.
export const XDP_DATA = 0;
export const XDP_DATA_END = 4;
export const XDP_DATA_META = 8;
export const XDP_INGRESS_IFINDEX = 12;
export const XDP_RX_QUEUE_INDEX = 16;
export const XDP_EGRESS_IFINDEX = 20;
export const XDP_MD_SIZE = 24;
/** First byte of the frame's memory: data may move down to here (+ 40 bytes that the kernel keeps for itself). */
export const XDP_HARD_START = 32;
/** First byte after the memory into which data_end may move. */
export const XDP_FRAME_END = 36;
/** Bytes of the packet that lie after data_end, out of the program's direct reach (the kernel's fragments); 0 for most packets. */
export const XDP_FRAGS = 40;
export const XDP_CONTEXT_SIZE = 64;

// skb run context: struct __sk_buff (192 bytes, what the program sees), then what the helpers need.
export const SKB_LEN = 0;
export const SKB_PKT_TYPE = 4;
export const SKB_MARK = 8;
export const SKB_QUEUE_MAPPING = 12;
export const SKB_PROTOCOL = 16;
export const SKB_VLAN_PRESENT = 20;
export const SKB_VLAN_TCI = 24;
export const SKB_VLAN_PROTO = 28;
export const SKB_PRIORITY = 32;
export const SKB_INGRESS_IFINDEX = 36;
export const SKB_IFINDEX = 40;
export const SKB_TC_INDEX = 44;
export const SKB_CB = 48;
export const SKB_HASH = 68;
export const SKB_TC_CLASSID = 72;
export const SKB_DATA = 76;
export const SKB_DATA_END = 80;
export const SKB_NAPI_ID = 84;
export const SKB_FAMILY = 88;
export const SKB_REMOTE_IP4 = 92;
export const SKB_LOCAL_IP4 = 96;
export const SKB_REMOTE_IP6 = 100;
export const SKB_LOCAL_IP6 = 116;
export const SKB_REMOTE_PORT = 132;
export const SKB_LOCAL_PORT = 136;
export const SKB_DATA_META = 140;
export const SKB_FLOW_KEYS = 144;
export const SKB_TSTAMP = 152;
export const SKB_WIRE_LEN = 160;
export const SKB_GSO_SEGS = 164;
export const SKB_SK = 168;
export const SKB_GSO_SIZE = 176;
export const SKB_TSTAMP_TYPE = 180;
export const SKB_HWTSTAMP = 184;
export const SK_BUFF_SIZE = 192;
/** First byte of the packet's memory (skb->head) and first byte after it (skb->end). */
export const SKB_HEAD = 192;
export const SKB_END = 196;
/** Addresses of the link-layer and network headers. */
export const SKB_MAC_HEADER = 200;
export const SKB_NETWORK_HEADER = 204;
/** Checksums that hardware has verified: 0 none, n = the outermost n (bpf_csum_level). */
export const SKB_CSUM_LEVEL = 208;
/** 1 after bpf_skb_adjust_room has put a tunnel's headers around the packet. */
export const SKB_ENCAPSULATION = 212;
/** Whether SKB_HASH is valid. */
export const SKB_HASH_VALID = 216;
/** Whether the program may reach packet bytes directly (tc, lwt); a socket filter's data and data_end stay hidden. */
export const SKB_DIRECT = 220;
export const SKB_CONTEXT_SIZE = 224;

// Batch record: one packet of a batch run. 40 bytes.
/** In: address of the packet's first byte; out: the same after the run. */
export const REC_DATA = 0;
/** In: length in bytes; out: the same after the run. */
export const REC_LENGTH = 4;
/** Out: r0, low 32 bits. */
export const REC_VERDICT = 8;
/** In/out: bytes of metadata before the data. */
export const REC_META = 12;
/** In: first byte of the memory around the packet, and first byte after it. */
export const REC_START = 16;
export const REC_END = 20;
/** Out: redirect target (ifindex), 0 = none. */
export const REC_REDIRECT = 24;
/** Out: FAULT_* */
export const REC_FAULT = 28;
/** In, u64: what CLOCK_NS shall be when the packet runs; 0 = the clock moves on by CLOCK_STEP_NS instead. */
export const REC_TIME = 32;
export const REC_SIZE = 40;

// Staging area: packets on their way into frames, in columns of STAGE_PACKETS cells.
export const STAGE_PACKETS = 256;
/** u32: where the packet lies. */
export const STAGE_OFFSETS = 0;
/** u32: its length; after the run the length that the program left. */
export const STAGE_LENGTHS = 0x400;
/** u32: nanoseconds within the second. */
export const STAGE_NANOS = 0x800;
/** i32, out: r0, low 32 bits. */
export const STAGE_RETVALS = 0xc00;
/** f64: seconds since the epoch. */
export const STAGE_SECONDS = 0x1000;
export const STAGE_SIZE = 0x1800;
