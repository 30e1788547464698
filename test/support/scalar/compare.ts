import type { Answers } from "./kernel-log.ts";

/** Where the domain's answers part from the kernel's; a jump that only the kernel takes counts too. */
export function differences(ours: Answers, kernel: Answers): string[] {
  const found: string[] = [];
  for (const [key, registers] of ours) {
    const theirs = kernel.get(key);
    for (const [n, text] of registers) {
      const other = theirs?.get(n) ?? "nothing";
      if (text !== other) found.push(`${key} r${n}: ${text}\n  kernel: ${other}`);
    }
  }
  for (const key of kernel.keys())
    if (key.includes(">") && !ours.has(key)) found.push(`${key}: only the kernel goes there`);
  return found;
}

export function count(answers: Answers): number {
  let sum = 0;
  for (const registers of answers.values()) sum += registers.size;
  return sum;
}
