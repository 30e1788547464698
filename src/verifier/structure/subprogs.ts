import { ERRNO, helperByName } from "../../uapi/index.ts";
import { Subprog, type VerifierEnv } from "../env.ts";
import { BPF_ABS, BPF_CALL, BPF_EXIT, BPF_IND, BPF_JA, BPF_JMP, BPF_JMP32, BPF_LD } from "../insns.ts";
import { findExceptionCallback } from "./exception-callback.ts";
import { addKfuncCall, KfuncSites } from "./kfunc-sites.ts";
import { isJumpClass, jumpOffset } from "./successors.ts";

const MAX_SUBPROGS = 256;
const TAIL_CALL = helperByName("tail_call")!.id;

/** The first instruction behind function `n`. */
export function subprogEnd(env: VerifierEnv, n: number): number {
  return env.subprogs[n + 1]?.start ?? env.insns.count;
}

/** Number of the function that starts at an instruction, -1 where none does (find_subprog). */
export function findSubprog(env: VerifierEnv, start: number): number {
  const n = subprogAt(env, start);
  return env.subprogs[n]?.start === start ? n : -1;
}

/** Number of the function that an instruction lies in. */
export function subprogAt(env: VerifierEnv, insn: number): number {
  let low = 0;
  let high = env.subprogs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (env.subprogs[middle]!.start <= insn) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Finds the functions of the program and checks that jumps stay inside them (add_subprog_and_kfunc, check_subprogs). */
export function findSubprogs(env: VerifierEnv): void {
  addCalled(env);
  if (env.log.all) {
    for (const [n, { start }] of env.subprogs.entries()) env.verbose(`func#${n} @${start}\n`);
  }
  checkBoundaries(env);
}

/** Functions are what is called and what has its address taken; kernel functions are looked up on the way. */
function addCalled(env: VerifierEnv): void {
  const { insns } = env;
  const sites = new KfuncSites(env);
  const starts = new Set([0]);
  env.subprogs = [new Subprog(0)];
  for (let i = 0; i < insns.count; i++) {
    const isLocal = insns.isFuncLoad(i) || insns.isLocalCall(i);
    if (!isLocal && !insns.isKfuncCall(i)) continue;
    if (!env.bpfCapable) {
      const message = "loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN";
      env.reject(ERRNO.EPERM, "V_PRIVILEGE", message, { insn: i });
    }
    if (isLocal) addSubprog(env, starts, i + insns.imm[i]! + 1);
    else addKfuncCall(env, sites, insns.imm[i]!, insns.off[i]!);
  }
  const exceptionCallback = findExceptionCallback(env);
  if (exceptionCallback > 0) addSubprog(env, starts, exceptionCallback);
  env.subprogs = [...starts].sort((a, b) => a - b).map((start) => new Subprog(start));
  if (exceptionCallback === 0) return;
  const n = findSubprog(env, exceptionCallback);
  env.exceptionCallback = n;
  const subprog = env.subprogs[n]!;
  subprog.isCallback = true;
  subprog.isAsyncCallback = true;
  subprog.isExceptionCallback = true;
}

function addSubprog(env: VerifierEnv, starts: Set<number>, start: number): void {
  if (start < 0 || start >= env.insns.count) {
    env.reject(ERRNO.EINVAL, "V_BAD_JUMP", "call to invalid destination", { target: start });
  }
  if (starts.has(start)) return;
  if (starts.size >= MAX_SUBPROGS) {
    env.reject(ERRNO.E2BIG, "V_TOO_LARGE", "too many subprograms", { limit: MAX_SUBPROGS });
  }
  starts.add(start);
}

/** Jumps stay inside their function, and control cannot run from one function into the next. */
function checkBoundaries(env: VerifierEnv): void {
  const { insns } = env;
  for (const [n, subprog] of env.subprogs.entries()) {
    const end = subprogEnd(env, n);
    for (let i = subprog.start; i < end; i++) {
      if (insns.isHelperCall(i) && insns.imm[i] === TAIL_CALL) {
        subprog.hasTailCall = true;
        subprog.tailCallReachable = true;
      }
      if (isLegacyLoad(env, i)) subprog.hasLdAbs = true;
      if (!isJumpClass(insns, i) || insns.op(i) === BPF_CALL || insns.op(i) === BPF_EXIT) continue;
      const target = i + jumpOffset(insns, i) + 1;
      if (target < subprog.start || target >= end) rejectJump(env, i, target);
    }
    checkLast(env, end - 1);
  }
}

function isLegacyLoad(env: VerifierEnv, i: number): boolean {
  const mode = env.insns.code[i]! & 0xe0;
  return env.insns.class(i) === BPF_LD && (mode === BPF_ABS || mode === BPF_IND);
}

export function rejectJump(env: VerifierEnv, insn: number, target: number): never {
  env.insnIdx = insn;
  env.reject(ERRNO.EINVAL, "V_BAD_JUMP", `jump out of range from insn ${insn} to ${target}`, { insn, target });
}

const LAST = [BPF_JMP | BPF_EXIT, BPF_JMP | BPF_JA, BPF_JMP32 | BPF_JA];

function checkLast(env: VerifierEnv, i: number): void {
  if (LAST.includes(env.insns.code[i]!)) return;
  env.insnIdx = i;
  env.reject(ERRNO.EINVAL, "V_FALL_THROUGH", "last insn is not an exit or jmp", { insn: i });
}
