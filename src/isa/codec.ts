import { defineErrors } from "../util/error.ts";
import { type Form, formsOf } from "./forms.ts";
import { type Code, type Insn, slots } from "./insn.ts";

const isaError = defineErrors({
  E_INSN_OPCODE: (d: { slot: number; opcode: number }) =>
    `instruction ${d.slot}: opcode 0x${d.opcode.toString(16).padStart(2, "0")} with these fields is no BPF instruction`,
  E_INSN_RESERVED: (d: { slot: number; name: string; field: string; found: number }) =>
    `instruction ${d.slot}: ${d.name} has ${d.found} in reserved field ${d.field}`,
  E_INSN_REGISTER: (d: { slot: number; field: string; found: number }) =>
    `instruction ${d.slot}: register r${d.found} in ${d.field} is invalid (r0 to r10)`,
  E_INSN_LENGTH: (d: { length: number }) => `program of ${d.length} bytes is not a multiple of 8`,
  E_INSN_CUT: (d: { slot: number }) => `instruction ${d.slot}: 64-bit immediate load lacks a valid second slot`,
});

/** Size of an instruction slot in bytes (RFC 9669 section 3). */
export const SLOT_BYTES = 8;

/** The raw fields of one slot, before any row has been found for them. */
export interface RawInsn {
  readonly opcode: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
}

/** The fields of the slot at byte `at`; the order of the register nibbles follows the byte order (RFC 9669 section 3.1). */
export function readRaw(view: DataView, at: number, littleEndian = true): RawInsn {
  const regs = view.getUint8(at + 1);
  const low = regs & 15;
  const high = regs >> 4;
  return {
    opcode: view.getUint8(at),
    dst: littleEndian ? low : high,
    src: littleEndian ? high : low,
    off: view.getInt16(at + 2, littleEndian),
    imm: view.getInt32(at + 4, littleEndian),
  };
}

function matches(form: Form, raw: RawInsn): boolean {
  const { fixed, fields } = form;
  if (fixed.src !== undefined && fixed.src !== raw.src) return false;
  if (fixed.off !== undefined && fixed.off !== raw.off) return false;
  if (fixed.imm !== undefined && fixed.imm !== raw.imm) return false;
  // Rows of calls and immediates are told apart by the pseudo source register, 0 included.
  if ((form.kind === "call" || form.kind === "ld_imm64") && fixed.src === undefined && !fields.includes("src")) {
    return raw.src === 0;
  }
  return true;
}

/**
 * The row that these fields select, or undefined where BPF has no such instruction.
 * Rows with fixed fields win over the general row of the same opcode.
 */
export function matchForm(raw: RawInsn): Form | undefined {
  let best: Form | undefined;
  for (const form of formsOf(raw.opcode)) {
    if (!matches(form, raw)) continue;
    if (best === undefined || Object.keys(form.fixed).length > Object.keys(best.fixed).length) best = form;
  }
  return best;
}

const FIELDS = ["dst", "src", "off", "imm"] as const;

function checkFields(form: Form, raw: RawInsn, slot: number): void {
  for (const field of FIELDS) {
    const found = raw[field];
    if (form.fields.includes(field)) {
      if ((field === "dst" || field === "src") && found > 10) throw isaError("E_INSN_REGISTER", { slot, field, found });
    } else if (found !== 0 && form.fixed[field] === undefined) {
      throw isaError("E_INSN_RESERVED", { slot, name: form.name, field, found });
    }
  }
}

/** Whether the branch displacement of this form lies in the imm field. */
function branchInImm(form: Form): boolean {
  return form.name === "ja32" || form.name === "call_local" || form.name === "ld_imm64_func";
}

/**
 * Decodes a program of whole slots.
 * @throws BpfError `E_INSN_LENGTH`, `E_INSN_OPCODE`, `E_INSN_RESERVED`, `E_INSN_REGISTER`, `E_INSN_CUT` with the slot number.
 */
export function decode(bytes: Uint8Array, littleEndian = true): Code {
  if (bytes.length % SLOT_BYTES !== 0) throw isaError("E_INSN_LENGTH", { length: bytes.length });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length / SLOT_BYTES;
  const code: (Insn | null)[] = [];
  for (let slot = 0; slot < count; slot++) {
    const raw = readRaw(view, slot * SLOT_BYTES, littleEndian);
    const form = matchForm(raw);
    if (form === undefined) throw isaError("E_INSN_OPCODE", { slot, opcode: raw.opcode });
    checkFields(form, raw, slot);
    let hi = 0;
    if (form.kind === "ld_imm64") {
      if (slot + 1 >= count) throw isaError("E_INSN_CUT", { slot });
      const second = readRaw(view, (slot + 1) * SLOT_BYTES, littleEndian);
      if (second.opcode !== 0 || second.dst !== 0 || second.src !== 0 || second.off !== 0) {
        throw isaError("E_INSN_CUT", { slot });
      }
      hi = second.imm;
    }
    const inImm = branchInImm(form);
    code.push({
      form,
      dst: form.fields.includes("dst") ? raw.dst : 0,
      src: form.fields.includes("src") ? raw.src : 0,
      off: inImm ? raw.imm : form.fields.includes("off") ? raw.off : 0,
      imm: form.fields.includes("imm") && !inImm ? raw.imm : 0,
      hi,
    });
    if (form.kind === "ld_imm64") {
      code.push(null);
      slot++;
    }
  }
  return code;
}

function writeSlot(view: DataView, at: number, raw: RawInsn, littleEndian: boolean): void {
  view.setUint8(at, raw.opcode);
  view.setUint8(at + 1, littleEndian ? raw.dst | (raw.src << 4) : (raw.dst << 4) | raw.src);
  view.setInt16(at + 2, raw.off, littleEndian);
  view.setInt32(at + 4, raw.imm, littleEndian);
}

/** Encodes instructions (nulls of `Code` are passed over) to bytes; the inverse of `decode`. */
export function encode(code: Iterable<Insn | null>, littleEndian = true): Uint8Array {
  const list = [...code].filter((i): i is Insn => i !== null);
  const bytes = new Uint8Array(list.reduce((sum, i) => sum + slots(i), 0) * SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const i of list) {
    const { form } = i;
    const inImm = branchInImm(form);
    const raw: RawInsn = {
      opcode: form.opcode,
      dst: i.dst,
      src: form.fixed.src ?? i.src,
      off: form.fixed.off ?? (inImm ? 0 : i.off),
      imm: form.fixed.imm ?? (inImm ? i.off : i.imm),
    };
    writeSlot(view, at, raw, littleEndian);
    at += SLOT_BYTES;
    if (slots(i) === 2) {
      writeSlot(view, at, { opcode: 0, dst: 0, src: 0, off: 0, imm: i.hi }, littleEndian);
      at += SLOT_BYTES;
    }
  }
  return bytes;
}

/** Lays instructions out by slot, with a null after each two-slot one. */
export function layOut(list: Iterable<Insn>): Code {
  const code: (Insn | null)[] = [];
  for (const i of list) {
    code.push(i);
    if (slots(i) === 2) code.push(null);
  }
  return code;
}
