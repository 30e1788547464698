import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, PROG_TYPE } from "../../uapi/index.ts";
import { markDynptrRegister } from "../calls/dynptr.ts";
import type { SubprogArg, VerifierEnv } from "../env.ts";
import { prepareSubprogArgs } from "../functions/args.ts";
import type { Reg } from "../memory.ts";
import { acquireContextReferences } from "../programs/btf-context.ts";
import { VerifierState } from "../state.ts";
import { newFrame } from "./frames.ts";
import { markKnownZeroReg, markUnknownReg } from "./registers.ts";

/** Flags that pointers take over from an argument's type, as its words name them. */
const FLAGS: readonly (readonly [word: string, flag: number])[] = [
  ["PTR_MAYBE_NULL", L.PTR_MAYBE_NULL],
  ["PTR_UNTRUSTED", L.PTR_UNTRUSTED],
  ["PTR_TRUSTED", L.PTR_TRUSTED],
  ["MEM_RDONLY", L.MEM_RDONLY],
];

function setPointer(env: VerifierEnv, reg: Reg, type: number): void {
  markKnownZeroReg(env, reg);
  env.m.setType(reg, type);
}

/** What a global function may take for granted of an argument. */
function setArgument(env: VerifierEnv, reg: Reg, arg: SubprogArg): void {
  const { m } = env;
  const words = arg.type.split(" | ");
  let flags = 0;
  for (const [word, flag] of FLAGS) if (words.includes(word)) flags |= flag;
  switch (words[0]) {
    case "ARG_PTR_TO_CTX":
      setPointer(env, reg, L.PTR_TO_CTX);
      break;
    case "ARG_ANYTHING":
    case "ARG_PTR_TO_ARENA":
      markUnknownReg(env, reg);
      break;
    case "ARG_PTR_TO_DYNPTR":
      markDynptrRegister(env, reg, L.DYNPTR_LOCAL);
      break;
    case "ARG_PTR_TO_MEM":
      setPointer(env, reg, L.PTR_TO_MEM | flags);
      m.set(reg, L.REG_A, arg.memSize);
      if ((flags & L.PTR_MAYBE_NULL) !== 0) m.set(reg, L.REG_ID, env.newId());
      break;
    case "ARG_PTR_TO_BTF_ID":
      setPointer(env, reg, L.PTR_TO_BTF_ID | (flags & ~L.MEM_RDONLY));
      m.set(reg, L.REG_A, arg.btf);
      m.set(reg, L.REG_B, arg.btfId);
      m.set(reg, L.REG_ID, env.newId());
      break;
    default:
      env.reject(ERRNO.EFAULT, "V_GLOBAL_FUNCTION", `verifier bug: unhandled arg type ${arg.type}`);
  }
}

/** The arguments of a function that is verified on its own, from its BTF. */
function setArguments(env: VerifierEnv, subprog: number): void {
  const info = env.subprogs[subprog]!;
  if (env.log.states) env.verbose(`Validating ${info.name}() func#${subprog}...\n`);
  const errno = prepareSubprogArgs(env, subprog);
  if (errno !== 0) env.reject(errno, "V_GLOBAL_FUNCTION", "", { function: info.name });
  const args = info.args ?? [];
  if (subprog !== 0 && subprog === env.exceptionCallback) {
    env.m.set(env.frame, L.FRAME_IN_EXCEPTION_CALLBACK, 1);
    if (args.length !== 1 || args[0]!.type !== "ARG_ANYTHING") {
      env.reject(ERRNO.EINVAL, "V_EXCEPTION", "exception cb only supports single integer argument");
    }
  }
  args.forEach((arg, i) => {
    setArgument(env, env.reg(i + 1), arg);
  });
}

/** Whether BTF says of the program's own function what it really gets. */
function checkMainArguments(env: VerifierEnv): void {
  const info = env.subprogs[0]!;
  if (env.funcInfo.length > 0) {
    const errno = prepareSubprogArgs(env, 0);
    const args = info.args ?? [];
    if (errno !== 0 || args.length !== 1 || args[0]!.type !== "ARG_PTR_TO_CTX") info.unreliable = true;
  }
  setPointer(env, env.reg(1), L.PTR_TO_CTX);
}

/** The state in which a function is entered that is verified on its own: the program (0) or a global function (do_check_common). */
export function enter(env: VerifierEnv, subprog: number): void {
  const state = new VerifierState();
  state.branches = 1;
  state.inSleepable = env.sleepable;
  state.frames.push(newFrame(env, L.CALLSITE_MAIN, 0, subprog));
  state.firstInsnIdx = env.subprogs[subprog]!.start;
  state.lastInsnIdx = -1;
  env.state = state;
  if (subprog !== 0 || env.type === PROG_TYPE.BPF_PROG_TYPE_EXT) setArguments(env, subprog);
  else checkMainArguments(env);
  if (subprog === 0) acquireContextReferences(env);
}
