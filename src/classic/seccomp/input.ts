import { defineErrors } from "../../util/index.ts";

const inputError = defineErrors({
  E_PROFILE_JSON: (d: { reason: string; line?: number; column?: number }) =>
    `${d.line === undefined ? "" : `${d.line}:${d.column}: `}not JSON: ${d.reason}`,
});

/** What a file holds: instructions (raw, decimal or C), a filter's text, or a profile. */
export type SeccompInput = "program" | "text" | "profile";

/** Found out by the bytes: control characters are in no text, `{ "` begins JSON, and initialisers or counts instructions. */
export function seccompInput(bytes: Uint8Array): SeccompInput {
  if (bytes.some((b) => b < 0x09 || (b > 0x0d && b < 0x20))) return "program";
  const text = new TextDecoder().decode(bytes);
  if (/^\s*\{\s*("|\})/.test(text)) return "profile";
  if (/^\s*\d+\s*[,\n]\s*\d+\s+\d+\s+\d+\s+\d+/.test(text)) return "program";
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(#|\/\/).*/g, "");
  return /^[^{]*\{\s*(0[xX][0-9a-fA-F]+|\d+)\s*,/.test(code) ? "program" : "text";
}

const MARK = "\u0000";

/**
 * A profile's JSON with whole numbers of more than 15 digits as bigints: values are 64 bits wide, and JSON.parse would round them.
 * @throws BpfError `E_PROFILE_JSON`, with `line` and `column` where they are known
 */
export function parseProfileJson(text: string): unknown {
  try {
    JSON.parse(text);
  } catch (cause) {
    const { message } = cause as Error;
    const at = /at position (\d+)/.exec(message);
    const reason = message.replace(/ in JSON at position.*/, "");
    if (at === null) throw inputError("E_PROFILE_JSON", { reason }, { cause });
    const before = text.slice(0, Number(at[1]));
    const line = before.split("\n").length;
    const column = before.length - before.lastIndexOf("\n");
    throw inputError("E_PROFILE_JSON", { reason, line, column }, { cause });
  }
  const kept = text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (found, at: number) =>
    found.startsWith('"') || text[at - 1] === "." ? found : `"\\u0000${found}"`,
  );
  return JSON.parse(kept, (_, value: unknown) =>
    typeof value === "string" && /^\u0000-?\d+$/.test(value) ? BigInt(value.slice(MARK.length)) : value,
  );
}
