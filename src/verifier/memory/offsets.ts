import type { VerifierEnv } from "../env.ts";
import type { Reg } from "../memory.ts";

/** A pointer must be handed on as it was got (check_ptr_off_reg). */
export function checkPtrOffReg(_env: VerifierEnv, _reg: Reg, _regno: number, _fixedOffsetOk = false): void {
  throw new Error("not there yet");
}

/** Bytes of a map value, special fields excepted (check_map_access); `source`: ACCESS_DIRECT 1 or ACCESS_HELPER 2. */
export function checkMapAccess(
  _env: VerifierEnv,
  _regno: number,
  _off: number,
  _size: number,
  _zeroSizeAllowed: boolean,
  _source: number,
): void {
  throw new Error("not there yet");
}
