import { type Btf, sizeOf } from "../btf/index.ts";
import { BpfError } from "../util/index.ts";

/** Size in bytes of a type that variables can have, null for one without a size: void, functions, forward declarations. */
export function typeSize(btf: Btf, id: number): number | null {
  try {
    return sizeOf(btf, id);
  } catch (error) {
    if (error instanceof BpfError) return null;
    throw error;
  }
}
