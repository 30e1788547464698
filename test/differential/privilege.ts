import koffi from "koffi";

/**
 * Does something without CAP_PERFMON and CAP_SYS_ADMIN. The verifier then refuses what it lets privileged programs do: make
 * numbers of pointers, read stack bytes that nobody wrote (Documentation/bpf/verifier.rst). Other threads keep what they have.
 */

const CAPGET = { x64: 125, arm64: 90 };
const CAPSET = { x64: 126, arm64: 91 };
const VERSION_3 = 0x20080522;
const DROPPED = (1n << 21n) | (1n << 38n);

const syscall = koffi.load(null).func("long syscall(long number, void *header, void *data)");

function call(numbers: typeof CAPGET, data: Uint32Array): void {
  const number = numbers[process.arch as keyof typeof CAPGET];
  // Of the calling thread.
  const header = Uint32Array.of(VERSION_3, 0);
  if (number === undefined || Number(syscall(number, header, data)) < 0)
    throw new Error("capabilities cannot be changed");
}

/** Effective, permitted and inheritable bits, the low 32 of each and then the high ones. */
function setEffective(data: Uint32Array, bits: bigint): void {
  data[0] = Number(bits & 0xffffffffn);
  data[3] = Number(bits >> 32n);
  call(CAPSET, data);
}

export function withoutPerfmon<T>(run: () => T): T {
  const data = new Uint32Array(6);
  call(CAPGET, data);
  const before = (BigInt(data[3]!) << 32n) | BigInt(data[0]!);
  setEffective(data, before & ~DROPPED);
  try {
    return run();
  } finally {
    setEffective(data, before);
  }
}
