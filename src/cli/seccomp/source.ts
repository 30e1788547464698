import { type ClassicInsn, readClassic } from "../../classic/index.ts";
import {
  type ArchitectureName,
  assembleSeccomp,
  type CompileProfileOptions,
  compileProfile,
  parseProfileJson,
  type SeccompInput,
  seccompInput,
} from "../../classic/seccomp/index.ts";

export interface SourceOptions extends CompileProfileOptions {
  readonly arch: ArchitectureName;
}

/** A filter from a file's bytes, whatever form it has there; `notes` are about a profile's parts that were left out. */
export function readFilter(
  bytes: Uint8Array,
  options: SourceOptions,
  as?: SeccompInput,
): { insns: ClassicInsn[]; notes: readonly string[] } {
  const text = () => new TextDecoder().decode(bytes);
  switch (as ?? seccompInput(bytes)) {
    case "program":
      return { insns: readClassic(bytes), notes: [] };
    case "text":
      return { insns: assembleSeccomp(text(), { arch: options.arch }), notes: [] };
    case "profile": {
      const { program, notes } = compileProfile(parseProfileJson(text()), options);
      return { insns: program, notes };
    }
  }
}
