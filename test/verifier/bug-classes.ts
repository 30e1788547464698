import type { Mode } from "../../src/verifier/types.ts";

/**
 * Mistakes that verifiers have made, each as a program of which one constant, `$K`, decides: with one value it must be refused, with
 * the other accepted. Names are those of the public record; `mistake` says what a verifier with that mistake believes.
 */
export interface BugClass {
  readonly name: string;
  readonly mistake: string;
  /** Assembly; `name ll` is a map of CLASS_MAPS (`name_value`: its first value), or a function of the program. */
  readonly text: string;
  readonly reject: string | number;
  readonly accept: string | number;
  /** BPF_PROG_TYPE_*, a socket filter by default. */
  readonly type?: number;
  /** Who loads; for other modes than root, root has both accepted. */
  readonly mode?: Mode;
  /** Flags with which Linux 6.18 accepts the program that must be refused: there ours refuses alone. */
  readonly unsoundFlags?: number;
  /** Where states are kept matters to loops: without any, one without end is walked to the limit. */
  readonly loops?: true;
}

const SCHED_CLS = 3;
const XDP = 6;
const FLOW_DISSECTOR = 22;
const BPF_F_TEST_STATE_FREQ = 8;

/** A value of 64 bytes in r6, 64 unknown bits in r7. */
const BEFORE = `
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = array ll
  call map_lookup_elem
  if r0 == 0 goto out
  r6 = r0
  call ktime_get_ns
  r7 = r0`;
const AFTER = `
out:
  r0 = 0
  exit`;
/** The text leaves an offset in r7, at which one byte of the value is read. */
const offset = (text: string): string => `${BEFORE}\n${text}\n r6 += r7\n r0 = *(u8 *)(r6 + 0)${AFTER}`;
/** The text reads the value itself. */
const value = (text: string): string => `${BEFORE}\n${text}${AFTER}`;

const lookup = (map: string, text: string): string => `
  r1 = 0
  *(u32 *)(r10 - 8) = r1
  r2 = r10
  r2 += -8
  r1 = ${map} ll
  call map_lookup_elem
  ${text}
out:
  r0 = 0
  exit`;

const record = (text: string): string => `
  r6 = r1
  r1 = ring ll
  r2 = 16
  r3 = 0
  call ringbuf_reserve
  if r0 == 0 goto out
  r8 = r0
  ${text}
out:
  r0 = 0
  exit`;

/** The first path that is walked brings 1, the second $K. */
const TWO_PATHS = `r8 = $K
  if r7 == 0 goto join
  r8 = 1
join:`;

const packet = (text: string): string => `
  r6 = r1
  r2 = *(u32 *)(r1 + 76)
  r3 = *(u32 *)(r1 + 80)
  r7 = r2
  r4 = r2
  r4 += 8
  if r4 > r3 goto out
  ${text}
out:
  r0 = 0
  exit`;

