import { existsSync, readFileSync } from "node:fs";
import { type Btf, parseBtf } from "../../btf/index.ts";
import { type Backend, loadObject, type ProgLoadAttr, VerifierKernel } from "../../kernel/index.ts";
import { type ObjectSpec, type ProgramSpec, readObject } from "../../loader/index.ts";
import { openLinux, possibleCpus, verifierStatistics } from "../../node/linux/index.ts";
import { findProgramType, programTypeLabel } from "../../uapi/index.ts";
import { BpfError } from "../../util/index.ts";
import type { KernelFacts, Mode, ProgramInput, Verdict } from "../../verifier/index.ts";
import { readBtf } from "../btf-file.ts";
import { readBytes } from "../run/files.ts";
import { verifyError } from "./errors.ts";

/** What `anybpf verify` was asked to do with each object. */
export interface Judging {
  /** Name of the one program that is wanted. */
  readonly program: string | undefined;
  /** bpftool's word or BPF_PROG_TYPE_*, for sections whose names tell none. */
  readonly type: string | undefined;
  /** BPF_LOG_LEVEL1, 2, BPF_LOG_STATS. */
  readonly logLevel: number;
  readonly mode: Mode;
  /** The BTF file that stands for the kernel's own. */
  readonly btf: string | undefined;
}

/** What a verifier said of one program. */
export interface Judged {
  readonly file: string;
  readonly program: string;
  readonly section: string;
  /** bpftool's word. */
  readonly type: string;
  readonly insns: number;
  readonly accepted: boolean;
  /** Positive, 0 = accepted. */
  readonly errno: number;
  /** The kernel's message, "" = accepted. */
  readonly message: string;
  readonly processed: number;
  readonly maxStatesPerInsn: number;
  readonly totalStates: number;
  readonly peakStates: number;
  /** Bytes by function: `32+0`. */
  readonly stackDepth: string;
  readonly microseconds: number;
  readonly log: string;
  /** Of our verifier: what went in and all that came out. */
  readonly own: { readonly input: ProgramInput; readonly verdict: Verdict } | null;
}

const CPUS = "/sys/devices/system/cpu/possible";
const RUNNING_BTF = "/sys/kernel/btf/vmlinux";
const now = () => performance.now() * 1e6;

/** The kernel's BTF: the file given, else the running kernel's, else none. */
export function kernelBtf(path: string | undefined): Btf | null {
  if (path !== undefined) return readBtf(path, null);
  return existsSync(RUNNING_BTF) ? parseBtf(readFileSync(RUNNING_BTF), RUNNING_BTF) : null;
}

/** What verdicts depend on besides the program: the kernel's BTF, and how many CPUs there may be. */
export function kernelFacts(btf: Btf | null): KernelFacts {
  return {
    ...(btf === null ? {} : { vmlinux: btf }),
    ...(existsSync(CPUS) ? { possibleCpus: possibleCpus().length } : {}),
  };
}

/** An object's wanted programs, each handed to `judge` as it would be loaded. */
function eachProgram(
  backend: Backend,
  spec: ObjectSpec,
  wanted: Judging,
  targetBtf: Btf | null,
  judge: (attr: ProgLoadAttr, program: ProgramSpec) => void,
): void {
  const row = wanted.type === undefined ? undefined : findProgramType(wanted.type);
  if (wanted.type !== undefined && row === undefined) throw verifyError("E_VERIFY_TYPE", { found: wanted.type });
  loadObject(backend, spec, {
    targetBtf,
    judge,
    programs: wanted.program === undefined ? spec.programs.map(({ name }) => name) : [wanted.program],
    ...(row === undefined ? {} : { programType: row.id }),
  }).close();
}

function described(spec: ObjectSpec, program: ProgramSpec, attr: ProgLoadAttr) {
  const { name, section } = program;
  return { file: spec.name, program: name, section, type: programTypeLabel(attr.type), insns: attr.insns.length / 8 };
}

/** Puts every wanted program of the objects to our verifier. */
export function judgeSimulated(files: readonly string[], wanted: Judging, btf: Btf | null): Judged[] {
  const results: Judged[] = [];
  const kernel = new VerifierKernel({
    logLevel: wanted.logLevel,
    mode: wanted.mode,
    now,
    kernel: kernelFacts(btf),
  });
  for (const file of files) {
    const spec = readObject(readBytes(file), { name: file });
    eachProgram(kernel, spec, wanted, btf, (attr, program) => {
      const input = kernel.programInput(attr);
      const verdict = kernel.judge(attr);
      const { stats } = verdict;
      results.push({
        ...described(spec, program, attr),
        accepted: verdict.accepted,
        errno: verdict.errno,
        message: verdict.failure?.message ?? "",
        processed: stats.insnProcessed,
        maxStatesPerInsn: stats.maxStatesPerInsn,
        totalStates: stats.totalStates,
        peakStates: stats.peakStates,
        stackDepth: stats.stackDepths.join("+"),
        microseconds: stats.microseconds,
        log: verdict.log,
        own: { input, verdict },
      });
    });
  }
  return results;
}

/** The same by the running kernel. Programs are loaded and given back at once. */
export async function judgeLinux(files: readonly string[], wanted: Judging, btf: Btf | null): Promise<Judged[]> {
  const results: Judged[] = [];
  using kernel = await openLinux();
  for (const file of files) {
    const spec = readObject(readBytes(file), { name: file });
    eachProgram(kernel, spec, wanted, btf, (attr, program) => {
      results.push(
        askLinux((given) => kernel.close(kernel.progLoad(given)), attr, described(spec, program, attr), wanted),
      );
    });
  }
  return results;
}

type Described = ReturnType<typeof described>;

const BPF_LOG_STATS = 4;

function askLinux(load: (attr: ProgLoadAttr) => void, attr: ProgLoadAttr, what: Described, wanted: Judging): Judged {
  let log = "";
  let errno = 0;
  let message = "";
  try {
    const keepLog = (text: string) => {
      log = text;
    };
    load({ ...attr, logLevel: wanted.logLevel | BPF_LOG_STATS, log: keepLog });
  } catch (error) {
    if (!(error instanceof BpfError) || error.code !== "E_KERNEL") throw error;
    errno = Number(error.data["errno"]);
    message = lastWords(log);
  }
  const stats = verifierStatistics(log);
  return {
    ...what,
    accepted: errno === 0,
    errno,
    message,
    processed: stats?.processed ?? 0,
    maxStatesPerInsn: stats?.maxStatesPerInsn ?? 0,
    totalStates: stats?.totalStates ?? 0,
    peakStates: stats?.peakStates ?? 0,
    stackDepth: stats?.stackDepth ?? "",
    microseconds: stats?.time ?? 0,
    log,
    own: null,
  };
}

/** The log's last line before the statistics. */
function lastWords(log: string): string {
  const said = log.split("\n").filter((line) => !/^(processed \d|verification time|stack depth|\s*$)/.test(line));
  return said.at(-1) ?? "";
}
