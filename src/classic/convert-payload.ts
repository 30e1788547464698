import { SK_BUFF } from "../uapi/index.ts";
import { assert } from "../util/index.ts";
import type { Emitter } from "./emitter.ts";
import { GRE, MAX_HEADERS, PPP_ETHER_TYPES, TCP, TRANSPORT } from "./payload-offset.ts";

const SKB_LOAD_BYTES = 26;
const SKB_LOAD_BYTES_RELATIVE = 68;
const BPF_HDR_START_NET = 1;

// Registers across calls: the context, the offset from the network header, the protocol of the header there, headers so far.
const CTX = 6;
const AT = 7;
const PROTO = 8;
const HEADERS = 9;
const FP = 10;
// The stack: whether within IPv6, the last IP protocol, flags of a GRE header, a header's bytes.
const V6 = -8;
const IP = -16;
const FLAGS = -24;
const BUFFER = -64;

function field(name: string): number {
  const row = SK_BUFF.fields.find((f) => f.name === name);
  assert(row !== undefined, `__sk_buff has no field ${name}`);
  return row.offset;
}

/** The function behind `poff`, step by step as `payloadOffset` of the interpreter. r1: the context. r0: the offset. */
export function emitPayloadOffset(out: Emitter, label: string, networkOffset: number): void {
  new PayloadEmitter(out, label).emit(networkOffset);
}

class PayloadEmitter {
  readonly #out: Emitter;
  readonly #label: string;

  constructor(out: Emitter, label: string) {
    this.#out = out;
    this.#label = label;
  }

