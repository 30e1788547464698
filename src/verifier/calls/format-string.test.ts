import { expect, test } from "vitest";
import { isFormatValid } from "./format-string.ts";

// As the kernel answers bpf_snprintf with constant formats.
test.each([
  ["abc", 0, true],
  ["%d", 1, true],
  ["%d %d", 1, false],
  ["%d", 2, true],
  ["%% %d%%", 1, true],
  ["%", 1, false],
  ["%08x %-5d % d %+d", 4, true],
  ["%hd", 1, false],
  ["%lld %lu %li", 3, true],
  ["%lllu", 1, false],
  ["%5s", 1, true],
  ["%sx", 1, false],
  ["%s,", 1, true],
  ["%pi4 %pI4 %pi6 %pI6", 4, true],
  ["%pi5", 1, false],
  ["%pM", 1, false],
  ["%pks %pus", 2, true],
  ["%pksx", 1, false],
  ["%pxx", 1, true],
  ["%*d", 1, false],
  ["%.3d", 1, false],
  ["%lc", 1, false],
  ["%f", 1, false],
  ["a\x01", 0, false],
  ["\xc3\xa4", 0, true],
  ["%s\xc2", 1, false],
])("%j with %i arguments: %s", (format, args, valid) => {
  expect(isFormatValid(format, args)).toBe(valid);
});
