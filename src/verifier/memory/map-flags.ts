import { MAP_TYPE } from "../../uapi/index.ts";
import type { VerifierMap } from "../types.ts";

/** Flags of BPF_MAP_CREATE (linux/bpf.h) that say what programs may do with values. */
export const BPF_F_RDONLY_PROG = 1 << 7;
export const BPF_F_WRONLY_PROG = 1 << 8;

/** A map's flags as the kernel keeps them: values of device maps are never written by programs, whatever their creator said. */
export function mapFlags(map: VerifierMap): number {
  const isDevices = map.type === MAP_TYPE.BPF_MAP_TYPE_DEVMAP || map.type === MAP_TYPE.BPF_MAP_TYPE_DEVMAP_HASH;
  return isDevices ? map.flags | BPF_F_RDONLY_PROG : map.flags;
}
