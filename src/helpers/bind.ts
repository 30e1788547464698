import type { HelperBinding } from "../isa/index.ts";
import { type Helper, helperByName, mayCall } from "../uapi/index.ts";
import { assert } from "../util/index.ts";
import type { GuestMemory } from "../vm/memory.ts";
import type { Runtime } from "../vm/runtime.ts";
import { pointerRules } from "./pointer-rules.ts";
import { type PrintHelpers, printHelpers } from "./print.ts";
import { HELPER_ROWS, type HelperRow } from "./rows.ts";

/** What helpers work on. */
export interface HelperEnv {
  readonly runtime: Runtime;
  readonly memory: GuestMemory;
  /** Gets each line of bpf_trace_printk and bpf_trace_vprintk, bare. */
  readonly printk: (line: string) => void;
}

type Call = HelperBinding["call"];

function implementation(row: HelperRow, env: HelperEnv, print: PrintHelpers): Call {
  if (row.script !== undefined) return print[row.script] as Call;
  if (row.intrinsic !== undefined) return () => assert(false, `${row.name} is open-coded`);
  const call = env.runtime.exports[row.runtime ?? ""];
  assert(call !== undefined, `the runtime module has no ${row.runtime}`);
  return call as Call;
}

function bind(helper: Helper, row: HelperRow, call: Call): HelperBinding {
  assert(helper.abi !== undefined, `${helper.name} has no calling convention`);
  const [args, ret] = helper.abi;
  return {
    id: helper.id,
    name: helper.name,
    args,
    ret,
    call,
    ...(row.callback === undefined ? {} : { callback: row.callback }),
    ...(row.intrinsic === undefined ? {} : { intrinsic: row.intrinsic }),
    pointers: pointerRules(helper),
  };
}

/**
 * The helpers that a program of this BPF_PROG_TYPE_* may call, by id. Types whose access we do not know get all.
 * Some helpers are not the same function for all types (`bpf_redirect`, `bpf_perf_event_output`).
 */
export function createHelpers(env: HelperEnv, type: number): Map<number, HelperBinding> {
  const print = printHelpers(env.memory, env.printk);
  const out = new Map<number, HelperBinding>();
  for (const row of HELPER_ROWS) {
    const helper = helperByName(row.name);
    assert(helper !== undefined, `no helper ${row.name}`);
    if (out.has(helper.id) || mayCall(type, helper) === false) continue;
    if (row.types?.includes(type) === false) continue;
    out.set(helper.id, bind(helper, row, implementation(row, env, print)));
  }
  return out;
}
