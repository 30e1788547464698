import type { Example } from "./example.ts";
import { MEMORY_EXAMPLES } from "./memory.ts";
import { PROGRAM_EXAMPLES } from "./program.ts";
import { VALUE_EXAMPLES } from "./values.ts";

export type { Example } from "./example.ts";
export { exampleText } from "./example.ts";

/** Programs that are refused, with their repairs: shown in `docs/verifier-errors.md`, put to both verifiers by the tests. */
export const EXAMPLES: readonly Example[] = [...VALUE_EXAMPLES, ...MEMORY_EXAMPLES, ...PROGRAM_EXAMPLES];
