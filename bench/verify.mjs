// The verifier's time beside the running kernel's own ("verification time N usec" at log level 4), in turns, in one process.
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

const dist = pathToFileURL(`${process.env.ANYBPF_DIST ?? fileURLToPath(new URL("../dist", import.meta.url))}/`);
const from = (path) => import(new URL(path, dist).href);
const { readObject } = await from("loader/index.js");
const { loadObject, VerifierKernel } = await from("kernel/index.js");
const { verify } = await from("verifier/index.js");
const { readVector } = await from("cli/verify/vectors.js");
const { openLinux } = await from("node/linux/index.js");
const { fromHex } = await from("util/index.js");

const OBJECTS = ["verifier/costly.o", "programs/parse.o", "programs/checksum.o", "../examples/firewall/firewall.bpf.o"];
/** Programs that cost fewer are not compared. */
const LEAST_PROCESSED = 1000;
/** Those that cost more are at the limit: measured in seconds and bytes too. */
const NEAR_LIMIT = 900_000;
const TARGETS = { mean: 2, worst: 4, limitSeconds: 4, limitBytes: 2 ** 30 };

/** How long a program is measured, and before that warmed up in each of some rounds over all, in CPU time: others may be at work. */
const MILLISECONDS = 300;
const WARM_UP_ROUNDS = 3;
const LEAST_TURNS = 3;

const nanoseconds = () => Number(process.hrtime.bigint());
const STATISTICS = 4;
/** The time that a quarter of the runs keep within: on a busy machine most are interrupted. */
const quartile = (list) => list.toSorted((a, b) => a - b)[list.length >> 2];

/** Asks the running kernel for its verdict on `attr`, its own time included. */
function ask(linux, attr) {
  let log = "";
  let errno = 0;
  try {
    linux.close(linux.progLoad({ ...attr, logLevel: STATISTICS, log: (text) => (log = text) }));
  } catch (error) {
    errno = error.data?.errno ?? -1;
  }
  return {
    errno,
    processed: Number(/processed (\d+) insns/.exec(log)?.[1] ?? -1),
    us: Number(/verification time (\d+) usec/.exec(log)?.[1] ?? Number.NaN),
  };
}

/** Both verifiers' entrances to each program of an object. */
function programsOf(path, linux, closers) {
  const spec = readObject(readFileSync(new URL(path, import.meta.url)), { name: path });
  const ours = new VerifierKernel();
  const found = new Map();
  const options = { programs: spec.programs.map((program) => program.name) };
  loadObject(ours, spec, {
    ...options,
    judge: (attr) => {
      const input = ours.programInput(attr);
      found.set(attr.name, { name: attr.name, ours: () => verify(input, { now: nanoseconds }), kernel: null });
    },
  });
  if (linux !== null) {
    const object = loadObject(linux, spec, {
      ...options,
      judge: (attr) => {
        found.get(attr.name).kernel = () => ask(linux, attr);
      },
    });
    closers.push(() => object.close());
  }
  return [...found.values()];
}

/** Both verifiers' entrances to a bare program. */
function vectorProgram(json, linux, closers) {
  const { input } = readVector(json);
  const program = { name: json.name, ours: () => verify(input, { now: nanoseconds }), kernel: null };
  if (linux === null) return program;
  const fds = [];
  const made = (fd) => {
    closers.push(() => linux.close(fd));
    return fd;
  };
  for (const m of json.maps) {
    const sizes = { keySize: m.key_size, valueSize: m.value_size, maxEntries: m.max_entries };
    const inner = m.inner < 0 ? {} : { innerMapFd: fds[m.inner] };
    fds.push(made(linux.mapCreate({ type: m.type, flags: m.flags, name: m.name, ...sizes, ...inner })));
  }
  const insns = fromHex(json.insns);
  const view = new DataView(insns.buffer, insns.byteOffset);
  for (const { insn, map } of json.fixups) view.setInt32(insn * 8 + 4, fds[map], true);
  const attr = {
    type: json.prog_type,
    expectedAttachType: json.expected_attach_type,
    flags: json.prog_flags,
    insns,
    license: json.license,
    ...(json.btf === null ? {} : { btfFd: made(linux.btfLoad(fromHex(json.btf))) }),
    ...(json.func_info === null ? {} : { funcInfo: fromHex(json.func_info) }),
  };
  program.kernel = () => ask(linux, attr);
  return program;
}

