import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";

const CLONE_NEWNET = 0x40000000;

type Setns = (fd: number, type: number) => number;

/**
 * A network namespace of a test's own, without addresses and without IPv6, so that nobody sends there but the test. A child
 * holds it that ends when this process does, however it ends: then the namespace goes, with its devices and what is attached.
 */
export class TestNamespace {
  readonly #holder: ChildProcess;
  readonly #setns: Setns;

  private constructor(holder: ChildProcess, setns: Setns) {
    this.#holder = holder;
    this.#setns = setns;
  }

  static async create(): Promise<TestNamespace> {
    const { default: koffi } = await import("koffi");
    const setns = koffi.load(null).func("int setns(int fd, int type)");
    const quiet = "for all in all default; do echo 1 >/proc/sys/net/ipv6/conf/$all/disable_ipv6; done 2>/dev/null";
    // `cat` reads until the other end of its pipe is gone.
    const holder = spawn("unshare", ["--net", "sh", "-c", `${quiet}; echo ready; exec cat`], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const space = new TestNamespace(holder, (fd, type) => setns(fd, type) as number);
    const [first] = (await Promise.race([once(holder.stdout!, "data"), once(holder, "exit")])) as [unknown];
    if (!Buffer.isBuffer(first)) throw new Error(`unshare --net ended with status ${first}`);
    return space;
  }

  /** Process whose namespace it is. */
  get pid(): number {
    return this.#holder.pid!;
  }

  ifindex(device: string): number {
    const [link] = JSON.parse(this.run("ip", "-j", "link", "show", device)) as { ifindex: number }[];
    return link!.ifindex;
  }

  /** What a command prints inside. */
  run(command: string, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync("nsenter", [`--net=/proc/${this.pid}/ns/net`, command, ...args], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** Runs `body` with this thread inside the namespace. */
  inside<T>(body: () => T): T {
    const home = openSync("/proc/thread-self/ns/net", "r");
    const there = openSync(`/proc/${this.pid}/ns/net`, "r");
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
    this.#holder.kill();
  }
}

/** Larger than any frame of the examples' captures, smaller than what XDP in a veth's driver takes. */
const MTU = "2000";

/** Joins two namespaces, or one with itself, by a veth pair: `veth0` in the first, `veth1` in the second. */
export function joinByVeth(near: TestNamespace, far: TestNamespace): void {
  const peer = ["peer", "name", "veth1", "netns", String(far.pid)];
  near.run("ip", "link", "add", "veth0", "type", "veth", ...peer);
  near.run("ip", "link", "set", "veth0", "mtu", MTU, "arp", "off", "up");
  far.run("ip", "link", "set", "veth1", "mtu", MTU, "arp", "off", "up");
}
