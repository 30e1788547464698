import { BtfBuilder } from "../../src/btf/index.ts";
import { slots } from "../../src/isa/index.ts";
import type { Backend, Fd, ProgLoadAttr } from "../../src/kernel/index.ts";
import type { Kind } from "./kinds.ts";
import { bytesOf, type Items } from "./program.ts";

/** BPF_PROG_LOAD of random programs: callbacks need BTF that names their functions. */

/** Every function is `static int f(void)` to it: what static functions take, the verifier sees for itself. */
function functionBtf(): { readonly bytes: Uint8Array; readonly type: number } {
  const builder = new BtfBuilder();
  const int = builder.add({
    kind: "int",
    name: "int",
    size: 4,
    signed: true,
    char: false,
    bool: false,
    bitOffset: 0,
    bits: 32,
  });
  const proto = builder.add({ kind: "func_proto", name: "", type: int, params: [] });
  const type = builder.add({ kind: "func", name: "f", type: proto, linkage: "static" });
  return { bytes: builder.finish(), type };
}

const btf = functionBtf();

export function loadFunctionBtf(backend: Backend): Fd {
  return backend.btfLoad(btf.bytes);
}

/** func_info: the first slot and the type of each function. */
function functionInfo(items: Items): Uint8Array {
  const starts = new Set([0]);
  for (const { insn, target } of items) {
    if (target !== undefined && (insn.form.kind === "call" || insn.form.kind === "ld_imm64")) starts.add(target);
  }
  const words: number[] = [];
  let slot = 0;
  items.forEach(({ insn }, n) => {
    if (starts.has(n)) words.push(slot, btf.type);
    slot += slots(insn);
  });
  return new Uint8Array(Uint32Array.from(words).buffer);
}

export function loadAttributes(kind: Kind, items: Items, maps: readonly Fd[], btfFd: Fd): ProgLoadAttr {
  const attr = { type: kind.type, insns: bytesOf(items, maps), license: "GPL", name: "random" };
  const callbacks = items.some(({ insn }) => insn.form.name === "ld_imm64_func");
  return callbacks ? { ...attr, btfFd, funcInfo: functionInfo(items) } : attr;
}
