import { type Btf, parseBtf } from "../../btf/index.ts";
import { encode, SLOT_BYTES } from "../../isa/index.ts";
import { BpfError, defineErrors, fromHex } from "../../util/index.ts";
import { type ProgramInput, type Verdict, type VerifierMap, type VerifyOptions, verify } from "../../verifier/index.ts";

const vectorError = defineErrors({
  E_VECTOR_JSON: (d: { line: number; problem: string }) => `line ${d.line}: ${d.problem}`,
  E_VECTOR_FIELD: (d: { line: number; field: string; problem: string }) => `line ${d.line}: "${d.field}" ${d.problem}`,
});

/** One line of the answer; names as in the vectors' format. */
export interface VectorResult {
  readonly name: string;
  readonly verdict: "accept" | "reject";
  /** Positive errno, 0 = accepted. */
  readonly errno: number;
  readonly processed: number;
  /** Slot of the instruction at fault, -1 = none's. */
  readonly fail_insn: number;
  readonly last_line: string;
  readonly time_us: number;
}

type Json = Readonly<Record<string, unknown>>;

/** Reads fields of one vector; says line and field where one is not as it should be. */
class Fields {
  readonly line: number;
  readonly json: Json;
  readonly where: string;

  constructor(line: number, json: unknown, where: string) {
    this.line = line;
    this.where = where;
    if (typeof json !== "object" || json === null || Array.isArray(json)) this.#refuse("", "is no object");
    this.json = json as Json;
  }

  #refuse(field: string, problem: string): never {
    throw vectorError("E_VECTOR_FIELD", { line: this.line, field: this.where + field, problem });
  }
  number(field: string, otherwise = 0): number {
    const value = this.json[field] ?? otherwise;
    if (typeof value !== "number" || !Number.isInteger(value)) this.#refuse(field, "is no integer");
    return value;
  }
  text(field: string, otherwise: string): string {
    const value = this.json[field] ?? otherwise;
    if (typeof value !== "string") this.#refuse(field, "is no text");
    return value;
  }
  bytes(field: string): Uint8Array | null {
    const value = this.json[field] ?? null;
    if (value === null) return null;
    if (typeof value !== "string") this.#refuse(field, "is no hexadecimal text");
    return fromHex(value, `line ${this.line}: ${this.where}${field}`);
  }
  big(field: string): bigint {
    const value = this.json[field] ?? 0;
    if (typeof value !== "number" && typeof value !== "string") this.#refuse(field, "is no integer");
    try {
      return BigInt(value);
    } catch {
      return this.#refuse(field, "is no integer");
    }
  }
  /** A list of rows; a row is an object, or an array in the order of `names`. */
  rows(field: string, names: readonly string[]): Fields[] {
    const value = this.json[field] ?? [];
    if (!Array.isArray(value)) this.#refuse(field, "is no list");
    return value.map((row: unknown, i) => {
      const object = Array.isArray(row) ? Object.fromEntries(names.map((name, n) => [name, row[n]])) : row;
      return new Fields(this.line, object, `${this.where}${field}[${i}].`);
    });
  }
}

const MAP_FIELDS = [
  "type",
  "key_size",
  "value_size",
  "max_entries",
  "flags",
  "inner",
  "name",
  "frozen",
  "value0",
  "map_extra",
  "btf_key",
  "btf_value",
];

/** Descriptors of the vector's maps start here, far from what instructions may hold by chance. */
const FIRST_MAP_FD = 0x40000000;

/** Standard input, output and error are open in the process that loads, and are no maps. */
const LAST_STANDARD_FD = 2;

