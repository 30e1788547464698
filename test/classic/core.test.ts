import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  assembleClassic,
  type ClassicEnv,
  classicToC,
  classicToDecimal,
  convertClassic,
  disassembleClassic,
  encodeClassic,
  parseClassic,
  readClassic,
  runClassic,
} from "../../src/classic/index.ts";
import { encode } from "../../src/isa/index.ts";
import { SimulatedKernel } from "../../src/kernel/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { Engines } from "./core-engines.ts";
import { anyProgram, checkedProgram, packetBytes } from "./core-programs.ts";

/** All but `rand`, on which two runs never agree. */
const STEADY = [
  "protocol",
  "packetType",
  "ifindex",
  "nla",
  "nlan",
  "mark",
  "queue",
  "hatype",
  "rxhash",
  "cpu",
  "xorX",
  "vlanTci",
  "vlanPresent",
  "payloadOffset",
  "vlanTpid",
];
const u32 = fc.nat({ max: 0xffff_ffff });
const u16 = fc.nat({ max: 0xffff });
const HATYPE = 772;

const environment: fc.Arbitrary<ClassicEnv> = fc
  .record({
    protocol: fc.constantFrom(0x0800, 0x86dd, 0x8100, 0x0806, 0x8847, 0x8864, 0x88a8, 0),
    packetType: fc.nat({ max: 7 }),
    ifindex: fc.nat({ max: 3 }),
    mark: u32,
    queue: u16,
    rxhash: u32,
    cpu: fc.nat({ max: 63 }),
    vlanTci: u16,
    vlanTpid: fc.constantFrom(0, 0x8100, 0x88a8),
    link: fc.boolean(),
  })
  .map(({ link, ...env }) => ({ ...env, hatype: HATYPE, ...(link ? {} : { linkOffset: null }) }));

const RUNS = Number(process.env["CLASSIC_RUNS"] ?? 400);

describe("a converted program", () => {
  const engines = new Engines();
  const kernel = new SimulatedKernel();

  test("verifies and gives what the interpreter gives, on all engines", () => {
    const cases = fc.array(fc.record({ packet: packetBytes, env: environment }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(checkedProgram({ ancillary: STEADY }), cases, (program, packets) => {
        const code = convertClassic(program, { hatype: HATYPE });
        kernel.close(kernel.progLoad({ type: 1, insns: encode(code), license: "GPL" }));
        const expected = packets.map(({ packet, env }) => runClassic(program, packet, env));
        expect(engines.run(code, packets)).toEqual(expected.map((value) => [value, value, value]));
      }),
      { numRuns: RUNS },
    );
  });

  test("of any length fits eBPF's jumps", () => {
    const { program } = assembleClassic(
      `ld #len\njmp end\n${"add #1\njeq #0xffffffff, end0, end0\nend0: ".repeat(1)}${"jset #0x80000001, end0\n".repeat(0)}end: ret a`,
    );
    expect(runClassic(program, new Uint8Array(5))).toBe(5);
    const long = assembleClassic(
      `ldxi #1\njmp end\n${Array.from({ length: 4000 }, () => "div x").join("\n")}\nend: ret #7`,
    ).program;
    const many = assembleClassic(
      `ldxi #1\nld #1\njeq #0, far\n${Array.from({ length: 2000 }, (_, n) => `l${n}: ld proto\njge #0xf0000000, l${n + 1}, l${n + 1}`).join("\n")}\nl2000: ret a\nfar: ret #0`.replace(
        "jeq #0, far\n",
        "",
      ),
    ).program;
    for (const p of [long, many]) {
      const code = convertClassic(p);
      kernel.close(kernel.progLoad({ type: 1, insns: encode(code), license: "GPL" }));
    }
  });
});

describe("texts of a program", () => {
  test("lead back to it", () => {
    fc.assert(
      fc.property(checkedProgram(), (program) => {
        // A jump has no condition to lose where both ways are one; text keeps it all the same.
        const { program: assembled } = assembleClassic(disassembleClassic(program));
        expect(assembled).toEqual(program);
        expect(parseClassic(classicToDecimal(program))).toEqual(program);
        expect(parseClassic(classicToC(program))).toEqual(program);
        expect(readClassic(encodeClassic(program))).toEqual(program);
      }),
      { numRuns: 1000 },
    );
  });

  test("give programs or a refusal with its place, whatever they are", () => {
    const words =
      "ld ldx ldxb st jmp jeq ret add # x %x a M [ ] ( ) 4* & 0xf 12 -1 , : l1 l2 len proto /* */ ; \n".split(" ");
    const text = fc.oneof(
      fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((list) => list.join(" ")),
      fc.string({ unit: "binary", maxLength: 60 }),
      checkedProgram().chain((p) =>
        fc.tuple(fc.nat(), fc.nat({ max: 3 }), fc.string({ maxLength: 3 })).map(([at, cut, put]) => {
          const whole = disassembleClassic(p);
          const from = at % whole.length;
          return whole.slice(0, from) + put + whole.slice(from + cut);
        }),
      ),
    );
    for (const read of [assembleClassic, parseClassic]) {
      fc.assert(
        fc.property(text, (t) => {
          try {
            read(t);
          } catch (error) {
            if (!(error instanceof BpfError)) throw error;
            expect(error.data).toMatchObject({ line: expect.any(Number), column: expect.any(Number) });
            expect(error.message).not.toContain("\n");
          }
        }),
        { numRuns: 1500 },
      );
    }
  });
});

describe("any program", () => {
  test("is refused or runs to its end", () => {
    fc.assert(
      fc.property(anyProgram, packetBytes, (program, packet) => {
        try {
          expect(runClassicChecked(program, packet)).toBeGreaterThanOrEqual(0);
        } catch (error) {
          if (!(error instanceof BpfError)) throw error;
          expect(error.code).toMatch(/^E_CLASSIC_/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

function runClassicChecked(program: Parameters<typeof runClassic>[0], packet: Uint8Array): number {
  convertClassic(program, { hatype: HATYPE });
  return runClassic(program, packet);
}
