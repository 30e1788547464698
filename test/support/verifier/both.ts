import { existsSync, readFileSync } from "node:fs";
import { type Btf, parseBtf } from "../../../src/btf/index.ts";
import type { LinuxBackend } from "../../../src/node/linux/index.ts";
import { BpfError } from "../../../src/util/index.ts";
import type { Mode, ProgramInput } from "../../../src/verifier/types.ts";
import { verify } from "../../../src/verifier/verify.ts";
import { withoutPerfmon } from "../../differential/privilege.ts";

const VMLINUX = "/sys/kernel/btf/vmlinux";

/** The running kernel's BTF; null where it has none. */
export function kernelBtf(): Btf | null {
  return existsSync(VMLINUX) ? parseBtf(readFileSync(VMLINUX), VMLINUX) : null;
}

/** A program for both verifiers. */
export interface Trial {
  /** For messages. */
  readonly name: string;
  readonly type: number;
  readonly insns: Uint8Array;
  readonly expectedAttachType?: number;
  readonly flags?: number;
  readonly attachBtfId?: number;
  readonly license?: string;
  /** Maps that the instructions name. */
  readonly mapByFd?: ProgramInput["mapByFd"];
}

/** What a verifier says; `log` is empty where it was not asked for. */
interface Said {
  readonly errno: number;
  readonly log: readonly string[];
}

/** Where maps lie differs from run to run. */
const ADDRESS = /(\(18\) r\d = )0xffff8[0-9a-f]{11}\b/;

function lines(log: string): readonly string[] {
  return log
    .split("\n")
    .map((line) => line.replace(ADDRESS, "$1map").trimEnd())
    .filter((line) => line !== "");
}

/** Puts programs to the kernel's verifier and to ours. */
export class BothVerifiers {
  readonly #kernel: LinuxBackend;
  readonly #btf: Btf;
  readonly #mode: Mode;
  /** Logs at level 2 are compared too: four times slower. */
  readonly #logs: boolean;
  compared = 0;
  accepted = 0;

  constructor(kernel: LinuxBackend, btf: Btf, options: { readonly mode?: Mode; readonly logs?: boolean } = {}) {
    this.#kernel = kernel;
    this.#btf = btf;
    this.#mode = options.mode ?? "root";
    this.#logs = options.logs ?? true;
  }

  #asKernel(trial: Trial): Said {
    let log = "";
    const attr = {
      ...trial,
      name: "trial",
      license: trial.license ?? "GPL",
      logLevel: this.#logs ? 2 : 0,
      log: (text: string) => {
        log = text;
      },
    };
    try {
      this.#kernel.close(this.#kernel.progLoad(attr));
      return { errno: 0, log: lines(log) };
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      return { errno: Number(error.data["errno"]), log: lines(log) };
    }
  }

  #asOurs(trial: Trial): Said {
    const input = { mapByFd: () => undefined, ...trial, license: trial.license ?? "GPL" };
    const options = { logLevel: this.#logs ? 2 : 0, mode: this.#mode, kernel: { vmlinux: this.#btf } };
    const { errno, log } = verify(input, options);
    return { errno, log: lines(log) };
  }

  /** Where the two part, a text each; at most `limit` of them. */
  differences(trials: Iterable<Trial>, limit = 5): string[] {
    const found: string[] = [];
    for (const trial of trials) {
      const theirs = this.#mode === "bpf" ? withoutPerfmon(() => this.#asKernel(trial)) : this.#asKernel(trial);
      const ours = this.#asOurs(trial);
      this.compared++;
      if (theirs.errno === 0) this.accepted++;
      const at = theirs.log.findIndex((line, i) => line !== ours.log[i]);
      if (theirs.errno === ours.errno && at < 0 && theirs.log.length === ours.log.length) continue;
      found.push(`${trial.name}: kernel ${theirs.errno} ${theirs.log[at]}, ours ${ours.errno} ${ours.log[at]}`);
      if (found.length === limit) break;
    }
    return found;
  }
}
