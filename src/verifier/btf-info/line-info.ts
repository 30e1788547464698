import type { Btf } from "../../btf/index.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import type { LineInfo } from "../types.ts";
import { hasTail, MAX_RECORD_SIZE, recordsOf, rejectUnended } from "./records.ts";

/** struct bpf_line_info: instruction, offsets of the file's name and of the line's text, line << 10 | column. */
const KNOWN = 16;
const COLUMN_BITS = 10;

/** The records against the program; each function needs one at its start (check_btf_line). */
export function readLineInfo(env: VerifierEnv, btf: Btf): void {
  const { lineInfo, lineInfoRecordSize = KNOWN } = env.input;
  const records = recordsOf(lineInfo, lineInfoRecordSize);
  if (records.count === 0) return;
  const size = records.stride;
  if (size < KNOWN || size > MAX_RECORD_SIZE || size % 4 !== 0) {
    env.reject(ERRNO.EINVAL, "V_LINE_INFO", "", { size });
  }
  const lines: LineInfo[] = [];
  const { subprogs } = env;
  let subprog = 0;
  for (let i = 0; i < records.count; i++) {
    if (hasTail(records, i, KNOWN)) {
      rejectUnended(env, ERRNO.E2BIG, "V_LINE_INFO", "nonzero tailing record in line_info", { record: i });
    }
    const line = readRecord(env, btf, records.view, i, size, lines.at(-1)?.insn ?? -1);
    const start = subprogs[subprog]?.start ?? -1;
    if (line.insn === start) subprogs[subprog++]!.lineInfoIdx = i;
    else if (subprog < subprogs.length && start < line.insn) {
      env.reject(ERRNO.EINVAL, "V_LINE_INFO", `missing bpf_line_info for func#${subprog}`, { subprog });
    }
    lines.push(line);
  }
  if (subprog < subprogs.length) {
    const missing = subprogs.length - subprog;
    const message = `missing bpf_line_info for ${missing} funcs starting from func#${subprog}`;
    env.reject(ERRNO.EINVAL, "V_LINE_INFO", message, { subprog });
  }
  env.lines = lines;
}

function readRecord(env: VerifierEnv, btf: Btf, view: DataView, i: number, size: number, previous: number): LineInfo {
  const { insns } = env;
  const at = i * size;
  const insn = view.getUint32(at, true);
  if (insn <= previous || insn >= insns.count) {
    const before = Math.max(previous, 0);
    const where = `(prev_offset:${before} prog->len:${insns.count})`;
    const message = `Invalid line_info[${i}].insn_off:${insn} ${where}`;
    env.reject(ERRNO.EINVAL, "V_LINE_INFO", message, { record: i, insn });
  }
  if (insns.code[insn] === 0) {
    env.reject(ERRNO.EINVAL, "V_LINE_INFO", `Invalid insn code at line_info[${i}].insn_off`, { record: i, insn });
  }
  const fileName = view.getUint32(at + 4, true);
  const text = view.getUint32(at + 8, true);
  if (fileName >= btf.stringSize || text >= btf.stringSize) {
    env.reject(ERRNO.EINVAL, "V_LINE_INFO", `Invalid line_info[${i}].line_off or .file_name_off`, { record: i, insn });
  }
  const lineColumn = view.getUint32(at + 12, true);
  return {
    insn,
    file: btf.string(fileName),
    source: btf.string(text),
    line: lineColumn >>> COLUMN_BITS,
    column: lineColumn & ((1 << COLUMN_BITS) - 1),
  };
}