/** Runs `job` until it has cost so many milliseconds of this process's own. */
function spend(milliseconds, job) {
  const start = process.cpuUsage();
  for (let spent = 0; spent < 1000 * milliseconds; ) {
    job();
    const { user, system } = process.cpuUsage(start);
    spent = user + system;
  }
}

/** Both verdicts on a program, which must be the same. */
function judge(program) {
  const { errno, stats } = program.ours();
  const processed = stats.insnProcessed;
  if (program.kernel !== null) {
    const said = program.kernel();
    if (said.errno !== errno || said.processed !== processed) {
      const ours = `errno ${errno} after ${processed}`;
      throw new Error(`${program.name}: the kernel says errno ${said.errno} after ${said.processed}, we ${ours}`);
    }
  }
  return { ...program, processed, limit: processed >= NEAR_LIMIT };
}

/** Interleaved runs, as many as fit in the time but some at least. */
function measure({ name, processed, limit, ours, kernel }) {
  const times = { ours: [], kernel: [] };
  const turn = () => {
    times.ours.push(ours().stats.microseconds);
    if (kernel !== null) times.kernel.push(kernel().us);
  };
  if (!limit) spend(MILLISECONDS, turn);
  while (times.ours.length < LEAST_TURNS) turn();
  const us = quartile(times.ours);
  const kernelUs = kernel === null ? null : quartile(times.kernel);
  return { name, processed, limit, ours: us, kernel: kernelUs, ratio: kernel === null ? null : us / kernelUs };
}

function print(rows) {
  console.log("verifier            processed    ours us  kernel us  ours:kernel  ns/insn");
  for (const r of rows) {
    console.log(
      [
        r.name.padEnd(18),
        String(r.processed).padStart(10),
        String(Math.round(r.ours)).padStart(10),
        (r.kernel === null ? "-" : String(Math.round(r.kernel))).padStart(10),
        (r.ratio === null ? "-" : r.ratio.toFixed(2)).padStart(12),
        ((1000 * r.ours) / r.processed).toFixed(0).padStart(8),
      ].join(" "),
    );
  }
}

/** The running kernel, where it lets us load programs; else null and the reason. */
async function reachKernel() {
  try {
    const linux = await openLinux();
    // return 0
    const insns = fromHex("b7000000000000009500000000000000");
    const { errno } = ask(linux, { type: 2, insns, license: "GPL" });
    return errno === 0 ? [linux, ""] : [null, `errno ${errno}`];
  } catch (error) {
    return [null, error.message];
  }
}

/** Verification times of programs that cost more than 1,000 instructions. @returns rows */
export async function verifierTimes(only) {
  const closers = [];
  const [linux, why] = await reachKernel();
  const vectors = readFileSync(new URL("verifier/random.jsonl", import.meta.url), "utf8")
    .trim()
    .split("\n");
  const programs = [
    ...OBJECTS.flatMap((path) => programsOf(path, linux, closers)),
    ...vectors.map((line) => vectorProgram(JSON.parse(line), linux, closers)),
  ];
  const chosen = programs
    .filter(({ name }) => only === undefined || name.includes(only))
    .map(judge)
    .filter(({ processed }) => processed >= LEAST_PROCESSED);
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    for (const { limit, ours } of chosen) {
      if (!limit) spend(MILLISECONDS / WARM_UP_ROUNDS, ours);
      // V8 compiles hot functions in the background: it gets turns of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  const rows = chosen.map(measure);
  for (const close of closers) close();
  print(rows);
  if (linux === null) console.log(`the kernel was not asked, only our own times are shown: ${why}`);
  const ratios = rows.map((r) => r.ratio).filter((ratio) => ratio !== null);
  if (ratios.length > 0) {
    const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
    console.log(
      `verifier:kernel geometric mean ${mean.toFixed(2)} (at most ${TARGETS.mean}), worst ${Math.max(...ratios).toFixed(2)} ` +
        `(at most ${TARGETS.worst}), ${ratios.length} programs`,
    );
  }
  const limits = rows.filter((r) => r.limit);
  if (limits.length > 0) {
    const seconds = Math.max(...limits.map((r) => r.ours)) / 1e6;
    const peak = process.resourceUsage().maxRSS * 1024;
    console.log(
      `at the limit of 1,000,000 instructions: ${seconds.toFixed(2)} s at most (under ${TARGETS.limitSeconds}), ` +
        `the process's peak memory ${(peak / 2 ** 20).toFixed(0)} MiB (under ${TARGETS.limitBytes / 2 ** 20})`,
    );
  }
  return rows;
}
