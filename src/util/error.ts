import { escapeText } from "./escape.ts";

/** What an error knows besides its text: where it happened and what was found there. */
export type ErrorData = Readonly<Record<string, string | number | bigint | boolean | null | undefined>>;

/**
 * Input that anybpf refuses: a malformed file, an unknown name, a map that cannot be made.
 * `code` is stable and is what programs should test; `message` is one line for people and ends with the code in brackets.
 */
export class BpfError extends Error {
  override readonly name = "BpfError";
  readonly code: string;
  readonly data: ErrorData;

  constructor(code: string, text: string, data: ErrorData = {}, options?: { cause?: unknown }) {
    super(`${escapeText(text)} [${code}]`, options);
    this.code = code;
    this.data = data;
  }

  /** The same refusal told from further out: `place` (a file, say) leads the text, unless it does so already. */
  within(place: string): BpfError {
    const text = this.message.slice(0, -` [${this.code}]`.length);
    if (text.startsWith(escapeText(`${place}:`))) return this;
    return new BpfError(this.code, `${place}: ${text}`, this.data, { cause: this });
  }
}

type Templates = Record<string, (data: never) => string>;

/**
 * Declares the errors of one room: a table from stable code to the function that words it.
 * Returns a factory: `const elfError = defineErrors({ E_ELF_MAGIC: (d: { file: string }) => ... })`, then `throw elfError("E_ELF_MAGIC", { file })`.
 */
export function defineErrors<T extends Templates>(
  table: T,
): <C extends keyof T & string>(code: C, data: Parameters<T[C]>[0], options?: { cause?: unknown }) => BpfError {
  return (code, data, options) => {
    const template = table[code] as (data: unknown) => string;
    return new BpfError(code, template(data), data as ErrorData, options);
  };
}

/** A broken promise of our own code, never of the input: surfaces as exit status 70. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`internal error: ${what}`);
}
