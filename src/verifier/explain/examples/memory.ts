import { type Example, program } from "./example.ts";

const HASH_MAP = ".map table, type=hash, key=4, value=64, max_entries=4";
const LOOKUP = `
    r6 = r1
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = table ll
    call bpf_map_lookup_elem`;
const FOUND = `${LOOKUP}
    if r0 == 0 goto out`;
const OUT = `
  out:
    r0 = 0
    exit`;
/** r2 to the packet, r3 to its end. */
const PACKET = `
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)`;
const PASS = `
  out:
    r0 = 2
    exit`;

export const MEMORY_EXAMPLES: readonly Example[] = [
  {
    kind: "V_NULL_DEREFERENCE",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${LOOKUP}
    r1 = *(u64 *)(r0 + 0)
    r0 = 0
    exit`),
    good: program(`${LOOKUP}
    if r0 == 0 goto out
    r1 = *(u64 *)(r0 + 0)${OUT}`),
    says: "R0 invalid mem access 'map_value_or_null'",
  },
  {
    kind: "V_NULL_DEREFERENCE",
    cause: "again",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${FOUND}
    r2 = r10
    r2 += -4
    r1 = table ll
    call bpf_map_lookup_elem  # may give another answer
    r1 = *(u64 *)(r0 + 0)${OUT}`),
    good: program(`${FOUND}
    r7 = r0
    r1 = *(u64 *)(r7 + 0)${OUT}`),
    says: "R0 invalid mem access 'map_value_or_null'",
  },
  {
    kind: "V_STACK_BOUNDS",
    section: "xdp",
    bad: program(`
    *(u64 *)(r10 - 520) = 0
    r0 = 2
    exit`),
    good: program(`
    *(u64 *)(r10 - 512) = 0
    r0 = 2
    exit`),
    says: "invalid write to stack R10 off=-520 size=8",
  },
  {
    kind: "V_STACK_UNINIT",
    section: "xdp",
    before: HASH_MAP,
    mode: "bpf",
    bad: program(`
    r2 = r10
    r2 += -4               # the key was never written
    r1 = table ll
    call bpf_map_lookup_elem
    r0 = 2
    exit`),
    good: program(`
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = table ll
    call bpf_map_lookup_elem
    r0 = 2
    exit`),
    says: "invalid read from stack R2 off=-4 size=4",
  },
  {
    kind: "V_STACK_UNINIT",
    cause: "padding",
    section: "xdp",
    before: ".map flows, type=hash, key=8, value=8, max_entries=4",
    mode: "bpf",
    bad: program(`
    *(u32 *)(r10 - 8) = 7   # address
    *(u16 *)(r10 - 4) = 80  # port; two bytes of padding follow
    r2 = r10
    r2 += -8
    r1 = flows ll
    call bpf_map_lookup_elem
    r0 = 2
    exit`),
    good: program(`
    *(u64 *)(r10 - 8) = 0   # the whole key first
    *(u32 *)(r10 - 8) = 7
    *(u16 *)(r10 - 4) = 80
    r2 = r10
    r2 += -8
    r1 = flows ll
    call bpf_map_lookup_elem
    r0 = 2
    exit`),
    says: "invalid read from stack R2 off -8+6 size 8",
  },
  {
    kind: "V_STACK_PARTIAL_SPILL",
    section: "xdp",
    mode: "bpf",
    bad: program(`
    *(u64 *)(r10 - 8) = r1
    *(u32 *)(r10 - 8) = 0   # half of the pointer
    r0 = 2
    exit`),
    good: program(`
    *(u64 *)(r10 - 8) = r1
    *(u32 *)(r10 - 16) = 0
    r0 = 2
    exit`),
    says: "attempt to corrupt spilled pointer on stack",
  },
  {
    kind: "V_STACK_VARIABLE",
    section: "xdp",
    mode: "bpf",
    bad: program(`
    *(u64 *)(r10 - 8) = 0
    *(u64 *)(r10 - 16) = 0
    r2 = *(u32 *)(r1 + 16)
    r2 &= 8
    r3 = r10
    r3 += -16
    r3 += r2
    r0 = *(u64 *)(r3 + 0)   # which of the two?
    exit`),
    good: program(`
    *(u64 *)(r10 - 8) = 0
    *(u64 *)(r10 - 16) = 0
    r2 = *(u32 *)(r1 + 16)
    r2 &= 8
    r0 = *(u64 *)(r10 - 16)
    if r2 == 0 goto out
    r0 = *(u64 *)(r10 - 8)
  out:
    exit`),
    says: "R3 variable stack access prohibited for !root, var_off=(0x0; 0x8) off=-16",
  },
  {
    kind: "V_PACKET_BOUNDS",
    cause: "unchecked",
    section: "xdp",
    bad: program(`${PACKET}
    r0 = *(u8 *)(r2 + 12)
    r0 = 2
    exit`),
    good: program(`${PACKET}
    r4 = r2
    r4 += 14
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 12)${PASS}`),
    says: "R2 offset is outside of the packet",
  },
  {
    kind: "V_PACKET_BOUNDS",
    cause: "short",
    section: "xdp",
    bad: program(`${PACKET}
    r4 = r2
    r4 += 14
    if r4 > r3 goto out
    r0 = *(u32 *)(r2 + 12)   # bytes 12 to 15${PASS}`),
    good: program(`${PACKET}
    r4 = r2
    r4 += 16
    if r4 > r3 goto out
    r0 = *(u32 *)(r2 + 12)${PASS}`),
    says: "R2 offset is outside of the packet",
  },
  {
    kind: "V_PACKET_BOUNDS",
    cause: "order",
    section: "xdp",
    bad: program(`${PACKET}
    r4 = r2
    r4 += 34
    if r4 > r3 goto out
    r5 = *(u8 *)(r2 + 14)
    r5 &= 15
    r5 <<= 2
    r2 += r5                 # only now the header's length is added
    r0 = *(u16 *)(r2 + 14)${PASS}`),
    good: program(`${PACKET}
    r4 = r2
    r4 += 34
    if r4 > r3 goto out
    r5 = *(u8 *)(r2 + 14)
    r5 &= 15
    r5 <<= 2
    r2 += r5
    r4 = r2
    r4 += 16
    if r4 > r3 goto out
    r0 = *(u16 *)(r2 + 14)${PASS}`),
    says: "R2 offset is outside of the packet",
  },
  {
    kind: "V_PACKET_BOUNDS",
    cause: "side",
    section: "xdp",
    bad: program(`${PACKET}
    r4 = r2
    r4 += 14
    if r4 <= r3 goto out     # should be >
    r0 = *(u8 *)(r2 + 12)${PASS}`),
    good: program(`${PACKET}
    r4 = r2
    r4 += 14
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 12)${PASS}`),
    says: "R2 offset is outside of the packet",
  },
  {
    kind: "V_PACKET_BOUNDS",
    cause: "range",
    section: "xdp",
    bad: program(`${PACKET}
    r5 = *(u32 *)(r1 + 16)
    if r5 > 100000 goto out
    r2 += r5
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 0)${PASS}`),
    good: program(`${PACKET}
    r5 = *(u32 *)(r1 + 16)
    if r5 > 10000 goto out
    r2 += r5
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 0)${PASS}`),
    says: "R2 offset is outside of the packet",
  },
  {
    kind: "V_PACKET_WRITE",
    section: "cgroup_skb/egress",
    bad: program(`
    r2 = *(u32 *)(r1 + 76)
    r3 = *(u32 *)(r1 + 80)
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    *(u8 *)(r2 + 0) = 0
  out:
    r0 = 1
    exit`),
    good: program(`
    r2 = *(u32 *)(r1 + 76)
    r3 = *(u32 *)(r1 + 80)
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 0)
  out:
    r0 = 1
    exit`),
    says: "cannot write into packet",
  },
  {
    kind: "V_MAP_VALUE_BOUNDS",
    cause: "index",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${FOUND}
    r1 = *(u32 *)(r6 + 16)
    if r1 > 64 goto out      # 64 itself passes
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    good: program(`${FOUND}
    r1 = *(u32 *)(r6 + 16)
    if r1 >= 64 goto out
    r0 += r1
    r1 = *(u8 *)(r0 + 0)${OUT}`),
    says: "R0 max value is outside of the allowed memory range",
  },
  {
    kind: "V_MAP_VALUE_BOUNDS",
    cause: "constant",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`${FOUND}
    r1 = *(u64 *)(r0 + 60)   # bytes 60 to 67 of 64${OUT}`),
    good: program(`${FOUND}
    r1 = *(u64 *)(r0 + 56)${OUT}`),
    says: "R0 min value is outside of the allowed memory range",
  },
  {
    kind: "V_MEM_BOUNDS",
    section: "xdp",
    before: ".map ring, type=ringbuf, max_entries=4096",
    bad: program(`
    r1 = ring ll
    r2 = 8
    r3 = 0
    call bpf_ringbuf_reserve
    if r0 == 0 goto out
    *(u64 *)(r0 + 8) = 1     # 8 bytes were reserved
    r1 = r0
    r2 = 0
    call bpf_ringbuf_submit${OUT}`),
    good: program(`
    r1 = ring ll
    r2 = 16
    r3 = 0
    call bpf_ringbuf_reserve
    if r0 == 0 goto out
    *(u64 *)(r0 + 8) = 1
    r1 = r0
    r2 = 0
    call bpf_ringbuf_submit${OUT}`),
    says: "R0 min value is outside of the allowed memory range",
  },
  {
    kind: "V_READ_ONLY",
    section: "xdp",
    before: ".map table, type=hash, key=4, value=64, max_entries=4, flags=0x80  # BPF_F_RDONLY_PROG",
    bad: program(`${FOUND}
    *(u64 *)(r0 + 0) = 1${OUT}`),
    good: program(`${FOUND}
    r1 = *(u64 *)(r0 + 0)${OUT}`),
    says: "write into map forbidden, value_size=64 off=0 size=8",
  },
  {
    kind: "V_CTX_ACCESS",
    section: "xdp",
    bad: program(`
    r0 = *(u32 *)(r1 + 24)   # struct xdp_md has 24 bytes
    r0 = 2
    exit`),
    good: program(`
    r0 = *(u32 *)(r1 + 16)
    r0 = 2
    exit`),
    says: "invalid bpf_context access off=24 size=4",
  },
  {
    kind: "V_CTX_ACCESS",
    cause: "write",
    section: "tc",
    bad: program(`
    *(u32 *)(r1 + 0) = 1     # skb->len
    r0 = 0
    exit`),
    good: program(`
    r2 = 1
    *(u32 *)(r1 + 8) = r2    # skb->mark
    r0 = 0
    exit`),
    says: "invalid bpf_context access off=0 size=4",
  },
  {
    kind: "V_CTX_MODIFIED",
    section: "xdp",
    bad: program(`
    r2 = *(u32 *)(r1 + 16)
    r2 &= 4
    r1 += r2
    r0 = *(u32 *)(r1 + 0)
    r0 = 2
    exit`),
    good: program(`
    r2 = *(u32 *)(r1 + 16)
    r0 = *(u32 *)(r1 + 12)
    r2 &= 4
    if r2 == 0 goto out
    r0 = *(u32 *)(r1 + 16)${PASS}`),
    says: "variable ctx access var_off=(0x0; 0x4) disallowed",
  },
  {
    kind: "V_ATOMIC",
    section: "xdp",
    bad: program(`
    r2 = 1
    lock *(u32 *)(r1 + 16) += r2   # of the context
    r0 = 2
    exit`),
    good: program(`
    *(u32 *)(r10 - 4) = 0
    r2 = 1
    lock *(u32 *)(r10 - 4) += w2
    r0 = 2
    exit`),
    says: "BPF_ATOMIC stores into R1 ctx is not allowed",
  },
];