const SCALARS: readonly BugClass[] = [
  {
    name: "cve_2017_16995",
    mistake: "a 32-bit move of a negative number is sign-extended",
    text: value("w7 = -1\n r8 = $K ll\n if r7 == r8 goto out\n r0 = *(u8 *)(r6 + 64)"),
    reject: "0xffffffffffffffff",
    accept: "0xffffffff",
  },
  {
    name: "cve_2017_16996",
    mistake: "bounds stay as they are when 64 bits are cut to 32",
    text: offset("r7 = $K ll\n w7 = w7"),
    reject: "0x100000040",
    accept: "0x10000003f",
  },
  {
    name: "cve_2017_17852",
    mistake: "a 32-bit shift works on 64 bits, so that 2<<31>>31 is 2",
    text: offset("r7 = 2\n r7 <<= 31\n w7 >>= 31\n r7 += $K"),
    reject: -2,
    accept: 0,
  },
  {
    name: "cve_2018_18445",
    mistake: "a 32-bit shift of an unknown number works on its 64 bits",
    text: offset("r7 &= 1\n r7 <<= 33\n w7 >>= 31\n r7 += $K"),
    reject: 64,
    accept: 63,
  },
  {
    name: "cve_2017_17853",
    mistake: "signed limits are used for an unsigned shift",
    text: offset("r6 += 56\n r7 s>>= 63\n r7 >>= $K"),
    reject: 60,
    accept: 61,
  },
  {
    name: "cve_2017_17854",
    mistake: "offsets that are added may overflow",
    text: offset("r7 = $K\n r6 += r7"),
    reject: "0x3fffffff",
    accept: 16,
  },
  {
    name: "cve_2017_17863",
    mistake: "an offset that wraps around is near again",
    text: offset("r7 = $K ll\n r6 += r7\n r7 = 0"),
    reject: "0xffffffff00000001",
    accept: 1,
  },
  {
    name: "cve_2020_8835",
    mistake: "a 32-bit comparison bounds all 64 bits",
    text: offset("r8 = $K ll\n r7 &= r8\n if w7 > 63 goto out"),
    reject: "0x1ffffffff",
    accept: "0xffffffff",
  },
  {
    name: "cve_2020_27194",
    mistake: "OR copies 64-bit limits into 32-bit ones",
    text: offset("r8 = $K ll\n if r7 >= r8 goto out\n r9 = 0\n r7 |= r9\n w7 = w7"),
    reject: "0x600000002",
    accept: 64,
  },
  {
    name: "cve_2021_3490",
    mistake: "the lower half of AND, OR and XOR with known halves has no sensible limits",
    text: offset(
      "r8 = 0xffffffff00000000 ll\n r7 &= r8\n call ktime_get_ns\n r0 &= r8\n r7 ^= r0\n w7 = w7\n r7 += $K",
    ),
    reject: 64,
    accept: 63,
  },
  {
    name: "cve_2021_31440",
    mistake: "a lower limit of 64 bits is one of the lower half too",
    text: offset("if r7 < 2 goto out\n w7 = w7\n if r7 > 10 goto out\n r7 += $K"),
    reject: -2,
    accept: 0,
  },
  {
    name: "cve_2021_45402",
    mistake: "a 32-bit move keeps signed limits of 64 bits",
    text: offset("r7 s>>= 63\n w7 = w7\n r7 >>= $K"),
    reject: 25,
    accept: 26,
  },
  {
    name: "cve_2021_3444",
    mistake: "the remainder by a register with an empty lower half is 0 or the divisor's",
    text: offset("r8 = 0x100000000 ll\n r7 &= $K\n w7 %= w8\n r7 &= $K"),
    reject: 127,
    accept: 63,
  },
  {
    name: "cve_2024_41003",
    mistake: "an impossible equality spoils what is known on the other side",
    text: offset("r7 &= 1\n if r7 == $K goto bad\n goto good\nbad:\n r7 = 64\ngood:"),
    reject: 1,
    accept: 2,
  },
  {
    name: "cve_2025_39748",
    mistake: "a bit test leaves a range that no number is in; Linux walks such a branch",
    text: value("r7 &= 3\n if r7 == 0 goto out\n if r7 == 3 goto out\n if r7 & 3 goto out\n r0 = *(u8 *)(r6 + $K)"),
    reject: 64,
    accept: 63,
  },
  {
    name: "cve_2026_31413",
    mistake: "where OR splits {0,-1} in two, one is left without the OR",
    text: offset("r7 s>>= 63\n r7 |= $K\n if r7 == -1 goto out"),
    reject: 64,
    accept: 63,
  },
  {
    name: "cve_2026_43070_swap",
    mistake: "a number and its byte-swapped copy are one",
    text: offset("r8 = r7\n r8 = be16 r8\n if r8 > 63 goto out\n r7 &= $K"),
    reject: -1,
    accept: 63,
  },
  {
    name: "cve_2026_43070_spill",
    mistake: "a number and its copy through half a stack slot are one",
    text: offset("*(u32 *)(r10 - 16) = r7\n r8 = *(u32 *)(r10 - 16)\n if r8 > 63 goto out\n r7 &= $K"),
    reject: -1,
    accept: 63,
  },
  {
    name: "cve_2026_45933",
    mistake: "a copy at a constant distance is forgotten (safe programs are refused)",
    text: offset("call get_prandom_u32\n r7 = r0\n r8 = r7\n r8 += 4\n if r7 > $K goto out\n r7 = r8"),
    reject: 60,
    accept: 59,
  },
  {
    name: "prevail_movsx",
    mistake: "a 32-bit sign-extending move fills the upper half too",
    text: offset("r7 &= $K\n w7 = (s8)w7"),
    reject: 255,
    accept: 63,
  },
  {
    name: "prevail_signed_division",
    mistake: "the quotient of a range is bounded by its ends' quotients",
    text: offset("r7 s/= 2\n r7 &= $K"),
    reject: 127,
    accept: 63,
  },
  {
    name: "prevail_stored_immediate",
    mistake: "a stored 32-bit immediate is not sign-extended",
    text: offset("*(u64 *)(r10 - 16) = $K\n r7 = *(u64 *)(r10 - 16)\n r7 >>= 1"),
    reject: -1,
    accept: 126,
  },
  {
    name: "prevail_zero_test",
    mistake: "a 32-bit test for zero looks at 64 bits",
    text: value("r7 = $K ll\n if w7 != 0 goto out\n r0 = *(u8 *)(r6 + 64)"),
    reject: "0x100000000",
    accept: "0x100000001",
  },
];

