import { readFileSync } from "node:fs";

/** The CPUs of a list as sysfs has it: `0-2,8` is 0, 1, 2, 8. */
export function parseCpus(list: string): number[] {
  return list
    .trim()
    .split(",")
    .filter((range) => range !== "")
    .flatMap((range) => {
      const [first, last] = range.split("-").map(Number);
      return Array.from({ length: (last ?? first!) - first! + 1 }, (_, i) => first! + i);
    });
}

/** CPUs there may ever be: per-CPU values have a copy for each. */
export function possibleCpus(): number[] {
  return parseCpus(readFileSync("/sys/devices/system/cpu/possible", "latin1"));
}

export function onlineCpus(): number[] {
  return parseCpus(readFileSync("/sys/devices/system/cpu/online", "latin1"));
}
