import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Backend,
  type LoadedObject,
  type LoadedProgram,
  loadObject,
  SimulatedKernel,
} from "../../src/kernel/index.ts";
import { readObject } from "../../src/loader/index.ts";
import { openCapture } from "../../src/node/index.ts";
import { MAP_TYPE, PROG_TYPE } from "../../src/uapi/index.ts";
import { BpfError, toHex } from "../../src/util/index.ts";
import { root } from "../support/cli.ts";
import { runningKernel, stayOnFirstCpu } from "../support/linux.ts";
import { missing } from "../support/needs.ts";

/** The examples in the running kernel and in the simulated one, packet by packet through `LoadedProgram.run`. */

const WHAT = "examples in the running kernel";
const kernel = missing(WHAT, "taskset") ? null : await runningKernel(WHAT);
if (kernel !== null) stayOnFirstCpu();
afterAll(() => kernel?.[Symbol.dispose]());

interface Example {
  readonly name: string;
  readonly program: string;
  readonly capture: string;
  /** Maps filled before: name and JSON file. */
  readonly fill?: readonly [map: string, file: string];
  readonly verdicts: Readonly<Record<string, number>>;
}

const EXAMPLES: readonly Example[] = [
  {
    name: "firewall",
    program: "firewall",
    capture: "traffic.pcap",
    verdicts: { XDP_PASS: 2744, XDP_DROP: 224 },
  },
  {
    name: "firewall",
    program: "firewall",
    capture: "traffic.pcap",
    fill: ["blocked", "rules.json"],
    verdicts: {},
  },
  { name: "accounting", program: "ingress", capture: "traffic.pcapng", verdicts: {} },
  { name: "accounting", program: "egress", capture: "traffic.pcapng", verdicts: {} },
  { name: "socket", program: "socket_filter", capture: "traffic.pcap", verdicts: {} },
  { name: "parser", program: "parser", capture: "traffic.pcap", verdicts: {} },
  { name: "globals", program: "sampler", capture: "traffic.pcap", verdicts: {} },
];

async function packetsOf(path: string): Promise<Uint8Array[]> {
  const packets: Uint8Array[] = [];
  for await (const batch of openCapture(path)) {
    for (let i = 0; i < batch.count; i++) packets.push(batch.packet(i).slice());
  }
  return packets;
}

function load(backend: Backend, example: Example): LoadedObject {
  const path = `${root}examples/${example.name}/${example.name}.bpf.o`;
  const object = loadObject(backend, readObject(readFileSync(path), { name: `${example.name}.bpf.o` }));
  if (example.fill !== undefined) {
    const [map, file] = example.fill;
    const entries = JSON.parse(readFileSync(`${root}examples/${example.name}/${file}`, "utf8")) as {
      key: unknown;
      value: unknown;
    }[];
    for (const { key, value } of entries) object.maps[map]!.set(key, value);
  }
  return object;
}

/** What a run gave, or the errno's name. Durations differ, of course. */
function outcome(program: LoadedProgram, packet: Uint8Array): unknown {
  try {
    const { verdict, retval, packet: out, ctx } = program.run({ packet });
    // Of XDP runs the kernel is asked for a context only where one goes in.
    return { verdict, retval, packet: toHex(out), ctx: program.type === PROG_TYPE.BPF_PROG_TYPE_XDP ? "" : toHex(ctx) };
  } catch (error) {
    if (error instanceof BpfError && error.code === "E_KERNEL") return error.data["name"];
    throw error;
  }
}

/** All a map holds, by key; the order is each kernel's own. Numbers of programs and maps differ. */
function contents(object: LoadedObject, name: string): unknown {
  const map = object.maps[name]!;
  const { type } = map.spec;
  const byNumber = type === MAP_TYPE.BPF_MAP_TYPE_PROG_ARRAY;
  if (type === MAP_TYPE.BPF_MAP_TYPE_RINGBUF) return null;
  return [...map.rawEntries()].map(([key, value]) => `${toHex(key)} ${byNumber ? "" : toHex(value)}`).sort();
}

describe.skipIf(kernel === null)("the examples in the running kernel", () => {
  describe.each(EXAMPLES)("$name, $program, $fill", (example) => {
    let real: LoadedObject;
    let simulated: LoadedObject;
    let packets: Uint8Array[];
    beforeAll(async () => {
      packets = await packetsOf(`${root}examples/${example.name}/${example.capture}`);
      real = load(kernel!, example);
      simulated = load(new SimulatedKernel({ cpus: kernel!.possibleCpus }), example);
    });
    afterAll(() => real.close());

    test("give the same verdict, packet and context on every packet of the capture", () => {
      const verdicts = new Map<string, number>();
      const differences: unknown[] = [];
      for (const [i, packet] of packets.entries()) {
        const expected = outcome(simulated.programs[example.program]!, packet);
        const found = outcome(real.programs[example.program]!, packet);
        const { verdict } = found as { verdict: string };
        verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
        try {
          expect(found).toEqual(expected);
        } catch {
          if (differences.length < 3) differences.push({ packet: i, found, expected });
        }
      }
      expect(differences).toEqual([]);
      expect(Object.fromEntries(verdicts)).toMatchObject(example.verdicts);
      expect(packets.length).toBeGreaterThan(100);
    });

    test("leave the same in every map, on every CPU", () => {
      for (const name of Object.keys(real.maps))
        expect([name, contents(real, name)]).toEqual([name, contents(simulated, name)]);
    });
  });

  test("are loaded while a profiler's signals come faster than the verifier ends", () => {
    const dir = mkdtempSync(join(tmpdir(), "anybpf-profile-"));
    const door = (name: string) => JSON.stringify(`${root}dist/${name}/index.js`);
    const script = `import { readFileSync } from "node:fs";
      const { loadObject } = await import(${door("kernel")});
      const { readObject } = await import(${door("loader")});
      const { openLinux } = await import(${door("node/linux")});
      const kernel = await openLinux();
      const spec = readObject(readFileSync("examples/firewall/firewall.bpf.o"), { name: "firewall" });
      for (let n = 0; n < 10; n++) loadObject(kernel, spec).close();`;
    const profiler = ["--cpu-prof", `--cpu-prof-dir=${dir}`, "--cpu-prof-interval=200"];
    const args = [...profiler, "--input-type=module", "-e", script];
    const { stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    rmSync(dir, { recursive: true });
    expect(stderr).toBe("");
  });

  test("maps whose types of keys and values the kernel does not take are made without", () => {
    const spec = readObject(readFileSync(`${root}examples/accounting/accounting.bpf.o`), { name: "accounting.bpf.o" });
    const word = spec.btf!.find("unsigned int", "int")[0]!;
    const like = {
      ...spec.maps[0]!,
      keyType: word,
      valueType: word,
      keySize: 4,
      valueSize: 4,
      maxEntries: 2,
      flags: 0,
    };
    spec.maps.push({ ...like, name: "output", type: MAP_TYPE.BPF_MAP_TYPE_PERF_EVENT_ARRAY });
    spec.maps.push({ ...like, name: "queue", type: MAP_TYPE.BPF_MAP_TYPE_QUEUE, keyType: 0, keySize: 0 });
    const object = loadObject(kernel!, spec);
    expect(kernel!.mapInfo(object.maps["queue"]!.fd)).toMatchObject({ type: 22, btfId: 0 });
    expect(kernel!.mapInfo(object.maps["output"]!.fd)).toMatchObject({ type: 4, btfId: 0 });
    expect(kernel!.mapInfo(Object.values(object.maps)[0]!.fd).btfId).toBeGreaterThan(0);
    object.close();
  });
});
