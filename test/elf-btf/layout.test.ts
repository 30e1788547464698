import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { layoutText, parseBtf } from "../../src/btf/index.ts";
import { missing, skipped } from "../support/needs.ts";
import { compileFile, fixture, hasVmlinux, readBytes, readElf, section, VMLINUX } from "./tools.ts";

/** Kernel structs of all sorts: bit fields, holes, anonymous unions, flexible arrays, cache line alignment. */
const STRUCTS = [
  ...["task_struct", "sk_buff", "xdp_buff", "tcp_sock", "net_device", "page", "file", "inode", "ethhdr", "bpf_prog"],
  ...[
    "iphdr",
    "cred",
    "mm_struct",
    "sock",
    "bio",
    "bpf_map",
    "xdp_frame",
    "rq",
    "bpf_verifier_env",
    "tcphdr",
    "ipv6hdr",
  ],
];

/** What pahole guesses beyond places and sizes: alignment attributes, nameless bit fields, padding of member types. */
const GUESSES = /XXX last struct|Force alignment|Bitfield combined|paddings: |forced |member types with|\s:\d+;/;

/** White space is free, and so is the count of a flexible array. */
function normal(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => !GUESSES.test(line))
    .map((line) => line.replace(/\s*__attribute__\(\(__aligned__\(\d+\)\)\)/, "").replaceAll("[]", "[0]"))
    .map((line) =>
      line
        .replace(/\s+/g, " ")
        .replace(/\* +/g, "*")
        .replace(/ ([),;])/g, "$1")
        .trim(),
    )
    .filter((line) => line !== "");
}

const pahole = (file: string, name: string) =>
  normal(
    execFileSync("pahole", ["-F", "btf", "-C", name, file], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );

const noKernel = !hasVmlinux && skipped("layouts of kernel structs against pahole", "the kernel has no BTF");

describe.skipIf(noKernel || missing("layouts of kernel structs against pahole", "pahole"))(
  "layouts of kernel structs are pahole's",
  () => {
    const btf = hasVmlinux ? parseBtf(readBytes(VMLINUX), "vmlinux") : null;
    test.each(STRUCTS)("%s", (name) => {
      const [id] = btf!.find(name, "struct");
      if (id === undefined) return void skipped(`layout of struct ${name}`, "this kernel has none");
      expect(normal(layoutText(btf!, id))).toEqual(pahole(VMLINUX, name));
    });
  },
);

describe.skipIf(missing("layouts of compiled structs against pahole", "pahole", "clang-19"))(
  "layouts of compiled structs are pahole's",
  () => {
    test.each(["bits", "holes", "anon", "flexible", "tailpad", "pack_in", "with_enums", "boolean", "uses_empty"])(
      "%s",
      (name) => {
        const path = compileFile(fixture("types.c"));
        const btf = parseBtf(section(readElf(path), ".BTF"), path);
        const [id] = btf.find(name, "struct");
        expect(normal(layoutText(btf, id!))).toEqual(pahole(path, name));
      },
    );
  },
);
