/**
 * THE instruction table: one row per BPF instruction (RFC 9669, the legacy packet loads, and what Linux added since).
 * Codec, assembler, disassembler, interpreters, JIT and generators all read these rows; nothing else knows opcodes.
 */

/** What an instruction does, coarsely; `op` and `width` complete it. */
export type FormKind =
  | "alu"
  | "mov"
  | "movsx"
  | "neg"
  | "end"
  | "addr_cast"
  | "ld_imm64"
  | "ld_abs"
  | "ld_ind"
  | "ldx"
  | "ldxs"
  | "st"
  | "stx"
  | "atomic"
  | "load_acquire"
  | "store_release"
  | "ja"
  | "jmp"
  | "may_goto"
  | "call"
  | "exit";

/** Raw fields in which an instruction carries an operand; every other field is reserved or fixed by the row. */
export type Field = "dst" | "src" | "off" | "imm";

export interface Form {
  /** Dense index into FORMS. */
  readonly id: number;
  /** Unique name, for example `add64_imm`, `jsgt32_reg`, `ldx32`, `fetch_add64`, `ld_imm64_map_fd`. */
  readonly name: string;
  /** The opcode byte. */
  readonly opcode: number;
  readonly kind: FormKind;
  /**
   * The operation within the kind: `add` … `arsh` for alu; `jeq` … for jmp; `le`, `be`, `bswap` for end;
   * `add`, `fetch_add`, `xchg`, `cmpxchg` … for atomic; `helper`, `local`, `kfunc`, `reg` for call; the pseudo source for ld_imm64.
   */
  readonly op: string;
  /** Width of the operation or of the memory access, in bits. */
  readonly width: 8 | 16 | 32 | 64;
  /** Width of the destination register written, in bits; differs from `width` for movsx and loads. */
  readonly result: 32 | 64;
  readonly source: "imm" | "reg" | null;
  /** Fields that carry operands. */
  readonly fields: readonly Field[];
  /** Values that the row fixes; a field in neither list must be zero. */
  readonly fixed: Readonly<Partial<Record<Field, number>>>;
  /** Text in the kernel's and LLVM's syntax; placeholders `{dst}` `{src}` `{off}` `{imm}` `{imm64}` `{jump}`. */
  readonly kernel: string;
  /** Text in the uBPF syntax, or null where that syntax has none. */
  readonly ubpf: string | null;
  /** The lowest `-mcpu` level whose compilers emit it (LLVM's v1 to v4). */
  readonly cpu: 1 | 2 | 3 | 4;
  /** The first Linux version that accepts it. */
  readonly since: string;
}

type Row = Omit<Form, "id">;
type Width = 8 | 16 | 32 | 64;

const rows: Row[] = [];

function row(r: Partial<Row> & Pick<Row, "name" | "opcode" | "kind" | "op" | "kernel">): void {
  rows.push({
    width: 64,
    result: 64,
    source: null,
    fields: [],
    fixed: {},
    ubpf: null,
    cpu: 1,
    since: "3.18",
    ...r,
  });
}

// RFC 9669 section 4.1: arithmetic, 32-bit (class ALU 0x04) and 64-bit (class ALU64 0x07).
const ALU = [
  { op: "add", code: 0x00, sign: "+=" },
  { op: "sub", code: 0x10, sign: "-=" },
  { op: "mul", code: 0x20, sign: "*=" },
  { op: "div", code: 0x30, sign: "/=" },
  { op: "sdiv", code: 0x30, sign: "s/=", off: 1 },
  { op: "or", code: 0x40, sign: "|=" },
  { op: "and", code: 0x50, sign: "&=" },
  { op: "lsh", code: 0x60, sign: "<<=" },
  { op: "rsh", code: 0x70, sign: ">>=" },
  { op: "mod", code: 0x90, sign: "%=" },
  { op: "smod", code: 0x90, sign: "s%=", off: 1 },
  { op: "xor", code: 0xa0, sign: "^=" },
  { op: "mov", code: 0xb0, sign: "=" },
  { op: "arsh", code: 0xc0, sign: "s>>=" },
] as const;

