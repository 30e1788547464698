import { readFileSync } from "node:fs";
import { BpfError } from "anybpf";
import { createMachine } from "anybpf/kernel";
import { readObject } from "anybpf/loader";
import { describe, expect, it } from "vitest";
import { ethernet, ipv4, udp } from "../src/net/index.ts";
import { root } from "./support/cli.ts";

const bytes = readFileSync(`${root}examples/firewall/firewall.bpf.o`);
const packet = ethernet(
  { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" },
  ipv4({ source: "10.0.0.7", destination: "10.0.0.1" }, udp({ source: 1000, destination: 2000 }, new Uint8Array(8))),
);

describe("the API as the README shows it", () => {
  it("loads an object, runs a program, reads and writes maps as plain values", async () => {
    const machine = createMachine();
    const fw = await machine.load(readObject(bytes));
    const firewall = fw.programs["firewall"]!;
    const blocked = fw.maps["blocked"]!;

    expect(firewall.run({ packet }).verdict).toBe("XDP_PASS");
    blocked.set("10.0.0.7", { hits: 0n });
    const { verdict, packet: out } = firewall.run({ packet });
    expect(verdict).toBe("XDP_DROP");
    expect(out).toEqual(packet);
    expect(blocked.get("10.0.0.7")).toMatchObject({ hits: 1n });
    expect([...blocked.entries()]).toHaveLength(1);
    expect(blocked.delete("10.0.0.7")).toBe(true);
    expect(blocked.get("10.0.0.7")).toBeUndefined();
    fw.close();
  });

  it("keeps machines apart and gives everything back on close", async () => {
    const one = createMachine();
    const two = createMachine();
    const fw = await one.load(readObject(bytes));
    fw.maps["blocked"]!.set("10.0.0.7", { hits: 0n });
    const other = await two.load(readObject(bytes));
    expect(other.maps["blocked"]!.get("10.0.0.7")).toBeUndefined();
    fw.close();
    expect(one.kernel.mapNextId(0)).toBeNull();
    expect(one.kernel.progNextId(0)).toBeNull();
    expect(two.kernel.progNextId(0)).not.toBeNull();
  });

  it("lets go of programs and the program array that holds them", async () => {
    const machine = createMachine();
    const parser = await machine.load(readObject(readFileSync(`${root}examples/parser/parser.bpf.o`)));
    expect([...parser.maps["stages"]!.entries()]).toHaveLength(5);
    parser.close();
    expect(machine.kernel.mapNextId(0)).toBeNull();
    expect(machine.kernel.progNextId(0)).toBeNull();
  });

  it("refuses with codes", async () => {
    expect(() => readObject(new Uint8Array(3), { name: "x.o" })).toThrow(BpfError);
    const machine = createMachine();
    const spec = readObject(bytes);
    await expect(machine.load(spec, { programs: ["nobody"] })).rejects.toMatchObject({ code: "E_PROGRAM_UNKNOWN" });
    spec.maps[0]!.maxEntries = 0;
    await expect(machine.load(spec)).rejects.toMatchObject({
      code: "E_KERNEL",
      data: { command: "BPF_MAP_CREATE", name: "EINVAL" },
    });
    expect(machine.kernel.mapNextId(0)).toBeNull();
  });

  it("runs the same program the same way on every engine", async () => {
    const results = await Promise.all(
      (["jit", "interpreter", "stepping"] as const).map(async (engine) => {
        const fw = await createMachine({ engine }).load(readObject(bytes));
        fw.maps["blocked"]!.set("10.0.0.7", { hits: 5n });
        const { verdict } = fw.programs["firewall"]!.run({ packet, repeat: 3 });
        return { verdict, blocked: fw.maps["blocked"]!.get("10.0.0.7") };
      }),
    );
    expect(results).toEqual(Array(3).fill({ verdict: "XDP_DROP", blocked: { hits: 8n } }));
  });
});
