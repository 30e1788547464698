import type { Code } from "../isa/index.ts";
import { SK_BUFF } from "../uapi/index.ts";
import { assert } from "../util/index.ts";
import { type AncillaryName, ancillaryAt } from "./ancillary.ts";
import { checkClassic } from "./check.ts";
import { emitFindAttribute } from "./convert-attributes.ts";
import { emitPayloadOffset } from "./convert-payload.ts";
import { Emitter } from "./emitter.ts";
import { classicError } from "./errors.ts";
import { BPF_MEMWORDS, type ClassicInsn } from "./insn.ts";
import { type ClassicOp, classicOp } from "./ops.ts";

export interface ConvertOptions {
  /**
   * ARPHRD_* of the device whose packets the program will see: `hatype` reads it, and no eBPF program can ask for it.
   * Programs with such a load are refused without it.
   */
  readonly hatype?: number;
  /** Where the network header begins, counted from the packet's first byte: `poff` counts from it. 0 where it is left out. */
  readonly networkOffset?: number;
  /** The context's field that `len` reads; `wire_len` tells the packet's whole length where captures are cut. `len` where it is left out. */
  readonly length?: "len" | "wire_len";
}

// Registers, as Linux's own conversion has them: packet loads want the context in r6 and answer in r0.
const A = 0;
const CTX = 6;
const X = 7;
/** Keeps A over the load of a `ldxb 4*([k]&0xf)`. */
const SAVED = 8;
/** Anything for the length of one classic instruction. */
const TMP = 2;
const FP = 10;

const GET_PRANDOM_U32 = 7;
const GET_SMP_PROCESSOR_ID = 8;

// Labels of functions.
const FIND_ATTRIBUTE = "find attribute";
const PAYLOAD_OFFSET = "payload offset";

const OPPOSITE: Readonly<Record<string, string>> = { jeq: "jne", jgt: "jle", jge: "jlt" };

/**
 * The eBPF program that does what a classic program does: a socket filter, r1 pointing at a `__sk_buff`, as Linux makes one when the
 * classic program is attached (Documentation/networking/filter.rst). Instructions that cannot be reached have no counterpart, as the
 * verifier wants none. `nla`, `nlan` and `poff` become functions behind the program and ask for Linux 6.9 (`may_goto`).
 * @throws BpfError `E_CLASSIC_*` as `checkClassic`; `E_CLASSIC_CONVERT` for a load that `options` lack something for
 */
export function convertClassic(program: readonly ClassicInsn[], options: ConvertOptions = {}): Code {
  checkClassic(program);
  return new Converter(program, options).convert();
}

function field(name: string): number {
  const row = SK_BUFF.fields.find((f) => f.name === name);
  assert(row !== undefined, `__sk_buff has no field ${name}`);
  return row.offset;
}

/** Offset from the frame pointer of a word of scratch memory. */
function scratch(k: number): number {
  return (k - BPF_MEMWORDS) * 4;
}

function reachable(program: readonly ClassicInsn[]): readonly boolean[] {
  const seen: boolean[] = new Array<boolean>(program.length).fill(false);
  seen[0] = true;
  program.forEach(({ code, k, jt, jf }, pc) => {
    if (!seen[pc]) return;
    const { kind } = classicOp(code)!;
    if (kind === "ret_k" || kind === "ret_a") return;
    if (kind === "jmp") {
      seen[pc + 1 + jt] = true;
      seen[pc + 1 + jf] = true;
    } else seen[pc + 1 + (kind === "ja" ? k : 0)] = true;
  });
  return seen;
}

class Converter {
  readonly #program: readonly ClassicInsn[];
  readonly #options: ConvertOptions;
  readonly #out = new Emitter();
  /** Functions that the program calls. */
  #attributes = false;
  #payload = false;

  constructor(program: readonly ClassicInsn[], options: ConvertOptions) {
    this.#program = program;
    this.#options = options;
  }