const POINTERS: readonly BugClass[] = [
  {
    name: "cve_2022_23222",
    mistake: "a pointer that may be null is moved before the test",
    text: lookup("$K", "r0 += 8\n if r0 == 0 goto out\n r1 = *(u64 *)(r0 + 0)"),
    reject: "hash",
    accept: "array",
  },
  {
    name: "cve_2022_23222_record",
    mistake: "a record that may be null is moved",
    text: "r1 = ring ll\n r2 = 16\n r3 = 0\n call ringbuf_reserve\n if r0 == $K goto out\n r0 += 8\n r0 += -8\n r1 = r0\n r2 = 0\n call ringbuf_submit\nout:\n r0 = 0\n exit",
    reject: 1,
    accept: 0,
  },
  {
    name: "cve_2021_4204",
    mistake: "a record is given back by a pointer into it",
    text: record("r1 = r8\n r1 += $K\n r2 = 0\n call ringbuf_submit"),
    reject: 8,
    accept: 0,
  },
  {
    name: "cve_2022_0500",
    mistake: "a direct store does not see that a map is read-only",
    text: lookup("$K", "if r0 == 0 goto out\n *(u64 *)(r0 + 0) = 1"),
    reject: "unfrozen",
    accept: "array",
  },
  {
    name: "cve_2024_49861",
    mistake: "a helper's result by pointer is not a write",
    text: lookup(
      "$K",
      "if r0 == 0 goto out\n *(u64 *)(r10 - 8) = 0x31\n r1 = r10\n r1 += -8\n r2 = 2\n r3 = 0\n r4 = r0\n call strtol",
    ),
    reject: "unfrozen",
    accept: "array",
  },
  {
    name: "cve_2024_50164",
    mistake: "a helper's buffer with a size is not written",
    text: `r6 = r1\n${lookup("$K", "if r0 == 0 goto out\n r1 = r6\n r2 = 0\n r3 = r0\n r4 = 8\n call skb_load_bytes")}`,
    reject: "unfrozen",
    accept: "array",
  },
  {
    name: "cve_2021_4001",
    mistake: "a read-only map that user space may still write holds constants",
    text: offset("r1 = $K_value ll\n r7 = *(u32 *)(r1 + 0)"),
    reject: "unfrozen",
    accept: "frozen",
  },
  {
    name: "cve_2021_34866",
    mistake: "a helper takes a map of another kind",
    text: "*(u64 *)(r10 - 8) = 0\n r1 = $K ll\n r2 = r10\n r2 += -8\n r3 = 8\n r4 = 0\n call ringbuf_output\n r0 = 0\n exit",
    reject: "array",
    accept: "ring",
  },
  {
    name: "cve_2021_3489",
    mistake: "a record's size is not a constant",
    text: "call get_prandom_u32\n r2 = r0\n r2 &= $K\n r1 = ring ll\n r3 = 0\n call ringbuf_reserve\n if r0 == 0 goto out\n r1 = r0\n r2 = 0\n call ringbuf_submit\nout:\n r0 = 0\n exit",
    reject: 8,
    accept: 0,
  },
  {
    name: "cve_2020_0430",
    mistake: "a context that was moved is passed on",
    text: "r1 += $K\n r2 = 100\n r3 = 0\n call skb_change_tail\n r0 = 0\n exit",
    type: SCHED_CLS,
    reject: 4,
    accept: 0,
  },
  {
    name: "cve_2024_26589",
    mistake: "flow keys at an offset that varies",
    text: "r7 = *(u64 *)(r1 + 144)\n call get_prandom_u32\n r0 &= $K\n r7 += r0\n r1 = *(u32 *)(r7 + 0)\n r0 = 0\n exit",
    type: FLOW_DISSECTOR,
    reject: 4,
    accept: 0,
  },
  {
    name: "cve_2024_43910",
    mistake: "a dynptr that was moved is passed on",
    text: "r1 = users ll\n r2 = callback ll\n r3 = 0\n r4 = 0\n call user_ringbuf_drain\n r0 = 0\n exit\ncallback:\n r1 += $K\n r2 = 0\n r3 = 8\n call dynptr_data\n r0 = 0\n exit",
    type: SCHED_CLS,
    reject: 8,
    accept: 0,
  },
  {
    name: "cve_2024_47702",
    mistake: "a packet pointer is loaded with its sign",
    text: "r2 = *($K *)(r1 + 0)\n r0 = 2\n exit",
    type: XDP,
    reject: "s32",
    accept: "u32",
  },
  {
    name: "cve_2024_58098",
    mistake: "packet pointers outlive a helper that moves the data",
    text: packet("r1 = r6\n r2 = 0\n call $K\n r0 = *(u64 *)(r7 + 0)"),
    type: SCHED_CLS,
    reject: "skb_pull_data",
    accept: "get_hash_recalc",
  },
  {
    name: "cve_2024_58237",
    mistake: "packet pointers outlive a function that moves the data",
    text: `${packet("r1 = r6\n call moves\n r0 = *(u64 *)(r7 + 0)")}\nmoves:\n r2 = 0\n call $K\n r0 = 0\n exit`,
    type: SCHED_CLS,
    reject: "skb_pull_data",
    accept: "get_hash_recalc",
  },
  {
    name: "cve_2023_39191",
    mistake: "a store over a dynptr's stack slots",
    text: "*(u64 *)(r10 - 24) = 0\n r1 = ring ll\n r2 = 8\n r3 = 0\n r4 = r10\n r4 += -16\n call ringbuf_reserve_dynptr\n *(u64 *)(r10 - $K) = 1\n r1 = r10\n r1 += -16\n r2 = 0\n call ringbuf_submit_dynptr\n r0 = 0\n exit",
    reject: 16,
    accept: 24,
  },
  {
    name: "cve_2017_17856",
    mistake: "the stack pointer's own alignment is not looked at",
    text: "*(u64 *)(r10 - $K) = 0\n r0 = 0\n exit",
    reject: 15,
    accept: 16,
  },
  {
    name: "cve_2017_17857",
    mistake: "a stack access beyond the frame",
    text: "*(u64 *)(r10 - $K) = 0\n r0 = 0\n exit",
    reject: 520,
    accept: 512,
  },
  {
    name: "cve_2017_17857_frames",
    mistake: "frames are not added up",
    text: "*(u64 *)(r10 - 304) = 0\n call deeper\n r0 = 0\n exit\ndeeper:\n *(u64 *)(r10 - $K) = 0\n r0 = 0\n exit",
    reject: 304,
    accept: 192,
  },
  {
    name: "cve_2023_52676",
    mistake: "offset and size of a stack access overflow 32 bits",
    text: "r2 = r10\n r2 += $K\n *(u64 *)(r2 - 8) = 0\n r0 = 0\n exit",
    reject: "0x1ffffff8",
    accept: -8,
  },
  {
    name: "cve_2017_9150",
    mistake: "a pointer is returned to user space",
    text: "r6 = 0\n r0 = $K\n exit",
    mode: "bpf",
    reject: "r10",
    accept: "r6",
  },
  {
    name: "cve_2017_17864",
    mistake: "a pointer becomes a number",
    text: value("r8 = 8\n r6 += 8\n r6 -= $K"),
    mode: "bpf",
    reject: "r6",
    accept: "r8",
  },
  {
    name: "cve_2022_0264",
    mistake: "a fetching atomic stores a pointer in a map",
    text: lookup("array", "if r0 == 0 goto out\n r7 = 0\n r8 = $K\n r8 = atomic_fetch_add((u64 *)(r0 + 0), r8)"),
    mode: "bpf",
    reject: "r10",
    accept: "r7",
  },
  {
    name: "cve_2023_52462",
    mistake: "part of a spilled pointer is overwritten",
    text: "*(u64 *)(r10 - 8) = r1\n *(u8 *)(r10 - $K) = 0\n r0 = 0\n exit",
    mode: "bpf",
    reject: 8,
    accept: 16,
  },
  {
    name: "cve_2023_52452",
    mistake: "stack bytes that nobody wrote are read",
    text: "*(u64 *)(r10 - 16) = 0\n r0 = *(u64 *)(r10 - $K)\n r0 = 0\n exit",
    mode: "bpf",
    reject: 8,
    accept: 16,
  },
];

