import { defineErrors } from "../../util/index.ts";

export const verifyError = defineErrors({
  E_VERIFY_TYPE: (d: { found: string }) =>
    `--type ${d.found}: no such program type (bpftool's words: xdp, sched_cls, …)`,
  E_VERIFY_BASELINE: (d: { path: string; problem: string }) =>
    `${d.path}: not the output of verify --json: ${d.problem}`,
});
