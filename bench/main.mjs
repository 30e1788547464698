// Benchmarks: our engines against each other and against the running kernel's JIT, then our verifier against the kernel's, then packet
// filters against libpcap's, as ratios from interleaved runs. `npm run bench [-- --json FILE] [-- --only TEXT]`; `--only verify` and
// `--only filter` leave the others out. The kernel's part needs CAP_BPF.
import { writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { parseArgs } from "node:util";
import { CASES } from "./cases.mjs";
import { filterTimes } from "./filter.mjs";
import { loadKernel, loadOurs } from "./load.mjs";
import { verifierTimes } from "./verify.mjs";

const { values: options } = parseArgs({
  options: { json: { type: "string" }, only: { type: "string" }, rounds: { type: "string", default: "50" } },
});
const ROUNDS = Number(options.rounds);
/** How long one engine runs before the next one's turn, in ns. */
const TURN = 1e6;

const now = () => Number(process.hrtime.bigint());
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** Wraps `run(count)` so that it returns ns per run. */
function timed(run) {
  return (count) => {
    const start = now();
    run(count);
    return (now() - start) / count;
  };
}

/** How many runs fill a turn; also warms up. */
function calibrate(measure) {
  for (let count = 16; ; count *= 4) {
    const ns = measure(count);
    if (ns * count > TURN / 8 || count >= 1 << 20) return Math.max(1, Math.round(TURN / ns));
  }
}

async function measureCase(entry) {
  const ours = loadOurs(entry);
  let kernelRun = null;
  let why = "";
  try {
    const test = await loadKernel(entry);
    const [a, b] = [test(1).retval, ours.run("jit", 1)];
    if (a !== b) throw new Error(`return value: kernel ${a}, ours ${b}`);
    kernelRun = (count) => test(count).ns;
  } catch (error) {
    why = error.message;
  }
  const runs = [
    timed((count) => ours.run("jit", count)),
    timed((count) => ours.run("interpreter", count)),
    ...(kernelRun === null ? [] : [kernelRun]),
  ];
  if (ours.run("jit", 1) !== ours.run("interpreter", 1)) throw new Error(`${entry.name}: the engines disagree`);
  // V8 compiles hot functions in the background: give it turns of the event loop before counting.
  for (let n = 0; n < 5; n++) {
    calibrate(runs[0]);
    calibrate(runs[1]);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const counts = [];
  for (const run of runs) counts.push(calibrate(run));
  const times = runs.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [n, run] of runs.entries()) times[n].push(run(counts[n]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  // The best turn of each: on a busy machine most turns are interrupted.
  const [jit, interpreter, kernel = null] = times.map((list) => Math.min(...list));
  return {
    name: entry.name,
    jit,
    interpreter,
    kernel,
    jitRatio: kernel === null ? null : jit / kernel,
    interpreterRatio: kernel === null ? null : interpreter / kernel,
    perInsn: interpreter / ours.instructions(),
    slots: ours.slots,
    why,
  };
}

const number = (value, digits = 1) => (value === null ? "-" : value.toFixed(digits));

function print(rows) {
  console.log("program             jit ns  interp ns  kernel ns  jit:kernel  interp:kernel  interp ns/insn");
  for (const r of rows) {
    console.log(
      [
        r.name.padEnd(18),
        number(r.jit).padStart(8),
        number(r.interpreter).padStart(10),
        number(r.kernel).padStart(10),
        number(r.jitRatio, 2).padStart(11),
        number(r.interpreterRatio, 2).padStart(14),
        number(r.perInsn, 2).padStart(15),
      ].join(" "),
    );
    if (r.why !== "") console.log(`  the kernel was not asked: ${r.why}`);
  }
  const ratios = rows.map((r) => r.jitRatio).filter((r) => r !== null);
  if (ratios.length > 0) {
    const mean = Math.exp(ratios.reduce((sum, r) => sum + Math.log(r), 0) / ratios.length);
    console.log(
      `jit:kernel geometric mean ${mean.toFixed(2)}, worst ${Math.max(...ratios).toFixed(2)} (${ratios.length} programs)`,
    );
  }
  const insns = rows.map((r) => r.perInsn);
  if (insns.length > 0) console.log(`interpreter: median ${median(insns).toFixed(2)} ns per instruction`);
}

/** Milliseconds to compile 1,000 instructions, without and with V8's own compilation. */
function compileTimes() {
  const ours = CASES.map(loadOurs);
  const slots = ours.reduce((sum, o) => sum + o.slots, 0);
  const best = { emit: Number.POSITIVE_INFINITY, install: Number.POSITIVE_INFINITY };
  const first = now();
  for (const o of ours) o.compile();
  const cold = now() - first;
  for (let n = 0; n < 50; n++) {
    const start = now();
    for (const o of ours) o.compile();
    const middle = now();
    for (const o of ours) o.compile().install();
    best.emit = Math.min(best.emit, middle - start);
    best.install = Math.min(best.install, now() - middle);
  }
  const per = (ns) => (ns / 1e6 / slots) * 1000;
  return { first: per(cold), emit: per(best.emit), install: per(best.install) };
}

const rows = [];
for (const entry of CASES) {
  if (options.only !== undefined && !entry.name.includes(options.only)) continue;
  rows.push(await measureCase(entry));
}
if (options.only !== "verify" && options.only !== "filter") {
  print(rows);
  const compile = compileTimes();
  console.log(
    `jit compile time per 1,000 instructions: ${compile.emit.toFixed(2)} ms to wasm (${compile.first.toFixed(2)} the first time), ` +
      `${compile.install.toFixed(2)} ms with V8's compilation and instantiation`,
  );
}
const verifier =
  options.only === "filter" ? [] : await verifierTimes(options.only === "verify" ? undefined : options.only);
const filters = options.only === undefined || options.only === "filter" ? await filterTimes() : [];
if (options.json !== undefined) {
  const row = (r, engine, ns, ratio) => ({
    program: r.name,
    engine,
    ns_per_run: ns,
    kernel_ns_per_run: r.kernel,
    ratio,
  });
  const report = {
    machine: { cpu: cpus()[0]?.model ?? "unknown", kernel: release(), node: process.version },
    rows: rows.flatMap((r) => [
      row(r, "jit", r.jit, r.jitRatio),
      row(r, "interpreter", r.interpreter, r.interpreterRatio),
    ]),
    verifier: verifier.map((r) => ({
      program: r.name,
      processed: r.processed,
      us: r.ours,
      kernel_us: r.kernel,
      ratio: r.ratio,
    })),
    filters: filters.map((r) => ({
      expression: r.expression,
      ns_per_packet: r.ours,
      copied_ns_per_packet: r.copied,
      bpf_filter_ns_per_packet: r.libpcap,
      ratio: r.ratio,
    })),
  };
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}
