import { type Btf, type BtfFunc, type BtfFuncProto, type BtfType, resolveId } from "../../btf/index.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";

/** The function as the log names its kind: `STRUCT`, `INT`. */
function kindText(type: BtfType | null): string {
  return type === null ? "UNKNOWN" : type.kind.toUpperCase();
}

function bare(btf: Btf, id: number): BtfType | null {
  const found = resolveId(btf, id);
  return found === 0 ? null : btf.type(found);
}

/** Kind, number of members and kind flag: what the first word of a type's record says. */
function sameShape(a: BtfType | null, b: BtfType | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.kind !== b.kind) return false;
  if (a.kind === "struct" || a.kind === "union") return a.members.length === (b as typeof a).members.length;
  if (a.kind === "enum" || a.kind === "enum64") {
    return a.values.length === (b as typeof a).values.length && a.signed === (b as typeof a).signed;
  }
  return true;
}

function sizeText(type: BtfType): number | undefined {
  return "size" in type ? type.size : undefined;
}

/** An extension takes and returns what the function that it replaces does (btf_check_type_match). */
export function checkSameSignature(env: VerifierEnv, targetBtf: Btf, targetId: number): void {
  const refuse: (message: string) => never = (message) =>
    env.reject(ERRNO.EINVAL, "V_ATTACH", message, { btfId: targetId });
  const ownId = env.subprogs[0]?.typeId ?? 0;
  const ownBtf = env.btfs[1];
  if (ownId === 0 || ownBtf === null || ownBtf === undefined) refuse("Program extension requires BTF");
  const one = ownBtf.type(ownId) as BtfFunc;
  const two = targetBtf.type(targetId) as BtfFunc;
  for (const func of [one, two]) if (func.linkage !== "global") refuse(`${func.name}() is not a global function`);
  const a = ownBtf.type(one.type) as BtfFuncProto;
  const b = targetBtf.type(two.type) as BtfFuncProto;
  if (a.params.length !== b.params.length) {
    refuse(`${one.name}() has ${a.params.length} args while ${two.name}() has ${b.params.length} args`);
  }
  const [returns1, returns2] = [bare(ownBtf, a.type), bare(targetBtf, b.type)];
  if (!sameShape(returns1, returns2)) {
    const [text1, text2] = [kindText(returns1), kindText(returns2)];
    refuse(`Return type ${text1} of ${one.name}() doesn't match type ${text2} of ${two.name}()`);
  }
  for (const [i, param] of a.params.entries()) {
    const [type1, type2] = [bare(ownBtf, param.type), bare(targetBtf, b.params[i]!.type)];
    if (!sameShape(type1, type2)) {
      refuse(`arg${i} in ${one.name}() is ${kindText(type1)} while ${two.name}() has ${kindText(type2)}`);
    }
    if (type1 === null || type2 === null) refuse(`arg${i} in ${one.name}() has unrecognized type`);
    if (sizeText(type1) !== sizeText(type2)) {
      refuse(`arg${i} in ${one.name}() has size ${sizeText(type1)} while ${two.name}() has ${sizeText(type2)}`);
    }
    if (type1.kind === "int" || type1.kind === "enum" || type1.kind === "enum64") continue;
    if (type1.kind !== "ptr" || type2.kind !== "ptr") refuse(`arg${i} in ${one.name}() has unrecognized type`);
    const [struct1, struct2] = [bare(ownBtf, type1.type), bare(targetBtf, type2.type)];
    if (struct1?.kind !== "struct") refuse(`arg${i} in ${one.name}() is not a pointer to context`);
    if (struct2?.kind !== "struct") refuse(`arg${i} in ${two.name}() is not a pointer to context`);
    if (struct1.name !== struct2.name) {
      refuse(`arg${i} ${one.name}(struct ${struct1.name} *) doesn't match ${two.name}(struct ${struct2.name} *)`);
    }
  }
}
