import { describe, expect, it } from "vitest";
import { call, EXIT, mov, movReg, program, slot } from "../../../test/support/verifier/insns.ts";
import { BtfBuilder, parseBtf } from "../../btf/index.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { ProgramInput } from "../types.ts";
import { verify } from "../verify.ts";

const builder = new BtfBuilder();
const int = builder.add({
  kind: "int",
  name: "int",
  size: 4,
  signed: true,
  char: false,
  bool: false,
  bits: 32,
  bitOffset: 0,
});
const pointer = builder.add({ kind: "ptr", name: "", type: 0 });
const params = [{ name: "ctx", type: pointer }];
const returnsInt = builder.add({ kind: "func_proto", name: "", type: int, params });
const returnsNothing = builder.add({ kind: "func_proto", name: "", type: 0, params: [] });
const main = builder.add({ kind: "func", name: "main", type: returnsInt, linkage: "global" });
const sub = builder.add({ kind: "func", name: "sub", type: returnsInt, linkage: "static" });
const quiet = builder.add({ kind: "func", name: "quiet", type: returnsNothing, linkage: "static" });
const caught = builder.add({ kind: "func", name: "caught", type: returnsInt, linkage: "global" });
const file = builder.intern("a.c");
const first = builder.intern("int x;");
const second = builder.intern("return 0;");
const btf = parseBtf(builder.finish(), "test");

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
/** main at 0 calls sub at 3. */
const INSNS = program(mov(0, 0), slot(0x85, 0, 1, 0, 1), EXIT, mov(0, 0), EXIT);
const FUNCS = words(0, main, 3, sub);
const LINES = words(0, file, first, (1 << 10) | 3, 3, file, second, (2 << 10) | 1);
const TAIL_CALL = program(mov(0, 0), slot(0x85, 0, 1, 0, 1), EXIT, call(12), mov(0, 0), EXIT);
const LD_ABS = program(movReg(6, 1), slot(0x85, 0, 1, 0, 1), EXIT, movReg(6, 1), slot(0x30), EXIT);

function judge(input: Partial<ProgramInput>): { errno: number; message: string; log: string } {
  const all: ProgramInput = { type: 1, license: "GPL", insns: INSNS, btf, mapByFd: () => undefined, ...input };
  const { errno, failure, log } = verify(all, { logLevel: 2 });
  return { errno, message: failure?.message ?? "", log };
}

