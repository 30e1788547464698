/** One option of a command, in commander's notation. */
export interface OptionRow {
  readonly flags: string;
  readonly help: string;
  /** May be given several times; its value is then a list. */
  readonly many?: true;
  readonly choices?: readonly string[];
  readonly default?: string;
}

/** What a command's implementation gets: positional arguments in order, options by camel-case name. */
export type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/**
 * One command of the command line. `load` imports the implementation only when the command runs, so that
 * `--help` costs nothing; it resolves to a function that returns the exit status.
 */
export interface CommandRow {
  readonly name: string;
  readonly summary: string;
  /** In commander's notation: `<file>`, `[memory]`, `<files...>`. */
  readonly args: readonly { readonly name: string; readonly help: string }[];
  readonly options: readonly OptionRow[];
  readonly load: () => Promise<(args: readonly string[], options: Options) => Promise<number> | number>;
}