function readMaps(vector: Fields, btf: Btf | undefined): VerifierMap[] {
  const maps: VerifierMap[] = [];
  for (const row of vector.rows("maps", MAP_FIELDS)) {
    const inner = maps[row.number("inner", -1)];
    const value0 = row.bytes("value0");
    const valueSize = row.number("value_size");
    maps.push({
      name: row.text("name", ""),
      type: row.number("type"),
      keySize: row.number("key_size"),
      valueSize,
      maxEntries: row.number("max_entries"),
      flags: row.number("flags"),
      mapExtra: row.big("map_extra"),
      frozen: row.json["frozen"] === true || row.json["frozen"] === 1,
      ...(inner === undefined ? {} : { inner }),
      ...(btf === undefined
        ? {}
        : { btf, btfKeyTypeId: row.number("btf_key"), btfValueTypeId: row.number("btf_value") }),
      readValue: (offset, size) => readLittleEndian(value0, valueSize, offset, size),
    });
  }
  return maps;
}

function readLittleEndian(bytes: Uint8Array | null, length: number, offset: number, size: number): bigint | undefined {
  if (offset < 0 || offset + size > length) return undefined;
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes?.[offset + i] ?? 0);
  return value;
}

/** Puts the maps' descriptors into the loads that name them; other instructions stay as they are, valid or not. */
function withMaps(vector: Fields, insns: Uint8Array): Uint8Array {
  const patched = insns.slice();
  const view = new DataView(patched.buffer);
  for (const row of vector.rows("fixups", ["insn", "map"])) {
    const at = row.number("insn") * SLOT_BYTES;
    if (at >= 0 && at + SLOT_BYTES <= patched.length) view.setInt32(at + 4, FIRST_MAP_FD + row.number("map"), true);
  }
  return patched;
}

function parseLine(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw vectorError("E_VECTOR_JSON", { line, problem: (error as Error).message });
  }
}

/** A vector as the verifier takes it. @throws BpfError `E_VECTOR_FIELD`, `E_HEX`, `E_BTF_*` */
export function readVector(json: unknown, line = 1): { readonly name: string; readonly input: ProgramInput } {
  const vector = new Fields(line, json, "");
  const btfBytes = vector.bytes("btf");
  const btf = btfBytes === null ? undefined : parseBtf(btfBytes, `line ${line}: btf`);
  const maps = readMaps(vector, btf);
  const funcInfo = vector.bytes("func_info");
  const lineInfo = vector.bytes("line_info");
  const input: ProgramInput = {
    name: vector.text("name", ""),
    type: vector.number("prog_type"),
    expectedAttachType: vector.number("expected_attach_type"),
    flags: vector.number("prog_flags"),
    attachBtfId: vector.number("attach_btf_id"),
    kernVersion: vector.number("kern_version"),
    license: vector.text("license", "GPL"),
    insns: withMaps(vector, vector.bytes("insns") ?? encode([])),
    mapByFd: (fd) => maps[fd - FIRST_MAP_FD],
    isDescriptor: (fd) => fd >= 0 && fd <= LAST_STANDARD_FD,
    ...(btf === undefined ? {} : { btf }),
    ...(funcInfo === null ? {} : { funcInfo, funcInfoRecordSize: vector.number("func_info_rec", 8) }),
    ...(lineInfo === null ? {} : { lineInfo, lineInfoRecordSize: vector.number("line_info_rec", 16) }),
  };
  return { name: vector.text("name", ""), input };
}

/** The last line of the log that says something about the program. */
function lastLine(verdict: Verdict): string {
  return verdict.failure?.message.split("\n").at(-1) ?? "";
}

/**
 * Verifies one line of a vector file.
 * @throws BpfError `E_VECTOR_JSON`, `E_VECTOR_FIELD`, `E_HEX`, `E_BTF_*`, with the line's number
 */
export function verifyVector(text: string, line: number, options: VerifyOptions): VectorResult {
  let vector: ReturnType<typeof readVector>;
  try {
    vector = readVector(parseLine(text, line), line);
  } catch (error) {
    throw error instanceof BpfError ? error.within(`line ${line}`) : error;
  }
  const verdict = verify(vector.input, options);
  return {
    name: vector.name,
    verdict: verdict.accepted ? "accept" : "reject",
    errno: verdict.errno,
    processed: verdict.stats.insnProcessed,
    fail_insn: verdict.failure?.insn ?? -1,
    last_line: lastLine(verdict),
    time_us: verdict.stats.microseconds,
  };
}
