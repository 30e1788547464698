import { Command, type CommanderError, Option } from "commander";
import type { CommandRow, Options } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT_USAGE } from "./exit.ts";

function addCommand(program: Command, row: CommandRow): void {
  const command = program.command(row.name).description(row.summary);
  for (const arg of row.args) command.argument(arg.name, arg.help);
  for (const o of row.options) {
    const option = new Option(o.flags, o.help);
    if (o.choices !== undefined) option.choices([...o.choices]);
    if (o.default !== undefined) option.default(o.default);
    if (o.many === true) option.argParser((value: string, list: string[] | undefined) => [...(list ?? []), value]);
    command.addOption(option);
  }
  command.action(async (...given: unknown[]) => {
    const options = given[row.args.length] as Options;
    const args = given
      .slice(0, row.args.length)
      .flat()
      .filter((a) => a !== undefined) as string[];
    const run = await row.load();
    process.exitCode = await run(args, options);
  });
}

/** The whole command line, built from the rows of COMMANDS. */
export function buildProgram(): Command {
  const program = new Command("anybpf")
    .description("Compile, load, run and inspect BPF programs on any system, without root.")
    .version("0.1.0")
    .showHelpAfterError("(anybpf --help lists the commands)");
  for (const row of COMMANDS) addCommand(program, row);
  for (const command of [program, ...program.commands]) {
    command.exitOverride((error: CommanderError) => {
      process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE);
    });
  }
  return program;
}