const PATHS: readonly BugClass[] = [
  {
    name: "cve_2017_17855",
    mistake: "a pointer and a number are alike enough for pruning",
    text: "r6 = r1\n r7 = 0\n call get_prandom_u32\n r8 = $K\n if r0 == 0 goto join\n r8 = r6\njoin:\n r0 = *(u32 *)(r8 + 0)\n r0 = 0\n exit",
    reject: "r7",
    accept: "r6",
  },
  {
    name: "cve_2023_2163",
    mistake: "paths with different constants are one",
    text: offset(`${TWO_PATHS}\n r7 = r8`),
    reject: 64,
    accept: 63,
  },
  {
    name: "cve_2023_52920",
    mistake: "that a number matters is lost when it is spilled through a copy of the frame pointer",
    text: offset(`${TWO_PATHS}\n r9 = r10\n *(u64 *)(r9 - 16) = r8\n r7 = *(u64 *)(r10 - 16)`),
    reject: 64,
    accept: 63,
  },
  {
    name: "cve_2026_43009_xchg",
    mistake: "that a number matters is lost in an exchange with the stack",
    text: offset(`${TWO_PATHS}\n *(u64 *)(r10 - 16) = r8\n r7 = 0\n r7 = xchg_64(r10 - 16, r7)`),
    reject: 64,
    accept: 63,
    unsoundFlags: BPF_F_TEST_STATE_FREQ,
  },
  {
    name: "cve_2026_43009_fetch_add",
    mistake: "that a number matters is lost in a fetching addition on the stack",
    text: offset(`${TWO_PATHS}\n *(u64 *)(r10 - 16) = r8\n r7 = 0\n r7 = atomic_fetch_add((u64 *)(r10 - 16), r7)`),
    reject: 64,
    accept: 63,
    unsoundFlags: BPF_F_TEST_STATE_FREQ,
  },
  {
    name: "cve_2026_43009_cmpxchg",
    mistake: "that a number matters is lost in a compare and exchange on the stack",
    text: offset(
      `${TWO_PATHS}\n *(u64 *)(r10 - 16) = r8\n r0 = 0\n r7 = 0\n r0 = cmpxchg_64(r10 - 16, r0, r7)\n r7 = r0`,
    ),
    reject: 64,
    accept: 63,
    unsoundFlags: BPF_F_TEST_STATE_FREQ,
  },
  {
    name: "cve_2025_38060",
    loops: true,
    mistake: "the state at a loop's entry is copied wrongly",
    text: offset("r8 = 0\nagain:\n r8 += 1\n if r8 < $K goto again\n r7 = r8"),
    reject: 64,
    accept: 63,
  },
  {
    name: "regsafe_packet_sentinel",
    mistake: "a packet known to be too short counts as one with a range",
    text: "r2 = *(u32 *)(r1 + 0)\n r3 = *(u32 *)(r1 + 4)\n r4 = r2\n r4 += 8\n if r4 > r3 goto $K\njoin:\n r0 = *(u64 *)(r2 + 0)\nout:\n r0 = 2\n exit",
    type: XDP,
    reject: "join",
    accept: "out",
  },
  {
    name: "cve_2017_17862",
    mistake: "code that no path reaches is compiled",
    text: "r0 = 0\n goto $K\nmiddle:\n r0 = 1\nend:\n exit",
    reject: "end",
    accept: "middle",
  },
  {
    name: "cve_2026_31526",
    mistake: "a reference is not looked for at every exit",
    text: record(
      "call get_prandom_u32\n r1 = r8\n r2 = 0\n if r0 != 0 goto submit\n call $K\n goto out\nsubmit:\n call ringbuf_submit",
    ),
    reject: "get_prandom_u32",
    accept: "ringbuf_discard",
  },
  {
    name: "prevail_1028",
    mistake: "registers of before a call are readable after it",
    text: "r2 = 0\n r6 = 0\n call callee\n r0 = $K\n exit\ncallee:\n r0 = 0\n exit",
    reject: "r2",
    accept: "r6",
  },
  {
    name: "prevail_1201",
    loops: true,
    mistake: "a loop in a function that is called ends by itself",
    text: "call callee\n r0 = 0\n exit\ncallee:\n r0 = 0\nagain:\n r0 += $K\n if r0 < 5 goto again\n exit",
    reject: 0,
    accept: 1,
  },
];

