import { kernelError, type MapBatch } from "../../kernel/index.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { BATCH_COMMANDS } from "./attributes.ts";
import type { MapShape } from "./maps.ts";
import type { BpfSyscall } from "./syscall.ts";

type BatchName = keyof typeof BATCH_COMMANDS;

function slices(bytes: Uint8Array, size: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(parts.length * size);
  for (const [i, part] of parts.entries()) all.set(part, i * size);
  return all;
}

/**
 * One step of a walk. A hash map hands out whole buckets: where one has more elements than `count`, the kernel says ENOSPC
 * and room is made. @throws BpfError `E_KERNEL`
 */
export function readBatch(
  bpf: BpfSyscall,
  command: "BPF_MAP_LOOKUP_BATCH" | "BPF_MAP_LOOKUP_AND_DELETE_BATCH",
  map: MapShape,
  from: Uint8Array | null,
  count: number,
): MapBatch {
  const { arena } = bpf;
  for (let room = Math.max(1, count); ; room *= 2) {
    arena.begin();
    const start = arena.copy(from ?? undefined);
    const next = arena.room(Math.max(4, map.keySize));
    const keys = arena.room(room * map.keySize);
    const values = arena.room(room * map.elementSize);
    const at = { from: start, to: next.address, keys: keys.address, values: values.address };
    const result = bpf.batch(command, map.fd, at, room, 0);
    const found = bpf.batchCount();
    if (result === -ERRNO.ENOSPC && room < 1 << 24) continue;
    if (result < 0 && result !== -ERRNO.ENOENT) throw kernelError(command, -result, `map ${map.fd}`);
    return {
      keys: slices(keys.bytes, map.keySize, found),
      values: slices(values.bytes, map.elementSize, found),
      next: result === -ERRNO.ENOENT ? null : next.bytes.slice(),
    };
  }
}

/** Updates or deletes. @throws BpfError `E_KERNEL` at the first element that is refused */
export function writeBatch(
  bpf: BpfSyscall,
  command: "BPF_MAP_UPDATE_BATCH" | "BPF_MAP_DELETE_BATCH",
  map: MapShape,
  keys: readonly Uint8Array[],
  values: readonly Uint8Array[],
  flags: number,
): void {
  if (keys.length === 0) return;
  const wrong =
    keys.some((key) => key.length !== map.keySize) || values.some((value) => value.length !== map.elementSize);
  if (wrong) throw kernelError(command, ERRNO.EINVAL, `map ${map.fd}: a key or value has not the map's size`);
  bpf.arena.begin();
  const at = {
    keys: bpf.arena.copy(joined(keys, map.keySize)),
    values: bpf.arena.copy(joined(values, map.elementSize)),
  };
  const result = bpf.batch(command satisfies BatchName, map.fd, at, keys.length, flags);
  if (result < 0) throw kernelError(command, -result, `map ${map.fd}, element ${bpf.batchCount()} of ${keys.length}`);
}
