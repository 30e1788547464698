import {
  assembleClassic,
  type ClassicInsn,
  checkClassic,
  classicToC,
  classicToDecimal,
  disassembleClassic,
  type Position,
  readClassic,
} from "../../classic/index.ts";
import { BpfError } from "../../util/index.ts";
import { describe } from "../caret.ts";
import { debugShell } from "../cbpf/shell.ts";
import type { Options } from "../command.ts";
import { EXIT_INPUT, EXIT_USAGE } from "../exit.ts";
import { readBytes } from "../run/files.ts";

interface Source {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly text: string;
}

type Action = (source: Source, options: Options) => string;

/** A refusal by number of the instruction, told by the place in the text. */
function placed(error: BpfError, positions: readonly Position[]): BpfError {
  const { insn } = error.data;
  const position = typeof insn === "number" ? positions[insn] : undefined;
  if (position === undefined) return error;
  const { line, column } = position;
  const text = error.message.slice(0, -` [${error.code}]`.length);
  return new BpfError(error.code, `${line}:${column}: ${text}`, { ...error.data, line, column }, { cause: error });
}

function assembleChecked(text: string): ClassicInsn[] {
  const { program, positions } = assembleClassic(text);
  try {
    checkClassic(program);
  } catch (error) {
    throw error instanceof BpfError ? placed(error, positions) : error;
  }
  return program;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  asm: ({ text }, options) => {
    const program = assembleChecked(text);
    return options["c"] === true ? classicToC(program) : `${classicToDecimal(program)}\n`;
  },
  disasm: ({ bytes }) => disassembleClassic(readClassic(bytes)),
};

function usage(): number {
  process.stderr.write("anybpf: usage: anybpf cbpf asm FILE [-c] | disasm FILE | debug\n");
  return EXIT_USAGE;
}

/** `anybpf cbpf asm|disasm|debug`: classic BPF programs, as the kernel's bpf_asm and bpf_dbg. */
export async function cbpf(args: readonly string[], options: Options): Promise<number> {
  const [name = "", file, more] = args;
  if (name === "debug") return file === undefined ? await debugShell() : usage();
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined || file === undefined || more !== undefined) return usage();
  const bytes = readBytes(file);
  const source = { name: file === "-" ? "<stdin>" : file, bytes, text: new TextDecoder().decode(bytes) };
  try {
    process.stdout.write(action(source, options));
    return 0;
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    process.stderr.write(`anybpf: ${describe(error, source.name, source.text)}`);
    return EXIT_INPUT;
  }
}