  convert(): Code {
    const out = this.#out;
    const reached = reachable(this.#program);
    out.emit("mov64_reg", { dst: CTX, src: 1 });
    out.emit("mov64_imm", { dst: A });
    out.emit("mov64_imm", { dst: X });
    this.#program.forEach((i, pc) => {
      if (!reached[pc]) return;
      out.label(`${pc}`);
      this.#insn(i, classicOp(i.code)!, pc);
    });
    if (this.#attributes) emitFindAttribute(out, FIND_ATTRIBUTE);
    if (this.#payload) emitPayloadOffset(out, PAYLOAD_OFFSET, this.#options.networkOffset ?? 0);
    return out.finish();
  }

  #insn(i: ClassicInsn, op: ClassicOp, pc: number): void {
    const out = this.#out;
    const { k } = i;
    const imm = k | 0;
    switch (op.kind) {
      case "ld_abs": {
        const ancillary = ancillaryAt(k);
        if (ancillary === undefined) out.emit(`ld_abs${op.size * 8}`, { imm });
        else this.#ancillary(ancillary.what, pc);
        break;
      }
      case "ld_ind":
        out.emit(`ld_ind${op.size * 8}`, { src: X, imm });
        break;
      case "ld_len":
        this.#field(A, this.#options.length ?? "len");
        break;
      case "ldx_len":
        this.#field(X, this.#options.length ?? "len");
        break;
      case "ld_imm":
        out.emit("mov32_imm", { dst: A, imm });
        break;
      case "ldx_imm":
        out.emit("mov32_imm", { dst: X, imm });
        break;
      case "ld_mem":
        out.emit("ldx32", { dst: A, src: FP, off: scratch(k) });
        break;
      case "ldx_mem":
        out.emit("ldx32", { dst: X, src: FP, off: scratch(k) });
        break;
      case "ldx_msh":
        out.emit("mov32_reg", { dst: SAVED, src: A });
        out.emit("ld_abs8", { imm });
        out.emit("and32_imm", { dst: A, imm: 0xf });
        out.emit("lsh32_imm", { dst: A, imm: 2 });
        out.emit("mov32_reg", { dst: X, src: A });
        out.emit("mov32_reg", { dst: A, src: SAVED });
        break;
      case "st":
        out.emit("stx32", { dst: FP, src: A, off: scratch(k) });
        break;
      case "stx":
        out.emit("stx32", { dst: FP, src: X, off: scratch(k) });
        break;
      case "alu":
        this.#alu(i, op);
        break;
      case "ja":
        this.#goto(pc + 1 + k, pc);
        break;
      case "jmp":
        this.#jump(i, op, pc);
        break;
      case "ret_k":
        out.emit("mov32_imm", { dst: A, imm });
        out.emit("exit");
        break;
      case "ret_a":
        out.emit("exit");
        break;
      case "tax":
        out.emit("mov32_reg", { dst: X, src: A });
        break;
      case "txa":
        out.emit("mov32_reg", { dst: A, src: X });
        break;
    }
  }