/** Messages as Linux 6.18.44 words them. */
const REFUSED: readonly (readonly [message: string, errno: number, input: Partial<ProgramInput>])[] = [
  ["invalid func info rec size 4", ERRNO.EINVAL, { funcInfo: FUNCS, funcInfoRecordSize: 4 }],
  ["invalid func info rec size 10", ERRNO.EINVAL, { funcInfo: FUNCS, funcInfoRecordSize: 10 }],
  ["invalid func info rec size 256", ERRNO.EINVAL, { funcInfo: new Uint8Array(256), funcInfoRecordSize: 256 }],
  [
    "nonzero tailing record in func info",
    ERRNO.E2BIG,
    { funcInfo: words(0, main, 1, 3, sub, 0), funcInfoRecordSize: 12 },
  ],
  ["nonzero insn_off 1 for the first func info record", ERRNO.EINVAL, { funcInfo: words(1, main, 3, sub) }],
  [
    "same or smaller insn offset (0) than previous func info record (0)",
    ERRNO.EINVAL,
    { funcInfo: words(0, main, 0, sub) },
  ],
  ["invalid type id 1 in func info", ERRNO.EINVAL, { funcInfo: words(0, main, 3, int) }],
  ["invalid type id -1 in func info", ERRNO.EINVAL, { funcInfo: words(0, main, 3, 0xffffffff) }],
  ["number of funcs in func_info doesn't match number of subprogs", ERRNO.EINVAL, { funcInfo: words(0, main) }],
  [
    "func_info BTF section doesn't match subprog layout in BPF program",
    ERRNO.EINVAL,
    { funcInfo: words(0, main, 2, sub) },
  ],
  ["", ERRNO.EINVAL, { funcInfo: FUNCS, lineInfo: LINES, lineInfoRecordSize: 8 }],
  [
    "nonzero tailing record in line_info",
    ERRNO.E2BIG,
    { funcInfo: FUNCS, lineInfo: words(0, file, first, 1, 7, 3, file, second, 2, 0), lineInfoRecordSize: 20 },
  ],
  [
    "Invalid line_info[1].insn_off:0 (prev_offset:0 prog->len:5)",
    ERRNO.EINVAL,
    { funcInfo: FUNCS, lineInfo: words(0, file, first, 1, 0, file, second, 2) },
  ],
  [
    "Invalid line_info[0].line_off or .file_name_off",
    ERRNO.EINVAL,
    { funcInfo: FUNCS, lineInfo: words(0, file, 5555, 1, 3, file, second, 2) },
  ],
  [
    "Invalid insn code at line_info[1].insn_off",
    ERRNO.EINVAL,
    {
      insns: program(slot(0x18, 1), slot(0), mov(0, 0), EXIT),
      funcInfo: words(0, main),
      lineInfo: words(0, file, first, 1, 1, file, second, 2),
    },
  ],
  [
    "missing bpf_line_info for func#1",
    ERRNO.EINVAL,
    { funcInfo: FUNCS, lineInfo: words(0, file, first, 1, 4, file, second, 2) },
  ],
  [
    "missing bpf_line_info for 1 funcs starting from func#1",
    ERRNO.EINVAL,
    { funcInfo: FUNCS, lineInfo: words(0, file, first, 1) },
  ],
  [
    "tail_call is only allowed in functions that return 'int'.",
    ERRNO.EINVAL,
    { insns: TAIL_CALL, funcInfo: words(0, main, 3, quiet) },
  ],
  [
    "LD_ABS is only allowed in functions that return 'int'.",
    ERRNO.EINVAL,
    { insns: LD_ABS, funcInfo: words(0, main, 3, quiet) },
  ],
  ["LD_ABS is not allowed in subprogs without BTF", ERRNO.EINVAL, { insns: LD_ABS }],
];

describe("func_info and line_info", () => {
  it.each(REFUSED)("%s", (message, errno, input) => {
    expect(judge(input)).toMatchObject({ errno, message });
  });

  it("are taken, longer records too; source lines are in the log", () => {
    const { errno, log } = judge({ funcInfo: FUNCS, lineInfo: LINES });
    expect(errno).toBe(0);
    expect(log).toContain("; int x; @ a.c:1\n");
    expect(judge({ funcInfo: words(0, main, 0, 3, sub, 0), funcInfoRecordSize: 12 }).errno).toBe(0);
  });
});

describe("exception callbacks named by a declaration tag", () => {
  const tagged = (...names: string[]): ProgramInput["btf"] => {
    const again = new BtfBuilder();
    for (let id = 1; id < btf.count; id++) again.add(btf.type(id));
    for (const name of names) again.add({ kind: "decl_tag", name, type: main, component: -1 });
    return parseBtf(again.finish(), "test");
  };
  const CASES: readonly (readonly [string, number, readonly string[], Uint8Array])[] = [
    ["exception callback type id not found in func_info", ERRNO.EINVAL, ["caught"], FUNCS],
    ["multiple exception callback tags for main subprog", ERRNO.EEXIST, ["caught", "sub"], FUNCS],
    ["exception callback 'nope' could not be found in BTF", ERRNO.ENOENT, ["nope"], FUNCS],
    ["exception callback 'sub' must have global linkage", ERRNO.EINVAL, ["sub"], FUNCS],
    ["invalid exception callback insn_off in func_info: 0", ERRNO.EINVAL, ["main"], words(0, main, 3, caught)],
  ];
  it.each(CASES)("%s", (message, errno, names, funcInfo) => {
    const tags = names.map((name) => `exception_callback:${name}`);
    expect(judge({ btf: tagged(...tags)!, funcInfo })).toMatchObject({ errno, message });
  });
});
