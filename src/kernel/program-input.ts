import type { Btf } from "../btf/index.ts";
import { programTypeLabel } from "../uapi/index.ts";
import type { BpfError } from "../util/index.ts";
import type { ProgramInput, Verdict, VerifierMap } from "../verifier/index.ts";
import type { Fd, ProgLoadAttr } from "./backend.ts";
import { kernelError } from "./errors.ts";

/** What stands behind descriptors. */
export interface Descriptors {
  readonly map: (fd: Fd) => VerifierMap | undefined;
  readonly btf: (fd: Fd) => Btf | undefined;
}

/** BPF_PROG_LOAD's attributes as the verifier takes them. */
export function programInput(attr: ProgLoadAttr, { map, btf }: Descriptors): ProgramInput {
  const types = attr.btfFd === undefined ? undefined : btf(attr.btfFd);
  return {
    name: attr.name ?? "",
    type: attr.type,
    expectedAttachType: attr.expectedAttachType ?? 0,
    flags: attr.flags ?? 0,
    insns: attr.insns,
    license: attr.license,
    kernVersion: attr.kernVersion ?? 0,
    mapByFd: map,
    btfByFd: btf,
    attachBtfId: attr.attachBtfId ?? 0,
    ...(attr.fdArray === undefined ? {} : { fdArray: attr.fdArray }),
    ...(types === undefined ? {} : { btf: types }),
    ...(attr.funcInfo === undefined ? {} : { funcInfo: attr.funcInfo, funcInfoRecordSize: 8 }),
    ...(attr.lineInfo === undefined ? {} : { lineInfo: attr.lineInfo, lineInfoRecordSize: 16 }),
  };
}

/** The refusal of a program that did not pass: the kernel's message, and the log in `data.log`. */
export function refusal(attr: ProgLoadAttr, verdict: Verdict): BpfError {
  const what = `program "${attr.name ?? ""}" of type ${programTypeLabel(attr.type)}`;
  return kernelError("BPF_PROG_LOAD", verdict.errno, `${what}: ${verdict.failure?.message ?? ""}`, verdict.log);
}
