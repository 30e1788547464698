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
    const divisions = "div x\n".repeat(4000);
    const { program } = assembleClassic(`ldx #1\njmp end\nend: ld #1\njeq #2, far\nret #5\nfar: ${divisions}ret #7`);
    kernel.close(kernel.progLoad({ type: 1, insns: encode(convertClassic(program)), license: "GPL" }));
    expect(engines.run(convertClassic(program), [{ packet: new Uint8Array(1), env: {} }])).toEqual([[5, 5, 5]]);
    // Of four instructions each, over which no 16 bits reach.
    const both = assembleClassic(
      `ld #1\njeq #1, over\n${"jmp last\n"}over: ${"ldxb 4*([0]&0xf)\n".repeat(4000)}last: ret a`,
    );
    expect(engines.run(convertClassic(both.program), [{ packet: new Uint8Array(1), env: {} }])).toEqual([[1, 1, 1]]);
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
        { numRuns: 500 },
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
