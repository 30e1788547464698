import {
  decode,
  type HelperTable,
  type Insn,
  imm64,
  isBranch,
  isTerminal,
  loadImm64,
  type MapRef,
  type ProgramImage,
} from "../isa/index.ts";
import type { GuestMap } from "../maps/index.ts";
import { defineErrors } from "../util/index.ts";

interface At {
  program: string;
  slot: number;
}
const at = (d: At) => `program ${d.program}: instruction ${d.slot}`;

const loadError = defineErrors({
  E_PROG_EMPTY: (d: { program: string }) => `program ${d.program}: has no instructions`,
  E_PROG_JUMP: (d: At & { target: number }) =>
    `${at(d)}: jumps to ${d.target}, where no instruction of the program starts`,
  E_PROG_FALL: (d: At) =>
    `${at(d)}: control runs on past the end of its function; the last instruction must be exit or goto`,
  E_PROG_HELPER: (d: At & { helper: number; type: string }) =>
    `${at(d)}: helper ${d.helper} does not exist, or not for programs of type ${d.type}`,
  E_PROG_KFUNC: (d: At) => `${at(d)}: calls a kernel function (kfunc), which the simulated kernel does not have yet`,
  E_PROG_MAP_FD: (d: At & { fd: number }) => `${at(d)}: file descriptor ${d.fd} is no map`,
  E_PROG_MAP_VALUE: (d: At & { map: string; offset: number }) =>
    `${at(d)}: offset ${d.offset} is not inside the value of map ${d.map}, or it is no one-element array`,
  E_PROG_PSEUDO: (d: At & { form: string }) => `${at(d)}: ${d.form} is not supported by the simulated kernel yet`,
});

/** What loading a program needs to know of its kernel. */
export interface LoadEnvironment {
  readonly map: (fd: number) => GuestMap | undefined;
  readonly helpers: HelperTable;
  /** bpftool's word for the program type, for messages. */
  readonly type: string;
  readonly contextSize: number;
  readonly skb: boolean;
}

/** A program image and the maps it holds on to. */
export interface ResolvedProgram {
  readonly image: ProgramImage;
  readonly maps: readonly GuestMap[];
}

/**
 * BPF_PROG_LOAD's first half: decodes the instructions, puts guest addresses in the place of map descriptors, finds the
 * functions and checks that control stays inside them. What the values do is the verifier's affair.
 * @throws BpfError `E_INSN_*`, `E_PROG_*`
 */
export function resolveProgram(name: string, insns: Uint8Array, env: LoadEnvironment): ResolvedProgram {
  const code = [...decode(insns)];
  if (code.length === 0) throw loadError("E_PROG_EMPTY", { program: name });
  const maps = new Map<number, MapRef>();
  const used = new Set<GuestMap>();
  code.forEach((i, slot) => {
    if (i?.form.kind === "ld_imm64") code[slot] = resolveImmediate(name, slot, i, env, maps, used);
    else if (i?.form.kind === "call") checkCall(name, slot, i, env);
  });
  const subprogs = checkControl(name, code);
  const image = { name, code, subprogs, maps, contextSize: env.contextSize, skb: env.skb };
  return { image, maps: [...used] };
}

function resolveImmediate(
  program: string,
  slot: number,
  i: Insn,
  env: LoadEnvironment,
  refs: Map<number, MapRef>,
  used: Set<GuestMap>,
): Insn {
  const { op } = i.form;
  if (op === "value" || op === "func") return i;
  if (op !== "map_fd" && op !== "map_value") throw loadError("E_PROG_PSEUDO", { program, slot, form: i.form.name });
  const map = env.map(i.imm);
  if (map === undefined) throw loadError("E_PROG_MAP_FD", { program, slot, fd: i.imm });
  used.add(map);
  if (op === "map_fd") {
    refs.set(slot, map.ref);
    return loadImm64(i.dst, BigInt(map.address));
  }
  const offset = Number(imm64(i) >> 32n);
  const { direct } = map.ref;
  if (direct === undefined || map.maxEntries !== 1 || offset >= map.valueSize) {
    throw loadError("E_PROG_MAP_VALUE", { program, slot, map: map.name, offset });
  }
  return loadImm64(i.dst, BigInt(direct.base + offset));
}

function checkCall(program: string, slot: number, i: Insn, env: LoadEnvironment): void {
  if (i.form.op === "kfunc") throw loadError("E_PROG_KFUNC", { program, slot });
  if (i.form.op === "helper" && !env.helpers.has(i.imm)) {
    throw loadError("E_PROG_HELPER", { program, slot, helper: i.imm, type: env.type });
  }
}

/** First slots of the functions, after checking that every jump and fall-through stays inside its function. */
function checkControl(program: string, code: readonly (Insn | null)[]): number[] {
  const starts = new Set([0]);
  code.forEach((i, slot) => {
    if (i === null || !isBranch(i)) return;
    const target = slot + 1 + i.off;
    if (code[target] == null) throw loadError("E_PROG_JUMP", { program, slot, target });
    if (i.form.kind === "call" || i.form.kind === "ld_imm64") starts.add(target);
  });
  const subprogs = [...starts].sort((a, b) => a - b);
  for (const [n, start] of subprogs.entries()) checkFunction(program, code, start, subprogs[n + 1] ?? code.length);
  return subprogs;
}

function checkFunction(program: string, code: readonly (Insn | null)[], start: number, end: number): void {
  for (let slot = start; slot < end; slot++) {
    const i = code[slot];
    if (i == null || (i.form.kind !== "ja" && i.form.kind !== "jmp" && i.form.kind !== "may_goto")) continue;
    const target = slot + 1 + i.off;
    if (target < start || target >= end) throw loadError("E_PROG_JUMP", { program, slot, target });
  }
  const last = code[end - 1] === null ? end - 2 : end - 1;
  if (!isTerminal(code[last]!)) throw loadError("E_PROG_FALL", { program, slot: last });
}
