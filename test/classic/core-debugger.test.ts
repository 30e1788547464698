import { describe, expect, test } from "vitest";
import { assembleClassic, classicToC, classicToDecimal } from "../../src/classic/index.ts";
import { Debugger } from "../../src/cli/cbpf/debugger.ts";
import { root } from "../support/cli.ts";

/** Texts from Documentation/networking/filter.rst. */

const ICMP = "6,40 0 0 12,21 0 3 2048,48 0 0 23,21 0 1 1,6 0 0 65535,6 0 0 0";

test("bpf_asm's example assembles as documented", () => {
  const { program } = assembleClassic("ldh [12]\njne #0x806, drop\nret #-1\ndrop: ret #0\n");
  expect(classicToDecimal(program)).toBe("4,40 0 0 12,21 0 1 2054,6 0 0 4294967295,6 0 0 0,");
  expect(classicToC(program)).toBe(
    "{ 0x28,  0,  0, 0x0000000c },\n{ 0x15,  0,  1, 0x00000806 },\n{ 0x06,  0,  0, 0xffffffff },\n{ 0x06,  0,  0, 0000000000 },\n",
  );
});

describe("the debugger", () => {
  test("disassembles, breaks, and steps both ways", async () => {
    const shell = new Debugger();
    await shell.execute(`load bpf ${ICMP}`);
    await shell.execute(`load pcap ${root}examples/parser/traffic.pcap`);
    expect(await shell.execute("disassemble")).toBe(
      "l0:\tldh [12]\nl1:\tjeq #0x800, l2, l5\nl2:\tldb [23]\nl3:\tjeq #0x1, l4, l5\nl4:\tret #0xffff\nl5:\tret #0\n",
    );
    expect(await shell.execute("run")).toBe("bpf passes:20 fails:514\n");
    expect(await shell.execute("breakpoint 1")).toBe("breakpoint at: l1:\tjeq #0x800, l2, l5\n");
    const stopped = await shell.execute("run");
    expect(stopped).toContain("pc:       [1]\ncode:     [21] jt[0] jf[3] k[2048]\ncurr:     l1:\tjeq #0x800, l2, l5\n");
    expect(stopped.endsWith("(breakpoint)\n")).toBe(true);
    expect(await shell.execute("step -1")).toContain("pc:       [0]\n");
    expect(await shell.execute("step")).toContain("pc:       [1]\n");
    expect(shell.complete("br")).toEqual(["breakpoint"]);
    await expect(shell.execute("select 1000000")).rejects.toMatchObject({ code: "E_CBPF_PACKET" });
    await shell.close();
  });
});
