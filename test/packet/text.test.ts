import { describe, expect, test } from "vitest";
import { insn } from "../../src/isa/index.ts";
import { PROG_TYPE } from "../../src/uapi/index.ts";
import {
  type Arg,
  type Case,
  call,
  ENGINES,
  end,
  HAS_KERNEL,
  keep,
  onEngine,
  onKernel,
  printed,
  put,
  raw,
  rodata,
  type Step,
  stack,
} from "./both.ts";

/** Formats and numbers in text: every engine must answer as the running kernel does. */

const TC = PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS;
const PACKET = new Uint8Array(256).fill(0xee);
const CTX = new Uint8Array(192);
const latin1 = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));

/** Text to read by `%s` and kin, then bytes of an IPv6 address, at these offsets of the read-only data. */
const TEXT = 512;
const ADDRESS = 600;

type Value = number | bigint | "text" | "address";

/** Read-only data with the format at 0. */
function data(format: string): Uint8Array {
  const bytes = new Uint8Array(700);
  bytes.set(latin1(format));
  bytes.set(latin1("some text"), TEXT);
  bytes.set([254, 128, 0, 0, 0, 0, 0, 9, 10, 0, 0, 1, 255, 1, 2, 3], ADDRESS);
  return bytes;
}

/** The argument array, at the bottom of the frame. */
const ARGS = -96;
function args(values: readonly Value[]): Step[] {
  return values.map((value, i) => (dataAddress) => [
    typeof value === "string"
      ? dataAddress(1, value === "text" ? TEXT : ADDRESS)
      : {
          ...insn("ld_imm64", { dst: 1 }),
          imm: Number(BigInt.asIntN(32, BigInt(value))),
          hi: Number(BigInt.asIntN(32, BigInt(value) >> 32n)),
        },
    insn("stx64", { dst: 10, src: 1, off: ARGS + 8 * i }),
  ]);
}

const OUT = -300;
/** bpf_snprintf to the stack, its text copied over the packet. */
function snprintf(format: string, values: readonly Value[], size = 200): Case {
  const list: Arg = values.length === 0 ? 0 : stack(ARGS);
  return {
    name: `snprintf ${JSON.stringify(format)} ${values.join(" ")} in ${size}`,
    type: TC,
    steps: [
      ...args(values),
      put(OUT, new Uint8Array(200).fill(0x77)),
      call("snprintf", stack(OUT), size, rodata(0), list, values.length * 8),
      keep(0),
      call("skb_store_bytes", "ctx", 20, stack(OUT), 200, 0),
      end(0),
    ],
    packet: PACKET,
    ctx: CTX,
    rodata: data(format),
  };
}