for (const width of [64, 32] as const) {
  const cls = width === 64 ? 0x07 : 0x04;
  const r = width === 64 ? "r" : "w";
  const tail = width === 64 ? "" : "32";
  for (const alu of ALU) {
    const signed = "off" in alu;
    const fixed = signed ? { off: 1 } : {};
    const common = {
      kind: alu.op === "mov" ? ("mov" as const) : ("alu" as const),
      op: alu.op,
      width,
      result: width,
      fixed,
      cpu: signed ? (4 as const) : width === 32 ? (3 as const) : (1 as const),
      since: signed ? "6.6" : "3.18",
    };
    row({
      ...common,
      name: `${alu.op}${width}_imm`,
      opcode: cls | alu.code,
      source: "imm",
      fields: ["dst", "imm"],
      kernel: `${r}{dst} ${alu.sign} {imm}`,
      ubpf: `${alu.op}${tail} %r{dst}, {imm}`,
    });
    row({
      ...common,
      name: `${alu.op}${width}_reg`,
      opcode: cls | alu.code | 0x08,
      source: "reg",
      fields: ["dst", "src"],
      kernel: `${r}{dst} ${alu.sign} ${r}{src}`,
      ubpf: `${alu.op}${tail} %r{dst}, %r{src}`,
    });
  }
  row({
    name: `neg${width}`,
    opcode: cls | 0x80,
    kind: "neg",
    op: "neg",
    width,
    result: width,
    fields: ["dst"],
    kernel: `${r}{dst} = -${r}{dst}`,
    ubpf: `neg${tail} %r{dst}`,
    cpu: width === 32 ? 3 : 1,
  });
  for (const from of [8, 16, 32] as const) {
    if (from >= width) continue;
    row({
      name: `movsx${from}_${width}`,
      opcode: cls | 0xb8,
      kind: "movsx",
      op: "movsx",
      width: from,
      result: width,
      source: "reg",
      fields: ["dst", "src"],
      fixed: { off: from },
      kernel: `${r}{dst} = (s${from})${r}{src}`,
      ubpf: `movsx${from}${width} %r{dst}, %r{src}`,
      cpu: 4,
      since: "6.6",
    });
  }
}

// RFC 9669 section 4.2: byte swaps; `le`/`be` convert from host order, `bswap` always swaps.
for (const [op, opcode, cpu, since] of [
  ["le", 0xd4, 1, "3.18"],
  ["be", 0xdc, 1, "3.18"],
  ["bswap", 0xd7, 4, "6.6"],
] as const) {
  for (const width of [16, 32, 64] as const) {
    row({
      name: `${op}${width}`,
      opcode,
      kind: "end",
      op,
      width,
      fields: ["dst"],
      fixed: { imm: width },
      kernel: `r{dst} = ${op}${width} r{dst}`,
      ubpf: `${op}${width} %r{dst}`,
      cpu,
      since,
    });
  }
}

row({
  name: "addr_space_cast",
  opcode: 0xbf,
  kind: "addr_cast",
  op: "addr_cast",
  source: "reg",
  fields: ["dst", "src", "imm"],
  fixed: { off: 1 },
  kernel: "r{dst} = addr_space_cast(r{src}, {as_dst}, {as_src})",
  cpu: 3,
  since: "6.9",
});

