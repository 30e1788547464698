import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { tnumText } from "../log/number-text.ts";
import { regTypeText } from "../log/type-text.ts";
import type { Reg } from "../memory.ts";
import { sockField } from "../programs/context-field.ts";

/** Bytes of `struct bpf_tcp_sock` and `struct bpf_xdp_sock`. */
const TCP_SOCK_SIZE = 112;
const XDP_SOCK_SIZE = 4;
/** Two counters of 64 bits in `struct bpf_tcp_sock`; all else is 32 bits wide. */
const BYTES_RECEIVED = 80;
const BYTES_ACKED = 88;
const BYTES_ACKED_END = 96;
const FLOW_KEYS_SIZE = 56;
/** Fields of `struct bpf_sock` that a request or timewait socket does not have: from `type` to `priority`. */
const FULL_SOCK_START = 8;
const FULL_SOCK_END = 24;

/** Bytes of the field that may be read there, or 0 where nothing may. */
function socketField(type: number, off: number, size: number): number {
  if (off < 0 || off % size !== 0) return 0;
  switch (type) {
    case L.PTR_TO_SOCK_COMMON:
      return off >= FULL_SOCK_START && off < FULL_SOCK_END ? 0 : sockField(off, size);
    case L.PTR_TO_SOCKET:
      return sockField(off, size);
    case L.PTR_TO_TCP_SOCK: {
      if (off >= TCP_SOCK_SIZE) return 0;
      const wide = off === BYTES_RECEIVED || off === BYTES_ACKED;
      return size === (wide ? 8 : 4) ? size : 0;
    }
    case L.PTR_TO_XDP_SOCK:
      return off < XDP_SOCK_SIZE && size === 4 ? 4 : 0;
    default:
      return 0;
  }
}

/** The upper half of a counter of `struct bpf_tcp_sock`. */
function isHalfCounter(off: number): boolean {
  return off > BYTES_RECEIVED && off < BYTES_ACKED_END && off !== BYTES_ACKED;
}

/** A load through a socket pointer (check_sock_access). */
export function checkSockAccess(
  env: VerifierEnv,
  insnIdx: number,
  regno: number,
  off: number,
  size: number,
  _access: number,
): void {
  const { m } = env;
  const reg = env.reg(regno);
  const data = { reg: regno, off, size };
  if (m.signed(reg, L.REG_SMIN) < 0) {
    const advice = "either use unsigned index or do a if (index >=0) check.";
    env.reject(ERRNO.EACCES, "V_NEGATIVE_OFFSET", `R${regno} min value is negative, ${advice}`, data);
  }
  const type = m.type(reg);
  const field = socketField(type, off, size);
  if (field === 0) {
    const message = `R${regno} invalid ${regTypeText(type)} access off=${off} size=${size}`;
    env.reject(ERRNO.EACCES, "V_SOCK_ACCESS", message, { ...data, type: regTypeText(type) });
  }
  if (type === L.PTR_TO_TCP_SOCK && isHalfCounter(off)) {
    // The kernel's rules let it pass, and its rewriting of the load then does not know the field.
    env.reject(ERRNO.EFAULT, "V_SOCK_ACCESS", "verifier bug: error during ctx access conversion (0)", data);
  }
  env.aux[insnIdx]!.ctxFieldSize = field;
}

/** A load from flow keys (check_flow_keys_access). */
export function checkFlowKeysAccess(env: VerifierEnv, off: number, size: number): void {
  if (off >= 0 && off + size <= FLOW_KEYS_SIZE) return;
  env.reject(ERRNO.EACCES, "V_MEM_BOUNDS", `invalid access to flow keys off=${off} size=${size}`, { off, size });
}

/** Buffers whose end the verifier does not know: from their start, at constant offsets (__check_buffer_access). */
function checkBuffer(env: VerifierEnv, what: string, reg: Reg, regno: number, off: number, size: number): void {
  const { m } = env;
  const data = { reg: regno, off, size };
  if (off < 0) {
    const message = `R${regno} invalid ${what} buffer access: off=${off}, size=${size}`;
    env.reject(ERRNO.EACCES, "V_MEM_BOUNDS", message, data);
  }
  if (!m.isZero(reg)) {
    const bits = tnumText(m.u64[(reg + L.REG_VALUE) >> 3]!, m.u64[(reg + L.REG_MASK) >> 3]!);
    const message = `R${regno} invalid variable buffer offset: off=${off}, var_off=${bits}`;
    env.reject(ERRNO.EACCES, "V_UNBOUNDED_OFFSET", message, data);
  }
}

/** A load or store in a tracepoint's buffer (check_tp_buffer_access). */
export function checkTpBufferAccess(env: VerifierEnv, reg: Reg, regno: number, off: number, size: number): void {
  checkBuffer(env, "tracepoint", reg, regno, off, size);
}

/** A load or store in a sized buffer (check_buffer_access). */
export function checkBufferAccess(
  env: VerifierEnv,
  reg: Reg,
  regno: number,
  off: number,
  size: number,
  _zeroSizeAllowed: boolean,
): void {
  checkBuffer(env, (env.m.type(reg) & L.MEM_RDONLY) !== 0 ? "rdonly" : "rdwr", reg, regno, off, size);
}
