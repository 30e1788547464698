import type { Arguments } from "./arguments.ts";
import type { Assembler } from "./assembler.ts";
import { readMapDirective } from "./map-directive.ts";
import type { Range } from "./matcher.ts";
import { nearest } from "./nearest.ts";
import { MAX_FILL } from "./section-builder.ts";

type Run = (asm: Assembler, args: Arguments) => void;

const SIZE: Range = { what: "a size", low: 0n, high: BigInt(MAX_FILL) };
const BYTE: Range = { what: "a byte", low: 0n, high: 255n };
const I64: Range = { what: "64 bits", low: -(2n ** 63n), high: 2n ** 64n - 1n };

/** Directives of compiler output that say nothing about code or data. */
const IGNORED = [
  ".file",
  ".loc",
  ".ident",
  ".addrsig",
  ".addrsig_sym",
  ".cfi_sections",
  ".cfi_startproc",
  ".cfi_endproc",
  ".cfi_def_cfa",
  ".cfi_offset",
];

function integers(bits: 8 | 16 | 32 | 64): Run {
  const range: Range = { what: `${bits} bits`, low: -(2n ** BigInt(bits - 1)), high: 2n ** BigInt(bits) - 1n };
  return (asm, args) => {
    const section = asm.dataSection(args, true);
    const { data, dataReferences } = section;
    do {
      const token = args.peek();
      if (section.kind === "bss") {
        // Compilers write zeros of a size as integers.
        if (args.number(range) !== 0n)
          args.fail(`section "${section.name}" has no contents; only zeros may stand here`);
        section.bssSize += bits / 8;
        continue;
      }
      if (bits === 64 && token.kind === "ident" && !asm.constants.has(token.text)) {
        args.next();
        const next = args.peek();
        const signed = next.kind === "punct" && (next.text === "+" || next.text === "-");
        const addend = signed ? Number(BigInt.asIntN(53, args.number(I64))) : 0;
        dataReferences.push({ offset: data.length, target: { name: token.text, addend, token } });
        data.u64(BigInt(addend));
        continue;
      }
      const value = args.number(range);
      if (bits === 64) data.u64(value);
      else if (bits === 32) data.u32(Number(value));
      else if (bits === 16) data.u16(Number(value));
      else data.u8(Number(value));
    } while (args.accept(","));
    args.end();
  };
}

function text(terminated: boolean): Run {
  const encoder = new TextEncoder();
  return (asm, args) => {
    const { data } = asm.dataSection(args);
    do {
      const string = args.string();
      // Escapes such as \377 are bytes; what lies beyond Latin-1 is UTF-8 text.
      const bytes = /^[\0-\xff]*$/.test(string)
        ? Uint8Array.from(string, (c) => c.charCodeAt(0))
        : encoder.encode(string);
      data.append(bytes);
      if (terminated) data.u8(0);
    } while (args.accept(","));
    args.end();
  };
}

function zeros(asm: Assembler, args: Arguments): void {
  const count = Number(args.number(SIZE));
  const fill = args.accept(",") ? Number(args.number(BYTE)) : 0;
  args.end();
  const section = asm.dataSection(args, true);
  asm.filled += count;
  if (asm.filled > MAX_FILL) args.fail(`more than ${MAX_FILL} bytes of fill in one text`);
  if (section.kind === "bss") section.bssSize += count;
  else section.data.append(new Uint8Array(count).fill(fill));
}

function align(power: boolean): Run {
  return (asm, args) => {
    const given = Number(args.number({ what: "an alignment", low: 0n, high: power ? 16n : 65536n }));
    args.skip();
    const bytes = power ? 2 ** given : Math.max(1, given);
    if ((bytes & (bytes - 1)) !== 0) args.fail(`${bytes} is no power of two`);
    const { section } = asm;
    section.align = Math.max(section.align, bytes);
    const gap = (bytes - (section.size % bytes)) % bytes;
    asm.filled += gap;
    if (asm.filled > MAX_FILL) args.fail(`more than ${MAX_FILL} bytes of fill in one text`);
    if (gap === 0) return;
    if (section.kind === "bss") section.bssSize += gap;
    else if (section.kind === "data") section.data.append(new Uint8Array(gap));
    else args.fail(`code cannot be aligned to ${bytes} bytes here`);
  };
}

function bind(kind: "local" | "global" | "weak"): Run {
  return (asm, args) => {
    do {
      const entry = asm.symbols.entry(args.name("a symbol").text);
      entry.bind = kind;
      entry.keptLocal = kind === "local";
    } while (args.accept(","));
    args.end();
  };
}

function section(name: string): Run {
  return (asm, args) => {
    // `.data 1` and the like name subsections, which objects do not keep.
    args.skip();
    asm.enter(name);
  };
}

