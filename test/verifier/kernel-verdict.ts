import type { LinuxBackend } from "../../src/node/linux/index.ts";
import { BpfError, fromHex } from "../../src/util/index.ts";
import type { Vector } from "./vector.ts";

/** What a verifier said. */
export interface Said {
  readonly errno: number;
  readonly processed: number;
  readonly log: string;
}

/** Puts vectors to the running kernel's verifier; maps and BTF are made once. Nothing is ever run. */
export class KernelVerdicts {
  readonly #kernel: LinuxBackend;
  /** By program type and attach type: a program array takes programs of one kind only, the first one's. */
  readonly #maps = new Map<string, readonly number[]>();
  readonly #btfs = new Map<string, number>();

  constructor(kernel: LinuxBackend) {
    this.#kernel = kernel;
  }

  #mapFds({ maps, prog_type, expected_attach_type }: Vector): readonly number[] {
    const key = `${prog_type} ${expected_attach_type} ${JSON.stringify(maps)}`;
    let fds = this.#maps.get(key);
    if (fds === undefined) {
      const made: number[] = [];
      for (const map of maps) {
        made.push(
          this.#kernel.mapCreate({
            type: map.type,
            keySize: map.key_size,
            valueSize: map.value_size,
            maxEntries: map.max_entries,
            flags: map.flags,
            name: map.name,
            ...(map.inner < 0 ? {} : { innerMapFd: made[map.inner]! }),
          }),
        );
      }
      this.#maps.set(key, (fds = made));
    }
    return fds;
  }

  #btfFd(hex: string): number {
    let fd = this.#btfs.get(hex);
    if (fd === undefined) this.#btfs.set(hex, (fd = this.#kernel.btfLoad(fromHex(hex))));
    return fd;
  }

  ask(vector: Vector, logLevel = 4): Said {
    const insns = fromHex(vector.insns);
    const view = new DataView(insns.buffer);
    const fds = this.#mapFds(vector);
    for (const { insn, map } of vector.fixups) view.setInt32(insn * 8 + 4, fds[map]!, true);
    let log = "";
    let errno = 0;
    try {
      this.#kernel.close(
        this.#kernel.progLoad({
          type: vector.prog_type,
          expectedAttachType: vector.expected_attach_type,
          flags: vector.prog_flags,
          insns,
          license: vector.license,
          logLevel,
          log: (text) => {
            log = text;
          },
          ...(vector.btf === null ? {} : { btfFd: this.#btfFd(vector.btf) }),
          ...(vector.func_info === null ? {} : { funcInfo: fromHex(vector.func_info) }),
        }),
      );
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      errno = Number(error.data["errno"]);
    }
    return { errno, processed: Number(/processed (\d+) insns/.exec(log)?.[1] ?? -1), log };
  }
}
