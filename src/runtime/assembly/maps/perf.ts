// Perf event array: samples of all CPUs go one after the other into a buffer that TypeScript empties.
import { MAP_DATA, MAP_MAX_ENTRIES } from "../../layout";
import { PERF_END, PERF_LOST, PERF_NEXT, PERF_RECORD_HEADER } from "../../map-layout";
import { E2BIG, ENOENT, ENOSPC, EOPNOTSUPP, copy, cpu, field, setField } from "./base";

const BPF_F_CURRENT_CPU: u32 = 0xffffffff;

/**
 * bpf_perf_event_output without its context: `index` is the low half of the helper's flags; the sample is `size` bytes at `data`
 * and `tailSize` bytes at `tail` (the packet bytes that BPF_F_CTXLEN_MASK asks for). An event belongs to the CPU of its index.
 * A full buffer counts the record as lost and answers ENOSPC.
 */
export function perf_output(map: u32, index: u32, data: u32, size: u32, tail: u32, tailSize: u32): i32 {
  if (index == BPF_F_CURRENT_CPU) index = cpu();
  if (index >= field(map, MAP_MAX_ENTRIES)) return E2BIG;
  if (load<u32>(field(map, MAP_DATA) + index * 4) == 0) return ENOENT;
  if (index != cpu()) return EOPNOTSUPP;
  const at = field(map, PERF_NEXT);
  const length: u64 = (<u64>size + tailSize + PERF_RECORD_HEADER + 7) & ~7;
  if (<u64>at + length > field(map, PERF_END)) {
    setField(map, PERF_LOST, field(map, PERF_LOST) + 1);
    return ENOSPC;
  }
  store<u32>(at, size + tailSize);
  store<u32>(at, cpu(), 4);
  copy(at + PERF_RECORD_HEADER, data, size);
  copy(at + PERF_RECORD_HEADER + size, tail, tailSize);
  setField(map, PERF_NEXT, at + <u32>length);
  return 0;
}