function readSection(asm: Assembler, args: Arguments): void {
  let name = args.name("a section name").text;
  // A name may hold slashes and signs unquoted: kprobe/do_unlinkat, tracepoint/syscalls/sys_enter_execve.
  while (!args.atEnd() && args.peek().text !== ",") name += args.next().text;
  const entered = asm.enter(name);
  if (!args.accept(",")) {
    args.end();
    return;
  }
  const flags = args.string();
  if (flags.includes("x")) entered.kind ??= "code";
  else if (flags !== "") entered.kind ??= "data";
  if (flags.includes("w")) entered.writable = true;
  if (args.accept(",")) {
    args.accept("%");
    const type = args.name("a section type such as @progbits").text.replace(/^@/, "");
    if (type === "nobits") entered.kind = entered.size === 0 ? "bss" : entered.kind;
  }
  args.skip();
}

function type(asm: Assembler, args: Arguments): void {
  const entry = asm.symbols.entry(args.name("a symbol").text);
  args.accept(",");
  args.accept("%");
  const word = args.name("@function or @object").text.replace(/^@/, "").toLowerCase();
  if (word === "function" || word === "stt_func") entry.type = "func";
  else if (word === "object" || word === "stt_object") entry.type = "object";
  else if (word === "notype" || word === "stt_notype") entry.type = "notype";
  else args.fail(`unknown type "${word}" (function, object, notype)`);
  args.end();
}

function size(asm: Assembler, args: Arguments): void {
  const entry = asm.symbols.entry(args.name("a symbol").text);
  args.expect(",");
  // A difference of labels (`.Lfunc_end0-main`) is what the size is without it; only numbers say more.
  if (args.peek().kind === "number") {
    entry.size = Number(args.number(SIZE));
    args.end();
  } else args.skip();
}

function common(asm: Assembler, args: Arguments): void {
  const token = args.name("a symbol");
  args.expect(",");
  const bytes = Number(args.number(SIZE));
  const alignment = args.accept(",") ? Number(args.number(BYTE)) : 1;
  args.end();
  const before = asm.section;
  const bss = asm.enter(".bss");
  const step = Math.max(1, alignment);
  bss.align = Math.max(bss.align, step);
  bss.bssSize = Math.ceil(bss.bssSize / step) * step;
  asm.symbols.define(token, bss, asm.line);
  const entry = asm.symbols.entry(token.text);
  entry.type = "object";
  entry.size = bytes;
  if (args.directive.text === ".comm" && !entry.keptLocal && entry.bind === "local") entry.bind = "global";
  bss.bssSize += bytes;
  asm.enter(before.name);
}

function constant(asm: Assembler, args: Arguments): void {
  const token = args.name("a name");
  args.expect(",");
  if (asm.symbols.entries.get(token.text)?.section) args.fail(`"${token.text}" is a label already`);
  asm.constants.set(token.text, args.number(I64));
  args.end();
}

function map(asm: Assembler, args: Arguments): void {
  const nameToken = args.peek();
  asm.addMap(readMapDirective(args, asm.line), nameToken);
}

function extern(asm: Assembler, args: Arguments): void {
  do {
    const entry = asm.symbols.entry(args.name("a symbol").text);
    entry.external = true;
    if (entry.bind === "local") entry.bind = "global";
  } while (args.accept(","));
  args.end();
}

/** What each directive does. Those of GNU as keep their meaning; `.map`, `.license` and `.extern` declare what BPF objects hold. */
const DIRECTIVES: ReadonlyMap<string, Run> = new Map<string, Run>([
  [".text", section(".text")],
  [".data", section(".data")],
  [".rodata", section(".rodata")],
  [".bss", section(".bss")],
  [".section", readSection],
  [".globl", bind("global")],
  [".global", bind("global")],
  [".local", bind("local")],
  [".weak", bind("weak")],
  [
    ".hidden",
    (asm, args) => {
      do asm.symbols.entry(args.name("a symbol").text).hidden = true;
      while (args.accept(","));
      args.end();
    },
  ],
  [".type", type],
  [".size", size],
  [".extern", extern],
  [".comm", common],
  [".lcomm", common],
  [".byte", integers(8)],
  [".short", integers(16)],
  [".2byte", integers(16)],
  [".hword", integers(16)],
  [".long", integers(32)],
  [".int", integers(32)],
  [".word", integers(32)],
  [".4byte", integers(32)],
  [".quad", integers(64)],
  [".8byte", integers(64)],
  [".ascii", text(false)],
  [".asciz", text(true)],
  [".string", text(true)],
  [".zero", zeros],
  [".space", zeros],
  [".skip", zeros],
  [".align", align(false)],
  [".balign", align(false)],
  [".p2align", align(true)],
  [".set", constant],
  [".equ", constant],
  [".map", map],
  [
    ".license",
    (asm, args) => {
      asm.setLicense(args.string(), args);
      args.end();
    },
  ],
  ...IGNORED.map((name): [string, Run] => [name, (_asm, args) => args.skip()]),
]);

/** The directive of that name; for an unknown one, a function that refuses it. */
export function directive(name: string): Run {
  return (
    DIRECTIVES.get(name) ??
    ((_asm, args) => {
      const near = nearest(name, DIRECTIVES.keys());
      args.fail(`unknown directive${near === null ? "" : `; did you mean ${near}?`}`);
    })
  );
}