const M1 = 0xffff_ffff_ffff_ffffn;
const FORMATS: readonly (readonly [string, ...Value[]])[] = [
  ["plain"],
  ["100%%"],
  ["%d", 5],
  ["%d %i %u", M1, M1, M1],
  ["%x %X", 0xdeadbeef, 0xdeadbeefn | (1n << 40n)],
  ["%ld %li %lu %lx %lX", M1, M1, M1, M1, M1],
  ["%lld %lli %llu %llx %llX", -5n, -5n, 5, 0x123456789abcdefn, 0xabcdefn],
  ["[%5d] [%-5d] [%05d] [%+d] [% d] [%+5d] [%-05d] [% 05d]", 42, 42, 42, 42, 42, 42, 42, 42],
  ["[%5d] [%-5d] [%05d] [%+d] [% d]", -42, -42, -42, -42, -42],
  ["[%10lx] [%-10lx] [%010lx] [%+lx]", 0xabc, 0xabc, 0xabc, 0xabc],
  ["[%0+5d] [%+05d] [%-+5d] [%00005d]", 42, 42, 42, 42],
  ["[%c] [%5c] [%-5c]", 65, 66, 67],
  ["[%s] [%12s] [%-12s] [%012s]", "text", "text", "text", "text"],
  ["[%s]", 0],
  ["[%pks] [%pks,] [%20pks]", "text", "text", "text"],
  ["[%pI4] [%pi4] [%pI6] [%pi6]", "address", "address", "address", "address"],
  ["[%20pI4] [%-20pI4]", "address", "address"],
  ["%pI6c %pI4x", "address", "address"],
  ["[%px] [%px]", 0x1234, M1],
  ["[%20px] [%-20px] [%020px] [%5px]", 0x1234, 0x1234, 0x1234, 0x1234],
  ["%pxabc %px.", 0x1234, 0x1234],
  ["[%pB] [%ps] [%pS]", 0x1234, 0x1234, 0x1234],
  ["%d%d%d", 1, 2, 3],
  ["%d\n\ttab", 1],
  ["%d %d", 1],
  ["%", 1],
  ["%q", 1],
  ["%ls", "text"],
  ["%lc", 65],
  ["%hd", 1],
  ["%lllx", 1],
  ["%.3d", 1],
  ["%*d", 1],
  ["%#x", 1],
  ["%o", 8],
  ["%sfoo", "text"],
  ["%s_", "text"],
  ["%pksx", "text"],
  ["%pM", "address"],
  ["%pI5", "address"],
  ["%pI", "address"],
  ["%dfoo", 7],
  ["%cfoo", 65],
  ["%5%", 7],
  ["%l", 7],
  ["%lp", 7],
  ["\x01", 7],
  ["\x7f", 7],
  ["%d %d %d %d %d %d %d %d %d %d %d %d", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
];

const cases: Case[] = [];
for (const [format, ...values] of FORMATS) cases.push(snprintf(format, values));
for (const size of [0, 1, 5, 6, 7]) cases.push(snprintf("%d-text", [7], size));
cases.push(snprintf("no conversion, one argument", [7]));

/** bpf_trace_printk: the return value only; the text goes to the trace buffer. */
function printk(format: number[], values: readonly Value[], name = "trace_printk"): Case {
  const FORMAT = -200;
  const load: Step[] = args(values);
  const call3: Step[] =
    name === "trace_printk"
      ? [
          raw(...values.map((_, i) => insn("ldx64", { dst: 3 + i, src: 10, off: ARGS + 8 * i }))),
          raw(
            insn("mov64_reg", { dst: 1, src: 10 }),
            insn("add64_imm", { dst: 1, imm: FORMAT }),
            insn("mov64_imm", { dst: 2, imm: format.length }),
            insn("call_helper", { imm: 6 }),
          ),
        ]
      : [call("trace_vprintk", stack(FORMAT), format.length, values.length === 0 ? 0 : stack(ARGS), values.length * 8)];
  return {
    name: `${name} ${JSON.stringify(String.fromCharCode(...format))} ${values.join(" ")}`,
    type: TC,
    steps: [put(FORMAT, format), ...load, ...call3],
    packet: PACKET,
    rodata: data(""),
  };
}
for (const text of [
  "plain\0",
  "plain\n\0",
  "no end",
  "cut\0%d\0",
  "%d %d\0",
  "%d %d %d %d\0",
  "%s\0",
  "caf\xc3\xa9\0",
  "\xa0\0",
  "%pI4 %px %llx\n\0",
  "\0",
  "%q\0",
  "%d\xc3\xa9\0",
  "%s\xc3\xa9\0",
  "%\xc3\0",
]) {
  const values: Value[] = text.startsWith("%s")
    ? ["text", 0, 0]
    : text.startsWith("%pI4")
      ? ["address", 1, 2]
      : [1, 2, 3];
  cases.push(printk(latin1(text), values));
  cases.push(printk(latin1(text), values, "trace_vprintk"));
  cases.push(printk(latin1(text), [], "trace_vprintk"));
}

const NUMBERS = [
  "0",
  "42",
  "-42",
  "+42",
  "  42",
  "\n\t 42",
  "\xa042",
  "42abc",
  "abc",
  "",
  "-",
  "- 1",
  "--1",
  "0x",
  "0x1f",
  "0X1F",
  "0xg",
  "-0x10",
  "x10",
  "017",
  "08",
  "09",
  "1f",
  "f",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
  "-9223372036854775809",
  "18446744073709551615",
  "18446744073709551616",
  "99999999999999999999999999",
  "0xffffffffffffffff",
  "0x10000000000000000",
  "0".repeat(70),
  "1".repeat(15),
  `${"0".repeat(62)}12`,
  `-${"0".repeat(62)}12`,
  "12 34",
  "12\n",
];
for (const helper of ["strtol", "strtoul"]) {
  for (const text of NUMBERS) {
    for (const flags of [0, 8, 10, 16, 2, 36, 32, 2 ** 32]) {
      for (const nul of [true, false]) {
        const bytes = latin1(nul ? `${text}\0` : text);
        if (bytes.length === 0) continue;
        cases.push({
          name: `${helper} ${JSON.stringify(text)} ${flags} ${nul}`,
          type: TC,
          steps: [
            put(-120, bytes),
            put(-8, [7, 7, 7, 7, 7, 7, 7, 7]),
            call(helper, stack(-120), bytes.length, flags, stack(-8)),
            keep(0),
            raw(insn("ldx64", { dst: 0, src: 10, off: -8 }), insn("stx64", { dst: 6, src: 0, off: 56 })),
            end(0),
          ],
          packet: PACKET,
          ctx: CTX,
        });
      }
    }
  }
}
for (const a of ["some text\0", "some\0text", "some text longer", "Some", "\xff", "\0"]) {
  cases.push({
    name: `strncmp ${JSON.stringify(a)}`,
    type: TC,
    steps: [put(-32, latin1(a)), call("strncmp", stack(-32), a.length, rodata(0))],
    packet: PACKET,
    rodata: data("some text"),
  });
}

describe.skipIf(!HAS_KERNEL)("text helpers answer as the running kernel", () => {
  const wanted = HAS_KERNEL ? cases.map((c) => attempt(() => onKernel(c))) : [];
  test.each(ENGINES)("%s", (engine) => {
    const differences = cases.flatMap((c, i) => {
      if (wanted[i] === REFUSED) return [];
      const have = attempt(() => onEngine(c, engine));
      return have === wanted[i] ? [] : [`${c.name}\n  kernel ${wanted[i]}\n  ours   ${have}`];
    });
    expect(differences.length, differences.slice(0, 40).join("\n")).toBe(0);
  });
});

test("printk lines arrive bare", () => {
  onEngine(printk(latin1("%d packets\n\0"), [3, 0, 0]), "jit");
  expect(printed()).toEqual(["3 packets"]);
  onEngine(printk(latin1("%d packets\0"), [4, 0, 0]), "stepping");
  expect(printed()).toEqual(["4 packets"]);
});

/** Constant formats of bpf_snprintf are checked when the program is loaded. */
const REFUSED = "refused";

function attempt(run: () => ReturnType<typeof onKernel>): string {
  let outcome: ReturnType<typeof onKernel>;
  try {
    outcome = run();
  } catch (error) {
    if (String(error).includes("Invalid format string")) return REFUSED;
    throw error;
  }
  if (typeof outcome === "number") return `errno ${-outcome}`;
  const { retval, dataOut, ctxOut } = outcome;
  const text = String.fromCharCode(...dataOut.subarray(20)).replace(/[\x77\xee]+$/, "");
  return `${retval | 0} ${JSON.stringify(text)} ${Buffer.from(ctxOut?.subarray(48, 68) ?? []).toString("hex")}`;
}
