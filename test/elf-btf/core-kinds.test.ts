import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CORE_RELO_KINDS, parseBtf, parseBtfExt, resolveCoreRelo } from "../../src/btf/index.ts";
import { linkProgram, POISON_CORE, readObject } from "../../src/loader/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { missing, skipped } from "../support/needs.ts";
import { CORE_ROWS, type CoreRow } from "./core-kinds.ts";
import { compileText, readBytes, readElf, scratch, section } from "./tools.ts";

/** A program for each row in a section of its own; returns what the relocation says. */
const LOCAL = `#define SEC(name) __attribute__((section(name), used))
${CORE_ROWS.map(({ local, expression }, i) => `${local}\nSEC("raw_tp/${i}") unsigned long row${i}(void *c) { return ${expression}; }`).join("\n")}
char LICENSE[] SEC("license") = "GPL";
`;

/** Variables bring the types into BTF. */
const TARGET = CORE_ROWS.map(({ target }, row) => {
  const tags = [...target.matchAll(/(?:^|; )((?:struct|union|enum) \w+) \{/g)].map((m) => m[1]);
  return `${target}\n${tags.map((tag, i) => `${tag} use_${row}_${i};`).join("\n")}`;
}).join("\n");

const byTarget = new Map<string, ReturnType<typeof compileRows>>();

function compiled(target: "bpfel" | "bpfeb") {
  const known = byTarget.get(target) ?? compileRows(target);
  byTarget.set(target, known);
  return known;
}

function compileRows(target: string) {
  const flags = ["-target", target, "-Wno-everything"];
  const path = compileText(LOCAL, flags);
  const elf = readElf(path);
  const btf = parseBtf(section(elf, ".BTF"), path);
  const { coreRelos } = parseBtfExt(section(elf, ".BTF.ext"), btf, path);
  const targetPath = compileText(TARGET, flags);
  const targetBytes = section(readElf(targetPath), ".BTF");
  return { path, btf, coreRelos, target: parseBtf(targetBytes, targetPath), targetBytes };
}

const names = CORE_ROWS.map((row) => `${row.kind}: ${row.what}`);

/** The value a row gives; type ids by name, since compilers number types as they like. */
function expected(row: CoreRow, { btf, target }: ReturnType<typeof compiled>, little: boolean) {
  const { becomes, kind, expression } = row;
  if (becomes === "id") {
    const [, tag, name] = /\((struct|enum) (\w+) /.exec(expression)!;
    const [id] = (kind === "type_id_local" ? btf : target).find(name!, tag as "struct" | "enum");
    return BigInt(id!);
  }
  if (typeof becomes === "string") return becomes;
  if (typeof becomes === "object") return BigInt(becomes[little ? 0 : 1]);
  return BigInt(becomes);
}

describe.skipIf(missing("all kinds of CO-RE relocations", "clang-19"))("CO-RE by kind", () => {
  test("the rows cover all kinds", () => {
    expect(new Set(CORE_ROWS.map((row) => row.kind))).toEqual(new Set(CORE_RELO_KINDS.map((kind) => kind.name)));
  });

  describe.each(["bpfel", "bpfeb"] as const)("%s", (target) => {
    test.each(CORE_ROWS.map((row, i) => [names[i]!, row, i] as const))("%s", (_name, row, i) => {
      const made = compiled(target);
      const relos = made.coreRelos.get(`raw_tp/${i}`)!;
      expect(relos.map((relo) => CORE_RELO_KINDS[relo.kind]!.name)).toEqual([row.kind]);
      let got: bigint | string;
      try {
        const result = resolveCoreRelo(made.btf, relos[0]!, made.target);
        got = result.kind === "poison" ? "poison" : result.value;
      } catch (error) {
        if (!(error instanceof BpfError)) throw error;
        got = error.code;
      }
      expect(got).toBe(expected(row, made, target === "bpfel"));
    });
  });

  test("linking puts the values into the instructions", () => {
    const made = compiled("bpfel");
    const spec = readObject(readBytes(made.path), { name: "rows.o" });
    for (const [i, row] of CORE_ROWS.entries()) {
      const program = spec.programs.find((p) => p.name === `row${i}`)!;
      const link = () => linkProgram(spec, program, { targetBtf: made.target });
      const want = expected(row, made, true);
      if (want === "E_CORE_AMBIGUOUS") {
        expect(link, names[i]).toThrow(/E_CORE_APPLY/);
        continue;
      }
      const { code, poisoned } = link();
      expect(poisoned.length, names[i]).toBe(want === "poison" ? 1 : 0);
      const [slot] = spec.sections.find((s) => s.name === program.section)!.references.map((r) => r.slot);
      const patched = code[slot!]!;
      if (want === "poison") {
        expect([patched.form.name, patched.imm], names[i]).toEqual(["call_helper", POISON_CORE]);
      } else {
        const wide = patched.form.kind === "ld_imm64" ? (BigInt(patched.hi) << 32n) | BigInt(patched.imm >>> 0) : null;
        expect(BigInt.asIntN(64, wide ?? BigInt(patched.imm)), names[i]).toBe(want);
      }
    }
  });
});

/**
 * libbpf given the same object and the target's BTF (`btf_custom_path`): loads one program at a time and prints the value that it returns,
 * "poison" where the kernel met the call that stands for one, else "error".
 */
const LIBBPF = `
import ctypes, struct, sys
lib = ctypes.CDLL("libbpf.so.1", use_errno=True)
P = ctypes.c_void_p
for name in ("bpf_object__open_file", "bpf_object__find_program_by_name", "bpf_object__next_program", "bpf_program__insns"):
    getattr(lib, name).restype = P
lib.bpf_program__insn_cnt.restype = ctypes.c_size_t
KEEP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, P)
silent = KEEP(lambda level, text, args: 0)
lib.libbpf_set_print(silent)
path, target, count = sys.argv[1].encode(), ctypes.create_string_buffer(sys.argv[2].encode()), int(sys.argv[3])
for row in range(count):
    # struct bpf_object_open_opts: sz, object_name, 2 bools, pin_root_path, u32, kconfig, btf_custom_path, kernel_log_buf, size, level
    log = ctypes.create_string_buffer(1 << 16)
    opts = struct.pack("QQQQQQQQQQ", 80, 0, 0, 0, 0, 0, ctypes.addressof(target), ctypes.addressof(log), len(log), 1)
    raw = ctypes.create_string_buffer(opts, 80)
    obj = P(lib.bpf_object__open_file(path, raw))
    prog = None
    while True:
        prog = lib.bpf_object__next_program(obj, P(prog))
        if not prog: break
        lib.bpf_program__set_autoload(P(prog), ctypes.c_bool(False))
    prog = P(lib.bpf_object__find_program_by_name(obj, b"row%d" % row))
    lib.bpf_program__set_autoload(prog, ctypes.c_bool(True))
    failed = lib.bpf_object__load(obj)
    if failed:
        print("poison" if b"invalid func" in log.value or b"invalid CO-RE" in log.value else "error")
    else:
        code = ctypes.string_at(lib.bpf_program__insns(prog), lib.bpf_program__insn_cnt(prog) * 8)
        op, imm, hi = code[0], struct.unpack_from("<i", code, 4)[0], struct.unpack_from("<i", code, 12)[0]
        print(((hi << 32) | (imm & 0xffffffff)) if op == 0x18 else imm)
    lib.bpf_object__close(obj)
`;

const WHAT = "CO-RE by kind against libbpf";
const skip =
  (process.getuid?.() !== 0 && skipped(WHAT, "not root")) || missing(WHAT, "clang-19", "python3") || noLibbpf();

function noLibbpf(): boolean {
  try {
    execFileSync("python3", ["-c", 'import ctypes; ctypes.CDLL("libbpf.so.1")'], { stdio: "ignore" });
    return false;
  } catch {
    return skipped(WHAT, "libbpf.so.1 not installed");
  }
}

test.skipIf(skip)(
  "libbpf makes the same of each row",
  () => {
    const made = compiled("bpfel");
    const btf = scratch("target.btf");
    writeFileSync(btf, made.targetBytes);
    const script = scratch("core.py");
    writeFileSync(script, LIBBPF);
    const said = execFileSync("python3", [script, made.path, btf, String(CORE_ROWS.length)], { encoding: "utf8" });
    const theirs = said.trim().split("\n");
    const ours = CORE_ROWS.map((row) => String(expected(row, made, true)).replace("E_CORE_AMBIGUOUS", "error"));
    const differ = names.flatMap((name, i) =>
      theirs[i] === ours[i] ? [] : [`${name}: libbpf ${theirs[i]}, here ${ours[i]}`],
    );
    expect(differ).toEqual([]);
  },
  60_000,
);