// RFC 9669 section 5.4: 64-bit immediates; the source register says what the immediate stands for. Two slots.
for (const [op, src, kernel, since] of [
  ["value", 0, "r{dst} = {imm64} ll", "3.18"],
  ["map_fd", 1, "r{dst} = map_fd({imm}) ll", "3.18"],
  ["map_value", 2, "r{dst} = map_value({imm}, {hi}) ll", "5.2"],
  ["btf_id", 3, "r{dst} = btf_id({imm}, {hi}) ll", "5.10"],
  ["func", 4, "r{dst} = func({jump}) ll", "5.13"],
  ["map_idx", 5, "r{dst} = map_idx({imm}) ll", "5.14"],
  ["map_idx_value", 6, "r{dst} = map_idx_value({imm}, {hi}) ll", "5.14"],
] as const) {
  row({
    name: op === "value" ? "ld_imm64" : `ld_imm64_${op}`,
    opcode: 0x18,
    kind: "ld_imm64",
    op,
    source: "imm",
    fields: ["dst", "imm"],
    fixed: src === 0 ? {} : { src },
    kernel,
    ubpf: op === "value" ? "lddw %r{dst}, {imm64}" : null,
    since,
  });
}

const SIZES = [
  { width: 8, code: 0x10, ubpf: "b" },
  { width: 16, code: 0x08, ubpf: "h" },
  { width: 32, code: 0x00, ubpf: "w" },
  { width: 64, code: 0x18, ubpf: "dw" },
] as const;

// RFC 9669 section 5.5: legacy packet access (implicit context in r6, result in r0).
for (const { width, code, ubpf } of SIZES) {
  if (width === 64) continue;
  row({
    name: `ld_abs${width}`,
    opcode: 0x20 | code,
    kind: "ld_abs",
    op: "ld_abs",
    width,
    source: "imm",
    fields: ["imm"],
    kernel: `r0 = *(u${width} *)skb[{imm}]`,
    ubpf: `ldabs${ubpf} {imm}`,
  });
  row({
    name: `ld_ind${width}`,
    opcode: 0x40 | code,
    kind: "ld_ind",
    op: "ld_ind",
    width,
    source: "reg",
    fields: ["src", "imm"],
    kernel: `r0 = *(u${width} *)skb[r{src} {+imm}]`,
    ubpf: `ldind${ubpf} %r{src}, {imm}`,
  });
}

// RFC 9669 section 5.1 and 5.2: regular and sign-extending loads, stores.
for (const { width, code, ubpf } of SIZES) {
  row({
    name: `ldx${width}`,
    opcode: 0x61 | code,
    kind: "ldx",
    op: "ldx",
    width,
    fields: ["dst", "src", "off"],
    kernel: `r{dst} = *(u${width} *)(r{src} {off})`,
    ubpf: `ldx${ubpf} %r{dst}, [%r{src}{off}]`,
  });
}
for (const { width, code, ubpf } of SIZES) {
  if (width === 64) continue;
  row({
    name: `ldxs${width}`,
    opcode: 0x81 | code,
    kind: "ldxs",
    op: "ldxs",
    width,
    fields: ["dst", "src", "off"],
    kernel: `r{dst} = *(s${width} *)(r{src} {off})`,
    ubpf: `ldxs${ubpf} %r{dst}, [%r{src}{off}]`,
    cpu: 4,
    since: "6.6",
  });
}
for (const { width, code, ubpf } of SIZES) {
  row({
    name: `st${width}`,
    opcode: 0x62 | code,
    kind: "st",
    op: "st",
    width,
    source: "imm",
    fields: ["dst", "off", "imm"],
    kernel: `*(u${width} *)(r{dst} {off}) = {imm}`,
    ubpf: `st${ubpf} [%r{dst}{off}], {imm}`,
    cpu: 4,
  });
  row({
    name: `stx${width}`,
    opcode: 0x63 | code,
    kind: "stx",
    op: "stx",
    width,
    source: "reg",
    fields: ["dst", "src", "off"],
    kernel: `*(u${width} *)(r{dst} {off}) = ${width === 64 ? "r" : "w"}{src}`,
    ubpf: `stx${ubpf} [%r{dst}{off}], %r{src}`,
  });
}

