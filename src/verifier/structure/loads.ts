import { PTR_TO_FUNC } from "../../runtime/verifier-layout.ts";
import { ERRNO, MAP_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import {
  BPF_LDX,
  BPF_MEM,
  BPF_MEMSX,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
} from "../insns.ts";
import type { VerifierMap } from "../types.ts";
import { resolveKernelVariable } from "./kernel-variables.ts";
import { checkMapAndProgram } from "./map-program.ts";
import { OPCODES } from "./opcodes.ts";

const MAX_MAPS = 64;
/** Offsets into a map's value stay below this (BPF_MAX_VAR_OFF). */
const MAX_VALUE_OFFSET = 1 << 29;

/** Loads of maps, of addresses inside their values, of kernel variables and functions (resolve_pseudo_ldimm64). */
export function resolveLoads(env: VerifierEnv): void {
  const { insns } = env;
  for (let i = 0; i < insns.count; i++) {
    const code = insns.code[i]!;
    const mode = code & 0xe0;
    if ((code & 7) === BPF_LDX && ((mode !== BPF_MEM && mode !== BPF_MEMSX) || insns.imm[i] !== 0)) {
      refuse(env, i, ERRNO.EINVAL, "V_RESERVED_FIELD", "BPF_LDX uses reserved fields");
    }
    if (insns.isLdImm64(i)) resolveLoad(env, i++);
    else if (OPCODES[code] === 0) {
      refuse(env, i, ERRNO.EINVAL, "V_BAD_OPCODE", `unknown opcode ${code.toString(16).padStart(2, "0")}`);
    }
  }
}

function refuse(
  env: VerifierEnv,
  insn: number,
  errno: number,
  kind: "V_RESERVED_FIELD" | "V_BAD_OPCODE" | "V_BAD_LD_IMM64" | "V_BAD_FD" | "V_MAP_ACCESS",
  message: string,
): never {
  env.insnIdx = insn;
  env.reject(errno, kind, message, { insn });
}

function resolveLoad(env: VerifierEnv, i: number): void {
  const { insns } = env;
  const second = i + 1;
  const isWhole =
    second < insns.count &&
    insns.code[second] === 0 &&
    insns.dst[second] === 0 &&
    insns.src[second] === 0 &&
    insns.off[second] === 0;
  if (!isWhole) refuse(env, i, ERRNO.EINVAL, "V_BAD_LD_IMM64", "invalid bpf_ld_imm64 insn");
  const pseudo = insns.src[i]!;
  const isValue = pseudo === BPF_PSEUDO_MAP_VALUE || pseudo === BPF_PSEUDO_MAP_IDX_VALUE;
  const isMap = pseudo === BPF_PSEUDO_MAP_FD || pseudo === BPF_PSEUDO_MAP_IDX;
  if (pseudo === 0) return;
  if (pseudo === BPF_PSEUDO_BTF_ID) resolveKernelVariable(env, i);
  else if (pseudo === BPF_PSEUDO_FUNC) env.aux[i]!.ptrType = PTR_TO_FUNC;
  else if (isValue || (isMap && insns.imm[second] === 0)) resolveMap(env, i, isValue);
  else refuse(env, i, ERRNO.EINVAL, "V_BAD_LD_IMM64", "unrecognized bpf_ld_imm64 insn");
}

/** The descriptor that a load names, itself or by its place in `fd_array`. */
function descriptor(env: VerifierEnv, i: number): number {
  const { insns } = env;
  const imm = insns.imm[i]!;
  if (insns.src[i] === BPF_PSEUDO_MAP_FD || insns.src[i] === BPF_PSEUDO_MAP_VALUE) return imm;
  const { fdArray } = env.input;
  if (fdArray === undefined) refuse(env, i, ERRNO.EPROTO, "V_BAD_FD", "fd_idx without fd_array is invalid");
  const fd = fdArray[imm];
  if (fd === undefined) refuse(env, i, ERRNO.EFAULT, "V_BAD_FD", "");
  return fd;
}

function resolveMap(env: VerifierEnv, i: number, isValue: boolean): void {
  const { insns } = env;
  const index = addMap(env, i, descriptor(env, i));
  const map = env.maps[index]!;
  const aux = env.aux[i]!;
  aux.mapIndex = index;
  let address = map.address ?? madeUp(index);
  if (isValue) {
    const off = insns.imm[i + 1]! >>> 0;
    checkValueAddress(env, i, map, off);
    aux.mapOff = off;
    const isArena = map.type === MAP_TYPE.BPF_MAP_TYPE_ARENA;
    const base = isArena ? (map.mapExtra ?? 0n) : (map.valueAddress ?? address + VALUE_DISTANCE);
    address = base + BigInt(off);
  }
  writeAddress(env, i, address);
}

/** Puts an address in place of what a 64-bit load named it by: the log shows it. */
export function writeAddress({ insns }: VerifierEnv, i: number, address: bigint): void {
  insns.imm[i] = Number(BigInt.asIntN(32, address));
  insns.imm[i + 1] = Number(BigInt.asIntN(32, address >> 32n));
}

/** Where a map without an address would lie in a kernel; and its first value from there. */
function madeUp(index: number): bigint {
  return 0xffff888100000000n + BigInt(index) * 0x400n;
}
const VALUE_DISTANCE = 0x138n;

/** Number of the map behind a descriptor, noted as used by the program (add_used_map). */
function addMap(env: VerifierEnv, i: number, fd: number): number {
  const map = env.input.mapByFd(fd);
  if (map === undefined) {
    const errno = fd < 0 || env.input.isDescriptor?.(fd) === false ? ERRNO.EBADF : ERRNO.EINVAL;
    refuse(env, i, errno, "V_BAD_FD", `fd ${fd} is not pointing to valid bpf_map`);
  }
  const known = env.maps.indexOf(map);
  if (known >= 0) return known;
  env.insnIdx = i;
  if (env.usedMaps >= MAX_MAPS) {
    const message = `The total number of maps per program has reached the limit of ${MAX_MAPS}`;
    env.reject(ERRNO.E2BIG, "V_TOO_MANY_MAPS", message, { limit: MAX_MAPS });
  }
  checkMapAndProgram(env, map);
  env.usedMaps++;
  return env.mapNumber(map);
}

/** Programs may hold addresses inside one-element arrays and arenas (map_direct_value_addr). */
function checkValueAddress(env: VerifierEnv, i: number, map: VerifierMap, off: number): void {
  if (off >= MAX_VALUE_OFFSET) {
    refuse(env, i, ERRNO.EINVAL, "V_MAP_ACCESS", `direct value offset of ${off} is not allowed`);
  }
  if (map.type !== MAP_TYPE.BPF_MAP_TYPE_ARRAY && map.type !== MAP_TYPE.BPF_MAP_TYPE_ARENA) {
    refuse(env, i, ERRNO.EINVAL, "V_MAP_ACCESS", "no direct value access support for this map type");
  }
  const errno = valueAddressErrno(map, off);
  if (errno === 0) return;
  const message = `invalid access to map value pointer, value_size=${map.valueSize} off=${off}`;
  refuse(env, i, errno, "V_MAP_ACCESS", message);
}

function valueAddressErrno(map: VerifierMap, off: number): number {
  if (map.type === MAP_TYPE.BPF_MAP_TYPE_ARENA) return off > map.maxEntries * 4096 ? ERRNO.ERANGE : 0;
  if (map.maxEntries !== 1) return ERRNO.ENOTSUPP;
  return off >= map.valueSize ? ERRNO.EINVAL : 0;
}
