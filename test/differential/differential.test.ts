import { expect, test } from "vitest";
import { FORMS } from "../../src/isa/index.ts";
import { skipped } from "../support/needs.ts";
import { campaign, simulatedSubjects } from "./campaign.ts";
import { type Confine, failureText, reportText, shrinkFailure } from "./report.ts";
import { Subject } from "./subject.ts";

/** Random programs on the running kernel and on each engine of ours: the same results, bit by bit. */

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const PROGRAMS = number("ANYBPF_PROGRAMS", 3000);
const SEED = number("ANYBPF_SEED", 1);
const FROM = number("ANYBPF_FROM", 0);

/** Forms that no program has here: kernel types and functions, arenas. */
const LEFT_OUT = /^(ld_imm64_(btf_id|map_idx|map_idx_value)|call_kfunc|call_reg|addr_space_cast)$/;

/** The running kernel, or null and why it is not asked. */
async function linux(): Promise<{ readonly subject: Subject; readonly confine: Confine } | null> {
  try {
    const { openLinux } = await import("../../src/node/linux-backend.ts");
    const subject = new Subject("kernel", await openLinux());
    const { withoutPerfmon } = await import("./privilege.ts");
    return { subject, confine: withoutPerfmon };
  } catch (error) {
    skipped("random programs on the running kernel (our three engines are compared alone)", (error as Error).message);
    return null;
  }
}

const kernel = await linux();

test(`${PROGRAMS} random programs do the same on every engine${kernel === null ? "" : " and the running kernel"}`, () => {
  const subjects = [...(kernel === null ? [] : [kernel.subject]), ...simulatedSubjects()];
  const report = campaign(subjects, SEED, FROM, PROGRAMS);
  console.log(reportText(report, subjects));
  const failures = report.failures.map(({ program, differences }) => {
    const shrunk = shrinkFailure(subjects, program, differences, kernel?.confine ?? ((run) => run()));
    return failureText(SEED, program, differences, shrunk);
  });
  if (failures.length > 0) console.log(failures.join("\n\n"));
  expect(failures).toEqual([]);
  if (PROGRAMS < 1000) return;
  const missing = FORMS.filter((f) => !report.forms.has(f.name) && !LEFT_OUT.test(f.name)).map((f) => f.name);
  expect(missing).toEqual([]);
  expect(report.accepted / report.generated).toBeGreaterThan(0.9);
}, 3_600_000);
