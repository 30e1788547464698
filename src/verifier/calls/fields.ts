import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { FieldKind } from "../btf-info/field-kinds.ts";
import { type BtfRecord, recordOf, structRecord } from "../btf-info/special-fields.ts";
import type { VerifierEnv } from "../env.ts";
import type { Reg } from "../memory.ts";

/** Special fields of what a register points at: of a map's value, or of an allocated object (reg_btf_record). */
export function recordOfRegister(env: VerifierEnv, reg: Reg): BtfRecord | null {
  const { m } = env;
  const type = m.type(reg);
  if (type === L.PTR_TO_MAP_VALUE) return recordOf(env.maps[m.get(reg, L.REG_A)]!);
  const isAllocated = (type & L.TYPE_BASE_MASK) === L.PTR_TO_BTF_ID && (type & L.MEM_ALLOC) !== 0;
  return isAllocated ? structRecord(env.btf(m.get(reg, L.REG_A)), m.get(reg, L.REG_B)) : null;
}

/** Fields of map values that calls are pointed at, with the structure's name and where the record says they are. */
const POINTED: Readonly<Partial<Record<FieldKind, readonly [struct: string, offset: (record: BtfRecord) => number]>>> =
  {
    timer: ["bpf_timer", (record) => record.timerOff],
    workqueue: ["bpf_wq", (record) => record.wqOff],
    task_work: ["bpf_task_work", (record) => record.taskWorkOff],
  };

/** A pointer to the one field of a kind that a map's value has (check_map_field_pointer). Kernel functions share it. */
export function checkMapField(env: VerifierEnv, regno: number, kind: FieldKind): void {
  const { m } = env;
  const [struct, offset] = POINTED[kind]!;
  const reg = env.reg(regno);
  const map = env.maps[m.get(reg, L.REG_A)]!;
  const data = { reg: regno, map: map.name };
  const refuse = (message: string): never => env.reject(ERRNO.EINVAL, "V_TIMER", message, data);
  if (!m.isConst(reg)) refuse(`R${regno} doesn't have constant offset. ${struct} has to be at the constant offset`);
  if (map.btf === undefined) refuse(`map '${map.name}' has to have BTF in order to use ${struct}`);
  const record = recordOf(map);
  if (record === null || !record.kinds.has(kind)) refuse(`map '${map.name}' has no valid ${struct}`);
  const at = m.signed(reg, L.REG_VALUE) + m.off(reg);
  const wanted = offset(record!);
  if (at !== wanted) refuse(`off ${at} doesn't point to 'struct ${struct}' that is at ${wanted}`);
}
