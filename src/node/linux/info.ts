import { readlinkSync } from "node:fs";
import { type KernelProgInfo, kernelError, type LinkInfo, type MapInfo, type ProgInfo } from "../../kernel/index.ts";
import { ERRNO } from "../../uapi/index.ts";
import { toHex } from "../../util/index.ts";
import { textIn } from "./programs.ts";
import type { BpfSyscall } from "./syscall.ts";

/** Structures of BPF_OBJ_GET_INFO_BY_FD (linux/bpf.h). A kernel fills what it knows; the rest stays 0. */

const COMMAND = "BPF_OBJ_GET_INFO_BY_FD";
const INFO_SIZE = 256;
const NAME_SIZE = 16;

interface Info {
  readonly bytes: Uint8Array;
  readonly u32: (offset: number) => number;
  readonly u64: (offset: number) => bigint;
}

/** What /proc calls descriptors of each kind. */
const KINDS = { map: "bpf-map", prog: "bpf-prog", btf: "btf", link: "bpf_link" } as const;

/** The command answers for whatever the descriptor is of, each kind in a structure of its own. @throws BpfError `E_KERNEL` EBADF, EINVAL */
function expectKind(fd: number, kind: keyof typeof KINDS): void {
  let found: string;
  try {
    found = readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    throw kernelError(COMMAND, ERRNO.EBADF, `file descriptor ${fd}`);
  }
  if (found.replace("bpf-link", KINDS.link) === `anon_inode:${KINDS[kind]}`) return;
  throw kernelError(COMMAND, ERRNO.EINVAL, `file descriptor ${fd} is no ${KINDS[kind]} but ${found}`);
}

function ask(bpf: BpfSyscall, fd: number, prepare?: (view: DataView) => void): Info {
  const info = bpf.arena.room(INFO_SIZE);
  info.bytes.fill(0);
  const view = new DataView(info.bytes.buffer, info.bytes.byteOffset, INFO_SIZE);
  prepare?.(view);
  const result = bpf.run(COMMAND, { bpf_fd: fd, info_len: INFO_SIZE, info: info.address });
  if (result < 0) throw kernelError(COMMAND, -result, `file descriptor ${fd}`);
  return {
    bytes: info.bytes,
    u32: (offset) => view.getUint32(offset, true),
    u64: (offset) => view.getBigUint64(offset, true),
  };
}

export function mapInfo(bpf: BpfSyscall, fd: number): MapInfo {
  expectKind(fd, "map");
  bpf.arena.begin();
  const { bytes, u32, u64 } = ask(bpf, fd);
  return {
    type: u32(0),
    id: u32(4),
    keySize: u32(8),
    valueSize: u32(12),
    maxEntries: u32(16),
    flags: u32(20),
    name: textIn(bytes.subarray(24, 24 + NAME_SIZE)),
    btfId: u32(64),
    btfKeyTypeId: u32(68),
    btfValueTypeId: u32(72),
    mapExtra: u64(80),
  };
}

const NR_MAP_IDS = 52;
const MAP_IDS = 56;

/** `insnCount` is that of the program as the kernel rewrote it. */
export function progInfo(bpf: BpfSyscall, fd: number): ProgInfo & { readonly kernel: KernelProgInfo } {
  expectKind(fd, "prog");
  bpf.arena.begin();
  const count = ask(bpf, fd).u32(NR_MAP_IDS);
  const ids = bpf.arena.room(Math.max(8, count * 4));
  const { bytes, u32, u64 } = ask(bpf, fd, (view) => {
    view.setUint32(NR_MAP_IDS, count, true);
    view.setBigUint64(MAP_IDS, count === 0 ? 0n : ids.address, true);
  });
  const list = new DataView(ids.bytes.buffer, ids.bytes.byteOffset);
  return {
    type: u32(0),
    id: u32(4),
    name: textIn(bytes.subarray(64, 64 + NAME_SIZE)),
    insnCount: u32(20) / 8,
    mapIds: Array.from({ length: count }, (_, i) => list.getUint32(i * 4, true)),
    btfId: u32(128),
    gplCompatible: (u32(84) & 1) === 1,
    kernel: {
      tag: toHex(bytes.subarray(8, 16)),
      jitedSize: u32(16),
      xlatedSize: u32(20),
      loadTime: u64(40),
      uid: u32(48),
      ifindex: u32(80),
      runTime: u64(192),
      runCount: u64(200),
      recursionMisses: u64(208),
      verifiedInsns: u32(216),
      attachBtfObjId: u32(220),
      attachBtfId: u32(224),
    },
  };
}

/** A BTF object in the kernel. */
export interface BtfInfo {
  readonly id: number;
  /** `vmlinux`, a module's name, or nothing for a program's. */
  readonly name: string;
  readonly kernelBtf: boolean;
  readonly bytes: Uint8Array;
}

export function btfInfo(bpf: BpfSyscall, fd: number): BtfInfo {
  expectKind(fd, "btf");
  bpf.arena.begin();
  const size = ask(bpf, fd).u32(8);
  const data = bpf.arena.room(size);
  const name = bpf.arena.room(64);
  name.bytes.fill(0);
  const { u32 } = ask(bpf, fd, (view) => {
    view.setBigUint64(0, data.address, true);
    view.setUint32(8, size, true);
    view.setBigUint64(16, name.address, true);
    view.setUint32(24, name.bytes.length, true);
  });
  return { id: u32(12), name: textIn(name.bytes), kernelBtf: u32(28) !== 0, bytes: data.bytes.slice() };
}

/** enum bpf_link_type: those whose targets are reported. */
const LINK_TYPE = { cgroup: 3, xdp: 6, tcx: 11, netkit: 13 } as const;

export function linkInfo(bpf: BpfSyscall, fd: number): LinkInfo {
  expectKind(fd, "link");
  bpf.arena.begin();
  const { u32, u64 } = ask(bpf, fd);
  const type = u32(0);
  const common = { type, id: u32(4), progId: u32(8) };
  if (type === LINK_TYPE.xdp) return { ...common, ifindex: u32(16) };
  if (type === LINK_TYPE.tcx || type === LINK_TYPE.netkit) return { ...common, ifindex: u32(16), attachType: u32(20) };
  if (type === LINK_TYPE.cgroup) return { ...common, cgroupId: u64(16), attachType: u32(24) };
  return common;
}
