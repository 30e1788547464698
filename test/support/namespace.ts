import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";

const CLONE_NEWNET = 0x40000000;

function ip(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** A network namespace of a test's own, with the two ends of a veth pair in it. */
export class TestNamespace {
  readonly name: string;
  readonly #setns: (fd: number, type: number) => number;

  private constructor(name: string, setns: (fd: number, type: number) => number) {
    this.name = name;
    this.#setns = setns;
  }

  static async create(): Promise<TestNamespace> {
    const { default: koffi } = await import("koffi");
    const setns = koffi.load(null).func("int setns(int fd, int type)");
    const space = new TestNamespace(`anybpf-test-${process.pid}`, (fd, type) => setns(fd, type) as number);
    ip("netns", "add", space.name);
    ip("-n", space.name, "link", "add", "veth0", "type", "veth", "peer", "name", "veth1");
    for (const device of ["veth0", "veth1"]) ip("-n", space.name, "link", "set", device, "up");
    return space;
  }

  ifindex(device: string): number {
    const [link] = JSON.parse(ip("-n", this.name, "-j", "link", "show", device)) as { ifindex: number }[];
    return link!.ifindex;
  }

  /** What `ip` or `tc` prints inside. */
  run(command: string, ...args: string[]): string {
    const { stdout } = spawnSync("ip", ["netns", "exec", this.name, command, ...args], { encoding: "utf8" });
    return stdout;
  }

  /** Runs `body` with this thread inside the namespace. */
  inside<T>(body: () => T): T {
    const home = openSync("/proc/thread-self/ns/net", "r");
    const there = openSync(`/run/netns/${this.name}`, "r");
    try {
      if (this.#setns(there, CLONE_NEWNET) !== 0) throw new Error("setns failed");
      return body();
    } finally {
      if (this.#setns(home, CLONE_NEWNET) !== 0) process.abort();
      closeSync(there);
      closeSync(home);
    }
  }

  remove(): void {
    ip("netns", "del", this.name);
  }
}
