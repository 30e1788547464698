import {
  type ClassicInsn,
  ClassicMachine,
  type ClassicState,
  checkClassic,
  classicToC,
  disassembleClassic,
  parseClassic,
} from "../../classic/index.ts";
import { defineErrors } from "../../util/index.ts";
import { labelled, packetDump, registerDump } from "./dump.ts";
import { type CapturedPacket, PacketFile } from "./packets.ts";

const debugError = defineErrors({
  E_CBPF_COMMAND: (d: { found: string; known: string }) => `"${d.found}" is no command (there are: ${d.known})`,
  E_CBPF_USAGE: (d: { usage: string }) => `usage: ${d.usage}`,
  E_CBPF_NO_PROGRAM: (_: object) => "no program is loaded (load bpf ...)",
  E_CBPF_NO_CAPTURE: (_: object) => "no capture is loaded (load pcap FILE)",
  E_CBPF_PACKET: (d: { number: number }) => `the capture has no packet ${d.number}`,
  E_CBPF_BREAKPOINT: (d: { pc: number; last: number }) => `no instruction ${d.pc}, the last is ${d.last}`,
});

/** A packet under way: the machine on it, and its states before each step, for going back. */
interface Session {
  readonly at: CapturedPacket;
  readonly machine: ClassicMachine;
  readonly past: ClassicState[];
}

interface Command {
  readonly usage: string;
  readonly run: (rest: string) => Promise<string> | string;
}

/** bpf_dbg's debugger: commands in, text out. */
export class Debugger {
  #program: readonly ClassicInsn[] | null = null;
  #packets: PacketFile | null = null;
  #session: Session | null = null;
  readonly #breakpoints = new Set<number>();
  /** Packets that the run under way has passed and failed; breakpoints interrupt it. */
  #passes = 0;
  #fails = 0;
  /** Whether the user has left. */
  ended = false;