/** What Linux 6.18 does not know, so that programs that are safe are refused as well: verdicts to copy. */
const KERNEL_BEHAVIOUR: readonly BugClass[] = [
  {
    name: "linux_6_18_constant_key",
    mistake: "an element of an array by a constant key within it is never null",
    text: "r1 = $K\n *(u32 *)(r10 - 8) = r1\n r2 = r10\n r2 += -8\n r1 = array ll\n call map_lookup_elem\n r0 = *(u64 *)(r0 + 0)\n r0 = 0\n exit",
    reject: 1,
    accept: 0,
  },
  {
    name: "linux_6_18_xor_self",
    mistake: "r ^= r is not known to be 0",
    text: offset("r7 &= $K\n r7 ^= r7"),
    reject: 127,
    accept: 63,
  },
  {
    name: "linux_6_18_sub_self",
    mistake: "r -= r is not known to be 0",
    text: offset("r7 &= $K\n r7 -= r7"),
    reject: 31,
    accept: 0,
  },
  {
    name: "linux_6_18_division",
    mistake: "a quotient by a constant is any number",
    text: offset("r7 &= 255\n r7 /= 16\n r7 &= $K"),
    reject: -1,
    accept: 63,
  },
  {
    name: "linux_6_18_remainder",
    mistake: "a remainder by a constant is any number",
    text: offset("r7 %= 16\n r7 &= $K"),
    reject: -1,
    accept: 63,
  },
];