  #field(dst: number, name: string): void {
    this.#out.emit("ldx32", { dst, src: CTX, off: field(name) });
  }

  #alu({ k }: ClassicInsn, op: ClassicOp): void {
    const out = this.#out;
    if (op.mnemonic === "neg") out.emit("neg32", { dst: A });
    else if (!op.x) out.emit(`${op.mnemonic}32_imm`, { dst: A, imm: k | 0 });
    else {
      if (op.mnemonic === "div" || op.mnemonic === "mod") {
        // eBPF goes on after a division by zero; classic BPF ends with 0.
        out.emit("jne64_imm", { dst: X, off: 2 });
        out.emit("mov64_imm", { dst: A });
        out.emit("exit");
      }
      out.emit(`${op.mnemonic}32_reg`, { dst: A, src: X });
    }
  }

  #goto(target: number, pc: number): void {
    if (target !== pc + 1) this.#out.emit("ja", {}, `${target}`);
  }

  #jump({ k, jt, jf }: ClassicInsn, op: ClassicOp, pc: number): void {
    if (jt === jf) {
      this.#goto(pc + 1 + jt, pc);
      return;
    }
    const opposite = OPPOSITE[op.mnemonic];
    if (jt === 0 && opposite !== undefined) this.#compare(opposite, op.x, k, pc + 1 + jf);
    else {
      this.#compare(op.mnemonic, op.x, k, pc + 1 + jt);
      this.#goto(pc + 1 + jf, pc);
    }
  }

  /** Compares all 64 bits: A and X have zeros in the upper half, and 32-bit jumps are younger (Linux 5.1). */
  #compare(name: string, x: boolean, k: number, target: number): void {
    const out = this.#out;
    if (x) out.emit(`${name}64_reg`, { dst: A, src: X }, `${target}`);
    else if ((k | 0) >= 0) out.emit(`${name}64_imm`, { dst: A, imm: k }, `${target}`);
    else {
      // The immediate of a 64-bit comparison is extended with its sign.
      out.emit("mov32_imm", { dst: TMP, imm: k | 0 });
      out.emit(`${name}64_reg`, { dst: A, src: TMP }, `${target}`);
    }
  }

  #ancillary(what: AncillaryName, pc: number): void {
    const out = this.#out;
    switch (what) {
      case "protocol":
        this.#field(A, "protocol");
        out.emit("be16", { dst: A });
        break;
      case "vlanTpid":
        this.#field(A, "vlan_proto");
        out.emit("be16", { dst: A });
        break;
      case "packetType":
        this.#field(A, "pkt_type");
        break;
      case "mark":
        this.#field(A, "mark");
        break;
      case "queue":
        this.#field(A, "queue_mapping");
        break;
      case "rxhash":
        this.#field(A, "hash");
        break;
      case "vlanTci":
        this.#field(A, "vlan_tci");
        break;
      case "vlanPresent":
        this.#field(A, "vlan_present");
        break;
      case "ifindex":
        this.#device();
        out.emit("mov32_reg", { dst: A, src: TMP });
        break;
      case "hatype": {
        const { hatype } = this.#options;
        if (hatype === undefined) {
          throw classicError("E_CLASSIC_CONVERT", {
            insn: pc,
            what: "eBPF programs cannot read hatype; give its value",
          });
        }
        this.#device();
        out.emit("mov32_imm", { dst: A, imm: hatype });
        break;
      }
      case "cpu":
        this.#call(GET_SMP_PROCESSOR_ID);
        break;
      case "random":
        this.#call(GET_PRANDOM_U32);
        break;
      case "xorX":
        out.emit("xor32_reg", { dst: A, src: X });
        break;
      case "nla":
      case "nlan":
        this.#attributes = true;
        out.emit("mov64_reg", { dst: 1, src: CTX });
        out.emit("mov64_reg", { dst: 2, src: A });
        out.emit("mov64_reg", { dst: 3, src: X });
        out.emit("mov64_imm", { dst: 4, imm: what === "nlan" ? 1 : 0 });
        out.emit("call_local", {}, FIND_ATTRIBUTE);
        break;
      case "payloadOffset":
        this.#payload = true;
        out.emit("mov64_reg", { dst: 1, src: CTX });
        out.emit("call_local", {}, PAYLOAD_OFFSET);
        break;
    }
  }

  /** The number of the packet's device in TMP; without one the program ends with A. */
  #device(): void {
    const out = this.#out;
    this.#field(TMP, "ifindex");
    out.emit("jne64_imm", { dst: TMP, off: 1 });
    out.emit("exit");
  }

  #call(helper: number): void {
    this.#out.emit("call_helper", { imm: helper });
    this.#out.emit("mov32_reg", { dst: A, src: A });
  }
}
