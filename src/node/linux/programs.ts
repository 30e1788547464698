import { kernelError, type ProgLoadAttr, type TestRunAttr, type TestRunResult } from "../../kernel/index.ts";
import { ERRNO, errnoText, PROG_TYPE, programType, programTypeLabel } from "../../uapi/index.ts";
import { lastReason } from "./log.ts";
import type { BpfSyscall } from "./syscall.ts";

const FIRST_LOG = 1 << 16;
/** The kernel takes up to UINT32_MAX >> 2 since 5.2; more than this no reader wants. */
const LAST_LOG = 1 << 28;
/** The verifier gives up with EAGAIN when a signal comes. */
const ATTEMPTS = 5;

interface Attempt {
  readonly result: number;
  readonly log: string;
  /** Bytes that the whole log needs. */
  readonly logSize: number;
}

/**
 * BPF_PROG_LOAD. The log's buffer grows until all of it fits. A program that is refused is put to the verifier once more
 * with a log, if none was asked for: what the error says comes from there.
 * @throws BpfError `E_KERNEL` with the log in `data.log` and its last word in the message
 */
export function loadProgram(bpf: BpfSyscall, attr: ProgLoadAttr): number {
  const { result, log } = holdingProfiler(bpf, () => {
    const asked = attr.logLevel ?? 0;
    const attempt = loadWithLog(bpf, attr, asked);
    return attempt.result < 0 && asked === 0 ? loadWithLog(bpf, attr, 1) : attempt;
  });
  if ((attr.logLevel ?? 0) !== 0) attr.log?.(log);
  if (result >= 0) return result;
  const what = `program "${attr.name ?? ""}" of type ${programTypeLabel(attr.type)}`;
  throw kernelError("BPF_PROG_LOAD", -result, `${what}: ${lastReason(log) ?? errnoText(-result)}`, log);
}

/** Under `node --cpu-prof` a signal comes each millisecond: the verifier would never get through a program that takes longer. */
function holdingProfiler<T>({ libc }: BpfSyscall, run: () => T): T {
  libc.holdProfiler(true);
  try {
    return run();
  } finally {
    libc.holdProfiler(false);
  }
}

function loadWithLog(bpf: BpfSyscall, attr: ProgLoadAttr, level: number): Attempt {
  let size = level === 0 ? 0 : FIRST_LOG;
  for (let tries = 1; ; tries++) {
    const attempt = loadOnce(bpf, attr, level, size);
    const truncated = attempt.result === -ERRNO.ENOSPC || attempt.logSize > size;
    if (level !== 0 && truncated && size < LAST_LOG) {
      if (attempt.result >= 0) bpf.libc.close(attempt.result);
      size = Math.min(LAST_LOG, Math.max(attempt.logSize + 1, size * 4));
      tries = 0;
    } else if (attempt.result !== -ERRNO.EAGAIN || tries >= ATTEMPTS) return attempt;
  }
}

function loadOnce(bpf: BpfSyscall, attr: ProgLoadAttr, level: number, size: number): Attempt {
  const { arena } = bpf;
  arena.begin();
  const log = size === 0 ? null : arena.room(size);
  // Whatever the kernel leaves alone is no text.
  if (log !== null) log.bytes[0] = 0;
  const fds = attr.fdArray === undefined ? undefined : new Uint8Array(Int32Array.from(attr.fdArray).buffer);
  const result = bpf.run("BPF_PROG_LOAD", {
    prog_type: attr.type,
    insn_cnt: attr.insns.length / 8,
    insns: arena.copy(attr.insns),
    license: arena.text(attr.license),
    log_level: level,
    log_size: size,
    log_buf: log?.address ?? 0n,
    kern_version: attr.kernVersion ?? 0,
    prog_flags: attr.flags ?? 0,
    prog_name: attr.name ?? "",
    prog_ifindex: attr.ifindex ?? 0,
    expected_attach_type: attr.expectedAttachType ?? 0,
    prog_btf_fd: attr.btfFd ?? 0,
    ...(attr.funcInfo === undefined
      ? {}
      : { func_info_rec_size: 8, func_info: arena.copy(attr.funcInfo), func_info_cnt: attr.funcInfo.length / 8 }),
    ...(attr.lineInfo === undefined
      ? {}
      : { line_info_rec_size: 16, line_info: arena.copy(attr.lineInfo), line_info_cnt: attr.lineInfo.length / 16 }),
    attach_btf_id: attr.attachBtfId ?? 0,
    attach_prog_fd: attr.attachProgFd ?? attr.attachBtfObjFd ?? 0,
    fd_array: arena.copy(fds),
  });
  return { result, log: log === null ? "" : textIn(log.bytes), logSize: bpf.result("BPF_PROG_LOAD", "log_true_size") };
}