  emit(networkOffset: number): void {
    const out = this.#out;
    out.label(this.#label);
    out.emit("mov64_reg", { dst: CTX, src: 1 });
    out.emit("mov64_imm", { dst: AT });
    out.emit("stx64", { dst: FP, src: AT, off: IP });
    out.emit("stx64", { dst: FP, src: AT, off: V6 });
    out.emit("ldx32", { dst: PROTO, src: CTX, off: field("protocol") });
    out.emit("be16", { dst: PROTO });
    out.emit("ldx32", { dst: HEADERS, src: CTX, off: field("vlan_present") });
    this.#unless("jeq64_imm", HEADERS, 0, () => out.emit("mov64_imm", { dst: HEADERS, imm: 1 }));
    this.#etherTypes();
    this.#headers();
    this.#ipProtocols();
    this.#gre();
    this.#end(networkOffset);
  }

  #name(part: string): string {
    return `${this.#label} ${part}`;
  }
  #at(part: string): void {
    this.#out.label(this.#name(part));
  }
  #goto(part: string): void {
    this.#out.emit("ja", {}, this.#name(part));
  }
  #if(form: string, dst: number, imm: number, part: string): void {
    this.#out.emit(form, { dst, imm }, this.#name(part));
  }
  #skips = 0;
  /** `body` but where the comparison holds. */
  #unless(form: string, dst: number, imm: number, body: () => void): void {
    const behind = `behind ${this.#skips++}`;
    this.#if(form, dst, imm, behind);
    body();
    this.#at(behind);
  }
  #add(register: number, imm: number): void {
    this.#out.emit("add64_imm", { dst: register, imm });
  }
  /** Reads bytes of the header at AT; a packet without them has no payload. */
  #fetch(size: number): void {
    const out = this.#out;
    out.emit("mov64_reg", { dst: 1, src: CTX });
    out.emit("mov64_reg", { dst: 2, src: AT });
    out.emit("mov64_reg", { dst: 3, src: FP });
    this.#add(3, BUFFER);
    out.emit("mov64_imm", { dst: 4, imm: size });
    out.emit("mov64_imm", { dst: 5, imm: BPF_HDR_START_NET });
    out.emit("call_helper", { imm: SKB_LOAD_BYTES_RELATIVE });
    this.#if("jne64_imm", 0, 0, "bad");
  }
  #byte(dst: number, offset: number): void {
    this.#out.emit("ldx8", { dst, src: FP, off: BUFFER + offset });
  }
  #word(dst: number, offset: number): void {
    this.#out.emit("ldx16", { dst, src: FP, off: BUFFER + offset });
    this.#out.emit("be16", { dst });
  }
  #setIp(v6: boolean): void {
    const out = this.#out;
    out.emit("stx64", { dst: FP, src: PROTO, off: IP });
    out.emit("mov64_imm", { dst: 1, imm: v6 ? 1 : 0 });
    out.emit("stx64", { dst: FP, src: 1, off: V6 });
  }
  /**
   * Leaves AT as it is and the verifier without a trace of where it came from: it would follow every sum of header lengths, millions.
   * It cannot know that two loads of `len` give the same.
   */
  #forget(): void {
    for (let n = 0; n < 2; n++) {
      this.#out.emit("ldx32", { dst: 1, src: CTX, off: field("len") });
      this.#out.emit("xor64_reg", { dst: AT, src: 1 });
    }
    this.#out.emit("and64_imm", { dst: AT, imm: 0xf_ffff });
  }

  /** One more header, behind the EtherType in PROTO. */
  #again(part: "ether" | "ip"): void {
    this.#add(HEADERS, 1);
    this.#goto(part);
  }

  #etherTypes(): void {
    this.#at("ether");
    this.#forget();
    this.#if("jgt64_imm", HEADERS, MAX_HEADERS, "done");
    for (const [type, part] of [
      [0x0800, "ipv4"],
      [0x86dd, "ipv6"],
      [0x8100, "vlan"],
      [0x88a8, "vlan"],
      [0x8864, "pppoe"],
      [0x8847, "mpls"],
      [0x8848, "mpls"],
      [0x88ca, "tipc"],
      [0x8906, "pass 38"],
      [0x8902, "done"],
      [0x0806, "done"],
      [0x8035, "done"],
      [0x88f7, "pass 34"],
      [0x88fb, "hsr"],
      [0x892f, "hsr"],
    ] as const) {
      this.#if("jeq64_imm", PROTO, type, part);
    }
    this.#goto("bad");
  }

  #headers(): void {
    const out = this.#out;
    this.#at("ipv4");
    this.#fetch(20);
    this.#byte(1, 0);
    out.emit("and64_imm", { dst: 1, imm: 0xf });
    this.#if("jlt64_imm", 1, 5, "bad");
    out.emit("lsh64_imm", { dst: 1, imm: 2 });
    out.emit("add64_reg", { dst: AT, src: 1 });
    this.#byte(PROTO, 9);
    this.#setIp(false);
    this.#word(1, 6);
    this.#if("jset64_imm", 1, 0x1fff, "later");
    this.#if("jset64_imm", 1, 0x2000, "done");
    this.#goto("ip");

    this.#at("ipv6");
    this.#fetch(40);
    this.#add(AT, 40);
    this.#byte(PROTO, 6);
    this.#setIp(true);
    this.#goto("ip");

    this.#at("vlan");
    this.#fetch(4);
    this.#word(PROTO, 2);
    this.#add(AT, 4);
    this.#again("ether");

    this.#at("hsr");
    this.#fetch(6);
    this.#word(PROTO, 4);
    this.#add(AT, 6);
    this.#again("ether");

    this.#at("pppoe");
    this.#fetch(8);
    this.#word(1, 0);
    this.#if("jne64_imm", 1, 0x1100, "bad");
    this.#word(1, 6);
    out.emit("mov64_reg", { dst: 2, src: 1 });
    out.emit("and64_imm", { dst: 2, imm: 0x0101 });
    this.#if("jne64_imm", 2, 1, "bad");
    this.#add(AT, 8);
    for (const [ppp, ether] of PPP_ETHER_TYPES) {
      out.emit("mov64_imm", { dst: PROTO, imm: ether });
      this.#if("jeq64_imm", 1, ppp, "ppp");
    }
    this.#goto("done");
    this.#at("ppp");
    this.#again("ether");

    this.#at("tipc");
    this.#fetch(16);
    this.#goto("done");
    this.#at("mpls");
    this.#add(AT, 4);
    this.#goto("done");
    for (const size of [34, 38]) {
      this.#at(`pass ${size}`);
      this.#fetch(size);
      this.#add(AT, size);
      this.#goto("done");
    }
  }

  #ipProtocols(): void {
    const out = this.#out;
    this.#at("ip");
    this.#forget();
    this.#if("jgt64_imm", HEADERS, MAX_HEADERS, "done");
    this.#if("jeq64_imm", PROTO, 47, "gre");
    for (const [ip, ether] of [
      [4, 0x0800],
      [41, 0x86dd],
      [137, 0x8847],
    ] as const) {
      this.#unless("jne64_imm", PROTO, ip, () => {
        out.emit("mov64_imm", { dst: PROTO, imm: ether });
        this.#again("ether");
      });
    }
    out.emit("ldx64", { dst: 1, src: FP, off: V6 });
    this.#if("jeq64_imm", 1, 0, "done");
    for (const ip of [0, 43, 60]) this.#if("jeq64_imm", PROTO, ip, "options");
    this.#if("jne64_imm", PROTO, 44, "done");
    this.#fetch(8);
    this.#byte(PROTO, 0);
    this.#setIp(true);
    this.#add(AT, 8);
    this.#word(1, 2);
    this.#if("jset64_imm", 1, 0xfff8, "later");
    this.#goto("done");

    this.#at("options");
    this.#fetch(2);
    this.#byte(1, 1);
    this.#add(1, 1);
    out.emit("lsh64_imm", { dst: 1, imm: 3 });
    out.emit("add64_reg", { dst: AT, src: 1 });
    this.#byte(PROTO, 0);
    this.#setIp(true);
    this.#again("ip");
  }

  #gre(): void {
    const out = this.#out;
    const flags = (): void => out.emit("ldx64", { dst: 1, src: FP, off: FLAGS });
    /** `body` where the flag is set. */
    const where = (flag: number, part: string, body: () => void): void => {
      flags();
      this.#if("jset64_imm", 1, flag, `with ${part}`);
      this.#goto(`no ${part}`);
      this.#at(`with ${part}`);
      body();
      this.#at(`no ${part}`);
    };
    this.#at("gre");
    this.#fetch(4);
    this.#word(1, 0);
    this.#word(PROTO, 2);
    out.emit("stx64", { dst: FP, src: 1, off: FLAGS });
    this.#if("jset64_imm", 1, GRE.routing, "done");
    out.emit("mov64_reg", { dst: 2, src: 1 });
    out.emit("and64_imm", { dst: 2, imm: GRE.version });
    this.#if("jgt64_imm", 2, 1, "done");
    this.#if("jeq64_imm", 2, 0, "gre fields");
    this.#if("jne64_imm", PROTO, GRE.ppp, "done");
    this.#if("jset64_imm", 1, GRE.key, "gre fields");
    this.#goto("done");
    this.#at("gre fields");
    this.#add(AT, 4);
    where(GRE.csum, "csum", () => this.#add(AT, 4));
    where(GRE.key, "key", () => {
      this.#fetch(4);
      this.#add(AT, 4);
    });
    where(GRE.seq, "seq", () => this.#add(AT, 4));
    flags();
    this.#if("jset64_imm", 1, GRE.version, "pptp");
    this.#unless("jne64_imm", PROTO, GRE.teb, () => {
      this.#fetch(14);
      this.#word(PROTO, 12);
      this.#add(AT, 14);
    });
    this.#again("ether");
    this.#at("pptp");
    where(GRE.ack, "ack", () => this.#add(AT, 4));
    this.#fetch(4);
    this.#word(1, 2);
    this.#unless("jne64_imm", 1, 0x21, () => out.emit("mov64_imm", { dst: PROTO, imm: 0x0800 }));
    this.#unless("jne64_imm", 1, 0x57, () => out.emit("mov64_imm", { dst: PROTO, imm: 0x86dd }));
    this.#add(AT, 4);
    this.#again("ether");
  }

  #end(networkOffset: number): void {
    const out = this.#out;
    // A fragment without transport header; 0 has no length in the table.
    this.#at("later");
    out.emit("mov64_imm", { dst: PROTO });
    this.#goto("count");
    this.#at("done");
    out.emit("ldx64", { dst: PROTO, src: FP, off: IP });
    this.#at("count");
    this.#add(AT, networkOffset);
    out.emit("and64_imm", { dst: AT, imm: 0xffff });
    out.emit("ldx32", { dst: 1, src: CTX, off: field("len") });
    out.emit("and64_imm", { dst: 1, imm: 0xffff });
    out.emit("jle64_reg", { dst: AT, src: 1 }, this.#name("inside"));
    out.emit("mov64_reg", { dst: AT, src: 1 });
    this.#at("inside");
    for (const [ip, size] of TRANSPORT) this.#if("jeq64_imm", PROTO, ip, `add ${size}`);
    this.#if("jeq64_imm", PROTO, TCP, "tcp");
    this.#goto("add 0");
    this.#at("tcp");
    out.emit("mov64_reg", { dst: 1, src: CTX });
    out.emit("mov64_reg", { dst: 2, src: AT });
    this.#add(2, 12);
    out.emit("mov64_reg", { dst: 3, src: FP });
    this.#add(3, BUFFER);
    out.emit("mov64_imm", { dst: 4, imm: 1 });
    out.emit("call_helper", { imm: SKB_LOAD_BYTES });
    this.#if("jne64_imm", 0, 0, "add 0");
    this.#byte(1, 0);
    out.emit("and64_imm", { dst: 1, imm: 0xf0 });
    out.emit("rsh64_imm", { dst: 1, imm: 2 });
    this.#unless("jge64_imm", 1, 20, () => out.emit("mov64_imm", { dst: 1, imm: 20 }));
    out.emit("add64_reg", { dst: AT, src: 1 });
    this.#goto("add 0");
    for (const size of [...new Set(TRANSPORT.values()), 0]) {
      this.#at(`add ${size}`);
      if (size !== 0) this.#add(AT, size);
      out.emit("mov64_reg", { dst: 0, src: AT });
      out.emit("exit");
    }
    this.#at("bad");
    out.emit("mov64_imm", { dst: 0 });
    out.emit("exit");
  }
}
