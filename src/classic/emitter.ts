import { type Code, type Insn, insn, layOut, type Operands } from "../isa/index.ts";
import { assert } from "../util/index.ts";

/** eBPF instructions in the making; jumps name labels, which may come later. */
export class Emitter {
  readonly #insns: { readonly insn: Insn; readonly label: string | null }[] = [];
  readonly #labels = new Map<string, number>();

  label(name: string): void {
    assert(!this.#labels.has(name), `label ${name} twice`);
    this.#labels.set(name, this.#insns.length);
  }

  /** Appends an instruction by name of its form; `to`: the label that it jumps to or calls. */
  emit(form: string, operands: Operands = {}, to: string | null = null): void {
    this.#insns.push({ insn: insn(form, operands), label: to });
  }

  /** The instructions, jumps resolved. A `goto` that 16 bits cannot hold becomes a `gotol`. */
  finish(): Code {
    return layOut(
      this.#insns.map(({ insn: made, label }, at) => {
        if (label === null) return made;
        const target = this.#labels.get(label);
        assert(target !== undefined, `no label ${label}`);
        const off = target - at - 1;
        if (made.form.op === "local") return insn(made.form, { ...made, off });
        if (off === (off << 16) >> 16) return insn(made.form, { ...made, off });
        assert(made.form.name === "ja", `${made.form.name} over ${off} instructions`);
        return insn("ja32", { off });
      }),
    );
  }
}
