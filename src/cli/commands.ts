import type { CommandRow } from "./command.ts";

/** Every command of `anybpf`, in the order that --help lists them. */
export const COMMANDS: readonly CommandRow[] = [];
