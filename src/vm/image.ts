import { type ArgAbi, type HelperBinding, type Insn, imm64, type RetAbi } from "../isa/index.ts";
import * as OPERATIONS from "../runtime/operations.ts";
import { assert } from "../util/index.ts";
import type { LoadedProgram } from "./program.ts";

/** Bytes of an image's header and of one instruction's record; the shape is described in runtime/assembly/interpreter.ts. */
export const IMAGE_HEADER_SIZE = 16;
export const IMAGE_RECORD_SIZE = 16;

const CODES = OPERATIONS as Readonly<Record<string, number>>;

/** Forms that another form's operation serves. */
const SAME: Readonly<Record<string, string>> = {
  bswap16: "be16",
  bswap32: "be32",
  bswap64: "be64",
  addr_space_cast: "mov64_reg",
  ld_imm64_map_fd: "ld_imm64",
  ld_imm64_map_value: "ld_imm64",
  ld_imm64_btf_id: "ld_imm64",
  ld_imm64_func: "ld_imm64",
  ld_imm64_map_idx: "ld_imm64",
  ld_imm64_map_idx_value: "ld_imm64",
  load_acquire8: "ldx8",
  load_acquire16: "ldx16",
  load_acquire32: "ldx32",
  load_acquire64: "ldx64",
  store_release8: "stx8",
  store_release16: "stx16",
  store_release32: "stx32",
  store_release64: "stx64",
  ja32: "ja",
  call_kfunc: "call_script",
};

const RETURNS: Readonly<Record<RetAbi, number>> = {
  int: OPERATIONS.RETURN_INT,
  ptr: OPERATIONS.RETURN_PTR,
  u64: OPERATIONS.RETURN_U64,
  void: OPERATIONS.RETURN_VOID,
};

/** One record's fields; `target` is a slot where the operation jumps. */
interface Decoded {
  readonly code: number;
  readonly dst: number;
  readonly src: number;
  readonly offset: number;
  readonly target: number | null;
  readonly imm: bigint;
}

/** The index in the shared table of a helper that the runtime module implements, or null for one in JavaScript. */
export type RuntimeHelper = (binding: HelperBinding) => number | null;

const NO_FIELDS = { dst: 0, src: 0, offset: 0, target: null, imm: 0n };

function decodeHelper(binding: HelperBinding | undefined, id: number, runtimeHelper: RuntimeHelper): Decoded {
  if (binding?.intrinsic === "tail_call") return { ...NO_FIELDS, code: OPERATIONS.TAIL_CALL };
  if (binding?.intrinsic === "loop") return { ...NO_FIELDS, code: OPERATIONS.LOOP };
  const index = binding === undefined || binding.args.includes("u64") ? null : runtimeHelper(binding);
  if (binding === undefined || index === null) return { ...NO_FIELDS, code: OPERATIONS.CALL_SCRIPT, imm: BigInt(id) };
  const { args, ret, callback } = binding;
  const isFlags = (abi: ArgAbi, at: number): number => (abi === "flags" ? 1 << at : 0);
  return {
    code: OPERATIONS.CALL_RUNTIME,
    dst: args.length + (callback === true ? 1 : 0),
    src: args.map(isFlags).reduce((mask, bit) => mask | bit, 0),
    offset: index,
    target: null,
    imm: BigInt(RETURNS[ret] | (callback === true ? OPERATIONS.PASS_FRAME : 0)),
  };
}

function decodeInsn(i: Insn, slot: number, program: LoadedProgram, runtimeHelper: RuntimeHelper): Decoded {
  const { form } = i;
  const dst = i.dst * 8;
  const src = i.src * 8;
  const jump = slot + 1 + i.off;
  switch (form.kind) {
    case "mov":
      if (form.name !== "mov32_imm") break;
      return { ...NO_FIELDS, code: OPERATIONS.MOV64_IMM, dst, imm: BigInt(i.imm >>> 0) };
    case "end":
      if (form.op !== "le") break;
      // The guest is little-endian: `le` cuts to the width.
      if (form.width === 16) return { ...NO_FIELDS, code: OPERATIONS.AND64_IMM, dst, imm: 0xffffn };
      if (form.width === 32) return { ...NO_FIELDS, code: OPERATIONS.MOV32_REG, dst, src: dst };
      return { ...NO_FIELDS, code: OPERATIONS.MOV64_REG, dst, src: dst };
    case "ld_imm64": {
      const imm = form.op === "func" ? BigInt(program.callbacks.get(jump) ?? 0) : imm64(i);
      return { ...NO_FIELDS, code: OPERATIONS.LD_IMM64, dst, imm };
    }
    case "ld_abs":
    case "ld_ind":
      if (!program.image.skb) return { ...NO_FIELDS, code: OPERATIONS.BAD };
      break;
    case "call":
      if (form.op === "local") return { ...NO_FIELDS, code: OPERATIONS.CALL_LOCAL, target: jump };
      if (form.op === "reg") return { ...NO_FIELDS, code: OPERATIONS.CALL_REG, dst };
      return decodeHelper(program.helpers.get(i.imm), i.imm, runtimeHelper);
  }
  const code = CODES[(SAME[form.name] ?? form.name).toUpperCase()];
  assert(code !== undefined, `the fast interpreter knows ${form.name}`);
  const jumps = form.kind === "ja" || form.kind === "jmp" || form.kind === "may_goto";
  return { code, dst, src, offset: i.off, target: jumps ? jump : null, imm: BigInt(i.imm) };
}

/** Bytes of the image of a program: header, a record per slot, and one after the last that faults. */
export function imageSize(program: LoadedProgram): number {
  return IMAGE_HEADER_SIZE + (program.image.code.length + 1) * IMAGE_RECORD_SIZE;
}

/** Writes a header: where to start, where the records are, and whose they are. */
export function writeHeader(view: DataView, at: number, entry: number, records: number, slot: number): void {
  view.setUint32(at, entry, true);
  view.setUint32(at + 4, records, true);
  view.setUint32(at + 8, slot, true);
}

/** Encodes a program for the fast interpreter at guest address `at`, where `imageSize` bytes of zeros lie. */
export function writeImage(view: DataView, at: number, program: LoadedProgram, runtimeHelper: RuntimeHelper): void {
  const { code } = program.image;
  const records = at + IMAGE_HEADER_SIZE;
  writeHeader(view, at, records, records, program.slot);
  for (let slot = 0; slot <= code.length; slot++) {
    const record = records + slot * IMAGE_RECORD_SIZE;
    const i = code[slot];
    if (i === null || i === undefined) {
      view.setUint8(record, OPERATIONS.BAD);
      continue;
    }
    const d = decodeInsn(i, slot, program, runtimeHelper);
    view.setUint8(record, d.code);
    view.setUint8(record + 1, d.dst);
    view.setUint8(record + 2, d.src);
    if (d.target === null) {
      view.setInt32(record + 4, d.offset, true);
    } else {
      const inside = d.target >= 0 && d.target < code.length;
      view.setUint32(record + 4, records + (inside ? d.target : code.length) * IMAGE_RECORD_SIZE, true);
    }
    view.setBigInt64(record + 8, d.imm, true);
  }
}