// RFC 9669 section 5.3: atomics, 32 and 64 bits wide; the operation is in imm.
for (const width of [64, 32] as const) {
  const opcode = width === 64 ? 0xdb : 0xc3;
  const r = width === 64 ? "r" : "w";
  const tail = width === 64 ? "" : "32";
  const fields = ["dst", "src", "off"] as const;
  for (const [op, imm, sign] of [
    ["add", 0x00, "+="],
    ["or", 0x40, "|="],
    ["and", 0x50, "&="],
    ["xor", 0xa0, "^="],
  ] as const) {
    row({
      name: `atomic_${op}${width}`,
      opcode,
      kind: "atomic",
      op,
      width,
      result: width,
      source: "reg",
      fields,
      fixed: { imm },
      kernel: `lock *(u${width} *)(r{dst} {off}) ${sign} ${r}{src}`,
      ubpf: `lock ${op}${tail} [%r{dst}{off}], %r{src}`,
      cpu: op === "add" ? 1 : 3,
      since: op === "add" ? "3.18" : "5.12",
    });
    row({
      name: `fetch_${op}${width}`,
      opcode,
      kind: "atomic",
      op: `fetch_${op}`,
      width,
      result: width,
      source: "reg",
      fields,
      fixed: { imm: imm | 1 },
      kernel: `${r}{src} = atomic_fetch_${op}((u${width} *)(r{dst} {off}), ${r}{src})`,
      ubpf: `lock fetch_${op}${tail} [%r{dst}{off}], %r{src}`,
      cpu: 3,
      since: "5.12",
    });
  }
  row({
    name: `xchg${width}`,
    opcode,
    kind: "atomic",
    op: "xchg",
    width,
    result: width,
    source: "reg",
    fields,
    fixed: { imm: 0xe1 },
    kernel: width === 64 ? "r{src} = xchg_64(r{dst} {off}, r{src})" : "w{src} = xchg32_32(r{dst} {off}, w{src})",
    ubpf: `lock xchg${tail} [%r{dst}{off}], %r{src}`,
    cpu: 3,
    since: "5.12",
  });
  row({
    name: `cmpxchg${width}`,
    opcode,
    kind: "atomic",
    op: "cmpxchg",
    width,
    result: width,
    source: "reg",
    fields,
    fixed: { imm: 0xf1 },
    kernel: width === 64 ? "r0 = cmpxchg_64(r{dst} {off}, r0, r{src})" : "w0 = cmpxchg32_32(r{dst} {off}, w0, w{src})",
    ubpf: `lock cmpxchg${tail} [%r{dst}{off}], %r{src}`,
    cpu: 3,
    since: "5.12",
  });
}
for (const { width, code } of SIZES) {
  const r = width === 64 ? "r" : "w";
  row({
    name: `load_acquire${width}`,
    opcode: 0xc3 | code,
    kind: "load_acquire",
    op: "load_acquire",
    width,
    fields: ["dst", "src", "off"],
    fixed: { imm: 0x100 },
    kernel: `${r}{dst} = load_acquire((u${width} *)(r{src} {off}))`,
    cpu: 4,
    since: "6.15",
  });
  row({
    name: `store_release${width}`,
    opcode: 0xc3 | code,
    kind: "store_release",
    op: "store_release",
    width,
    source: "reg",
    fields: ["dst", "src", "off"],
    fixed: { imm: 0x110 },
    kernel: `store_release((u${width} *)(r{dst} {off}), ${r}{src})`,
    cpu: 4,
    since: "6.15",
  });
}

// RFC 9669 section 4.3: jumps, 64-bit (class JMP 0x05) and 32-bit (class JMP32 0x06).
const JUMPS = [
  { op: "jeq", code: 0x10, sign: "==" },
  { op: "jgt", code: 0x20, sign: ">" },
  { op: "jge", code: 0x30, sign: ">=" },
  { op: "jset", code: 0x40, sign: "&" },
  { op: "jne", code: 0x50, sign: "!=" },
  { op: "jsgt", code: 0x60, sign: "s>" },
  { op: "jsge", code: 0x70, sign: "s>=" },
  { op: "jlt", code: 0xa0, sign: "<" },
  { op: "jle", code: 0xb0, sign: "<=" },
  { op: "jslt", code: 0xc0, sign: "s<" },
  { op: "jsle", code: 0xd0, sign: "s<=" },
] as const;

