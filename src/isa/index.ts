export type { RawInsn } from "./codec.ts";
export { decode, encode, layOut, matchForm, readRaw, SLOT_BYTES } from "./codec.ts";
export type { Field, Form, FormKind } from "./forms.ts";
export { FORMS, form, formsOf, widthBytes } from "./forms.ts";
export type { Code, Insn, Operands } from "./insn.ts";
export { imm64, insn, isBranch, isTerminal, loadImm64, slots } from "./insn.ts";
export type {
  ArgAbi,
  HelperBinding,
  HelperTable,
  MapRef,
  PointerRule,
  PointerSize,
  PointerTarget,
  ProgramImage,
  RetAbi,
} from "./program.ts";