  readonly #commands: Readonly<Record<string, Command>> = {
    load: { usage: "load bpf <decimal program> | load pcap <file>", run: (rest) => this.#load(rest) },
    select: { usage: "select <packet number, from 1>", run: (rest) => this.#select(rest) },
    run: { usage: "run [<number of packets>]", run: (rest) => this.#run(rest) },
    step: { usage: "step [-<n>, +<n>]", run: (rest) => this.#step(rest) },
    breakpoint: { usage: "breakpoint [<instruction> | reset]", run: (rest) => this.#breakpoint(rest) },
    disassemble: { usage: "disassemble", run: () => disassembleClassic(this.#needProgram()) },
    dump: { usage: "dump", run: () => `/* { op, jt, jf, k }, */\n${classicToC(this.#needProgram())}` },
    help: { usage: "help", run: () => this.#help() },
    quit: {
      usage: "quit",
      run: () => {
        this.ended = true;
        return "";
      },
    },
  };

  /** Words that may follow what has been typed. */
  complete(line: string): string[] {
    const [, command, rest] = /^\s*(\S+)\s+(.*)$/.exec(line) ?? [];
    const words = Object.keys(this.#commands);
    if (command === undefined) return words.filter((word) => word.startsWith(line.trimStart()));
    if (this.#match(command) !== "load") return [];
    return ["bpf", "pcap"].filter((word) => word.startsWith(rest ?? "")).map((word) => `${command} ${word}`);
  }

  /**
   * Executes a line and returns what it prints. Commands may be cut short as long as they are told apart.
   * @throws BpfError where the line or what it loads is wrong; the state is then as before
   */
  async execute(line: string): Promise<string> {
    const [, word = "", rest = ""] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(line) ?? [];
    if (word === "") return "";
    const name = this.#match(word);
    if (name === null) {
      throw debugError("E_CBPF_COMMAND", { found: word, known: Object.keys(this.#commands).join(", ") });
    }
    return await this.#commands[name]!.run(rest);
  }

  async close(): Promise<void> {
    await this.#packets?.close();
  }

  #match(word: string): string | null {
    const names = Object.keys(this.#commands);
    if (names.includes(word)) return word;
    const fitting = names.filter((name) => name.startsWith(word));
    return fitting.length === 1 ? fitting[0]! : null;
  }

  #usage(name: string) {
    return debugError("E_CBPF_USAGE", { usage: this.#commands[name]!.usage });
  }

  #help(): string {
    return Object.values(this.#commands)
      .map(({ usage }) => `${usage}\n`)
      .join("");
  }

  #needProgram(): readonly ClassicInsn[] {
    if (this.#program === null) throw debugError("E_CBPF_NO_PROGRAM", {});
    return this.#program;
  }
  #needPackets(): PacketFile {
    if (this.#packets === null) throw debugError("E_CBPF_NO_CAPTURE", {});
    return this.#packets;
  }

  /** A number that is the only word, `fallback` for no word. */
  #number(command: string, rest: string, fallback: number | null, pattern = /^\d{1,9}$/): number {
    if (rest === "" && fallback !== null) return fallback;
    if (!pattern.test(rest)) throw this.#usage(command);
    return Number(rest);
  }

  async #load(rest: string): Promise<string> {
    const [, what, given] = /^(bpf|pcap)\s+(.+)$/s.exec(rest) ?? [];
    if (given === undefined) throw this.#usage("load");
    if (what === "bpf") {
      const program = parseClassic(given);
      checkClassic(program);
      this.#program = program;
      this.#breakpoints.clear();
      await this.#rewind();
      return "";
    }
    const packets = new PacketFile(given);
    // A file that is no capture is refused here, not at the first run.
    await packets.read();
    await this.#packets?.close();
    this.#packets = packets;
    await this.#rewind();
    return "";
  }

  async #rewind(): Promise<void> {
    this.#session = null;
    this.#passes = 0;
    this.#fails = 0;
    await this.#packets?.select(1);
  }

  async #select(rest: string): Promise<string> {
    const number = this.#number("select", rest, null);
    const packets = this.#needPackets();
    await packets.select(number);
    const found = number === 0 ? null : await packets.read();
    await this.#rewind();
    if (found === null) throw debugError("E_CBPF_PACKET", { number });
    await packets.select(number);
    return "";
  }

  /** The packet under way, or else the next one; null behind the last. */
  async #current(): Promise<Session | null> {
    if (this.#session !== null) return this.#session;
    const at = await this.#needPackets().read();
    if (at === null) return null;
    this.#session = { at, machine: new ClassicMachine(this.#needProgram(), at.packet), past: [] };
    return this.#session;
  }

  #advance({ machine, past }: Session): void {
    past.push(machine.save());
    machine.step();
  }

  #count(result: number): void {
    if (result === 0) this.#fails++;
    else this.#passes++;
    this.#session = null;
  }

  #show({ at, machine, past }: Session, note: string): string {
    const { result } = machine;
    // A program that has returned stands on its ret.
    const state = result === null ? machine : past[past.length - 1]!;
    const ended = result === null ? "" : `(packet ${at.number}: returned ${result})\n`;
    return `${registerDump(this.#needProgram(), state)}${packetDump(at.bytes)}${ended}${note}`;
  }

  /** Runs over packets from where the debugger stands, to a breakpoint or the end; then the counts are told and all starts anew. */
  async #run(rest: string): Promise<string> {
    let left = this.#number("run", rest, Number.POSITIVE_INFINITY);
    this.#needProgram();
    this.#needPackets();
    const resumed = this.#session;
    while (left > 0) {
      const session = await this.#current();
      if (session === null) break;
      const { machine } = session;
      // The instruction on which a session stands has been shown already.
      let shown = session === resumed;
      while (machine.result === null) {
        if (!shown && this.#breakpoints.has(machine.pc)) return this.#show(session, "(breakpoint)\n");
        shown = false;
        this.#advance(session);
      }
      this.#count(machine.result);
      left--;
    }
    const summary = `bpf passes:${this.#passes} fails:${this.#fails}\n`;
    await this.#rewind();
    return summary;
  }

  async #step(rest: string): Promise<string> {
    const by = this.#number("step", rest, 1, /^[-+]?\d{1,9}$/);
    this.#needProgram();
    const session = await this.#afterReturn(by);
    if (session === null) {
      await this.#rewind();
      return "(no more packets)\n";
    }
    for (let n = by; n > 0 && session.machine.result === null; n--) this.#advance(session);
    for (let n = by; n < 0 && session.past.length > 0; n++) session.machine.restore(session.past.pop()!);
    return this.#show(session, "");
  }

  /** Forwards from a packet whose program has returned lies the next packet. */
  async #afterReturn(by: number): Promise<Session | null> {
    const { result } = this.#session?.machine ?? { result: null };
    if (by > 0 && result !== null) this.#count(result);
    return await this.#current();
  }

  #breakpoint(rest: string): string {
    const program = this.#needProgram();
    if (rest === "") return `breakpoints:${[...this.#breakpoints].map((pc) => ` ${pc}`).join("")}\n`;
    if (rest === "reset") {
      this.#breakpoints.clear();
      return "";
    }
    const pc = this.#number("breakpoint", rest, null);
    if (pc >= program.length) throw debugError("E_CBPF_BREAKPOINT", { pc, last: program.length - 1 });
    this.#breakpoints.add(pc);
    return `breakpoint at: ${labelled(program, pc)}\n`;
  }
}
