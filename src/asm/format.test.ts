import { expect, test } from "vitest";
import { decode } from "../isa/index.ts";
import { fromHex } from "../util/index.ts";
import { disassemble } from "./index.ts";

// Lines of the log of Linux 6.18's verifier (log_level 2) for these bytes; the last four are bpftool's words for what a program refers to.
test.each([
  ["07020000fbffffff", "(07) r2 += -5"],
  ["b4020000fbffffff", "(b4) w2 = -5"],
  ["0c42000000000000", "(0c) w2 += w4"],
  ["c402000003000000", "(c4) w2 s>>= 3"],
  ["3f42010000000000", "(3f) r2 s/= r4"],
  ["9402010007000000", "(94) w2 s%= 7"],
  ["bf42080000000000", "(bf) r2 = (s8)r4"],
  ["bc42100000000000", "(bc) w2 = (s16)w4"],
  ["8402000000000000", "(84) w2 = -w2"],
  ["dc02000010000000", "(dc) r2 = be16 r2"],
  ["d702000020000000", "(d7) r2 = bswap32 r2"],
  ["18020000443322110000000007000000", "(18) r2 = 0x711223344"],
  ["18020000ffffffff00000000ffffffff", "(18) r2 = 0xffffffffffffffff"],
  ["300000000c000000", "(30) r0 = *(u8 *)skb[12]"],
  ["2000000000f0ffff", "(20) r0 = *(u32 *)skb[-4096]"],
  ["4020000005000000", "(40) r0 = *(u32 *)skb[r2 + 5]"],
  ["48200000fbffffff", "(48) r0 = *(u16 *)skb[r2 + -5]"],
  ["71a2f8ff00000000", "(71) r2 = *(u8 *)(r10 -8)"],
  ["6162040000000000", "(61) r2 = *(u32 *)(r6 +4)"],
  ["81a2f8ff00000000", "(81) r2 = *(s32 *)(r10 -8)"],
  ["7a0af8fffbffffff", "(7a) *(u64 *)(r10 -8) = -5"],
  ["632af8ff00000000", "(63) *(u32 *)(r10 -8) = r2"],
  ["c32af8ff00000000", "(c3) lock *(u32 *)(r10 -8) += r2"],
  ["c32af8ff40000000", "(c3) lock *(u32 *)(r10 -8) |= r2"],
  ["db2af8ff01000000", "(db) r2 = atomic64_fetch_add((u64 *)(r10 -8), r2)"],
  ["c32af8ffa1000000", "(c3) r2 = atomic_fetch_xor((u32 *)(r10 -8), r2)"],
  ["db2af8ffe1000000", "(db) r2 = atomic64_xchg((u64 *)(r10 -8), r2)"],
  ["c32af8ffe1000000", "(c3) r2 = atomic_xchg((u32 *)(r10 -8), r2)"],
  ["db2af8fff1000000", "(db) r0 = atomic64_cmpxchg((u64 *)(r10 -8), r0, r2)"],
  ["c32af8fff1000000", "(c3) r0 = atomic_cmpxchg((u32 *)(r10 -8), r0, r2)"],
  ["d3a2f8ff00010000", "(d3) r2 = load_acquire((u8 *)(r10 -8))"],
  ["c32af8ff10010000", "(c3) store_release((u32 *)(r10 -8), r2)"],
  ["2502000005000000", "(25) if r2 > 0x5 goto pc+0"],
  ["65020000fbffffff", "(65) if r2 s> 0xfffffffb goto pc+0"],
  ["de42000000000000", "(de) if w2 s<= w4 goto pc+0"],
  ["0500010000000000", "(05) goto pc+1"],
  ["0600000000000000", "(06) gotol pc+0"],
  ["e500000000000000", "(e5) may_goto pc+0"],
  ["8500000007000000", "(85) call bpf_get_prandom_u32#7"],
  ["8500000088130000", "(85) call unknown#5000"],
  ["8510000002000000", "(85) call pc+2"],
  ["bf42010001000000", "(bf) r2 = addr_space_cast(r4, 0, 1)"],
  ["18110000fc0300000000000000000000", "(18) r1 = map[id:1020]"],
  ["182100000004000000000000" + "04000000", "(18) r1 = map[id:1024][0]+4"],
  ["1841000006000000" + "0000000000000000", "(18) r1 = subprog[+6]"],
  ["9500000000000000", "(95) exit"],
])("%s is %s in the verifier's words", (hex, text) => {
  expect(disassemble(decode(fromHex(hex)), { style: "verifier" })).toBe(`   0: ${text}\n`);
});

// llvm-objdump 19.
test.each([
  ["b7000000ffffffff", "r0 = -0x1", "r0 = -0x1"],
  ["631af8ff00000000", "*(u32 *)(r10 - 0x8) = r1", "*(u32 *)(r10 - 0x8) = w1"],
  ["6121000000000000", "r1 = *(u32 *)(r2 + 0x0)", "w1 = *(u32 *)(r2 + 0x0)"],
  ["8121000000000000", "r1 = *(s32 *)(r2 + 0x0)", "r1 = *(s32 *)(r2 + 0x0)"],
  ["c321000000000000", "lock *(u32 *)(r1 + 0x0) += r2", "lock *(u32 *)(r1 + 0x0) += w2"],
  ["18010000ffffffff00000000ffffffff", "r1 = -0x1 ll", "r1 = -0x1 ll"],
  ["4030000000000000", "r0 = *(u32 *)skb[r3]", "r0 = *(u32 *)skb[r3]"],
  ["850000000c000000", "call 0xc", "call 0xc"],
  ["85100000ffffffff", "call -0x1", "call -0x1"],
  ["bf21010000000100", "r1 = addr_space_cast(r2, 0x1, 0x0)", "r1 = addr_space_cast(r2, 0x1, 0x0)"],
])("%s is %s in LLVM's words", (hex, plain, alu32) => {
  const code = decode(fromHex(hex));
  expect(disassemble(code, { style: "llvm" })).toBe(`       0:\t${plain}\n`);
  expect(disassemble(code, { style: "llvm", alu32: true })).toBe(`       0:\t${alu32}\n`);
});
