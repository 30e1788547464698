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

/** SplitMix64 (Steele, Lea, Flood 2014), good from any seed: the first cell counts, the second tells streams apart. */
export function get_prandom_u32(): u32 {
  const count = load<u64>(RANDOM_STATE) + 0x9e3779b97f4a7c15;
  store<u64>(RANDOM_STATE, count);
  let z = count ^ load<u64>(RANDOM_STATE, 8);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return <u32>((z ^ (z >> 31)) >> 32);
}

export function get_smp_processor_id(): u32 {
  return load<u32>(CPU_ID);
}

/** One node. */
export function get_numa_node_id(): i32 {
  return 0;
}