/** The text before the NUL byte. */
export function textIn(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** How BPF_PROG_TEST_RUN deals with types whose run takes something else than a packet and gives it back. */
interface RunShape {
  /** A packet goes in and comes out. */
  readonly packet: boolean;
  /** The context comes out: into a buffer of its own, or where it went in. */
  readonly ctx: "given" | "always" | "in place" | "none";
}

const SHAPES = new Map<number, RunShape>([
  // Asking an XDP run for a context changes how the packet is laid out.
  [PROG_TYPE.BPF_PROG_TYPE_XDP, { packet: true, ctx: "given" }],
  [PROG_TYPE.BPF_PROG_TYPE_FLOW_DISSECTOR, { packet: true, ctx: "none" }],
  [PROG_TYPE.BPF_PROG_TYPE_NETFILTER, { packet: true, ctx: "none" }],
  [PROG_TYPE.BPF_PROG_TYPE_SK_LOOKUP, { packet: false, ctx: "given" }],
  [PROG_TYPE.BPF_PROG_TYPE_SYSCALL, { packet: false, ctx: "in place" }],
  [PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT, { packet: false, ctx: "none" }],
  [PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, { packet: false, ctx: "none" }],
  [PROG_TYPE.BPF_PROG_TYPE_TRACING, { packet: false, ctx: "none" }],
  [PROG_TYPE.BPF_PROG_TYPE_STRUCT_OPS, { packet: false, ctx: "none" }],
]);
const SKB_SHAPE: RunShape = { packet: true, ctx: "always" };

/** More than a packet can become: 64 KiB of an sk_buff, 18 pages of an XDP frame. */
const GROWTH = 1 << 17;
const CTX_OUT = 512;

/** BPF_PROG_TEST_RUN on an open program. @throws BpfError `E_KERNEL` */
export function runProgram(bpf: BpfSyscall, fd: number, type: number, attr: TestRunAttr): TestRunResult {
  const { arena } = bpf;
  const shape = SHAPES.get(type) ?? SKB_SHAPE;
  arena.begin();
  // A context of no bytes is not the same as none: the kernel refuses it.
  const block = (bytes: Uint8Array | undefined) => (bytes === undefined ? null : arena.put(bytes));
  const ctxIn = block(attr.ctxIn);
  const dataIn = block(attr.dataIn);
  const wantsCtx = shape.ctx === "always" || (shape.ctx === "given" && ctxIn !== null);
  const ctxOut = wantsCtx ? arena.room(CTX_OUT) : null;
  const live = ((attr.flags ?? 0) & BPF_F_TEST_XDP_LIVE_FRAMES) !== 0;
  const dataOut = shape.packet && !live ? arena.room((attr.dataIn?.length ?? 0) + GROWTH) : null;
  const result = bpf.run("BPF_PROG_TEST_RUN", {
    prog_fd: fd,
    data_size_in: attr.dataIn?.length ?? 0,
    data_in: dataIn?.address ?? 0n,
    data_size_out: dataOut?.bytes.length ?? 0,
    data_out: dataOut?.address ?? 0n,
    repeat: attr.repeat ?? 0,
    ctx_size_in: attr.ctxIn?.length ?? 0,
    ctx_in: ctxIn?.address ?? 0n,
    ctx_size_out: ctxOut?.bytes.length ?? 0,
    ctx_out: ctxOut?.address ?? 0n,
    flags: attr.flags ?? 0,
    cpu: attr.cpu ?? 0,
    batch_size: attr.batchSize ?? 0,
  });
  if (result < 0) throw kernelError("BPF_PROG_TEST_RUN", -result, refusal(type, -result, attr));
  const out = (name: "retval" | "duration" | "data_size_out" | "ctx_size_out") => bpf.result("BPF_PROG_TEST_RUN", name);
  return {
    retval: out("retval"),
    duration: out("duration"),
    dataOut: dataOut?.bytes.slice(0, out("data_size_out")) ?? new Uint8Array(0),
    ctxOut:
      shape.ctx === "in place"
        ? (ctxIn?.bytes.slice() ?? new Uint8Array(0))
        : (ctxOut?.bytes.slice(0, out("ctx_size_out")) ?? new Uint8Array(0)),
  };
}

const BPF_F_TEST_XDP_LIVE_FRAMES = 2;

function refusal(type: number, errno: number, attr: TestRunAttr): string {
  const label = programTypeLabel(type);
  if (programType(type)?.testRun === false) return `programs of type ${label} have no test runs`;
  const ctx = attr.ctxIn === undefined ? "" : ` with a context of ${attr.ctxIn.length} bytes`;
  return `${label} program on a packet of ${attr.dataIn?.length ?? 0} bytes${ctx}: ${errnoText(errno)}`;
}
