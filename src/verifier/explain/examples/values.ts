import { type Example, program } from "./example.ts";

const HASH_MAP = ".map table, type=hash, key=4, value=64, max_entries=4";

/** Start of programs that look a value up: r0 is its address, not NULL; r6 the context. */
const FOUND = `
    r6 = r1
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = table ll
    call bpf_map_lookup_elem
    if r0 == 0 goto out`;
const OUT = `
  out:
    r0 = 0
    exit`;

export const VALUE_EXAMPLES: readonly Example[] = [
  {
    kind: "V_UNINIT_REGISTER",
    section: "xdp",
    bad: program(`
    r0 = r7            # nothing has written r7
    exit`),
    good: program(`
    r7 = 2
    r0 = r7
    exit`),
    says: "R7 !read_ok",
  },
  {
    kind: "V_UNINIT_REGISTER",
    cause: "call",
    section: "xdp",
    bad: program(`
    call bpf_get_prandom_u32
    r0 = *(u32 *)(r1 + 12)   # r1 was the context
    r0 &= 1
    exit`),
    good: program(`
    r6 = r1
    call bpf_get_prandom_u32
    r0 = *(u32 *)(r6 + 12)
    r0 &= 1
    exit`),
    says: "R1 !read_ok",
  },
  {
    kind: "V_UNINIT_REGISTER",
    cause: "result",
    section: "xdp",
    bad: program(`
    r2 = *(u32 *)(r1 + 12)
    if r2 == 1 goto out
    r0 = 2
  out:
    exit`),
    good: program(`
    r0 = 1
    r2 = *(u32 *)(r1 + 12)
    if r2 == 1 goto out
    r0 = 2
  out:
    exit`),
    says: "R0 !read_ok",
  },
  {
    kind: "V_FRAME_POINTER_WRITE",
    section: "xdp",
    bad: program(`
    r10 += -8
    r0 = 2
    exit`),
    good: program(`
    r1 = r10
    r1 += -8
    r0 = 2
    exit`),
    says: "frame pointer is read only",
  },
  {
    kind: "V_POINTER_ARITHMETIC",
    cause: "end",
    section: "xdp",
    bad: program(`
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r3 -= 14
    if r2 > r3 goto out
    r0 = *(u8 *)(r2 + 13)
  out:
    r0 = 2
    exit`),
    good: program(`
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = r2
    r4 += 14
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 13)
  out:
    r0 = 2
    exit`),
    says: "R3 pointer arithmetic on pkt_end prohibited",
  },
  {
    kind: "V_POINTER_ARITHMETIC",
    cause: "alu32",
    section: "xdp",
    mode: "bpf",
    bad: program(`
    r2 = r10
    w2 += -8
    r0 = 2
    exit`),
    good: program(`
    r2 = r10
    r2 += -8
    r0 = 2
    exit`),
    says: "R2 32-bit pointer arithmetic prohibited",
  },
  {
    kind: "V_POINTER_ON_NULLABLE",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = table ll
    call bpf_map_lookup_elem
    r0 += 8
    if r0 == 0 goto out
    r1 = *(u64 *)(r0 + 0)${OUT}`),
    good: program(`
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = table ll
    call bpf_map_lookup_elem
    if r0 == 0 goto out
    r0 += 8
    r1 = *(u64 *)(r0 + 0)${OUT}`),
    says: "R0 pointer arithmetic on map_value_or_null prohibited, null-check it first",
  },
  {
    kind: "V_POINTER_LEAK",
    section: "xdp",
    before: HASH_MAP,
    mode: "bpf",
    bad: program(`${FOUND}
    *(u64 *)(r0 + 0) = r6   # the context's address${OUT}`),
    good: program(`${FOUND}
    r1 = *(u32 *)(r6 + 12)
    *(u64 *)(r0 + 0) = r1${OUT}`),
    says: "R6 leaks addr into map",
  },
  {
    kind: "V_UNBOUNDED_OFFSET",
    cause: "unchecked",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${FOUND}
    r1 = *(u32 *)(r6 + 16)   # rx_queue_index
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    good: program(`${FOUND}
    r1 = *(u32 *)(r6 + 16)
    if r1 >= 64 goto out
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    says: "R0 unbounded memory access, make sure to bounds check any such access",
  },
  {
    kind: "V_UNBOUNDED_OFFSET",
    cause: "narrow",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${FOUND}
    r7 = *(u64 *)(r0 + 0)
    w1 = w7              # a 32-bit copy ...
    if w1 >= 64 goto out
    r0 += r7             # ... was checked, the whole value is used
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    good: program(`${FOUND}
    r7 = *(u64 *)(r0 + 0)
    if r7 >= 64 goto out
    r0 += r7
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    says: "math between map_value pointer and register with unbounded min value is not allowed",
  },
  {
    kind: "V_UNBOUNDED_OFFSET",
    cause: "changed",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${FOUND}
    r7 = *(u32 *)(r0 + 0)
    if r7 >= 16 goto out
    r7 <<= 27            # after the check
    r0 += r7
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    good: program(`${FOUND}
    r7 = *(u32 *)(r0 + 0)
    if r7 >= 16 goto out
    r7 <<= 1
    r0 += r7
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    says: "R0 unbounded memory access, make sure to bounds check any such access",
  },
  {
    kind: "V_UNBOUNDED_OFFSET",
    cause: "reloaded",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${FOUND}
    r1 = *(u32 *)(r0 + 0)
    if r1 >= 64 goto out
    r1 = *(u32 *)(r0 + 0)   # loaded again: it may be another by now
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    good: program(`${FOUND}
    r1 = *(u32 *)(r0 + 0)
    if r1 >= 64 goto out
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    says: "R0 unbounded memory access, make sure to bounds check any such access",
  },
  {
    kind: "V_UNBOUNDED_OFFSET",
    cause: "memory",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${FOUND}
    r1 = *(u64 *)(r0 + 0)
    if r1 >= 64 goto out
    *(u64 *)(r10 - 16) = r1
    r1 = *(u32 *)(r10 - 12)   # not as it was stored
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    good: program(`${FOUND}
    r1 = *(u64 *)(r0 + 0)
    if r1 >= 64 goto out
    *(u64 *)(r10 - 16) = r1
    r1 = *(u64 *)(r10 - 16)
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    says: "R0 unbounded memory access, make sure to bounds check any such access",
  },
  {
    kind: "V_UNBOUNDED_OFFSET",
    cause: "lower",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${FOUND}
    r1 = *(u32 *)(r0 + 0)
    if r1 >= 0x40000000 goto out   # far above the value's 64 bytes
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    good: program(`${FOUND}
    r1 = *(u32 *)(r0 + 0)
    if r1 >= 64 goto out
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    says: "R0 unbounded memory access, make sure to bounds check any such access",
  },
  {
    kind: "V_NEGATIVE_OFFSET",
    cause: "signed",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${FOUND}
    r1 = *(s16 *)(r0 + 0)
    if r1 s>= 64 goto out    # negative numbers pass
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    good: program(`${FOUND}
    r1 = *(s16 *)(r0 + 0)
    if r1 s>= 64 goto out
    if r1 s< 0 goto out
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    says: "R0 min value is negative, either use unsigned index or do a if (index >=0) check.",
  },
  {
    kind: "V_NEGATIVE_OFFSET",
    cause: "unchecked",
    section: "xdp",
    bad: program(`
    r6 = r1
    r4 = *(u32 *)(r1 + 16)
    r4 -= 100
    r1 = r6
    r2 = 0
    r3 = r10
    r3 += -64
    call bpf_xdp_load_bytes
    r0 = 2
    exit`),
    good: program(`
    r6 = r1
    r4 = *(u32 *)(r1 + 16)
    r0 = 2
    if r4 > 64 goto out
    if r4 == 0 goto out
    r1 = r6
    r2 = 0
    r3 = r10
    r3 += -64
    call bpf_xdp_load_bytes
    r0 = 2
  out:
    exit`),
    says: "R4 min value is negative, either use unsigned or 'var &= const'",
  },
  {
    kind: "V_OUT_OF_RANGE_OFFSET",
    cause: "lower",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${FOUND}
    r1 = *(s32 *)(r0 + 0)
    if r1 s>= 64 goto out    # -2147483648 passes
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    good: program(`${FOUND}
    r1 = *(u32 *)(r0 + 0)
    if r1 >= 64 goto out
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    says: "value -2147483648 makes map_value pointer be out of bounds",
  },
  {
    kind: "V_DIVISION_BY_ZERO",
    section: "xdp",
    bad: program(`
    r0 = 2
    r0 /= 0
    exit`),
    good: program(`
    r0 = 2
    r0 /= 1
    exit`),
    says: "div by zero",
  },
  {
    kind: "V_BAD_SHIFT",
    section: "xdp",
    bad: program(`
    r0 = 2
    r0 <<= 64
    exit`),
    good: program(`
    r0 = 2
    r0 <<= 0
    exit`),
    says: "invalid shift 64",
  },
  {
    kind: "V_SCALAR_AS_POINTER",
    cause: "moved",
    section: "xdp",
    bad: program(`
    r6 = r1
    r7 = *(u32 *)(r6 + 0)
    r8 = *(u32 *)(r6 + 4)
    r2 = r7
    r2 += 14
    if r2 > r8 goto out
    r1 = r6
    r2 = 4
    call bpf_xdp_adjust_head
    r1 = *(u8 *)(r7 + 12)    # where the packet was
  out:
    r0 = 2
    exit`),
    good: program(`
    r6 = r1
    r1 = r6
    r2 = 4
    call bpf_xdp_adjust_head
    r7 = *(u32 *)(r6 + 0)
    r8 = *(u32 *)(r6 + 4)
    r2 = r7
    r2 += 14
    if r2 > r8 goto out
    r1 = *(u8 *)(r7 + 12)
  out:
    r0 = 2
    exit`),
    says: "R7 invalid mem access 'scalar'",
  },
  {
    kind: "V_SCALAR_AS_POINTER",
    cause: "null",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = table ll
    call bpf_map_lookup_elem
    if r0 != 0 goto out      # the wrong way round
    r1 = *(u64 *)(r0 + 0)${OUT}`),
    good: program(`
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = table ll
    call bpf_map_lookup_elem
    if r0 == 0 goto out
    r1 = *(u64 *)(r0 + 0)${OUT}`),
    says: "R0 invalid mem access 'scalar'",
  },
  {
    kind: "V_SCALAR_AS_POINTER",
    cause: "truncated",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${FOUND}
    w1 = w0                  # the upper half is gone
    r1 = *(u64 *)(r1 + 0)${OUT}`),
    good: program(`${FOUND}
    r1 = r0
    r1 = *(u64 *)(r1 + 0)${OUT}`),
    says: "R1 invalid mem access 'scalar'",
  },
  {
    kind: "V_SCALAR_AS_POINTER",
    cause: "loaded",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${FOUND}
    r1 = *(u64 *)(r0 + 0)    # a number, whatever it stands for
    r1 = *(u64 *)(r1 + 0)${OUT}`),
    good: program(`${FOUND}
    r1 = *(u64 *)(r0 + 0)
    r1 = *(u64 *)(r0 + 8)${OUT}`),
    says: "R1 invalid mem access 'scalar'",
  },
  {
    kind: "V_SCALAR_AS_POINTER",
    cause: "released",
    section: "xdp",
    before: ".map ring, type=ringbuf, max_entries=4096",
    bad: program(`
    r1 = ring ll
    r2 = 8
    r3 = 0
    call bpf_ringbuf_reserve
    if r0 == 0 goto out
    r6 = r0
    r1 = r6
    r2 = 0
    call bpf_ringbuf_submit
    *(u64 *)(r6 + 0) = 1     # it is the reader's by now${OUT}`),
    good: program(`
    r1 = ring ll
    r2 = 8
    r3 = 0
    call bpf_ringbuf_reserve
    if r0 == 0 goto out
    *(u64 *)(r0 + 0) = 1
    r1 = r0
    r2 = 0
    call bpf_ringbuf_submit${OUT}`),
    says: "R6 invalid mem access 'scalar'",
  },
  {
    kind: "V_SCALAR_AS_POINTER",
    cause: "result",
    section: "tracepoint/syscalls/sys_enter_openat",
    bad: program(`
    call bpf_get_current_task
    r1 = *(u64 *)(r0 + 0)
    r0 = 0
    exit`),
    good: program(`
    call bpf_get_current_task
    r3 = r0
    r2 = 8
    r1 = r10
    r1 += -8
    call bpf_probe_read_kernel
    r0 = 0
    exit`),
    says: "R0 invalid mem access 'scalar'",
  },
];
