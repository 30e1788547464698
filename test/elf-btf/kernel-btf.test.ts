import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { layoutText, parseBtf } from "../../src/btf/index.ts";
import { cpuTime } from "../support/time.ts";
import { hasVmlinux, VMLINUX } from "./tools.ts";

test.skipIf(!hasVmlinux)("the kernel's BTF parses quickly, and its modules' on top of it", () => {
  // A Buffer, not a plain Uint8Array: its slice() is no copy.
  const bytes = readFileSync(VMLINUX);
  const times = Array.from({ length: 5 }, () => {
    const start = cpuTime();
    parseBtf(bytes, "vmlinux");
    return cpuTime() - start;
  });
  const base = parseBtf(bytes, "vmlinux");
  const start = cpuTime();
  const id = base.find("task_struct", "struct")[0]!;
  const indexed = cpuTime() - start;
  console.info(
    `${base.count} types, ${bytes.length} bytes: ${Math.min(...times).toFixed(1)} ms, name index ${indexed.toFixed(1)} ms`,
  );
  // 110 ms beside other work on 2 cores; wide, because a busy machine doubles it.
  expect(Math.min(...times)).toBeLessThan(600);
  expect(layoutText(base, id)).toMatch(/^struct task_struct \{\n\tstruct thread_info thread_info;/);
  for (const module of readdirSync("/sys/kernel/btf").filter((name) => name !== "vmlinux")) {
    const split = parseBtf(readFileSync(`/sys/kernel/btf/${module}`), module, { base });
    for (let i = base.count; i < split.count; i++) split.type(i);
  }
});
