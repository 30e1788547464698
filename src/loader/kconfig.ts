import { type Btf, resolve, typeName } from "../btf/index.ts";
import { linkError } from "./errors.ts";
import type { ExternSpec, ObjectSpec } from "./spec.ts";

/**
 * Values of `extern … __kconfig` variables (libbpf's overview, "Kconfig externs"): options of the kernel's configuration, and names
 * that the loader answers itself, LINUX_KERNEL_VERSION above all.
 */

/** Options by name as /proc/config.gz has them: `"y"`, `"m"`, `"250"`, `"0x1f"`, `"\"text\""`. */
export type Kconfig = ReadonlyMap<string, string>;

/** The lines `CONFIG_NAME=value` of a kernel configuration; comments and the rest are passed over. */
export function parseKconfig(text: string): Kconfig {
  const options = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^(CONFIG_\w+)=(.*?)\r?$/.exec(line);
    if (match !== null) options.set(match[1]!, match[2]!);
  }
  return options;
}

/** KERNEL_VERSION(a, b, c) of linux/version.h: `kernelVersionCode("6.18.4")` is 0x061204. */
export function kernelVersionCode(release: string): number {
  const [major = "0", minor = "0", patch = "0"] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(release)?.slice(1) ?? [];
  return (Number(major) << 16) + (Number(minor) << 8) + Math.min(Number(patch ?? "0"), 255);
}

/**
 * Fills the `.kconfig` map of an object. `release` answers LINUX_KERNEL_VERSION. Weak options that are not configured are 0.
 * @throws BpfError `E_KCONFIG_MISSING`, `E_KCONFIG_VALUE`
 */
export function resolveKconfig(spec: ObjectSpec, options: Kconfig, release = "6.18.0"): void {
  const map = spec.maps.find((m) => m.name === ".kconfig");
  if (map?.contents == null || spec.btf === null) return;
  const answers = new Map(options);
  // bpf_get_attach_cookie and syscall wrappers are what libbpf itself probes for; a current kernel has both.
  const virtual = [
    ["LINUX_KERNEL_VERSION", String(kernelVersionCode(release))],
    ["LINUX_HAS_BPF_COOKIE", "y"],
    ["LINUX_HAS_SYSCALL_WRAPPER", "y"],
  ] as const;
  for (const [name, value] of virtual) if (!answers.has(name)) answers.set(name, value);
  for (const extern of spec.externs) {
    if (extern.kind !== "kconfig") continue;
    const value = answers.get(extern.name);
    if (value === undefined) {
      if (extern.weak) continue;
      throw linkError("E_KCONFIG_MISSING", { file: spec.name, extern: extern.name });
    }
    const bytes = encodeOption(spec.btf, extern, value, spec.littleEndian);
    if (bytes === null) {
      const type = typeName(spec.btf, extern.type);
      throw linkError("E_KCONFIG_VALUE", { file: spec.name, extern: extern.name, value, type });
    }
    map.contents.set(bytes, extern.offset);
  }
}

/** enum libbpf_tristate: TRI_NO, TRI_YES, TRI_MODULE. */
const TRISTATE: Readonly<Record<string, bigint>> = { n: 0n, y: 1n, m: 2n };

function encodeOption(btf: Btf, extern: ExternSpec, value: string, littleEndian: boolean): Uint8Array | null {
  const type = resolve(btf, extern.type);
  if (type?.kind === "array") return encodeText(value, extern.size);
  if (/^[nym]$/.test(value)) {
    if (type?.kind === "int" && type.char) return Uint8Array.of(value.charCodeAt(0));
    if (type?.kind === "int" && type.bool && value === "m") return null;
    return integerBytes(TRISTATE[value]!, extern.size, littleEndian);
  }
  if (type?.kind !== "int" || type.bool || !/^-?(0[xX][0-9a-fA-F]{1,16}|\d{1,20})$/.test(value)) return null;
  const magnitude = BigInt(value.replace("-", ""));
  const number = value.startsWith("-") ? -magnitude : magnitude;
  const bits = BigInt(extern.size * 8);
  const [low, high] = type.signed ? [-(1n << (bits - 1n)), 1n << (bits - 1n)] : [0n, 1n << bits];
  return number < low || number >= high ? null : integerBytes(number, extern.size, littleEndian);
}

/** A quoted string, cut to the array's size with its NUL. */
function encodeText(value: string, size: number): Uint8Array | null {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return null;
  const text = new TextEncoder().encode(value.slice(1, -1));
  const bytes = new Uint8Array(size);
  bytes.set(text.subarray(0, size - 1));
  return bytes;
}

function integerBytes(value: bigint, size: number, littleEndian: boolean): Uint8Array | null {
  if (![1, 2, 4, 8].includes(size)) return null;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), littleEndian);
  return littleEndian ? bytes.slice(0, size) : bytes.slice(8 - size);
}
