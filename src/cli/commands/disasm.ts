import { disassemble, listObject, type Style } from "../../asm/index.ts";
import { parseElf } from "../../elf/index.ts";
import { decode } from "../../isa/index.ts";
import { fromHex } from "../../util/index.ts";
import type { Options } from "../command.ts";
import { readBytes } from "../run/files.ts";

type InputFormat = "elf" | "hex" | "raw";

/** An ELF object by its magic number, hexadecimal text by its characters, else raw instructions. */
function detect(bytes: Uint8Array): InputFormat {
  if (bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46) return "elf";
  const head = bytes.subarray(0, 4096);
  const isHexText = head.length > 0 && head.every((b) => /[0-9a-fA-Fx:\s]/.test(String.fromCharCode(b)));
  return isHexText ? "hex" : "raw";
}

/** `anybpf disasm FILE`: prints the instructions of an object, of raw bytes or of hexadecimal text. */
export function disasm(args: readonly string[], options: Options): number {
  const file = args[0]!;
  const bytes = readBytes(file);
  const style = options["style"] as Style;
  const alu32 = options["alu32"] === true;
  const section = options["section"] as string | undefined;
  const format = (options["format"] as InputFormat | undefined) ?? detect(bytes);
  let text: string;
  if (format === "elf") {
    const elf = parseElf(bytes, file);
    text = listObject(elf, { file, style, alu32, ...(section === undefined ? {} : { section }) });
  } else {
    const raw = format === "hex" ? fromHex(new TextDecoder().decode(bytes), file) : bytes;
    text = disassemble(decode(raw), { style, alu32 });
  }
  process.stdout.write(text);
  return 0;
}
