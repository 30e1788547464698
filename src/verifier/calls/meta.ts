import type { BtfField } from "../btf-info/special-fields.ts";
import type { MemoryMeta } from "../memory/helper-access.ts";
import type { Prototype } from "./arg-types.ts";

/** What the checks of one call's arguments hand on to each other and to what comes after the call (struct bpf_call_arg_meta). */
export class CallMeta implements MemoryMeta {
  readonly prototype: Prototype;
  rawMode = false;
  regno = 0;
  accessSize = 0;
  pktAccess: boolean;
  msizeMaxValue = 0;
  /** Number of the map in the environment, -1 = none, and the uid of an inner map's lookup. */
  map = -1;
  mapUid = 0;
  /** Register whose reference the call takes away, 0 = none. */
  releaseRegno = 0;
  refId = 0;
  dynptrId = 0;
  /** Bytes of the memory that the call returns. */
  memSize = 0;
  /** Type of the object that the call returns. */
  retBtf = 0;
  retBtfId = 0;
  /** Number of the function that the call is given. */
  subprog = 0;
  /** The field that bpf_kptr_xchg exchanges with. */
  kptrField: BtfField | null = null;
  /** The key that the map is asked for, where it is constant and the map's lookup cannot fail for want of memory; -1n = unknown. */
  constKey = -1n;

  constructor(prototype: Prototype) {
    this.prototype = prototype;
    this.pktAccess = prototype.packetAccess;
  }
}
