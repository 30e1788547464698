import type { ProgramSpec } from "../loader/index.ts";
import { verdictName } from "../uapi/index.ts";
import type { Backend, Fd } from "./backend.ts";

/** Input of one run, as BPF_PROG_TEST_RUN takes it. */
export interface RunInput {
  /** The packet from its Ethernet header on, at least 14 bytes. */
  readonly packet?: Uint8Array;
  /** The context structure (`struct xdp_md`, `struct __sk_buff`) as bytes. */
  readonly ctx?: Uint8Array;
  /** Runs in a row on the same packet; 1 if left out. */
  readonly repeat?: number;
}

export interface RunOutput {
  /** The return value's name, for example `XDP_DROP`; its number as text where the program type gives it none. */
  readonly verdict: string;
  /** r0, low 32 bits, unsigned. */
  readonly retval: number;
  /** The packet as the program left it. */
  readonly packet: Uint8Array;
  readonly ctx: Uint8Array;
  /** Mean nanoseconds per run. */
  readonly duration: number;
}

/** A loaded program. */
export class LoadedProgram {
  readonly name: string;
  readonly spec: ProgramSpec;
  /** BPF_PROG_TYPE_* it was loaded as. */
  readonly type: number;
  readonly fd: Fd;
  readonly #backend: Backend;

  constructor(spec: ProgramSpec, type: number, backend: Backend, fd: Fd) {
    this.name = spec.name;
    this.spec = spec;
    this.type = type;
    this.fd = fd;
    this.#backend = backend;
  }

  /** Runs the program on one packet. @throws BpfError `E_KERNEL` where the kernel would refuse the input, `E_RUN_*` for a program that went astray. */
  run(input: RunInput = {}): RunOutput {
    const result = this.#backend.progTestRun(this.fd, {
      ...(input.packet === undefined ? {} : { dataIn: input.packet }),
      ...(input.ctx === undefined ? {} : { ctxIn: input.ctx }),
      ...(input.repeat === undefined ? {} : { repeat: input.repeat }),
    });
    return {
      verdict: verdictName(this.type, result.retval) ?? String(result.retval),
      retval: result.retval,
      packet: result.dataOut,
      ctx: result.ctxOut,
      duration: result.duration,
    };
  }
}
