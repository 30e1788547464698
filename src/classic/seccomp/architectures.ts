/** An architecture whose system calls anybpf knows by name. */
interface ArchitectureRow {
  readonly name: string;
  readonly also: readonly string[];
  /** AUDIT_ARCH_* (linux/audit.h): the ELF machine, with a bit for 64-bit and one for little-endian. */
  readonly audit: number;
  /** As seccomp-tools writes it. */
  readonly label: string;
  /** Bits of an argument. */
  readonly bits: 32 | 64;
}

export const ARCHITECTURES = [
  { name: "x86_64", also: ["x86-64", "amd64"], audit: 0xc000003e, label: "ARCH_X86_64", bits: 64 },
  { name: "i386", also: ["x86", "i686"], audit: 0x40000003, label: "ARCH_I386", bits: 32 },
  { name: "arm64", also: ["aarch64"], audit: 0xc00000b7, label: "ARCH_AARCH64", bits: 64 },
  { name: "riscv64", also: [], audit: 0xc00000f3, label: "ARCH_RISCV64", bits: 64 },
] as const satisfies readonly ArchitectureRow[];

export type ArchitectureName = (typeof ARCHITECTURES)[number]["name"];
export type Architecture = (typeof ARCHITECTURES)[number];

/** AUDIT_ARCH_* of architectures whose numbers are known but not their system calls: names for what filters compare with. */
export const OTHER_ARCHITECTURES: readonly (readonly [label: string, audit: number])[] = [
  ["ARCH_ARM", 0x40000028],
  ["ARCH_S390", 0x16],
  ["ARCH_S390X", 0x80000016],
  ["ARCH_PPC", 0x14],
  ["ARCH_PPC64", 0x80000015],
  ["ARCH_PPC64LE", 0xc0000015],
  ["ARCH_MIPS", 0x8],
  ["ARCH_MIPSEL", 0x40000008],
  ["ARCH_MIPS64", 0x80000008],
  ["ARCH_MIPSEL64", 0xc0000008],
  ["ARCH_MIPS64N32", 0xa0000008],
  ["ARCH_MIPSEL64N32", 0xe0000008],
  ["ARCH_RISCV32", 0x400000f3],
  ["ARCH_LOONGARCH64", 0xc0000102],
];

const labels = new Map<number, string>([
  ...ARCHITECTURES.map((a) => [a.audit, a.label] as const),
  ...OTHER_ARCHITECTURES.map(([label, audit]) => [audit, label] as const),
]);
const audits = new Map<string, number>([
  ...[...labels].map(([audit, label]) => [label, audit] as const),
  ...ARCHITECTURES.flatMap((a) => [a.name, ...a.also].map((name) => [`ARCH_${name.toUpperCase()}`, a.audit] as const)),
]);

/** `ARCH_X86_64` of 0xc000003e. */
export function architectureLabel(audit: number): string | undefined {
  return labels.get(audit);
}

export function architectureByLabel(label: string): number | undefined {
  return audits.get(label.replace(/^AUDIT_/, ""));
}

export function architectureByAudit(audit: number): Architecture | undefined {
  return ARCHITECTURES.find((a) => a.audit === audit);
}

/** By `x86_64`, `amd64`, … */
export function architectureByName(name: string): Architecture | undefined {
  return ARCHITECTURES.find((a) => a.name === name || (a.also as readonly string[]).includes(name));
}
