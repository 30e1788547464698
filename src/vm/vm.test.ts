import { expect, test } from "vitest";
import { insn, layOut } from "../isa/index.ts";
import { plainImage, Vm } from "./index.ts";

for (const engine of ["stepping", "interpreter", "jit"] as const) {
  test(`a program returns on ${engine}`, () => {
    const vm = new Vm();
    const code = layOut([insn("mov64_imm", { dst: 0, imm: -1 }), insn("add32_imm", { dst: 0, imm: 8 }), insn("exit")]);
    expect(vm.run(vm.load(plainImage("add", code), new Map()), engine, 0)).toBe(7n);
  });
}
