import type { VerifierEnv } from "../env.ts";

/** Walks the control-flow graph: unreachable code, loops, places where states are kept (check_cfg, compute_postorder, compute_scc). */
export function checkCfg(_env: VerifierEnv): void {
  throw new Error("not there yet");
}
