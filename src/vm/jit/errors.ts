import { defineErrors } from "../../util/error.ts";

/** Programs that the JIT cannot compile; the verifier refuses all of them first. */
export const jitError = defineErrors({
  E_JIT_TARGET: (d: { slot: number; target: number }) =>
    `instruction ${d.slot} leads to slot ${d.target}, where no instruction of its function begins`,
});
