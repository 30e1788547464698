import type { Mutant } from "./mutants.ts";

/** Changes that no value can tell from the original, and why. */
interface Row {
  readonly file: string;
  /** What the line has. */
  readonly line: RegExp;
  readonly change: RegExp;
  /** What the line has afterwards, where the change alone could be another. */
  readonly becomes?: RegExp;
  readonly reason: string;
}

const TIME = "a short way: where it is not taken, the long one says the same";
const BOTH = "between equals either is right";

export const EQUIVALENT: readonly Row[] = [
  { file: "width", line: /return .* \? a : b;/, change: /^(<|>) /, reason: BOTH },
  { file: "alu", line: /memory\.data/, change: /u32 -> i32/, reason: "an address below 2^31" },
  { file: "tnum", line: /export let/, change: /0 -> 1/, reason: "set before it is read" },
  { file: "tnum", line: /v &= sumValue & ~m/, change: /& -> \|/, reason: "v has no bit of m already" },
  { file: "bitwise", line: /^if \(least <= most\)/, change: /<= -> </, reason: "one value: the unsigned range says so, and the signed one follows it" },
  { file: "bounds", line: /^if \(\(m & \(m \+ 1\)\) == 0 &&/, change: /^(& -> \||1 -> 0|0 -> 1)/, reason: TIME },
  { file: "bounds", line: /Before\)/, change: /\^ -> \|/, reason: "the rounds end later; a round after one that changed nothing changes nothing" },
  { file: "bounds", line: /\^ half\)|\^ v\)|WORD_SMIN\) \||HALF_SMIN\) \||~load/, change: /\^ -> \|/, reason: TIME },
  { file: "bounds", line: /WORD_SMIN\) \||HALF_SMIN\) \||~load/, change: /^REG_/, reason: "one end is never both ends of the width: the long way, which learns nothing" },
  { file: "bounds", line: /^load<i64>.*~load/, change: /0 -> 1/, reason: "one range of the word short of one end: nothing else learns from it" },
  { file: "bounds", line: /^const ROUNDS|< ROUNDS/, change: /3 -> 4|< -> <=/, reason: "a fourth round changes nothing: all records of 4 bits were tried" },
  { file: "bounds", line: /syncSmall\(reg\) \|\|/, change: /\|\| -> &&/, reason: TIME },
  { file: "bounds", line: /^return true;/, change: /true -> false/, reason: "the long way from a result that it does not change" },
  { file: "bounds", line: /^if \(least > most\) return false/, change: /> -> >=/, reason: TIME },
  { file: "bounds", line: /u64\(least\) >= u64\(most\) \|\| /, change: /^>= /, reason: TIME },
  { file: "arithmetic", line: /x <= u64\(LOW_BITS\)/, change: /<= -> </, reason: TIME },
  { file: "arithmetic", line: /u64\(widen\(/, change: /u64 -> i64/, reason: "the low 64 bits of a product have no sign" },
  { file: "casts|shifts|tnum", line: / >> u64\(/, change: /u64 -> i64/, becomes: / >> i64\(/, reason: "an amount below 64" },
  { file: "shifts", line: /^if \(by >= HALF/, change: /^>= -> >/, reason: "by the whole width: 1 << -1 is the least number, and no greatest value is below it" },
  { file: "shifts", line: /^load<i64>\(dst, REG_MASK\) & LOW_BITS/, change: /^LOW_BITS/, reason: "bits that come from above lie above the range, which says that they are zero" },
]; // biome-ignore format: a table

export function equivalence(mutant: Mutant): string | undefined {
  const file = mutant.file.replace(/^.*\/|\.ts$/g, "");
  const change = `${mutant.from} -> ${mutant.to}`;
  const changed = mutant.source.split("\n")[mutant.line - 1]!;
  return EQUIVALENT.find(
    (row) =>
      new RegExp(`^(${row.file})$`).test(file) &&
      row.line.test(mutant.text) &&
      row.change.test(change) &&
      (row.becomes?.test(changed) ?? true),
  )?.reason;
}
