import { type Btf, resolve } from "../../btf/index.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { FuncInfo, VerifierEnv } from "../env.ts";
import { checkAbnormalReturn, hasTail, MAX_RECORD_SIZE, recordsOf, rejectUnended } from "./records.ts";

/** struct bpf_func_info: instruction, type id. */
const KNOWN = 8;

/** The records in themselves, before functions are known (check_btf_func_early). */
export function readFuncInfo(env: VerifierEnv, btf: Btf): void {
  const { funcInfo, funcInfoRecordSize = KNOWN } = env.input;
  const records = recordsOf(funcInfo, funcInfoRecordSize);
  if (records.count === 0) return;
  const size = records.stride;
  if (size < KNOWN || size > MAX_RECORD_SIZE || size % 4 !== 0) {
    env.reject(ERRNO.EINVAL, "V_FUNC_INFO", `invalid func info rec size ${size}`, { size });
  }
  const out: FuncInfo[] = [];
  for (let i = 0; i < records.count; i++) {
    if (hasTail(records, i, KNOWN)) {
      rejectUnended(env, ERRNO.E2BIG, "V_FUNC_INFO", "nonzero tailing record in func info", { record: i });
    }
    const insn = records.view.getUint32(i * size, true);
    const typeId = records.view.getUint32(i * size + 4, true);
    checkRecord(env, btf, insn, typeId, out.at(-1)?.insn ?? -1);
    out.push({ insn, typeId });
  }
  env.funcInfo = out;
}

function checkRecord(env: VerifierEnv, btf: Btf, insn: number, typeId: number, previous: number): void {
  if (previous < 0 && insn !== 0) {
    const message = `nonzero insn_off ${insn} for the first func info record`;
    rejectUnended(env, ERRNO.EINVAL, "V_FUNC_INFO", message, { insn });
  }
  if (previous >= 0 && insn <= previous) {
    const message = `same or smaller insn offset (${insn}) than previous func info record (${previous})`;
    rejectUnended(env, ERRNO.EINVAL, "V_FUNC_INFO", message, { insn });
  }
  if (typeId === 0 || typeId >= btf.count || btf.kindOf(typeId) !== "func") {
    rejectUnended(env, ERRNO.EINVAL, "V_FUNC_INFO", `invalid type id ${typeId | 0} in func info`, { typeId });
  }
}

/** Whether a function's result is what programs end with: an integer of up to 8 bytes, or an enumeration. */
function returnsScalar(btf: Btf, typeId: number): boolean {
  const func = btf.type(typeId);
  const proto = func.kind === "func" ? btf.type(func.type) : null;
  const ret = proto?.kind === "func_proto" ? resolve(btf, proto.type) : null;
  if (ret?.kind === "enum" || ret?.kind === "enum64") return true;
  return ret?.kind === "int" && ret.size <= 8;
}

/** The records against the program's functions, which take their names and linkage from there (check_btf_func). */
export function checkFuncInfo(env: VerifierEnv): void {
  const { funcInfo, subprogs } = env;
  if (funcInfo.length === 0) {
    checkAbnormalReturn(env);
    return;
  }
  if (funcInfo.length !== subprogs.length) {
    const message = "number of funcs in func_info doesn't match number of subprogs";
    env.reject(ERRNO.EINVAL, "V_FUNC_INFO", message, { records: funcInfo.length, subprogs: subprogs.length });
  }
  const btf = env.btf(1);
  for (const [n, { insn, typeId }] of funcInfo.entries()) {
    const subprog = subprogs[n]!;
    if (subprog.start !== insn) {
      const message = "func_info BTF section doesn't match subprog layout in BPF program";
      env.reject(ERRNO.EINVAL, "V_FUNC_INFO", message, { subprog: n, insn });
    }
    const func = btf.type(typeId);
    subprog.typeId = typeId;
    subprog.name = func.name;
    subprog.global = func.kind === "func" && func.linkage === "global";
    if (n === 0 || returnsScalar(btf, typeId)) continue;
    const what = subprog.hasLdAbs ? "LD_ABS" : subprog.hasTailCall ? "tail_call" : null;
    if (what === null) continue;
    env.insnIdx = subprog.start;
    const message = `${what} is only allowed in functions that return 'int'.`;
    env.reject(ERRNO.EINVAL, "V_TAIL_CALL_MIX", message, { subprog: n });
  }
}
