import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, test } from "vitest";
import { assemble, assemblyToElf } from "../../src/asm/index.ts";
import { readVector } from "../../src/cli/verify/vectors.ts";
import { loadObject, type ProgLoadAttr, VerifierKernel } from "../../src/kernel/index.ts";
import { readObject } from "../../src/loader/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { EXAMPLES, type Example, exampleText } from "../../src/verifier/explain/examples/index.ts";
import { KIND_ROWS } from "../../src/verifier/explain/rows.ts";
import { type Explanation, explain, REJECTION_KINDS, type Verdict, verify } from "../../src/verifier/index.ts";
import { withoutPerfmon } from "../differential/privilege.ts";
import { runningKernel } from "../support/linux.ts";
import { skipped } from "../support/needs.ts";
import { kernelBtf } from "../support/verifier/both.ts";
import { ALL_GENERATORS, vectors } from "./campaign.ts";

/** The examples of `docs/verifier-errors.md`: the bad ones are refused for what they show, the good ones accepted, by both verifiers. */

const HEAD = ["<linux/bpf.h>", "<bpf/bpf_helpers.h>"].map((name) => `#include ${name}\n`).join("");
const INCLUDE = "/usr/include/x86_64-linux-gnu";
const dir = mkdtempSync(join(tmpdir(), "anybpf-explain-"));
afterAll(() => rmSync(dir, { recursive: true }));

const clang = spawnSync("clang-19", ["--version"]).status === 0;
if (!clang) skipped("examples in C", "no clang-19");
const btf = kernelBtf();
const linux = await runningKernel("examples of the explanations put to the running kernel");

function object(example: Example, body: string): Uint8Array {
  const text = exampleText(example, body);
  if (example.language !== "c") return assemblyToElf(assemble(text, { file: "example.s" }));
  const [source, out] = [join(dir, "example.c"), join(dir, "example.o")];
  writeFileSync(source, HEAD + text);
  execFileSync("clang-19", ["-g", "-O2", "-target", "bpf", `-I${INCLUDE}`, "-c", source, "-o", out]);
  return readFileSync(out);
}

interface Said {
  readonly verdict: Verdict;
  readonly explanation: Explanation | null;
  readonly linux: { readonly errno: number; readonly log: string } | null;
}

/** Both verifiers' answers. */
function ask(example: Example, body: string): Said {
  const spec = readObject(object(example, body), { name: "example.o" });
  const mode = example.mode ?? "root";
  const facts = btf === null ? {} : { kernel: { vmlinux: btf } };
  const ours = new VerifierKernel({ mode, ...facts });
  let verdict: Verdict | null = null;
  let explanation: Explanation | null = null;
  const judge = (attr: ProgLoadAttr) => {
    verdict = ours.judge(attr);
    explanation = explain(ours.programInput(attr), verdict);
  };
  loadObject(ours, spec, { targetBtf: btf, judge }).close();
  let said: Said["linux"] = null;
  if (linux !== null) {
    loadObject(linux, spec, {
      targetBtf: btf,
      judge: (attr) => {
        const load = () => askLinux(attr);
        said = mode === "bpf" ? withoutPerfmon(load) : load();
      },
    }).close();
  }
  return { verdict: verdict!, explanation, linux: said };
}

function askLinux(attr: ProgLoadAttr): NonNullable<Said["linux"]> {
  let log = "";
  const keepLog = (text: string) => {
    log = text;
  };
  try {
    linux!.close(linux!.progLoad({ ...attr, logLevel: 1, log: keepLog }));
    return { errno: 0, log };
  } catch (error) {
    if (!(error instanceof BpfError) || error.code !== "E_KERNEL") throw error;
    return { errno: Number(error.data["errno"]), log };
  }
}

const nameOf = ({ kind, cause, section }: Example, n: number) =>
  `${n}: ${kind}${cause === undefined ? "" : `: ${cause}`} (${section})`;

describe.each(EXAMPLES.map((example, n) => [nameOf(example, n), example] as const))("%s", (_name, example) => {
  const skip =
    (example.language === "c" && (!clang || btf === null)) || (example.mode === "bpf" && process.arch !== "x64");

  it.skipIf(skip)("is refused for what it shows", () => {
    const { verdict, explanation, linux: kernel } = ask(example, example.bad);
    expect({ kind: explanation?.kind, cause: explanation?.cause, says: explanation?.message }).toEqual({
      kind: example.kind,
      cause: example.cause ?? null,
      says: example.says,
    });
    if (kernel === null) return;
    expect(kernel.errno).toBe(verdict.errno);
    expect(kernel.log).toContain(example.says);
  });

  it.skipIf(skip)("is accepted when repaired", () => {
    const { verdict, linux: kernel } = ask(example, example.good);
    expect(verdict.failure).toBeNull();
    if (kernel !== null) expect(kernel.errno, kernel.log).toBe(0);
  });
});

test("every kind and cause has its words", () => {
  for (const kind of REJECTION_KINDS) {
    const row = KIND_ROWS[kind];
    for (const { title, why, repair } of [row, ...Object.values(row.causes ?? {})]) {
      expect(title, kind).toMatch(/^(?:[a-z]|GPL|NULL|32-)[^.]*[^. ]$/);
      expect(why, kind).toMatch(/[.)]$/);
      expect(repair, kind).not.toBe("");
    }
  }
  expect(Object.keys(KIND_ROWS).sort()).toEqual([...REJECTION_KINDS].sort());
});

test("enough kinds have examples", () => {
  expect(new Set(EXAMPLES.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(35);
  const causes = Object.entries(KIND_ROWS).flatMap(([kind, { causes }]) =>
    Object.keys(causes ?? {}).map((word) => `${kind}: ${word}`),
  );
  const shown = new Set(EXAMPLES.map(({ kind, cause }) => `${kind}: ${cause}`));
  expect(causes.filter((word) => !shown.has(word)).length).toBeLessThan(12);
});

test("every refusal of random programs can be explained", () => {
  const causes = new Map<string, number>();
  for (const vector of vectors({ programs: 2000, seed: 21, from: 0, generators: ALL_GENERATORS })) {
    const { input } = readVector(vector);
    const verdict = verify(input);
    const explanation = explain(input, verdict);
    expect(explanation === null, vector.name).toBe(verdict.accepted);
    if (explanation === null) continue;
    const { kind, cause, title, place } = explanation;
    expect(title, vector.name).not.toBe("");
    if (cause !== null) expect(KIND_ROWS[kind].causes?.[cause], `${vector.name}: ${kind}: ${cause}`).toBeDefined();
    if (place !== null) expect(place.text).not.toBe("");
    causes.set(`${kind}: ${cause}`, (causes.get(`${kind}: ${cause}`) ?? 0) + 1);
  }
  expect(causes.size).toBeGreaterThan(15);
});
