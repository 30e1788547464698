import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { BpfError } from "../../src/util/index.ts";
import { verify } from "../../src/verifier/index.ts";
import { runningKernel } from "../support/linux.ts";
import { kernelBtf } from "../support/verifier/both.ts";
import { slot } from "../support/verifier/insns.ts";

const kernel = await runningKernel("every opcode with fields right and wrong, against the running kernel");
const vmlinux = kernelBtf();

const REGISTERS = [0, 2, 10, 11] as const;
const OFFSETS = [0, 1, -1, 8, 16] as const;
const IMMEDIATES = [0, 1, -1, 16, 32, 64, 0xe1, 0x100, 0x110] as const;
const EXIT = slot(0x95);

/** `r0 = 0; r2 = 1; the instruction; a slot of zeros if it takes two; r0 = 0; exit` */
function around(bytes: Uint8Array): Uint8Array {
  const second = bytes[0] === 0x18 ? [slot(0)] : [];
  const parts = [slot(0xb7, 0), slot(0xb7, 2, 0, 0, 1), bytes, ...second, slot(0xb7, 0), EXIT];
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function* fields(): Generator<readonly [dst: number, src: number, off: number, imm: number]> {
  for (const dst of REGISTERS) {
    for (const src of REGISTERS) yield [dst, src, 0, 1];
    for (const off of OFFSETS) yield [dst, 0, off, 0];
    for (const imm of IMMEDIATES) yield [dst, 0, 0, imm];
  }
  for (const off of OFFSETS) for (const imm of IMMEDIATES) yield [2, 2, off, imm];
  for (const src of [1, 2, 3, 4, 5, 6]) for (const imm of IMMEDIATES) yield [0, src, 0, imm];
}

function theirs(insns: Uint8Array): string {
  let log = "";
  let errno = 0;
  try {
    const keep = (text: string): void => {
      log = text;
    };
    kernel!.close(kernel!.progLoad({ type: 1, insns, license: "GPL", logLevel: 1, log: keep }));
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    errno = Number(error.data["errno"]);
  }
  return `${errno} ${log}`;
}

function ours(insns: Uint8Array): string {
  const { errno, log } = verify(
    {
      type: 1,
      insns,
      license: "GPL",
      mapByFd: () => undefined,
      isDescriptor: (fd) => existsSync(`/proc/self/fd/${fd}`),
    },
    { logLevel: 1, kernel: vmlinux === null ? {} : { vmlinux } },
  );
  return `${errno} ${log}`;
}

test.skipIf(kernel === null || vmlinux === null)(
  "errno and log of every opcode are the kernel's",
  { timeout: 300_000 },
  () => {
    const differing: string[] = [];
    let programs = 0;
    let refused = 0;
    for (let opcode = 0; opcode < 256; opcode++) {
      for (const [dst, src, off, imm] of fields()) {
        const insns = around(slot(opcode, dst, src, off, imm));
        const [a, b] = [theirs(insns), ours(insns)];
        programs++;
        if (!a.startsWith("0 ")) refused++;
        if (a !== b) differing.push(`opcode 0x${opcode.toString(16)} r${dst} r${src} ${off} ${imm}\n${a}\n${b}`);
      }
    }
    console.log(`${programs} programs, ${refused} refused, ${differing.length} differ`);
    expect(differing.slice(0, 10)).toEqual([]);
  },
);
