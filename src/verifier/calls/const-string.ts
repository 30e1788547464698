import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, MAP_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { mapFlags } from "../memory/map-flags.ts";
import { checkMapAccess, isConstantMap } from "../memory/offsets.ts";
import type { VerifierMap } from "../types.ts";
import { isFormatValid } from "./format-string.ts";

/** Where checkMapAccess is asked from: a helper's argument. */
const ACCESS_HELPER = 2;
/** linux/errno.h: an error that has no name outside the kernel. */
const ENOTSUPP = 524;

/** The string of a value from an offset on, one character per byte; null where it does not end. */
function stringAt(map: VerifierMap, offset: number): string | null {
  let out = "";
  for (let at = offset; at < map.valueSize; at++) {
    const byte = map.readValue?.(at, 1);
    if (byte === undefined) return null;
    if (byte === 0n) return out;
    out += String.fromCharCode(Number(byte));
  }
  return null;
}

/** A string that programs cannot change: in the frozen value of an array of one element (check_reg_const_str). Kernel functions share it. */
export function checkConstString(env: VerifierEnv, regno: number): void {
  const { m } = env;
  const reg = env.reg(regno);
  const data = { reg: regno };
  if (m.type(reg) !== L.PTR_TO_MAP_VALUE) env.reject(ERRNO.EINVAL, "V_ARG_TYPE", "", data);
  const map = env.maps[m.get(reg, L.REG_A)]!;
  if (!isConstantMap(mapFlags(map), map.frozen)) {
    env.reject(ERRNO.EACCES, "V_ARG_CONST", `R${regno} does not point to a readonly map'`, data);
  }
  if (!m.isConst(reg)) env.reject(ERRNO.EACCES, "V_ARG_CONST", `R${regno} is not a constant address'`, data);
  if (map.type !== MAP_TYPE.BPF_MAP_TYPE_ARRAY && map.type !== MAP_TYPE.BPF_MAP_TYPE_ARENA) {
    env.reject(ERRNO.EACCES, "V_ARG_CONST", "no direct value access support for this map type", data);
  }
  const off = m.off(reg);
  checkMapAccess(env, regno, off, map.valueSize - off, false, ACCESS_HELPER);
  if (map.maxEntries !== 1) {
    env.reject(ENOTSUPP, "V_ARG_CONST", "direct value access on string failed", data);
  }
  if (stringAt(map, off + m.signed(env.reg(regno), L.REG_VALUE)) === null) {
    env.reject(ERRNO.EINVAL, "V_ARG_CONST", "string is not zero-terminated", data);
  }
}

/** The format of bpf_snprintf against the number of its arguments (check_bpf_snprintf_call). */
export function checkSnprintfFormat(env: VerifierEnv): void {
  const { m } = env;
  const bytes = m.get(env.reg(5), L.REG_VALUE) >>> 0;
  if (bytes % 8 !== 0) env.reject(ERRNO.EINVAL, "V_ARG_SIZE", "", { reg: 5, size: bytes });
  const reg = env.reg(3);
  const map = env.maps[m.get(reg, L.REG_A)]!;
  const format = stringAt(map, m.off(reg) + m.signed(reg, L.REG_VALUE));
  if (format !== null && isFormatValid(format, bytes / 8)) return;
  env.reject(ERRNO.EINVAL, "V_ARG_CONST", "Invalid format string", { reg: 3 });
}
