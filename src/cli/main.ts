#!/usr/bin/env node
import { BpfError } from "../util/index.ts";
import { EXIT_BUG, EXIT_INPUT } from "./exit.ts";
import { buildProgram } from "./program.ts";

try {
  await buildProgram().parseAsync(process.argv);
} catch (error) {
  if (error instanceof BpfError) {
    process.stderr.write(`anybpf: ${error.message}\n`);
    process.exitCode = EXIT_INPUT;
  } else {
    process.stderr.write(`anybpf: internal error, please report it\n${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = EXIT_BUG;
  }
}
