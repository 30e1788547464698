import { readFileSync } from "node:fs";
import { BpfError, fromHex } from "../../util/index.ts";
import { runInputError } from "./errors.ts";

/** A file's bytes; `-` is standard input. @throws BpfError `E_FILE_OPEN` */
export function readBytes(path: string): Uint8Array {
  try {
    // By its descriptor: /dev/stdin cannot be opened where a parent process passed a socket.
    return readFileSync(path === "-" ? 0 : path);
  } catch (cause) {
    const { message } = cause as Error;
    throw new BpfError("E_FILE_OPEN", `${path}: cannot be read: ${message.split(",")[0]}`, { path }, { cause });
  }
}

/** A file's JSON. @throws BpfError `E_FILE_OPEN`, `E_RUN_JSON` */
export function readJson(path: string): unknown {
  const text = new TextDecoder().decode(readBytes(path));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw runInputError("E_RUN_JSON", { path, reason: (cause as Error).message }, { cause });
  }
}

/** A packet given as hexadecimal digits or as the name of a file with the packet's bytes. */
export function readPacket(given: string): Uint8Array {
  const hex = /^[0-9a-fA-F\s:]+$/.test(given) ? fromHex(given, "--packet") : null;
  const packet = hex ?? readBytes(given);
  if (packet.length < 14) throw runInputError("E_RUN_PACKET", { length: packet.length });
  return packet;
}
