import { writeFileSync } from "node:fs";
import type { ClassicInsn } from "../../classic/index.ts";
import {
  ARCHITECTURES,
  type ArchitectureName,
  architectureByName,
  checkSeccomp,
  explainSeccomp,
  explanationJson,
  explanationText,
  type SeccompInput,
} from "../../classic/seccomp/index.ts";
import { BpfError, defineErrors } from "../../util/index.ts";
import { describe } from "../caret.ts";
import type { Options } from "../command.ts";
import { EXIT_INPUT, EXIT_USAGE } from "../exit.ts";
import { readBytes } from "../run/files.ts";
import { callOf, emulationJson, emulationText } from "../seccomp/emulate.ts";
import { FORMATS } from "../seccomp/formats.ts";
import { readFilter } from "../seccomp/source.ts";

const seccompError = defineErrors({
  E_SECCOMP_ARCH: (d: { name: string }) => `--arch ${d.name}: known are ${ARCHITECTURES.map((a) => a.name).join(", ")}`,
  E_SECCOMP_OUTPUT: (d: { file: string; reason: string }) => `cannot write ${d.file}: ${d.reason}`,
});

const USAGE = `usage: anybpf seccomp dump|disasm|explain FILE
       anybpf seccomp asm|compile FILE [-f list|asm|raw|c|decimal] [-o OUT]
       anybpf seccomp emulate FILE [SYSCALL [ARG ...]]
`;

interface Job {
  readonly insns: readonly ClassicInsn[];
  readonly arch: ArchitectureName;
  readonly options: Options;
  readonly words: readonly string[];
}

/** What is done with a filter: how it is read, the format where none is given, and what is printed. */
interface ActionRow {
  readonly as?: SeccompInput;
  readonly format?: string;
  /** The filter may be one that the kernel refuses. */
  readonly unchecked?: true;
  readonly print: (job: Job, format: string) => string | Uint8Array;
}

const formatted = ({ insns, arch }: Job, format: string) => FORMATS[format]!(insns, { arch });
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const ACTIONS: Readonly<Record<string, ActionRow>> = {
  dump: { format: "list", unchecked: true, print: formatted },
  disasm: { format: "list", unchecked: true, print: formatted },
  asm: { as: "text", format: "c", print: formatted },
  compile: { as: "profile", format: "list", print: formatted },
  emulate: {
    print: ({ insns, arch, options, words }) => {
      const data = callOf(words, arch, options["ip"] as string | undefined);
      return options["json"] === true
        ? json(emulationJson(insns, data))
        : emulationText(insns, data, arch, options["quiet"] === true);
    },
  },
  explain: {
    print: ({ insns, arch, options }) => {
      const explanation = explainSeccomp(insns, { arch });
      return options["json"] === true ? json(explanationJson(explanation)) : explanationText(explanation);
    },
  },
};

function write(file: string | undefined, contents: string | Uint8Array): void {
  if (file === undefined || file === "-") {
    process.stdout.write(contents);
    return;
  }
  try {
    writeFileSync(file, contents);
  } catch (error) {
    throw seccompError("E_SECCOMP_OUTPUT", { file, reason: (error as NodeJS.ErrnoException).code ?? String(error) });
  }
}

/** `anybpf seccomp dump|disasm|asm|compile|emulate|explain FILE`: filters of system calls, in the words of seccomp-tools. */
export function seccomp(args: readonly string[], options: Options): number {
  const [name = "", file, ...words] = args;
  const row = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (row === undefined || file === undefined || (words.length > 0 && name !== "emulate") || words.length > 7) {
    process.stderr.write(USAGE);
    return EXIT_USAGE;
  }
  const wanted = (options["arch"] as string | undefined) ?? ARCHITECTURES[0].name;
  const arch = architectureByName(wanted)?.name;
  if (arch === undefined) throw seccompError("E_SECCOMP_ARCH", { name: wanted });
  const bytes = readBytes(file);
  const place = file === "-" ? "<stdin>" : file;
  try {
    const machine = {
      arch,
      caps: (options["cap"] as readonly string[] | undefined) ?? [],
      kernel: options["kernelVersion"] as string,
    };
    const { insns, notes } = readFilter(bytes, machine, row.as);
    for (const note of notes) process.stderr.write(`anybpf: ${place}: ${note}\n`);
    if (row.unchecked !== true) checkSeccomp(insns);
    const format = (options["format"] as string | undefined) ?? row.format ?? "list";
    write(options["output"] as string | undefined, row.print({ insns, arch, options, words }, format));
    return 0;
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    process.stderr.write(`anybpf: ${describe(error, place, new TextDecoder().decode(bytes))}`);
    return EXIT_INPUT;
  }
}
