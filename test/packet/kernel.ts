import koffi from "koffi";

/** Packet programs on the running kernel: BPF_PROG_LOAD and BPF_PROG_TEST_RUN, nothing that attaches. */

const SYS_BPF = 321;
const SIZE = 1 << 20;

const libc = koffi.load(null);
const syscall = libc.func("long syscall(long number, int command, void *attr, unsigned int size)");
const closeFd = libc.func("int close(int fd)");
const block = koffi.alloc("uint8_t", SIZE);
const base = BigInt(koffi.address(block));
const memory = new Uint8Array(koffi.view(block, SIZE));

const LICENSE = 0x20;
const INSNS = 0x1000;
const LOG = 0x10000;
const LOG_SIZE = 0x8000;
const DATA = 0x20000;
const DATA_OUT = 0x40000;
const CTX = 0x60000;
const CTX_OUT = 0x61000;

const pointer = (offset: number): bigint => base + BigInt(offset);

function bpf(command: number, fill: (attr: DataView) => void): { result: number; attr: DataView } {
  const bytes = new Uint8Array(148);
  const attr = new DataView(bytes.buffer);
  fill(attr);
  const result = Number(syscall(SYS_BPF, command, bytes, bytes.length));
  return { result: result < 0 ? -koffi.errno() : result, attr };
}

export function close(fd: number): void {
  closeFd(fd);
}

/** A frozen array of one element with these bytes, as libbpf makes of `.rodata`. */
export function createRodata(contents: Uint8Array): number {
  const BPF_F_RDONLY_PROG = 128;
  const { result: fd } = bpf(0, (a) => {
    for (const [i, v] of [2, 4, contents.length, 1, BPF_F_RDONLY_PROG].entries()) a.setUint32(i * 4, v, true);
  });
  if (fd < 0) throw new Error(`BPF_MAP_CREATE: ${fd}`);
  memory.fill(0, CTX, CTX + 4);
  memory.set(contents, DATA);
  bpf(2, (a) => {
    a.setUint32(0, fd, true);
    a.setBigUint64(8, pointer(CTX), true);
    a.setBigUint64(16, pointer(DATA), true);
  });
  bpf(22, (a) => a.setUint32(0, fd, true));
  return fd;
}

/** The descriptor, or the verifier's log where it refuses. */
export function load(type: number, insns: Uint8Array): number | string {
  memory.set(insns, INSNS);
  memory.set(new TextEncoder().encode("GPL\0"), LICENSE);
  memory.fill(0, LOG, LOG + LOG_SIZE);
  const { result } = bpf(5, (a) => {
    a.setUint32(0, type, true);
    a.setUint32(4, insns.length / 8, true);
    a.setBigUint64(8, pointer(INSNS), true);
    a.setBigUint64(16, pointer(LICENSE), true);
    a.setUint32(24, 1, true);
    a.setUint32(28, LOG_SIZE, true);
    a.setBigUint64(32, pointer(LOG), true);
  });
  if (result >= 0) return result;
  return `${result} ${new TextDecoder().decode(memory.subarray(LOG, memory.indexOf(0, LOG)))}`;
}

/** What a test run gave, or its -errno. */
export type Outcome = { retval: number; dataOut: Uint8Array; ctxOut: Uint8Array | undefined } | number;

/** BPF_PROG_TEST_RUN. A context comes back only where one went in: asking for it alone changes how XDP packets are laid out. */
export function run(fd: number, dataIn: Uint8Array, ctxIn: Uint8Array | undefined, repeat: number): Outcome {
  memory.set(dataIn, DATA);
  if (ctxIn !== undefined) memory.set(ctxIn, CTX);
  const { result, attr } = bpf(10, (a) => {
    a.setUint32(0, fd, true);
    a.setUint32(8, dataIn.length, true);
    a.setUint32(12, CTX - DATA_OUT, true);
    a.setBigUint64(16, pointer(DATA), true);
    a.setBigUint64(24, pointer(DATA_OUT), true);
    a.setUint32(32, repeat, true);
    if (ctxIn === undefined) return;
    a.setUint32(40, ctxIn.length, true);
    a.setUint32(44, 256, true);
    a.setBigUint64(48, pointer(CTX), true);
    a.setBigUint64(56, pointer(CTX_OUT), true);
  });
  if (result < 0) return result;
  return {
    retval: attr.getUint32(4, true),
    dataOut: memory.slice(DATA_OUT, DATA_OUT + attr.getUint32(12, true)),
    ctxOut: ctxIn === undefined ? undefined : memory.slice(CTX_OUT, CTX_OUT + attr.getUint32(44, true)),
  };
}

/** Whether programs can be loaded here. */
export function kernelAnswers(): boolean {
  const fd = load(6, Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0));
  if (typeof fd === "number") close(fd);
  return typeof fd === "number";
}
