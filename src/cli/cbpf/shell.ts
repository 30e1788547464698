import { createInterface } from "node:readline";
import { BpfError } from "../../util/index.ts";
import { describe } from "../caret.ts";
import { EXIT_INPUT } from "../exit.ts";
import { Debugger } from "./debugger.ts";

/** Commands from a terminal, with history and completion, until `quit` or the end of input. */
async function interactive(shell: Debugger): Promise<number> {
  const { stdin, stdout } = process;
  const lines = createInterface({
    input: stdin,
    output: stdout,
    prompt: "> ",
    completer: (line: string) => [shell.complete(line), line] as [string[], string],
  });
  lines.prompt();
  for await (const line of lines) {
    try {
      stdout.write(await shell.execute(line));
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      stdout.write(`${error.message}\n`);
    }
    if (shell.ended) break;
    lines.prompt();
  }
  lines.close();
  return 0;
}

/** Commands from a file or a pipe; the first that fails ends the run with status 1. */
async function script(shell: Debugger): Promise<number> {
  let number = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    try {
      process.stdout.write(await shell.execute(line));
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      process.stderr.write(`anybpf: ${describe(error, `<stdin>:${number}`, "")}`);
      return EXIT_INPUT;
    }
    if (shell.ended) break;
  }
  return 0;
}

/** `anybpf cbpf debug`: the debugger on standard input; returns the exit status. */
export async function debugShell(): Promise<number> {
  const shell = new Debugger();
  try {
    return await (process.stdin.isTTY ? interactive(shell) : script(shell));
  } finally {
    await shell.close();
  }
}
