import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseBtf } from "../../src/btf/index.ts";
import { btfForKernel, funcInfoBytes, lineInfoBytes, linkProgram, readObject } from "../../src/loader/index.ts";
import { missing, skipped } from "../support/needs.ts";
import { fixture } from "./compilers.ts";

/** BPF_BTF_LOAD (18) by the bare system call; prints the errno and the kernel's log. */
const LOAD = `
import ctypes, struct, sys
data = open(sys.argv[1], "rb").read()
btf = ctypes.create_string_buffer(data, len(data))
log = ctypes.create_string_buffer(1 << 20)
attr = struct.pack("QQIII", ctypes.addressof(btf), ctypes.addressof(log), len(data), len(log), 1)
buffer = ctypes.create_string_buffer(attr.ljust(128, b"\\0"), 128)
libc = ctypes.CDLL(None, use_errno=True)
fd = libc.syscall(321, 18, buffer, 128)
print("loaded" if fd >= 0 else "errno %d: %s" % (ctypes.get_errno(), log.value.decode()[-600:]))
`;

const WHAT = "BTF of objects against the running kernel";
const skip =
  (process.getuid?.() !== 0 && skipped(WHAT, "not root")) ||
  (process.arch !== "x64" && skipped(WHAT, "system call number of x86-64")) ||
  missing(WHAT, "python3");

describe("BTF for kernels", () => {
  for (const name of ["maps", "data", "extern", "core"]) {
    const spec = readObject(fixture(name), { name });
    const bytes = btfForKernel(spec)!;

    test(`${name}: ids and strings stay`, () => {
      const changed = parseBtf(bytes, name);
      expect(changed.count).toBe(spec.btf!.count);
      for (const map of spec.maps) {
        if (map.keyType !== 0) expect(changed.nameOf(map.keyType)).toBe(spec.btf!.nameOf(map.keyType));
      }
    });

    test.skipIf(skip)(`${name}: the running kernel takes it`, () => {
      const dir = mkdtempSync(join(tmpdir(), "anybpf-btf-"));
      try {
        writeFileSync(join(dir, "btf"), bytes);
        writeFileSync(join(dir, "load.py"), LOAD);
        const said = execFileSync("python3", [join(dir, "load.py"), join(dir, "btf")], { encoding: "utf8" });
        expect(said.trim()).toBe("loaded");
      } finally {
        rmSync(dir, { recursive: true });
      }
    });
  }

  test("records of functions and lines", () => {
    const spec = readObject(fixture("data"));
    const linked = linkProgram(spec, spec.programs[0]!);
    const funcs = new DataView(funcInfoBytes(linked).buffer);
    expect(funcs.byteLength).toBe(8 * linked.functions.length);
    expect(funcs.getUint32(8, true)).toBe(linked.functions[1]!.start);
    const lines = new DataView(lineInfoBytes(spec, linked).buffer);
    expect(lines.byteLength).toBe(16 * linked.lineInfo.length);
    const first = linked.lineInfo[0]!;
    expect(spec.btf!.string(lines.getUint32(8, true))).toBe(first.source);
    expect(lines.getUint32(12, true) >>> 10).toBe(first.line);
  });
});
