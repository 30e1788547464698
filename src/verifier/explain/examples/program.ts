import { type Example, program } from "./example.ts";

const RING = ".map ring, type=ringbuf, max_entries=4096";
const HASH_MAP = ".map table, type=hash, key=4, value=64, max_entries=4";

export const PROGRAM_EXAMPLES: readonly Example[] = [
  {
    kind: "V_UNREACHABLE",
    section: "xdp",
    bad: program(`
    r0 = 2
    exit
    r0 = 1
    exit`),
    good: program(`
    r0 = 2
    exit`),
    says: "unreachable insn 2",
  },
  {
    kind: "V_BAD_JUMP",
    section: "xdp",
    bad: program(`
    r0 = 2
    if r0 == 0 goto +5
    exit`),
    good: program(`
    r0 = 2
    if r0 == 0 goto +0
    exit`),
    says: "jump out of range from insn 1 to 7",
  },
  {
    kind: "V_FALL_THROUGH",
    section: "xdp",
    bad: program(`
    r0 = 2
    if r0 == 2 goto +1
    exit
    r0 = 1`),
    good: program(`
    r0 = 2
    if r0 == 2 goto +1
    exit
    r0 = 1
    exit`),
    says: "last insn is not an exit or jmp",
  },
  {
    kind: "V_STACK_DEPTH",
    section: "xdp",
    bad: program(`
    *(u64 *)(r10 - 320) = 0
    call deeper
    r0 = 2
    exit
  deeper:
    *(u64 *)(r10 - 320) = 0
    r0 = 0
    exit`),
    good: program(`
    *(u64 *)(r10 - 160) = 0
    call deeper
    r0 = 2
    exit
  deeper:
    *(u64 *)(r10 - 320) = 0
    r0 = 0
    exit`),
    says: "combined stack size of 2 calls is 640. Too large",
  },
  {
    kind: "V_CALL_DEPTH",
    section: "xdp",
    bad: program(`
    r1 = 3
    call count
    r0 = 2
    exit
  count:
    r0 = 0
    if r1 == 0 goto out
    r1 += -1
    call count             # recursion
  out:
    exit`),
    good: program(`
    r1 = 3
    call count
    r0 = 2
    exit
  count:
    r0 = 0
  again:
    if r1 == 0 goto out
    r1 += -1
    goto again
  out:
    exit`),
    says: "the call stack of 8 frames is too deep !",
  },
  {
    kind: "V_INFINITE_LOOP",
    section: "xdp",
    bad: program(`
    r6 = 0
  again:
    call bpf_get_prandom_u32
    if r0 != 0 goto again    # may go on for ever
    r0 = 2
    exit`),
    good: program(`
    r6 = 0
  again:
    call bpf_get_prandom_u32
    r6 += 1
    if r6 >= 16 goto out
    if r0 != 0 goto again
  out:
    r0 = 2
    exit`),
    says: "infinite loop detected at insn 1",
  },
  {
    kind: "V_TOO_COMPLEX",
    cause: "loop",
    section: "xdp",
    bad: program(`
    r6 = *(u32 *)(r1 + 16)   # up to 2^32 rounds
    r7 = 0
  again:
    if r7 >= r6 goto out
    r7 += 1
    goto again
  out:
    r0 = 2
    exit`),
    good: program(`
    r6 = *(u32 *)(r1 + 16)
    r7 = 0
  again:
    if r7 >= r6 goto out
    if r7 >= 1000 goto out
    r7 += 1
    goto again
  out:
    r0 = 2
    exit`),
    says: "The sequence of 8193 jumps is too complex.",
  },
  {
    kind: "V_UNKNOWN_HELPER",
    section: "xdp",
    bad: program(`
    call 100000
    r0 = 2
    exit`),
    good: program(`
    call bpf_ktime_get_ns
    r0 = 2
    exit`),
    says: "invalid func unknown#100000",
  },
  {
    kind: "V_HELPER_NOT_ALLOWED",
    section: "xdp",
    bad: program(`
    r2 = 0
    r3 = r10
    r3 += -8
    r4 = 8
    call bpf_skb_load_bytes
    r0 = 2
    exit`),
    good: program(`
    r2 = 0
    r3 = r10
    r3 += -8
    r4 = 8
    call bpf_xdp_load_bytes
    r0 = 2
    exit`),
    says: "program of this type cannot use helper bpf_skb_load_bytes#26",
  },
  {
    kind: "V_GPL_ONLY",
    section: "tracepoint/syscalls/sys_enter_openat",
    license: "Proprietary",
    bad: program(`
    r1 = r10
    r1 += -8
    r2 = 8
    r3 = 0
    call bpf_probe_read_kernel
    r0 = 0
    exit`),
    good: program(`
    call bpf_ktime_get_ns
    r0 = 0
    exit`),
    says: "cannot call GPL-restricted function from non-GPL compatible program",
  },
  {
    kind: "V_ARG_TYPE",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`
    *(u32 *)(r10 - 4) = 0
    r1 = r10                 # map and key exchanged
    r1 += -4
    r2 = table ll
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
    says: "R1 type=fp expected=map_ptr",
  },
  {
    kind: "V_ARG_TYPE",
    cause: "number",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`
    r1 = table ll
    r2 = 0                   # a key, not its address
    call bpf_map_lookup_elem
    r0 = 2
    exit`),
    good: program(`
    *(u32 *)(r10 - 4) = 0
    r1 = table ll
    r2 = r10
    r2 += -4
    call bpf_map_lookup_elem
    r0 = 2
    exit`),
    says: "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_",
  },
  {
    kind: "V_ARG_SIZE",
    section: "xdp",
    bad: program(`
    r4 = *(u32 *)(r1 + 16)
    if r4 > 64 goto out      # 0 passes
    r2 = 0
    r3 = r10
    r3 += -64
    call bpf_xdp_load_bytes
  out:
    r0 = 2
    exit`),
    good: program(`
    r4 = *(u32 *)(r1 + 16)
    if r4 > 64 goto out
    if r4 == 0 goto out
    r2 = 0
    r3 = r10
    r3 += -64
    call bpf_xdp_load_bytes
  out:
    r0 = 2
    exit`),
    says: "R4 invalid zero-sized read: u64=[0,64]",
  },
  {
    kind: "V_ARG_CONST",
    section: "xdp",
    before: RING,
    bad: program(`
    r2 = *(u32 *)(r1 + 16)
    r2 &= 63
    r1 = ring ll
    r3 = 0
    call bpf_ringbuf_reserve
    if r0 == 0 goto out
    r1 = r0
    r2 = 0
    call bpf_ringbuf_discard
  out:
    r0 = 2
    exit`),
    good: program(`
    r2 = 64
    r1 = ring ll
    r3 = 0
    call bpf_ringbuf_reserve
    if r0 == 0 goto out
    r1 = r0
    r2 = 0
    call bpf_ringbuf_discard
  out:
    r0 = 2
    exit`),
    says: "R2 is not a known constant'",
  },
  {
    kind: "V_ARG_TYPE",
    cause: "null",
    section: "tc",
    bad: program(`
    r1 = *(u64 *)(r1 + 168)  # skb->sk, may be NULL
    call bpf_sk_fullsock
    r0 = 0
    exit`),
    good: program(`
    r1 = *(u64 *)(r1 + 168)
    if r1 == 0 goto out
    call bpf_sk_fullsock
  out:
    r0 = 0
    exit`),
    says: "R1 type=sock_common_or_null expected=sock_common, sock, tcp_sock, xdp_sock",
  },
  {
    kind: "V_MAP_HELPER_MISMATCH",
    section: "xdp",
    before: HASH_MAP,
    bad: program(`
    r2 = table ll            # no program array
    r3 = 0
    call bpf_tail_call
    r0 = 2
    exit`),
    good: program(`
    *(u32 *)(r10 - 4) = 0
    r1 = table ll
    r2 = r10
    r2 += -4
    call bpf_map_delete_elem
    r0 = 2
    exit`),
    says: "expected prog array map for tail call",
  },
  {
    kind: "V_SLEEPABLE",
    section: "tracepoint/syscalls/sys_enter_openat",
    bad: program(`
    r1 = r10
    r1 += -8
    r2 = 8
    r3 = 0
    call bpf_copy_from_user
    r0 = 0
    exit`),
    good: program(`
    r1 = r10
    r1 += -8
    r2 = 8
    r3 = 0
    call bpf_probe_read_user
    r0 = 0
    exit`),
    says: "helper call might sleep in a non-sleepable prog",
  },
  {
    kind: "V_REFERENCE_LEAK",
    section: "xdp",
    before: RING,
    bad: program(`
    r6 = *(u32 *)(r1 + 16)
    r1 = ring ll
    r2 = 8
    r3 = 0
    call bpf_ringbuf_reserve
    if r0 == 0 goto out
    if r6 == 0 goto out      # with the reservation in hand
    r1 = r0
    r2 = 0
    call bpf_ringbuf_submit
  out:
    r0 = 2
    exit`),
    good: program(`
    r6 = *(u32 *)(r1 + 16)
    if r6 == 0 goto out
    r1 = ring ll
    r2 = 8
    r3 = 0
    call bpf_ringbuf_reserve
    if r0 == 0 goto out
    r1 = r0
    r2 = 0
    call bpf_ringbuf_submit
  out:
    r0 = 2
    exit`),
    says: "BPF_EXIT instruction in main prog would lead to reference leak",
  },
  {
    kind: "V_REFERENCE_MISUSE",
    section: "xdp",
    before: RING,
    bad: program(`
    r1 = ring ll
    r2 = 8
    r3 = 0
    call bpf_ringbuf_reserve
    if r0 == 0 goto out
    r1 = r0
    r1 += 4                  # not what was reserved
    r2 = 0
    call bpf_ringbuf_submit
  out:
    r0 = 2
    exit`),
    good: program(`
    r1 = ring ll
    r2 = 8
    r3 = 0
    call bpf_ringbuf_reserve
    if r0 == 0 goto out
    r1 = r0
    r2 = 0
    call bpf_ringbuf_submit
  out:
    r0 = 2
    exit`),
    says: "R1 must have zero offset when passed to release func or trusted arg to kfunc",
  },
  {
    kind: "V_RETURN_VALUE",
    section: "sk_lookup",
    bad: program(`
    r0 = 2                   # SK_DROP is 0, SK_PASS 1
    exit`),
    good: program(`
    r0 = 1
    exit`),
    says: "At program exit the register R0 has smin=2 smax=2 should have been in [0, 1]",
  },
  {
    kind: "V_SOCK_ACCESS",
    section: "tc",
    bad: program(`
    r1 = *(u64 *)(r1 + 168)
    if r1 == 0 goto out
    call bpf_sk_fullsock
    if r0 == 0 goto out
    r1 = *(u32 *)(r0 + 80)   # struct bpf_sock has 80 bytes
  out:
    r0 = 0
    exit`),
    good: program(`
    r1 = *(u64 *)(r1 + 168)
    if r1 == 0 goto out
    call bpf_sk_fullsock
    if r0 == 0 goto out
    r1 = *(u32 *)(r0 + 76)
  out:
    r0 = 0
    exit`),
    says: "R0 invalid sock access off=80 size=4",
  },
  {
    kind: "V_LOCK",
    language: "c",
    section: "tc",
    before: program(`
    struct counter {
    	struct bpf_spin_lock lock;
    	int packets;
    };
    struct {
    	__uint(type, BPF_MAP_TYPE_ARRAY);
    	__uint(max_entries, 1);
    	__type(key, int);
    	__type(value, struct counter);
    } counters SEC(".maps");`),
    bad: program(`
    SEC("tc") int count(struct __sk_buff *skb)
    {
    	int zero = 0;
    	struct counter *counter = bpf_map_lookup_elem(&counters, &zero);

    	if (!counter)
    		return 0;
    	bpf_spin_lock(&counter->lock);
    	counter->packets += bpf_get_prandom_u32();
    	bpf_spin_unlock(&counter->lock);
    	return 0;
    }`),
    good: program(`
    SEC("tc") int count(struct __sk_buff *skb)
    {
    	int zero = 0, more = bpf_get_prandom_u32();
    	struct counter *counter = bpf_map_lookup_elem(&counters, &zero);

    	if (!counter)
    		return 0;
    	bpf_spin_lock(&counter->lock);
    	counter->packets += more;
    	bpf_spin_unlock(&counter->lock);
    	return 0;
    }`),
    says: "function calls are not allowed while holding a lock",
  },
  {
    kind: "V_RCU",
    language: "c",
    section: "tc",
    before: program(`
    extern void bpf_rcu_read_lock(void) __ksym;
    extern void bpf_rcu_read_unlock(void) __ksym;`),
    bad: program(`
    SEC("tc") int section(struct __sk_buff *skb)
    {
    	bpf_rcu_read_lock();
    	if (skb->mark == 1)
    		return 0;
    	bpf_rcu_read_unlock();
    	return 1;
    }`),
    good: program(`
    SEC("tc") int section(struct __sk_buff *skb)
    {
    	bpf_rcu_read_lock();
    	if (skb->mark == 1) {
    		bpf_rcu_read_unlock();
    		return 0;
    	}
    	bpf_rcu_read_unlock();
    	return 1;
    }`),
    says: "BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region",
  },
  {
    kind: "V_GLOBAL_FUNCTION",
    language: "c",
    section: "tc",
    before: "struct pair { long a, b; };",
    bad: program(`
    __noinline int sum(struct pair *pair)
    {
    	return pair ? pair->a + pair->b : 0;
    }
    SEC("tc") int call(struct __sk_buff *skb)
    {
    	long one = skb->mark;

    	return sum((struct pair *)&one);
    }`),
    good: program(`
    __noinline int sum(struct pair *pair)
    {
    	return pair ? pair->a + pair->b : 0;
    }
    SEC("tc") int call(struct __sk_buff *skb)
    {
    	struct pair two = { skb->mark, skb->len };

    	return sum(&two);
    }`),
    says: "Caller passes invalid args into func#1 ('sum')",
  },
  {
    kind: "V_ARG_NULLABLE",
    language: "c",
    section: "tc",
    before: program(`
    struct task_struct;
    extern struct task_struct *bpf_task_from_pid(int pid) __ksym;
    extern void bpf_task_release(struct task_struct *task) __ksym;`),
    bad: program(`
    SEC("tc") int find(struct __sk_buff *skb)
    {
    	struct task_struct *task = bpf_task_from_pid(skb->mark);

    	bpf_task_release(task);
    	return 0;
    }`),
    good: program(`
    SEC("tc") int find(struct __sk_buff *skb)
    {
    	struct task_struct *task = bpf_task_from_pid(skb->mark);

    	if (task)
    		bpf_task_release(task);
    	return 0;
    }`),
    says: "Possibly NULL pointer passed to trusted arg0",
  },
  {
    kind: "V_NULL_DEREFERENCE",
    language: "c",
    section: "tc",
    bad: program(`
    __noinline int get(int *value)
    {
    	return *value;
    }
    SEC("tc") int call(struct __sk_buff *skb)
    {
    	int one = 1;

    	return get(&one);
    }`),
    good: program(`
    __noinline int get(int *value)
    {
    	return value ? *value : 0;
    }
    SEC("tc") int call(struct __sk_buff *skb)
    {
    	int one = 1;

    	return get(&one);
    }`),
    says: "R1 invalid mem access 'mem_or_null'",
  },
  {
    kind: "V_DYNPTR",
    language: "c",
    section: "tc",
    bad: program(`
    SEC("tc") int read(struct __sk_buff *skb)
    {
    	struct bpf_dynptr data;
    	char first;

    	return bpf_dynptr_read(&first, 1, &data, 0, 0);
    }`),
    good: program(`
    char buffer[16];

    SEC("tc") int read(struct __sk_buff *skb)
    {
    	struct bpf_dynptr data;
    	char first;

    	bpf_dynptr_from_mem(buffer, sizeof(buffer), 0, &data);
    	return bpf_dynptr_read(&first, 1, &data, 0, 0);
    }`),
    says: "Expected an initialized dynptr as arg #2",
  },
];
