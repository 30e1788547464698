import type { ArchitectureName } from "./architectures.ts";
import { SYSCALL_ROWS } from "./syscall-rows.ts";

/** Bit of a system call's number that says x32 on x86-64 (__X32_SYSCALL_BIT). */
export const X32_BIT = 0x40000000;

export interface Syscall {
  readonly name: string;
  readonly nr: number;
  readonly args: readonly string[];
}

/** The numberings: the architectures', and x32's, which shares x86-64's AUDIT_ARCH. */
export type SyscallTable = ArchitectureName | "x32";

/** Raw calls whose arguments stand in another order than on x86-64 (clone(2), mmap(2), select(2)). */
const OWN_ARGS: Readonly<Partial<Record<SyscallTable, Readonly<Record<string, readonly string[]>>>>> = {
  i386: { clone: ["flags", "stack", "parent_tid", "tls", "child_tid"], mmap: ["arg"], select: ["arg"] },
  arm64: { clone: ["flags", "stack", "parent_tid", "tls", "child_tid"] },
  riscv64: { clone: ["flags", "stack", "parent_tid", "tls", "child_tid"] },
};

interface Table {
  readonly byName: ReadonlyMap<string, Syscall>;
  readonly byNumber: ReadonlyMap<number, Syscall>;
}

const COLUMNS: readonly SyscallTable[] = ["x86_64", "x32", "i386", "arm64", "riscv64"];
let tables: ReadonlyMap<SyscallTable, Table> | null = null;

function readTables(): ReadonlyMap<SyscallTable, Table> {
  const made = new Map(COLUMNS.map((table) => [table, { byName: new Map(), byNumber: new Map() }]));
  for (const line of SYSCALL_ROWS.trim().split("\n")) {
    const [name, ...words] = line.split(" ") as [string, ...string[]];
    const numbers = words.slice(0, COLUMNS.length);
    if (numbers[1] === "=") numbers[1] = numbers[0]!;
    const args = words.slice(COLUMNS.length);
    COLUMNS.forEach((table, column) => {
      if (numbers[column] === "-") return;
      const nr = Number(numbers[column]) + (table === "x32" ? X32_BIT : 0);
      const call = { name, nr, args: OWN_ARGS[table]?.[name] ?? args };
      made.get(table)!.byName.set(name, call);
      made.get(table)!.byNumber.set(nr, call);
    });
  }
  return made;
}

function tableOf(table: SyscallTable): Table {
  tables ??= readTables();
  return tables.get(table)!;
}

/** A system call by its name; on x86-64 also x32's, as `x32_read`. */
export function syscallByName(arch: SyscallTable, name: string): Syscall | undefined {
  const call = tableOf(arch).byName.get(name);
  if (call !== undefined || arch !== "x86_64" || !name.startsWith("x32_")) return call;
  return tableOf("x32").byName.get(name.slice("x32_".length));
}

/** A system call by its number; numbers with x32's bit on x86-64 are named `x32_read`. */
export function syscallByNumber(arch: SyscallTable, nr: number): Syscall | undefined {
  const call = tableOf(arch).byNumber.get(nr);
  if (call !== undefined || arch !== "x86_64") return call;
  const x32 = tableOf("x32").byNumber.get(nr);
  return x32 === undefined ? undefined : { ...x32, name: `x32_${x32.name}` };
}

/** All system calls of a numbering, by number. */
export function syscallsOf(arch: SyscallTable): readonly Syscall[] {
  return [...tableOf(arch).byNumber.values()].sort((a, b) => a.nr - b.nr);
}

/** Whether any architecture has a call of this name. */
export function isSyscallName(name: string): boolean {
  return COLUMNS.some((table) => tableOf(table).byName.has(name));
}
