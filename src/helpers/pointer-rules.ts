import type { PointerRule, PointerSize, PointerTarget } from "../isa/index.ts";
import type { Helper } from "../uapi/index.ts";
import { assert } from "../util/index.ts";

/** Word for an argument in messages, and what it points at. */
type Meaning = readonly [what: string, target: PointerTarget];

/** One argument of a helper: number from 1, modifiers of its type. */
interface Argument {
  readonly helper: Helper;
  readonly arg: number;
  readonly modifiers: readonly string[];
}

const MAP = "ARG_CONST_MAP_PTR";

/** The pointer types of the kernel's `enum bpf_arg_type` whose memory a helper of ours touches itself. */
const MEANINGS: Readonly<Record<string, (argument: Argument) => Meaning>> = {
  [MAP]: () => ["map", { kind: "map" }],
  ARG_PTR_TO_CTX: () => ["context", { kind: "context" }],
  ARG_PTR_TO_MAP_KEY: (a) => ["key", bytes(a, { kind: "map_key", arg: mapArgument(a) })],
  ARG_PTR_TO_MAP_VALUE: (a) => ["value", bytes(a, { kind: "map_value", arg: mapArgument(a) })],
  ARG_PTR_TO_MEM: (a) => ["memory", bytes(a, memorySize(a))],
  ARG_PTR_TO_CONST_STR: () => ["string", { kind: "string" }],
  ARG_PTR_TO_RINGBUF_MEM: () => ["record", { kind: "ringbuf_record" }],
};

function bytes({ modifiers }: Argument, size: PointerSize): PointerTarget {
  return { kind: "memory", write: modifiers.includes("MEM_WRITE"), size };
}

function mapArgument({ helper }: Argument): number {
  const arg = helper.args.indexOf(MAP) + 1;
  assert(arg > 0, `${helper.name} has a map argument`);
  return arg;
}

/** Of a fixed size, or as long as the next argument says. */
function memorySize({ helper, arg, modifiers }: Argument): PointerSize {
  if (!modifiers.includes("MEM_FIXED_SIZE")) {
    const next = helper.args[arg] ?? "";
    assert(next.startsWith("ARG_CONST_SIZE"), `${helper.name} argument ${arg} is followed by its size`);
    return { kind: "arg", arg: arg + 1, zero: next === "ARG_CONST_SIZE_OR_ZERO" };
  }
  const size = helper.sizes?.[arg];
  assert(size !== undefined, `${helper.name} argument ${arg} has a size`);
  return { kind: "fixed", bytes: size };
}

/** What the verifier's argument types say about the pointers that a helper gets. */
export function pointerRules(helper: Helper): PointerRule[] {
  return helper.args.flatMap((type, index) => {
    const [base = "", ...modifiers] = type.split(" | ");
    const arg = index + 1;
    const meaning = MEANINGS[base]?.({ helper, arg, modifiers });
    if (meaning === undefined) return [];
    return [{ arg, what: meaning[0], target: meaning[1], nullable: modifiers.includes("PTR_MAYBE_NULL") }];
  });
}
