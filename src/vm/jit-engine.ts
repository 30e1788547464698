import { STACK_TOP } from "../runtime/layout.ts";
import { type CompiledProgram, compileProgram } from "./jit/compile.ts";
import type { LoadedProgram } from "./program.ts";
import type { Runtime } from "./runtime.ts";

type Entry = (context: number, frame: number) => bigint;

/** One program's compiled forms; the counting one spends budget, the plain one counts nothing. */
interface Forms {
  plain: CompiledProgram | null;
  counting: CompiledProgram | null;
  entry: Entry | null;
}

/**
 * The compiler's side of a Vm. The function table holds either the plain or the counting form of all programs at a time,
 * since they tail-call each other through it.
 */
export class JitEngine {
  readonly #runtime: Runtime;
  readonly #forms = new Map<LoadedProgram, Forms>();
  #counting = false;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  prepare(program: LoadedProgram): void {
    const forms: Forms = this.#forms.get(program) ?? { plain: null, counting: null, entry: null };
    const which = this.#counting ? "counting" : "plain";
    forms[which] ??= compileProgram(program.image, {
      runtime: this.#runtime,
      helpers: program.helpers,
      slot: program.slot,
      functionSlot: (start) => program.callbacks.get(start) ?? 0,
      budget: this.#counting,
    });
    forms[which].install();
    forms.entry = this.#runtime.table.get(program.slot) as Entry;
    this.#forms.set(program, forms);
  }

  release(program: LoadedProgram): void {
    this.#forms.delete(program);
  }

  /** From now on programs count what they execute, or no longer do. */
  count(counting: boolean): void {
    if (counting === this.#counting) return;
    this.#counting = counting;
    for (const program of this.#forms.keys()) this.prepare(program);
  }

  /** r0; whether the run ended well is in the FAULT cells. */
  run(program: LoadedProgram, context: number): bigint {
    return this.#forms.get(program)!.entry!(context, STACK_TOP);
  }
}
