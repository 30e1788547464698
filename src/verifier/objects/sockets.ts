import type { VerifierEnv } from "../env.ts";
import type { Reg } from "../memory.ts";

/** A load or store through a socket pointer (check_sock_access). */
export function checkSockAccess(
  _env: VerifierEnv,
  _insnIdx: number,
  _regno: number,
  _off: number,
  _size: number,
  _access: number,
): void {
  throw new Error("not there yet");
}

/** A load from flow keys (check_flow_keys_access). */
export function checkFlowKeysAccess(_env: VerifierEnv, _off: number, _size: number): void {
  throw new Error("not there yet");
}

/** A load or store in a tracepoint's buffer (check_tp_buffer_access). */
export function checkTpBufferAccess(_env: VerifierEnv, _reg: Reg, _regno: number, _off: number, _size: number): void {
  throw new Error("not there yet");
}

/** A load or store in a sized buffer (check_buffer_access). */
export function checkBufferAccess(
  _env: VerifierEnv,
  _reg: Reg,
  _regno: number,
  _off: number,
  _size: number,
  _zeroSizeAllowed: boolean,
): void {
  throw new Error("not there yet");
}
