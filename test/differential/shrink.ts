import { type Insn, imm64, insn, isBranch, loadImm64 } from "../../src/isa/index.ts";
import { LOOP_CALL } from "./control-pieces.ts";
import { type Item, type Items, mapOf } from "./program.ts";

/** Makes a failing program smaller: whatever can go, goes, as long as the program still fails. */

/** The items without those in [from, to): branches to them go to what follows. */
export function without(items: Items, from: number, to: number): Item[] {
  const moved = (target: number): number => (target <= from ? target : target < to ? from : target - (to - from));
  return items.flatMap((item, n) => {
    if (n >= from && n < to) return [];
    return item.target === undefined ? [item] : [{ ...item, target: moved(item.target) }];
  });
}

/** Whether branches stay inside and calls of bpf_loop whole. */
function sound(items: Items): boolean {
  return items.every(({ target, insn: i }, at) => {
    if (target !== undefined && target >= items.length) return false;
    if (i.form.name !== "ld_imm64_func") return true;
    return LOOP_CALL.every(([form, operands], n) => {
      const { insn: found } = items[at - 1 + n] ?? {};
      const wanted = insn(form, operands);
      return found?.form === wanted.form && found.dst === wanted.dst && found.imm === wanted.imm;
    });
  });
}

/** Leaves out runs of instructions, long ones first. */
function leaveOut(items: Items, fails: (items: Items) => boolean): Items {
  let best = items;
  for (let size = best.length >> 1; size >= 1; size = size > 8 ? size >> 1 : size - 1) {
    for (let at = best.length - size; at >= 0; at--) {
      if (at + size > best.length) continue;
      const candidate = without(best, at, at + size);
      if (sound(candidate) && fails(candidate)) best = candidate;
    }
  }
  return best;
}

const SIMPLE = [1n << 32n, BigInt.asIntN(64, 1n << 63n)];

/** Plainer instructions that may stand in the place of one. */
function plainer({ insn: i, target }: Item): Item[] {
  const { form } = i;
  const found: Item[] = [];
  if (form.kind === "jmp" && target !== undefined) found.push({ insn: insn("ja"), target });
  if (form.name === "ja32" || form.name === "may_goto") found.push({ insn: insn("ja"), target: target! });
  if (form.source === "imm" && form.name !== "ld_imm64" && i.imm !== 0 && i.imm !== 1 && !isReference(i)) {
    found.push({ ...(target === undefined ? {} : { target }), insn: { ...i, imm: 1 } });
  }
  if (form.name === "ld_imm64") {
    const value = BigInt.asIntN(64, imm64(i));
    if (BigInt.asIntN(32, value) === value) found.push({ insn: insn("mov64_imm", { dst: i.dst, imm: Number(value) }) });
    else if (!SIMPLE.includes(value)) found.push(...SIMPLE.map((simple) => ({ insn: loadImm64(i.dst, simple) })));
  }
  if ((form.kind === "call" && form.op === "local") || form.kind === "ldx" || form.kind === "ldxs") {
    const dst = form.kind === "call" ? 0 : i.dst;
    found.push({ insn: insn("mov64_imm", { dst, imm: 1 }) });
  }
  return found;
}

/** Whether the immediate is no number. */
function isReference(i: Insn): boolean {
  return i.form.kind === "ld_imm64" || i.form.kind === "call" || (isBranch(i) && i.form.kind !== "jmp");
}

function simplify(items: Items, fails: (items: Items) => boolean): Items {
  let best = items;
  for (let at = 0; at < best.length; at++) {
    if (mapOf(best[at]!) >= 0) continue;
    for (const other of plainer(best[at]!)) {
      const candidate = best.map((item, n) => (n === at ? other : item));
      if (!sound(candidate) || !fails(candidate)) continue;
      best = candidate;
      break;
    }
  }
  return best;
}

/** The smallest program found that still fails; `fails` also says no to what must not be run. */
export function shrink(items: Items, fails: (items: Items) => boolean): Items {
  let best = items;
  for (let rounds = 0; rounds < 8; rounds++) {
    const next = simplify(leaveOut(best, fails), fails);
    if (next.length === best.length && next.every((item, n) => item === best[n])) break;
    best = next;
  }
  return best;
}
