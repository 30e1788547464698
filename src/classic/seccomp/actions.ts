/** What a filter's return value means: the upper half says what to do, the lower half is data for it (linux/seccomp.h). */
interface ActionRow {
  /** As in SECCOMP_RET_*, and as seccomp-tools prints it. */
  readonly name: string;
  readonly value: number;
  /** Other spellings that are read. */
  readonly also: readonly string[];
  /** Whether the lower 16 bits matter: errno, or a number for the tracer or in the signal. */
  readonly data: boolean;
  /** The profile words of OCI, after SCMP_ACT_. */
  readonly oci: readonly string[];
}

export const ACTIONS = [
  { name: "KILL_PROCESS", value: 0x80000000, also: [], data: false, oci: ["KILL_PROCESS"] },
  { name: "KILL", value: 0x00000000, also: ["KILL_THREAD"], data: false, oci: ["KILL", "KILL_THREAD"] },
  { name: "TRAP", value: 0x00030000, also: [], data: true, oci: ["TRAP"] },
  { name: "ERRNO", value: 0x00050000, also: [], data: true, oci: ["ERRNO"] },
  { name: "USER_NOTIF", value: 0x7fc00000, also: [], data: false, oci: ["NOTIFY"] },
  { name: "TRACE", value: 0x7ff00000, also: [], data: true, oci: ["TRACE"] },
  { name: "LOG", value: 0x7ffc0000, also: [], data: false, oci: ["LOG"] },
  { name: "ALLOW", value: 0x7fff0000, also: [], data: false, oci: ["ALLOW"] },
] as const satisfies readonly ActionRow[];

export type ActionName = (typeof ACTIONS)[number]["name"];

const byName = new Map<string, ActionRow>(ACTIONS.flatMap((row) => [row.name, ...row.also].map((name) => [name, row])));
const byValue = new Map<number, ActionRow>(ACTIONS.map((row) => [row.value, row]));

export function actionByName(name: string): ActionRow | undefined {
  return byName.get(name);
}

export interface Action {
  readonly name: ActionName;
  /** The lower 16 bits of what the filter returned. */
  readonly data: number;
  readonly value: number;
}

/** What the kernel does for a return value. Upper halves that are no action kill the process (seccomp(2)). */
export function actionOf(value: number): Action {
  const row = byValue.get((value & 0xffff0000) >>> 0);
  return { name: (row?.name ?? "KILL_PROCESS") as ActionName, data: value & 0xffff, value: value >>> 0 };
}

/** `ALLOW`, `ERRNO(1)`, and the bare number where it is no action's plain form. */
export function actionText(value: number): string {
  const row = byValue.get((value & 0xffff0000) >>> 0);
  if (row === undefined) return `0x${(value >>> 0).toString(16)}`;
  const data = value & 0xffff;
  if (row.data) return data === 0 && row.name !== "ERRNO" ? row.name : `${row.name}(${data})`;
  return data === 0 ? row.name : `${row.name}(${data})`;
}
