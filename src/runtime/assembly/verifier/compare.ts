import { ID_MAP_PAIRS } from "../../verifier-layout";

/** Forgets all pairs of ids. */
export function reset_id_map(): void {
  store<u32>(ID_MAP_PAIRS, 0);
}
