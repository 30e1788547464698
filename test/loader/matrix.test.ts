import { afterAll, describe, expect, test } from "vitest";
import { parseBtf } from "../../src/btf/index.ts";
import { inspectObject } from "../../src/cli/inspect/report.ts";
import { renderInspect } from "../../src/cli/inspect/text.ts";
import { parseElf } from "../../src/elf/index.ts";
import { createMachine } from "../../src/kernel/index.ts";
import { type LinkOptions, linkProgram, type ObjectSpec, readObject } from "../../src/loader/index.ts";
import { missing, skipped } from "../support/needs.ts";
import { COMPILERS, type Compiler, compile, source } from "./compilers.ts";

/** One source through every compiler that BPF has: each object must read the same and do the same. */

const PACKETS = Array.from({ length: 24 }, (_, n) =>
  Uint8Array.from({ length: 14 + ((n * 7) % 50) }, (_b, i) => (i * 37 + n * n * 11 + 5) & 0xff),
);

/** `-mbig-endian` is gcc's word, the target's name clang's. */
function bigEndian({ command, args }: Compiler): Compiler {
  if (command === "bpf-gcc") return { command, args: [...args, "-mbig-endian"] };
  return { command, args: args.map((arg) => (arg === "bpf" ? "bpfeb" : arg)) };
}

const isClang = ({ command }: Compiler): boolean => command.startsWith("clang");

/** What reading tells of an object, without what compilers are free in: order, instructions, the section of a constant. */
function facts(spec: ObjectSpec) {
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  return {
    license: spec.license,
    programs: spec.programs.map(({ name, section, type }) => ({ name, section, type })).sort(byName),
    maps: spec.maps
      .filter((m) => m.origin === "btf")
      .map(({ name, type, keySize, valueSize, maxEntries, values }) => ({
        ...{ name, type, keySize, valueSize, maxEntries, values },
      }))
      .sort(byName),
    globals: spec.globals
      .filter((g) => g.name !== "LICENSE")
      .map(({ name, size }) => ({ name, size }))
      .sort(byName),
  };
}

const NAMES = ["big", "counter", "factors", "hits", "last", "limit", "misses", "moved", "weights", "zeros"];

/** Everything that a run leaves behind. */
async function outcome(spec: ObjectSpec, engine: "jit" | "stepping", options: LinkOptions = {}) {
  const object = await createMachine({ engine }).load(spec, options);
  const runs = PACKETS.map((packet) => object.programs["entry"]!.run({ packet }));
  const globals = NAMES.map((name) => {
    const { map, offset, size } = spec.globals.find((g) => g.name === name)!;
    const [entry] = object.maps[map]!.rawEntries();
    return [name, [...entry![1].subarray(offset, offset + size)]] as const;
  });
  const entries = ["flows", "kinds"].map((name) =>
    [...object.maps[name]!.rawEntries()].map(([key, value]) => `${[...key]}: ${[...value]}`).sort(),
  );
  object.close();
  return { runs: runs.map(({ verdict, packet }) => ({ verdict, packet: [...packet] })), globals, entries };
}

const noReference = missing("objects of all compilers compared", "clang-19");
const reference = noReference ? null : readObject(compile(source("matrix")), { name: "matrix.o" });
const targetBtf = noReference ? null : btfOf(compile(source("matrix-target")));

function btfOf(bytes: Uint8Array) {
  return parseBtf(parseElf(bytes, "target").sections.find((s) => s.name === ".BTF")!.data, "target");
}

const seen: string[] = [];
afterAll(() => console.info(`objects compared: ${seen.join(", ")}`));

describe.skipIf(noReference)("one source, all compilers", () => {
  for (const compiler of COMPILERS) {
    describe.skipIf(missing(`objects of ${compiler.command}`, compiler.command))(compiler.command, () => {
      test("reads and reports the same", () => {
        const spec = readObject(compile(source("matrix"), compiler), { name: "matrix.o" });
        expect(facts(spec)).toEqual(facts(reference!));
        expect(spec.notes).toEqual([]);
        expect(renderInspect(inspectObject(spec))).toContain(
          "matrix.o: BPF object, little-endian, license Dual BSD/GPL",
        );
        seen.push(compiler.command);
      });

      test("big-endian: reads and links the same", () => {
        const little = readObject(compile(source("matrix"), compiler), { name: "matrix.o" });
        const big = readObject(compile(source("matrix"), bigEndian(compiler)), { name: "matrix.o" });
        expect(big.littleEndian).toBe(false);
        expect(facts(big)).toEqual(facts(reference!));
        expect(renderInspect(inspectObject(big))).toContain("matrix.o: BPF object, big-endian");
        const references = (spec: ObjectSpec) =>
          spec.programs.flatMap((p) => {
            const linked = linkProgram(spec, p);
            return [...linked.mapReferences.map((r) => r.map), ...linked.functions.map((f) => f.name)];
          });
        expect(references(big)).toEqual(references(little));
      });

      test.each(["jit", "stepping"] as const)("does the same, %s", async (engine) => {
        const spec = readObject(compile(source("matrix"), compiler), { name: "matrix.o" });
        const ran = await outcome(spec, engine);
        expect(ran).toEqual(await outcome(reference!, engine));
        expect(new Set(ran.runs.map((run) => run.verdict))).toEqual(new Set(["XDP_PASS", "XDP_TX"]));
      });

      const noCore = !isClang(compiler) && skipped("CO-RE by bpf-gcc", "gcc 12 has no __builtin_preserve_field_info");
      test.skipIf(noCore)("CO-RE moves its fields", async () => {
        const spec = readObject(compile(source("matrix"), compiler), { name: "matrix.o" });
        const { globals } = await outcome(spec, "jit", { targetBtf });
        // struct shape of the target: d 0, extra 8, c 14, a 32, b 36.
        const moved = BigInt(36 + 100 * 18 + 10000 * 0);
        const bytes = new Uint8Array(new BigUint64Array([moved]).buffer);
        expect(globals.find(([name]) => name === "moved")![1]).toEqual([...bytes]);
      });
    });
  }
});
