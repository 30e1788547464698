import type { VerifierEnv } from "../env.ts";

/** A load or store through a pointer to a kernel or allocated object (check_ptr_to_btf_access). */
export function checkPtrToBtfAccess(
  _env: VerifierEnv,
  _regno: number,
  _off: number,
  _size: number,
  _access: number,
  _valueRegno: number,
): void {
  throw new Error("not there yet");
}

/** A load of a map's own fields (check_ptr_to_map_access). */
export function checkPtrToMapAccess(
  _env: VerifierEnv,
  _regno: number,
  _off: number,
  _size: number,
  _access: number,
  _valueRegno: number,
): void {
  throw new Error("not there yet");
}

/** Whether an object of one type, at an offset, may stand for another (btf_struct_ids_match). */
export function btfStructIdsMatch(
  _env: VerifierEnv,
  _btf: number,
  _id: number,
  _off: number,
  _needBtf: number,
  _needId: number,
  _strict: boolean,
): boolean {
  throw new Error("not there yet");
}
