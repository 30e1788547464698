import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Btf, bitField, parseBtf, resolveId, sizeOf, typeName } from "../../src/btf/index.ts";
import { type ElfFile, parseElf } from "../../src/elf/index.ts";
import { missing, skipped } from "../support/needs.ts";

export const CLANG = "/usr/bin/clang-19";
export const BPFTOOL = "/usr/sbin/bpftool";
export const VMLINUX = "/sys/kernel/btf/vmlinux";
export const hasClang = !missing("BTF of compiled C", CLANG);
export const hasBpftool = !missing("BTF text against bpftool", BPFTOOL);
export const hasVmlinux = existsSync(VMLINUX) || !skipped("BTF of the running kernel", `no ${VMLINUX}`);

export const fixture = (name: string): string => new URL(`./fixtures/${name}`, import.meta.url).pathname;

const directory = mkdtempSync(join(tmpdir(), "anybpf-btf-"));
let files = 0;

export function scratch(name: string): string {
  return join(directory, `${++files}-${name}`);
}

/** Compiles C with debug information for all types and returns the object's path. */
export function compileFile(source: string, flags: readonly string[] = []): string {
  const out = scratch("out.o");
  const all = ["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-fno-eliminate-unused-debug-types", ...flags];
  execFileSync(CLANG, [...all, "-c", source, "-o", out], { stdio: ["ignore", "ignore", "pipe"] });
  return out;
}

export function compileText(text: string, flags: readonly string[] = []): string {
  const source = scratch("in.c");
  writeFileSync(source, text);
  return compileFile(source, flags);
}

/** Variables of the named types, without which clang leaves the types out of its BTF. */
export function usesOf(btf: Btf, names: Iterable<string> = layouts(btf).keys()): string {
  return [...names].map((name, i) => `${name} anybpf_use_${i};\n`).join("");
}

export const readBytes = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
export const readElf = (path: string): ElfFile => parseElf(readBytes(path), path);

export function section(elf: ElfFile, name: string): Uint8Array {
  return elf.sections.find((s) => s.name === name)!.data;
}

export function btfOf(path: string): Btf {
  return parseBtf(section(readElf(path), ".BTF"), path);
}

export function bpftool(...args: string[]): string {
  return execFileSync(BPFTOOL, args, { encoding: "utf8", maxBuffer: 1 << 28 });
}

/** Layout of every named struct, union and enum as text: sizes and offsets, through anonymous members. */
export function layouts(btf: Btf): Map<string, string> {
  const all = new Map<string, string>();
  // C has one tag of a name; where BTF has several types, the text must rename some, and which is no matter of layout.
  const tags = new Map<string, number>();
  const hasTag = (kind: string) => kind === "struct" || kind === "union" || kind.startsWith("enum");
  for (let id = 1; id < btf.count; id++) {
    if (hasTag(btf.kindOf(id))) tags.set(btf.nameOf(id), (tags.get(btf.nameOf(id)) ?? 0) + 1);
  }
  for (let id = 1; id < btf.count; id++) {
    const type = btf.type(id);
    if (type.name === "" || type.name.includes("___") || (hasTag(type.kind) && tags.get(type.name) !== 1)) continue;
    if (type.kind === "struct" || type.kind === "union") {
      const key = `${type.kind} ${type.name}`;
      if (!all.has(key)) all.set(key, `${type.size}\n${memberLines(btf, id, 0).join("\n")}`);
    } else if (type.kind === "enum" || type.kind === "enum64") {
      const key = `enum ${type.name}`;
      const values = type.values.map(
        ({ name, value }) => `${name.replace(/___\d+$/, "")}=${BigInt.asUintN(64, value)}`,
      );
      if (!all.has(key) && values.length > 0) all.set(key, `${type.size}\n${values.join("\n")}`);
    }
  }
  return all;
}

function memberLines(btf: Btf, id: number, base: number): string[] {
  const type = btf.type(id);
  if (type.kind !== "struct" && type.kind !== "union") return [];
  return type.members.flatMap((member) => {
    const bare = resolveId(btf, member.type);
    const inner = bare === 0 ? null : btf.type(bare);
    if (member.name === "" && (inner?.kind === "struct" || inner?.kind === "union")) {
      return memberLines(btf, bare, base + member.bitOffset);
    }
    const field = bitField(btf, member);
    const place = base + (field?.offset ?? member.bitOffset);
    const kind = inner?.kind === "fwd" ? "struct" : (inner?.kind ?? "void").replace("enum64", "enum");
    const own = `${member.name} @${place} ${field?.bits ?? sizeOf(btf, member.type) * 8} ${kind}`;
    // The members of a nameless struct that has a member name are part of the layout too.
    const nested = inner !== null && inner.name === "" && (inner.kind === "struct" || inner.kind === "union");
    return [own, ...(nested ? memberLines(btf, bare, base + member.bitOffset) : [])];
  });
}

export { typeName };
