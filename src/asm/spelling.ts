import type { Form } from "../isa/index.ts";

/** The templates by which different tools spell an instruction; the table's own is LLVM's at -mcpu=v3. */

const toWide = (text: string): string => text.replaceAll(/\bw(?=\{|0\b)/g, "r");

/** LLVM's spelling: with `alu32` (its --mcpu=v3 and later) narrow loads and stores name 32-bit registers. */
export function llvmTemplate(f: Form, alu32: boolean): string {
  if (f.kind === "ldx" && f.width < 64) return alu32 ? f.kernel.replace("r{dst}", "w{dst}") : f.kernel;
  if (f.kind === "stx" && f.width < 64) return alu32 ? f.kernel : toWide(f.kernel);
  if (f.name === "atomic_add32") return alu32 ? f.kernel : toWide(f.kernel);
  return f.kernel;
}

/** The kernel verifier's spelling: memory accesses and atomics name 64-bit registers whatever their width. */
export function verifierTemplate(f: Form): string {
  switch (f.kind) {
    case "stx":
    case "load_acquire":
    case "store_release":
      return toWide(f.kernel);
    case "atomic": {
      const bits = f.width === 64 ? "64" : "";
      const address = `(u${f.width} *)(r{dst} {off})`;
      if (f.op === "cmpxchg") return `r0 = atomic${bits}_cmpxchg(${address}, r0, r{src})`;
      if (f.op === "xchg" || f.op.startsWith("fetch_")) return `r{src} = atomic${bits}_${f.op}(${address}, r{src})`;
      return toWide(f.kernel);
    }
    case "ld_imm64":
      return "r{dst} = {imm64}";
    case "call":
      return f.op === "reg" ? f.kernel : "call {callee}";
    default:
      return f.kernel;
  }
}

/** Every spelling of kernel syntax that the assembler reads. */
export function kernelSpellings(f: Form): string[] {
  // Plain `call` is one statement, whose operand decides between helper, function and kfunc.
  if (f.name === "call_helper") return ["call {callee}"];
  if (f.name === "call_local") return ["call local {jump}"];
  // LLVM writes the zero-extending move between widths so.
  if (f.name === "mov32_reg") return [f.kernel, "r{dst} = w{src}"];
  const all = [f.kernel, llvmTemplate(f, true), llvmTemplate(f, false)];
  if (f.kind !== "ld_imm64" && f.kind !== "call") all.push(verifierTemplate(f));
  if (f.kind === "atomic" || f.kind === "load_acquire" || f.kind === "store_release") all.push(toWide(f.kernel));
  return [...new Set(all)];
}

/** Every spelling of uBPF syntax that the assembler reads; the first is the one that is printed. */
export function ubpfSpellings(f: Form): string[] {
  if (f.ubpf === null) return [];
  if (f.name === "call_helper") return ["call {callee}"];
  if (f.op === "bswap") return [f.ubpf, f.ubpf.replace("bswap", "swap")];
  if (f.kind === "atomic" && f.op.startsWith("fetch_")) return [f.ubpf, f.ubpf.replace("fetch_", "fetch ")];
  return [f.ubpf];
}
