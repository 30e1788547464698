import { defineErrors } from "../util/index.ts";

type At = { path: string };

/** Errors of reading and writing typed values; `path` names the place: `key.saddr`, `value.ports[3]`. */
export const valueError = defineErrors({
  E_VALUE_SIZE: (d: At & { need: number; size: number; type: string }) =>
    `${d.path}: ${d.size} bytes are too few for ${d.type} (${d.need} bytes)`,
  E_VALUE_TYPE: (d: At & { type: string; found: string; want: string }) =>
    `${d.path}: ${d.found} is no ${d.want}, which ${d.type} takes`,
  E_VALUE_RANGE: (d: At & { type: string; found: string; min: bigint; max: bigint }) =>
    `${d.path}: ${d.found} does not fit in ${d.type} (${d.min} to ${d.max})`,
  E_VALUE_ENUM: (d: At & { type: string; found: string; known: string }) =>
    `${d.path}: ${d.type} has no "${d.found}"; it has ${d.known}`,
  E_VALUE_MEMBER: (d: At & { type: string; found: string; known: string }) =>
    `${d.path}: ${d.type} has no member "${d.found}"; it has ${d.known}`,
  E_VALUE_LENGTH: (d: At & { type: string; found: number; limit: number }) =>
    `${d.path}: ${d.found} elements or bytes are more than the ${d.limit} of ${d.type}`,
  E_VALUE_ADDRESS: (d: At & { found: string; want: string }) => `${d.path}: "${d.found}" is no ${d.want}`,
  E_VALUE_NO_VALUE: (d: At & { type: string }) => `${d.path}: ${d.type} is a type without values`,
  E_VALUE_MANY: (d: At & { limit: number }) => `${d.path}: it has more than ${d.limit} parts`,
});
