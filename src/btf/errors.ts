import { defineErrors } from "../util/index.ts";

const NOTHING = "nothing was loaded";
const hex = (n: number): string => `0x${n.toString(16)}`;

type In = { what: string };
type InType = In & { id: number; kind: string };
const type = (d: InType): string => `${d.what}: type ${d.id} (${d.kind})`;

type CoreData = { kind: string; type: string; access: string; offset: number };
const core = (d: CoreData): string =>
  `CO-RE relocation ${d.kind} of ${d.type}, access "${d.access}", at byte ${hex(d.offset)} of its section`;

/** Errors of reading BTF and BTF.ext. */
export const btfError = defineErrors({
  E_BTF_SHORT: (d: In & { size: number; need: number }) =>
    `${d.what}: ${d.size} bytes are too few for its header (${d.need} bytes); file is malformed, ${NOTHING}`,
  E_BTF_MAGIC: (d: In & { found: number }) => `${d.what}: it begins with ${hex(d.found)} instead of 0xeb9f; ${NOTHING}`,
  E_BTF_VERSION: (d: In & { found: number }) => `${d.what}: version ${d.found} is not 1; ${NOTHING}`,
  E_BTF_HEADER: (d: In & { field: string; found: number; want: string }) =>
    `${d.what}: header: ${d.field} ${d.found} is not ${d.want}; file is malformed, ${NOTHING}`,
  E_BTF_RANGE: (d: In & { part: string; offset: number; length: number; size: number }) =>
    `${d.what}: header: ${d.part} (${d.length} bytes at ${hex(d.offset)}) reaches beyond its end (${d.size} bytes); file is malformed, ${NOTHING}`,
  E_BTF_STRING_TABLE: (d: In & { problem: string }) =>
    `${d.what}: string table ${d.problem}; file is malformed, ${NOTHING}`,
  E_BTF_STRING: (d: In & { offset: number; limit: number }) =>
    `${d.what}: string offset ${hex(d.offset)} is outside the string table (${d.limit} bytes); file is malformed, ${NOTHING}`,
  E_BTF_KIND: (d: In & { id: number; at: number; found: number }) =>
    `${d.what}: type ${d.id} at ${hex(d.at)}: kind ${d.found} is not 1 to 19; made by a newer compiler or malformed, ${NOTHING}`,
  E_BTF_TRUNCATED: (d: InType & { at: number; need: number; size: number }) =>
    `${type(d)} at ${hex(d.at)} needs ${d.need} bytes and reaches beyond the type section (${d.size} bytes); file is malformed, ${NOTHING}`,
  E_BTF_NAME: (d: InType & { offset: number; limit: number }) =>
    `${type(d)}: name offset ${hex(d.offset)} is outside the string table (${d.limit} bytes); file is malformed, ${NOTHING}`,
  E_BTF_REF: (d: InType & { found: number; count: number }) =>
    `${type(d)}: type id ${d.found} is not below ${d.count}; file is malformed, ${NOTHING}`,
  E_BTF_REF_KIND: (d: InType & { found: number; foundKind: string; want: string }) =>
    `${type(d)}: type id ${d.found} is a ${d.foundKind}, not a ${d.want}; file is malformed, ${NOTHING}`,
  E_BTF_SIZE: (d: InType & { problem: string }) => `${type(d)}: ${d.problem}; file is malformed, ${NOTHING}`,
  E_BTF_CYCLE: (d: InType) => `${type(d)} contains itself; file is malformed, ${NOTHING}`,
  E_BTF_DEPTH: (d: InType & { limit: number }) => `${type(d)}: types are nested more than ${d.limit} deep; ${NOTHING}`,
  E_BTF_STRINGS: (d: In) =>
    `${d.what}: the strings taken from the string table are many times its size, as in no real object; ${NOTHING}`,
  E_BTF_TYPE_ID: (d: In & { id: number; count: number }) =>
    `${d.what}: type id ${d.id} is not within 1 to ${d.count - 1}`,
  E_BTF_BASE: (d: In & { problem: string }) => `${d.what}: ${d.problem}; give the BTF it was split from`,
  E_BTF_NO_SIZE: (d: InType) => `${type(d)} has no size`,
  E_BTF_EXT_RECORD: (d: In & { part: string; field: string; found: number; want: string }) =>
    `${d.what}: ${d.part}: ${d.field} ${d.found} is not ${d.want}; file is malformed, ${NOTHING}`,
  E_BTF_EXT_RANGE: (d: In & { part: string; section: string; records: number; size: number; left: number }) =>
    `${d.what}: ${d.part} of section "${d.section}": ${d.records} records of ${d.size} bytes do not fit in the ${d.left} bytes left; file is malformed, ${NOTHING}`,
  E_BTF_EXT_REF: (d: In & { part: string; section: string; record: number; problem: string }) =>
    `${d.what}: ${d.part} of section "${d.section}" record ${d.record}: ${d.problem}; file is malformed, ${NOTHING}`,
  E_CORE_ACCESS: (d: CoreData & { problem: string }) =>
    `${core(d)}: the access string is wrong: ${d.problem}; ${NOTHING}`,
  E_CORE_AMBIGUOUS: (d: CoreData & { first: number; second: number; field: string; a: string; b: string }) =>
    `${core(d)}: it is ambiguous: types ${d.first} and ${d.second} of the target give ${d.field} ${d.a} and ${d.b}; ${NOTHING}`,
  E_CORE_BIT_FIELD: (d: CoreData & { bits: number; bitOffset: number }) =>
    `${core(d)}: the bit field (${d.bits} bits at bit ${d.bitOffset}) fits in no load of up to 8 bytes; ${NOTHING}`,
  E_CORE_ANONYMOUS: (d: CoreData) =>
    `${core(d)}: its type has no name, so it cannot be found in the target; ${NOTHING}`,
  E_CORE_KIND: (d: CoreData) => `${core(d)}: this kind cannot be asked of an array element; ${NOTHING}`,
  E_BTF_TEXT: (d: { limit: number }) => `BTF: its text would have more than ${d.limit} lines; ${NOTHING}`,
  E_BTF_BUILD: (d: { what: string }) => `BTF: cannot build: ${d.what}`,
});
