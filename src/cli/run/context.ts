import { type ContextField, contextLayout, programTypeLabel } from "../../uapi/index.ts";
import { runInputError } from "./errors.ts";

/**
 * A context structure from JSON: `{ "mark": 7, "cb": [1, 2] }`. Fields have the names of `struct xdp_md` or `struct __sk_buff`;
 * those left out are 0. Which of them a test run lets the caller set is the kernel's decision.
 */
export function contextBytes(type: number, json: unknown, path: string): Uint8Array {
  const refuse = (reason: string) => runInputError("E_RUN_CONTEXT", { path, reason });
  const layout = contextLayout(type);
  if (layout === undefined) throw refuse(`programs of type ${programTypeLabel(type)} have no context to set`);
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw refuse("must be an object of fields");
  const bytes = new Uint8Array(layout.size);
  const view = new DataView(bytes.buffer);
  for (const [name, given] of Object.entries(json)) {
    const field = layout.fields.find((f) => f.name === name);
    if (field === undefined) {
      const known = layout.fields.map((f) => f.name).join(", ");
      throw refuse(`struct ${layout.name} has no field "${name}"; it has ${known}`);
    }
    const values: unknown[] = Array.isArray(given) ? given : [given];
    if (values.length * field.unit > field.size) throw refuse(`field ${name} holds ${field.size / field.unit} values`);
    for (const [i, value] of values.entries()) {
      const number = wholeNumber(value, field);
      if (number === null)
        throw refuse(`field ${name}: ${JSON.stringify(value)} is no unsigned ${field.unit * 8}-bit number`);
      const at = field.offset + i * field.unit;
      if (field.unit === 8) view.setBigUint64(at, number, true);
      else view.setUint32(at, Number(number), true);
    }
  }
  return bytes;
}

/** Numbers, or decimal and 0x… strings for what a JSON number cannot hold exactly. */
function wholeNumber(value: unknown, field: ContextField): bigint | null {
  if (typeof value !== "number" && typeof value !== "string") return null;
  try {
    const number = BigInt(value);
    return BigInt.asUintN(field.unit * 8, number) === number ? number : null;
  } catch {
    return null;
  }
}
