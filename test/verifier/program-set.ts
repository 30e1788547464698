import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { type Btf, parseBtf } from "../../src/btf/index.ts";
import { type LoadOptions, loadObject, type ProgLoadAttr, VerifierKernel } from "../../src/kernel/index.ts";
import { type ObjectSpec, readObject } from "../../src/loader/index.ts";
import type { LinuxBackend } from "../../src/node/linux/index.ts";
import { BpfError } from "../../src/util/index.ts";
import type { Said } from "./kernel-verdict.ts";

/** Levels of the log: 2 = everything, 4 = statistics only. */
export const LOG_ALL = 2 | 4;
export const LOG_STATISTICS = 4;

export const CPUS = ["v2", "v3", "v4"] as const;
export type Cpu = (typeof CPUS)[number];

const FOLDER = new URL("programs/", import.meta.url).pathname;
const VMLINUX = "/sys/kernel/btf/vmlinux";

/** The topics of the program set: its C files, with what they need. */
export const TOPICS: readonly { readonly name: string; readonly needsKernelTypes: boolean }[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".c"))
  .sort()
  .map((file) => ({
    name: file.slice(0, -2),
    needsKernelTypes: readFileSync(join(FOLDER, file), "utf8").includes('"kernel-types.h"'),
  }));

/** The BTF of the running kernel, null where there is none. */
export function kernelTypes(): Btf | null {
  return existsSync(VMLINUX) ? parseBtf(new Uint8Array(readFileSync(VMLINUX)), "vmlinux") : null;
}

/** Compiles a topic for a CPU version; objects are kept in the temporary folder by the digest of all that they come from. */
export function compile(topic: string, cpu: Cpu): ObjectSpec {
  const digest = createHash("sha256").update(cpu);
  for (const file of ["fixture.h", "kernel-types.h", `${topic}.c`]) digest.update(readFileSync(join(FOLDER, file)));
  const folder = join(tmpdir(), "anybpf-verifier-programs");
  mkdirSync(folder, { recursive: true });
  const object = join(folder, `${topic}-${cpu}-${digest.digest("hex").slice(0, 16)}.o`);
  if (!existsSync(object)) {
    const made = `${object}.${process.pid}`;
    const flags = ["-O2", "-g", "-target", "bpf", `-mcpu=${cpu}`, "-I/usr/include/x86_64-linux-gnu"];
    const { status, stderr } = spawnSync("clang-19", [...flags, "-c", join(FOLDER, `${topic}.c`), "-o", made]);
    if (status !== 0) throw new Error(`clang-19, ${topic}.c, ${cpu}: ${stderr}`);
    renameSync(made, object);
  }
  return readObject(new Uint8Array(readFileSync(object)), { name: `${topic}.c` });
}

const processed = (log: string): number => Number(/processed (\d+) insns/.exec(log)?.[1] ?? -1);

/** Puts programs of objects to the running kernel and to our verifier. Nothing is ever run. */
export class Judges {
  readonly kernel: LinuxBackend | null;
  readonly #types: Btf | null;

  constructor(kernel: LinuxBackend | null, types: Btf | null) {
    this.kernel = kernel;
    this.#types = types;
  }

  #options(program: string, judge: (attr: ProgLoadAttr) => void): LoadOptions {
    return { programs: [program], judge, ...(this.#types === null ? {} : { targetBtf: this.#types }) };
  }

  theirs(spec: ObjectSpec, program: string, logLevel: number): Said {
    const { kernel } = this;
    if (kernel === null) throw new TypeError("no kernel");
    let said: Said = { errno: -1, processed: -1, log: "" };
    const judge = (attr: ProgLoadAttr): void => {
      let log = "";
      let errno = 0;
      const keep = (text: string): void => {
        log = text;
      };
      try {
        kernel.close(kernel.progLoad({ ...attr, logLevel, log: keep }));
      } catch (error) {
        if (!(error instanceof BpfError)) throw error;
        errno = Number(error.data["errno"]);
      }
      said = { errno, processed: processed(log), log };
    };
    loadObject(kernel, spec, this.#options(program, judge)).close();
    return said;
  }

  ours(spec: ObjectSpec, program: string, logLevel: number): Said {
    const possibleCpus = this.kernel?.possibleCpus ?? availableParallelism();
    const vmlinux = this.#types === null ? {} : { vmlinux: this.#types };
    const kernel = new VerifierKernel({ logLevel, kernel: { possibleCpus, ...vmlinux } });
    let said: Said = { errno: -1, processed: -1, log: "" };
    const judge = (attr: ProgLoadAttr): void => {
      const { errno, log } = kernel.judge(attr);
      said = { errno, processed: processed(log), log };
    };
    loadObject(kernel, spec, this.#options(program, judge)).close();
    return said;
  }
}

/** A log's lines without what differs from one load to the next: addresses of maps, times. */
export function comparableLines(log: string): string[] {
  return log
    .replace(/verification time \d+ usec/g, "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/(\(18\) r\d+ = )0x(?:ffff[0-9a-f]{12}|0)\b/, "$1ADDRESS"));
}

/** How many lines of the first log stand at the same place in the second. */
export function equalLines(a: readonly string[], b: readonly string[]): number {
  return a.filter((line, n) => line === b[n]).length;
}
