import type { VerifierEnv } from "../env.ts";
import type { Reg } from "../memory.ts";
import type { VerifierState } from "../state.ts";

/** A comparison of packet pointers widens what may be read on the side where they are in order (try_match_pkt_pointers); false where it is none. */
export function matchPacketPointers(
  _env: VerifierEnv,
  _insnIdx: number,
  _dst: Reg,
  _src: Reg,
  _thisBranch: VerifierState,
  _otherBranch: VerifierState,
): boolean {
  throw new Error("not there yet");
}

/** The packet may have moved: every pointer into it is void (clear_all_pkt_pointers). */
export function invalidatePacketPointers(_env: VerifierEnv): void {
  throw new Error("not there yet");
}
