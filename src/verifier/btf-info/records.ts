import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import type { RejectionKind } from "../kinds.ts";
import type { RejectionData } from "../reject.ts";

/** Rows of func_info or line_info as BPF_PROG_LOAD takes them: as long as their producer made them, of which the kernel knows the first bytes. */
export interface Records {
  readonly count: number;
  readonly view: DataView;
  readonly stride: number;
}

/** Longest record that the kernel takes. */
export const MAX_RECORD_SIZE = 252;

export function recordsOf(bytes: Uint8Array | undefined, size: number): Records {
  const length = bytes?.length ?? 0;
  const view = new DataView(bytes?.buffer ?? new ArrayBuffer(0), bytes?.byteOffset ?? 0, length);
  return { count: length === 0 ? 0 : Math.max(1, Math.floor(length / Math.max(size, 1))), view, stride: size };
}

/** Whether a record has something other than zeros behind the bytes that the kernel knows (bpf_check_uarg_tail_zero). */
export function hasTail(records: Records, index: number, known: number): boolean {
  const end = Math.min((index + 1) * records.stride, records.view.byteLength);
  for (let at = index * records.stride + known; at < end; at++) if (records.view.getUint8(at) !== 0) return true;
  return false;
}

/** Refuses with a message that the kernel does not end with a newline. */
export function rejectUnended(
  env: VerifierEnv,
  errno: number,
  kind: RejectionKind,
  message: string,
  data: RejectionData = {},
): never {
  env.verbose(message);
  env.log.lastMessage = message;
  env.reject(errno, kind, "", data);
}

/** Functions other than the first that need BTF for what they do (check_abnormal_return). */
export function checkAbnormalReturn(env: VerifierEnv): void {
  for (const [n, subprog] of env.subprogs.entries()) {
    if (n === 0) continue;
    const what = subprog.hasLdAbs ? "LD_ABS" : subprog.hasTailCall ? "tail_call" : null;
    if (what === null) continue;
    env.insnIdx = subprog.start;
    const message = `${what} is not allowed in subprogs without BTF`;
    env.reject(ERRNO.EINVAL, "V_TAIL_CALL_MIX", message, { subprog: n });
  }
}
