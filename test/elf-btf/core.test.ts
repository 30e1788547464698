import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Btf,
  type BtfCoreRelo,
  CORE_RELO_KINDS,
  parseBtf,
  parseBtfExt,
  resolveCoreRelo,
} from "../../src/btf/index.ts";
import { parseElf } from "../../src/elf/index.ts";
import { missing } from "../support/needs.ts";

const CLANG = "/usr/bin/clang-19";
const fixture = new URL("./fixtures/core.c", import.meta.url).pathname;

interface Compiled {
  readonly btf: Btf;
  readonly relos: readonly BtfCoreRelo[];
  /** What each relocated instruction holds: its offset for loads, else its immediate. */
  readonly held: readonly bigint[];
}

function compile(target: string, kernel: number): Compiled {
  const out = join(mkdtempSync(join(tmpdir(), "anybpf-core-")), "core.o");
  execFileSync(CLANG, ["-O2", "-g", "-target", target, "-mcpu=v3", `-DKERNEL=${kernel}`, "-c", fixture, "-o", out]);
  const elf = parseElf(new Uint8Array(readFileSync(out)), out);
  const section = (name: string) => elf.sections.find((s) => s.name === name)!.data;
  const btf = parseBtf(section(".BTF"), out);
  const relos = parseBtfExt(section(".BTF.ext"), btf, out).coreRelos.get("socket")!;
  const code = section("socket");
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const le = elf.littleEndian;
  const held = relos.map(({ offset }) => {
    const opcode = code[offset]!;
    if (opcode === 0x18)
      return (BigInt(view.getUint32(offset + 12, le)) << 32n) | BigInt(view.getUint32(offset + 4, le));
    if ((opcode & 7) <= 3) return BigInt(view.getInt16(offset + 2, le));
    return BigInt(view.getInt32(offset + 4, le));
  });
  return { btf, relos, held };
}

/** Place and width of the bit field that offset, size and shifts extract. */
function bitsOf(values: readonly bigint[], first: number, littleEndian: boolean): { at: number; bits: number } {
  const [offset, size, , , left, right] = values.slice(first, first + 6).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const bits = 64 - right;
  return { at: offset * 8 + (littleEndian ? 64 - left - bits : left - (8 - size) * 8), bits };
}

describe.skipIf(missing("CO-RE against clang", CLANG)).each(["bpfel", "bpfeb"])(
  "CO-RE against what clang makes of the other kernel, %s",
  (target) => {
    const one = compile(target, 1);
    const two = compile(target, 2);
    test("both have the same relocations, of nearly all kinds", () => {
      expect(two.relos.map(({ kind }) => kind)).toEqual(one.relos.map(({ kind }) => kind));
      expect(new Set(one.relos.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(10);
    });
    test.each([
      ["1 → 1", one, one],
      ["1 → 2", one, two],
      ["2 → 1", two, one],
      ["2 → 2", two, two],
    ] as const)("%s", (_, from, to) => {
      const results = from.relos.map((relo) => resolveCoreRelo(from.btf, relo, to.btf));
      const poison = results.filter((result) => result.kind === "poison");
      expect(poison).toEqual([]);
      const values = results.map((result) => (result.kind === "value" ? BigInt.asUintN(64, result.value) : -1n));
      const named = (i: number, value: bigint) => {
        const relo = from.relos[i]!;
        return `${i} ${CORE_RELO_KINDS[relo.kind]!.name} ${relo.access}: ${value}`;
      };
      // clang and libbpf load bit fields in different widths; both must mean the same bits.
      for (const first of [0, 6, 12]) {
        expect(bitsOf(values, first, to.btf.littleEndian)).toEqual(bitsOf(to.held, first, to.btf.littleEndian));
      }
      const exact = (i: number) => i >= 18 || i % 6 === 2 || i % 6 === 3;
      expect(values.map((v, i) => named(i, v)).filter((_v, i) => exact(i))).toEqual(
        to.held.map((v, i) => named(i, v)).filter((_v, i) => exact(i)),
      );
      for (const [i, relo] of from.relos.entries()) {
        const result = resolveCoreRelo(from.btf, relo, to.btf);
        if (result.kind === "value" && result.validate) expect(result.localValue).toBe(from.held[i]);
      }
    });
  },
);
