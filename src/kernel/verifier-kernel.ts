import { type Btf, parseBtf } from "../btf/index.ts";
import { ERRNO } from "../uapi/index.ts";
import { type ProgramInput, type Verdict, type VerifierMap, type VerifyOptions, verify } from "../verifier/index.ts";
import type { Backend, Fd, MapCreateAttr, MapInfo, ProgInfo, ProgLoadAttr, TestRunResult } from "./backend.ts";
import { kernelError } from "./errors.ts";
import { programInput, refusal } from "./program-input.ts";

/** A map that is only described: what was asked for, and the value of its first element. */
class DescribedMap implements VerifierMap {
  readonly attr: MapCreateAttr;
  readonly inner?: VerifierMap;
  readonly btf?: Btf;
  first: Uint8Array | null = null;
  frozen = false;

  constructor(attr: MapCreateAttr, inner: VerifierMap | undefined, btf: Btf | undefined) {
    this.attr = attr;
    if (inner !== undefined) this.inner = inner;
    if (btf !== undefined) this.btf = btf;
  }

  get name(): string {
    return this.attr.name ?? "";
  }
  get type(): number {
    return this.attr.type;
  }
  get keySize(): number {
    return this.attr.keySize;
  }
  get valueSize(): number {
    return this.attr.valueSize;
  }
  get maxEntries(): number {
    return this.attr.maxEntries;
  }
  get flags(): number {
    return this.attr.flags ?? 0;
  }
  get mapExtra(): bigint {
    return this.attr.mapExtra ?? 0n;
  }
  get btfKeyTypeId(): number {
    return this.attr.btfKeyTypeId ?? 0;
  }
  get btfValueTypeId(): number {
    return this.attr.btfValueTypeId ?? 0;
  }

  readValue(offset: number, size: number): bigint | undefined {
    if (offset < 0 || offset + size > this.valueSize) return undefined;
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.first?.[offset + i] ?? 0);
    return value;
  }
}

/** A kernel that only decides: maps and BTF are descriptions, programs are verified and cannot be run. */
export class VerifierKernel implements Backend {
  readonly kind = "simulated";
  readonly possibleCpus: number;
  readonly #options: VerifyOptions;
  readonly #maps = new Map<Fd, DescribedMap>();
  readonly #btfs = new Map<Fd, Btf>();
  #nextFd = 3;

  constructor(options: VerifyOptions = {}) {
    this.possibleCpus = options.kernel?.possibleCpus ?? 1;
    this.#options = options;
  }

  mapCreate(attr: MapCreateAttr): Fd {
    const inner = attr.innerMapFd === undefined ? undefined : this.#map(attr.innerMapFd);
    this.#maps.set(this.#nextFd, new DescribedMap(attr, inner, this.#btfs.get(attr.btfFd ?? -1)));
    return this.#nextFd++;
  }
  #map(fd: Fd): DescribedMap {
    const map = this.#maps.get(fd);
    if (map === undefined) throw kernelError("BPF_MAP", ERRNO.EBADF, `file descriptor ${fd} is no map`);
    return map;
  }
  mapUpdate(fd: Fd, key: Uint8Array, value: Uint8Array): void {
    if (key.every((byte) => byte === 0)) this.#map(fd).first = value.slice();
  }
  mapFreeze(fd: Fd): void {
    this.#map(fd).frozen = true;
  }
  mapInfo(fd: Fd): MapInfo {
    const { name, type, keySize, valueSize, maxEntries, flags, mapExtra, btfKeyTypeId, btfValueTypeId } = this.#map(fd);
    const sizes = { keySize, valueSize, maxEntries, flags, mapExtra };
    return { id: fd, type, name, ...sizes, btfId: 0, btfKeyTypeId, btfValueTypeId };
  }
  btfLoad(bytes: Uint8Array): Fd {
    this.#btfs.set(this.#nextFd, parseBtf(bytes, "program BTF"));
    return this.#nextFd++;
  }

  /** BPF_PROG_LOAD's attributes as the verifier takes them. */
  programInput(attr: ProgLoadAttr): ProgramInput {
    return programInput(attr, { map: (fd) => this.#maps.get(fd), btf: (fd) => this.#btfs.get(fd) });
  }

  /** What the verifier says of a program. */
  judge(attr: ProgLoadAttr): Verdict {
    const { logLevel } = attr;
    return verify(this.programInput(attr), logLevel === undefined ? this.#options : { ...this.#options, logLevel });
  }

  progLoad(attr: ProgLoadAttr): Fd {
    const verdict = this.judge(attr);
    attr.log?.(verdict.log);
    if (verdict.accepted) return this.#nextFd++;
    throw refusal(attr, verdict);
  }

  close(fd: Fd): void {
    this.#maps.delete(fd);
    this.#btfs.delete(fd);
  }

  #refuse(command: string): never {
    throw kernelError(command, ERRNO.EOPNOTSUPP, "this kernel only verifies programs");
  }
  mapLookup(): Uint8Array | null {
    return this.#refuse("BPF_MAP_LOOKUP_ELEM");
  }
  mapDelete(): boolean {
    return this.#refuse("BPF_MAP_DELETE_ELEM");
  }
  mapNextKey(): Uint8Array | null {
    return this.#refuse("BPF_MAP_GET_NEXT_KEY");
  }
  mapLookupAndDelete(): Uint8Array | null {
    return this.#refuse("BPF_MAP_LOOKUP_AND_DELETE_ELEM");
  }
  mapNextId(): number | null {
    return this.#refuse("BPF_MAP_GET_NEXT_ID");
  }
  mapFdById(): Fd {
    return this.#refuse("BPF_MAP_GET_FD_BY_ID");
  }
  progInfo(): ProgInfo {
    return this.#refuse("BPF_OBJ_GET_INFO_BY_FD");
  }
  progNextId(): number | null {
    return this.#refuse("BPF_PROG_GET_NEXT_ID");
  }
  progFdById(): Fd {
    return this.#refuse("BPF_PROG_GET_FD_BY_ID");
  }
  progTestRun(): TestRunResult {
    return this.#refuse("BPF_PROG_TEST_RUN");
  }
  objPin(): void {
    this.#refuse("BPF_OBJ_PIN");
  }
  objGet(): Fd {
    return this.#refuse("BPF_OBJ_GET");
  }
}