export const BUG_CLASSES: readonly BugClass[] = [...SCALARS, ...POINTERS, ...PATHS, ...KERNEL_BEHAVIOUR];

/** The maps that texts name. */
export const CLASS_MAPS = {
  array: { type: 2, keySize: 4, valueSize: 64, maxEntries: 1, flags: 0, value: 0, frozen: false },
  hash: { type: 1, keySize: 4, valueSize: 64, maxEntries: 4, flags: 0, value: 0, frozen: false },
  ring: { type: 27, keySize: 0, valueSize: 0, maxEntries: 4096, flags: 0, value: 0, frozen: false },
  users: { type: 31, keySize: 0, valueSize: 0, maxEntries: 4096, flags: 0, value: 0, frozen: false },
  unfrozen: { type: 2, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0x80, value: 7, frozen: false },
  frozen: { type: 2, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0x80, value: 7, frozen: true },
} as const;

/** Mistakes that show in results: both verifiers accept, and every engine must agree with the kernel. r0 in full. */
export const RESULTS: readonly { readonly name: string; readonly text: string; readonly r0: bigint }[] = [
  { name: "cve_2021_3600_div32", text: "r0 = 5\n r1 = 0x100000000 ll\n w0 /= w1\n exit", r0: 0n },
  { name: "cve_2021_3600_div64", text: "r0 = 5\n r1 = 0x100000000 ll\n r0 /= r1\n exit", r0: 0n },
  { name: "cve_2021_3600_div64_zero", text: "r0 = 5\n r1 = 0\n r0 /= r1\n exit", r0: 0n },
  { name: "cve_2021_3444_mod32", text: "r0 = 0x500000007 ll\n r1 = 0x100000000 ll\n w0 %= w1\n exit", r0: 7n },
  { name: "cve_2021_3444_mod64", text: "r0 = 0x500000007 ll\n r1 = 0x100000000 ll\n r0 %= r1\n exit", r0: 7n },
  { name: "cve_2021_3444_mod64_zero", text: "r0 = 0x500000007 ll\n r1 = 0\n r0 %= r1\n exit", r0: 0x5_0000_0007n },
  { name: "cve_2026_31525_div", text: "w0 = 0x80000000\n w1 = 2\n w0 s/= w1\n exit", r0: 0xc000_0000n },
  { name: "cve_2026_31525_div_minus_one", text: "w0 = 0x80000000\n w1 = -1\n w0 s/= w1\n exit", r0: 0x8000_0000n },
  { name: "cve_2026_31525_mod_minus_one", text: "w0 = 0x80000000\n w1 = -1\n w0 s%= w1\n exit", r0: 0n },
  { name: "cve_2026_31525_mod", text: "w0 = 0x80000000\n w1 = 3\n w0 s%= w1\n exit", r0: 0xffff_fffen },
  { name: "prevail_movsx_result", text: "r0 = 0x80\n w0 = (s8)w0\n exit", r0: 0xffff_ff80n },
];

/** Classes that no single program shows: where they are tested instead. */
export const ELSEWHERE: readonly { readonly name: string; readonly file: string }[] = [
  {
    name: "cve_2021_20268, cve_2021_4159: overflow tests in the wrong type",
    file: "src/verifier/scalar/exhaustive.test.ts",
  },
  {
    name: "cve_2022_2905, cve_2021_38166, cve_2021_41864, cve_2022_50167: sizes of maps",
    file: "src/maps/maps.test.ts",
  },
  { name: "cve_2024_58098 by global functions", file: "test/verifier/programs/packet.c" },
  { name: "cve_2024_58098 by tail calls", file: "test/verifier/programs/tail-calls.c" },
  { name: "cve_2026_31526 by exceptions", file: "test/verifier/programs/callbacks.c" },
  { name: "cve_2018_25020, cve_2021_29154: jumps when code grows", file: "src/vm/random.test.ts" },
];
