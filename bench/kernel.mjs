// The few bpf(2) commands that the benchmarks need, on the running kernel.
import koffi from "koffi";

const SYS_BPF = 321;
const BPF_MAP_CREATE = 0;
const BPF_MAP_UPDATE_ELEM = 2;
const BPF_PROG_LOAD = 5;
const BPF_PROG_TEST_RUN = 10;
const BPF_PROG_TYPE_XDP = 6;

let syscall;
/** Buffers that attributes point at stay alive until the next command. */
let kept = [];

function pointer(bytes) {
  kept.push(bytes);
  return koffi.address(bytes);
}

function bpf(command, attr) {
  syscall ??= koffi.load(null).func("long syscall(long number, int cmd, void *attr, uint size)");
  const result = Number(syscall(SYS_BPF, command, attr, attr.length));
  kept = [];
  if (result < 0) throw new Error(`bpf command ${command} failed with errno ${koffi.errno()}`);
  return result;
}

/** A buffer of `size` bytes with fields set: `[offset, value]`, a bigint being 64 bits wide. */
function attribute(size, fields) {
  const bytes = Buffer.alloc(size);
  for (const [offset, value] of fields) {
    if (typeof value === "bigint") bytes.writeBigUInt64LE(value, offset);
    else bytes.writeUInt32LE(value >>> 0, offset);
  }
  return bytes;
}

export function createMap(map, innerFd = 0) {
  const { type, keySize, valueSize, maxEntries, flags } = map;
  const fields = [type, keySize, valueSize, maxEntries, flags, innerFd].map((value, n) => [4 * n, value]);
  return bpf(BPF_MAP_CREATE, attribute(72, fields));
}

export function updateMap(fd, key, value) {
  const fields = [
    [0, fd],
    [8, pointer(Buffer.from(key))],
    [16, pointer(Buffer.from(value))],
  ];
  bpf(BPF_MAP_UPDATE_ELEM, attribute(32, fields));
}

/** Loads an XDP program; on refusal the error holds the verifier's log. */
export function loadProgram(insns) {
  const log = Buffer.alloc(1 << 20);
  const code = Buffer.from(insns);
  const fields = (level) => [
    [0, BPF_PROG_TYPE_XDP],
    [4, code.length / 8],
    [8, pointer(code)],
    [16, pointer(Buffer.from("GPL\0"))],
    [24, level],
    [28, level === 0 ? 0 : log.length],
    [32, level === 0 ? 0n : pointer(log)],
  ];
  try {
    return bpf(BPF_PROG_LOAD, attribute(144, fields(0)));
  } catch {
    try {
      return bpf(BPF_PROG_LOAD, attribute(144, fields(1)));
    } catch (cause) {
      const text = log.toString("utf8", 0, log.indexOf(0)).trimEnd();
      throw new Error(`${cause.message}: ${text.slice(-300)}`);
    }
  }
}

/**
 * A function that runs the program `repeat` times on `packet` and returns { retval, ns }, ns per run by the kernel's own
 * clock: the command as a whole takes milliseconds more. The kernel rounds down to whole ns, so half of one is added.
 */
export function testRunner(fd, packet) {
  const input = Buffer.from(packet);
  const address = koffi.address(input);
  return (repeat) => {
    const attr = attribute(80, [
      [0, fd],
      [8, input.length],
      [16, address],
      [32, repeat],
    ]);
    bpf(BPF_PROG_TEST_RUN, attr);
    return { retval: attr.readUInt32LE(4), ns: attr.readUInt32LE(36) + 0.5 };
  };
}