for (const width of [64, 32] as const) {
  const cls = width === 64 ? 0x05 : 0x06;
  const r = width === 64 ? "r" : "w";
  const tail = width === 64 ? "" : "32";
  for (const { op, code, sign } of JUMPS) {
    const low = code >= 0xa0;
    const common = {
      kind: "jmp" as const,
      op,
      width,
      result: width,
      cpu: width === 32 ? (3 as const) : low ? (2 as const) : (1 as const),
      since: width === 32 ? "5.1" : low ? "4.14" : "3.18",
    };
    row({
      ...common,
      name: `${op}${width}_imm`,
      opcode: cls | code,
      source: "imm",
      fields: ["dst", "off", "imm"],
      kernel: `if ${r}{dst} ${sign} {imm} goto {jump}`,
      ubpf: `${op}${tail} %r{dst}, {imm}, {jump}`,
    });
    row({
      ...common,
      name: `${op}${width}_reg`,
      opcode: cls | code | 0x08,
      source: "reg",
      fields: ["dst", "src", "off"],
      kernel: `if ${r}{dst} ${sign} ${r}{src} goto {jump}`,
      ubpf: `${op}${tail} %r{dst}, %r{src}, {jump}`,
    });
  }
}
row({ name: "ja", opcode: 0x05, kind: "ja", op: "ja", fields: ["off"], kernel: "goto {jump}", ubpf: "ja {jump}" });
row({
  name: "ja32",
  opcode: 0x06,
  kind: "ja",
  op: "ja32",
  fields: ["imm"],
  kernel: "gotol {jump}",
  ubpf: "ja32 {jump}",
  cpu: 4,
  since: "6.6",
});
row({
  name: "may_goto",
  opcode: 0xe5,
  kind: "may_goto",
  op: "may_goto",
  fields: ["off"],
  kernel: "may_goto {jump}",
  cpu: 4,
  since: "6.9",
});

// RFC 9669 section 4.3.1 and 4.3.2: calls; the source register says what the immediate stands for.
for (const [op, src, kernel, ubpf, since] of [
  ["helper", 0, "call {imm}", "call {imm}", "3.18"],
  ["local", 1, "call {jump}", "call local {jump}", "4.16"],
  ["kfunc", 2, "call kfunc({off16}, {imm})", null, "5.13"],
] as const) {
  row({
    name: `call_${op}`,
    opcode: 0x85,
    kind: "call",
    op,
    fields: op === "kfunc" ? ["off", "imm"] : ["imm"],
    fixed: src === 0 ? {} : { src },
    kernel,
    ubpf,
    since,
  });
}
row({
  name: "call_reg",
  opcode: 0x8d,
  kind: "call",
  op: "reg",
  fields: ["dst"],
  kernel: "callx r{dst}",
  ubpf: "call %r{dst}",
  // Emitted by LLVM for function pointers; no Linux version accepts it.
  since: "never",
});
row({ name: "exit", opcode: 0x95, kind: "exit", op: "exit", kernel: "exit", ubpf: "exit" });

/** Every BPF instruction; `FORMS[i].id === i`. */
export const FORMS: readonly Form[] = rows.map((r, id) => ({ id, ...r }));

const byName = new Map(FORMS.map((f) => [f.name, f]));
const byOpcode: Form[][] = Array.from({ length: 256 }, () => []);
for (const form of FORMS) byOpcode[form.opcode]!.push(form);

/** The row of that name; an unknown name is a mistake of the caller's. */
export function form(name: string): Form {
  const found = byName.get(name);
  if (found === undefined) throw new RangeError(`no instruction form is named ${name}`);
  return found;
}

/** The rows that share an opcode byte (0 to 255), in table order. */
export function formsOf(opcode: number): readonly Form[] {
  return byOpcode[opcode]!;
}

/** Bytes read or written by a memory instruction of this width. */
export function widthBytes(width: Width): number {
  return width >> 3;
}
