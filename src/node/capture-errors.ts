import { BpfError, defineErrors } from "../util/index.ts";

type Data = { path: string; reason: string };

/** Files that cannot be used. `reason` is the system's. */
export const fileError = defineErrors({
  E_FILE_OPEN: (d: Data) => `${d.path}: cannot open the file: ${d.reason}`,
  E_FILE_READ: (d: Data) => `${d.path}: cannot read the file: ${d.reason}`,
  E_FILE_WRITE: (d: Data) => `${d.path}: cannot write the file: ${d.reason}; nothing was written`,
  E_PCAP_GZIP: (d: Data) => `${d.path}: the gzip data is damaged: ${d.reason}`,
});

const WORDS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file or directory"],
  ["EACCES", "permission denied"],
  ["EPERM", "operation not permitted"],
  ["EISDIR", "it is a directory"],
  ["ENOTDIR", "a part of the path is not a directory"],
  ["ENOSPC", "no space left on the device"],
  ["EROFS", "the file system is read-only"],
  ["EMFILE", "too many open files"],
  ["EIO", "input/output error"],
]);

/** A system error in words, without the path and system call that Node's text repeats. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  const words = code === undefined ? undefined : WORDS.get(code);
  return words === undefined ? String(message ?? error) : `${words} (${code})`;
}

/** A fault that the parser found, which knows no files, with the file's path in place of the word "capture". */
export function inFile(error: unknown, path: string): unknown {
  if (!(error instanceof BpfError) || "path" in error.data) return error;
  const text = error.message.replace(/^capture: /, "").replace(/ \[\w+\]$/, "");
  return new BpfError(error.code, `${path}: ${text}`, { ...error.data, path }, { cause: error });
}
