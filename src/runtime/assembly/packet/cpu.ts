// Clock, random numbers and CPU: cells of the CPU block.

import { CLOCK_NS, CLOCK_STEP_NS, CPU_ID, RANDOM_STATE } from "../../layout";

/** Nanoseconds of the virtual clock; each reading moves it on. */
export function ktime_get_ns(): u64 {
  const now = load<u64>(CLOCK_NS);
  store<u64>(CLOCK_NS, now + load<u64>(CLOCK_STEP_NS));
  return now;
}

/** The coarse clock stands still between packets: it is read without moving it on. */
export function ktime_get_coarse_ns(): u64 {
  return load<u64>(CLOCK_NS);
}

/** HZ = 250; jiffies start five minutes before their low 32 bits wrap, as in Linux. */
export function jiffies64(): u64 {
  return load<u64>(CLOCK_NS) / 4000000 + (0x100000000 - 300 * 250);
}

/** xorshift128+ (Vigna, "Further scramblings of Marsaglia's xorshift generators"): the high half of its output. */
export function get_prandom_u32(): u32 {
  let a = load<u64>(RANDOM_STATE);
  const b = load<u64>(RANDOM_STATE, 8);
  const result = a + b;
  a ^= a << 23;
  a ^= b ^ (a >> 18) ^ (b >> 5);
  store<u64>(RANDOM_STATE, b);
  store<u64>(RANDOM_STATE, a, 8);
  return <u32>(result >> 32);
}

export function get_smp_processor_id(): u32 {
  return load<u32>(CPU_ID);
}

/** One node. */
export function get_numa_node_id(): i32 {
  return 0;
}
