import { kernelError } from "../../kernel/index.ts";
import { errnoText } from "../../uapi/index.ts";
import { ByteWriter } from "../../util/index.ts";
import { textIn } from "./programs.ts";
import type { Libc } from "./syscall.ts";

/**
 * What bpf(2) has no command for: XDP attached without a link, in a mode of choice, and filters of the clsact queueing
 * discipline. rtnetlink(7); layouts from linux/rtnetlink.h, linux/if_link.h and linux/pkt_cls.h. What is attached so stays
 * when the process ends, until it is detached or the device goes.
 */

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0x80000;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;

const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLM_F_ECHO = 8;
const NLM_F_REPLACE = 0x100;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const NLMSG_ERROR = 2;
/** Of an acknowledgement: attributes follow. */
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const NLA_F_NESTED = 0x8000;

const RTM = { SETLINK: 19, NEWQDISC: 36, DELQDISC: 37, NEWTFILTER: 44, DELTFILTER: 45 } as const;
const IFLA_XDP = 43;
const XDP = { FD: 1, FLAGS: 3, EXPECTED_FD: 8 } as const;
const TCA = { KIND: 1, OPTIONS: 2 } as const;
const TCA_BPF = { FD: 6, NAME: 7, FLAGS: 8 } as const;
const TCA_BPF_FLAG_ACT_DIRECT = 1;

const TC_H_CLSACT = 0xffff_fff1;
const CLSACT_HANDLE = 0xffff_0000;
const PARENTS = { ingress: 0xffff_fff2, egress: 0xffff_fff3 } as const;
const ETH_P_ALL_BE = 0x0300;

/** How the device runs an XDP program: in its driver, in the generic code of the kernel, in the device itself. */
export type XdpMode = "drv" | "skb" | "hw";
const XDP_FLAGS_UPDATE_IF_NOEXIST = 1;
const XDP_FLAGS_REPLACE = 16;
const XDP_MODES: Readonly<Record<XdpMode, number>> = { skb: 2, drv: 4, hw: 8 };

export interface XdpAttach {
  readonly ifindex: number;
  readonly progFd: number;
  /** The kernel's choice where it is left out: the driver if it can, else generic. */
  readonly mode?: XdpMode;
  /** Take the place of a program that is attached; refused otherwise. */
  readonly replace?: boolean;
  /** Only in the place of this one. */
  readonly expectedFd?: number;
}

export interface TcFilter {
  readonly ifindex: number;
  readonly direction: keyof typeof PARENTS;
  /** Position among the device's filters, from 1; the kernel chooses where it is left out. */
  readonly pref?: number;
  readonly handle?: number;
}

export interface TcFilterAttach extends TcFilter {
  readonly progFd: number;
  /** What `tc filter show` prints for it. */
  readonly name?: string;
  /** Take the place of the filter of this pref and handle. */
  readonly replace?: boolean;
  /** The return value is the verdict (TC_ACT_*), the default; false: it is a class. */
  readonly directAction?: boolean;
}

type Attribute = readonly [type: number, value: Uint8Array | readonly Attribute[]];

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

const text = (value: string) => new TextEncoder().encode(`${value}\0`);

/** struct nlattr: length, type, value, padded to 4. */
function attributes(list: readonly Attribute[]): Uint8Array {
  const out = new ByteWriter();
  for (const [type, value] of list) {
    const nested = !(value instanceof Uint8Array);
    const bytes = nested ? attributes(value) : value;
    out
      .u16(4 + bytes.length)
      .u16(type | (nested ? NLA_F_NESTED : 0))
      .append(bytes);
    out.append(new Uint8Array(-bytes.length & 3));
  }
  return out.finish();
}

/** struct tcmsg. */
function tcHeader(ifindex: number, handle: number, parent: number, info: number): Uint8Array {
  return new ByteWriter().u32(0).u32(ifindex).u32(handle).u32(parent).u32(info).finish();
}

/** One socket per request: it belongs to the network namespace that the thread is in at that time. */
export class Netlink {
  readonly #libc: Libc;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** @throws BpfError `E_KERNEL` EBUSY where a program is attached already */
  attachXdp({ ifindex, progFd, mode, replace = false, expectedFd }: XdpAttach): void {
    const expected = expectedFd === undefined ? 0 : XDP_FLAGS_REPLACE;
    const noReplace = replace || expectedFd !== undefined ? 0 : XDP_FLAGS_UPDATE_IF_NOEXIST;
    this.#setXdp(ifindex, progFd, (mode === undefined ? 0 : XDP_MODES[mode]) | expected | noReplace, expectedFd);
  }

  detachXdp(ifindex: number, mode?: XdpMode): void {
    this.#setXdp(ifindex, -1, mode === undefined ? 0 : XDP_MODES[mode]);
  }

  #setXdp(ifindex: number, fd: number, flags: number, expectedFd?: number): void {
    // struct ifinfomsg: family, type, index, flags, change mask.
    const header = new ByteWriter().u32(0).u32(ifindex).u32(0).u32(0).finish();
    const xdp: Attribute[] = [
      [XDP.FD, u32(fd)],
      [XDP.FLAGS, u32(flags)],
    ];
    if (expectedFd !== undefined) xdp.push([XDP.EXPECTED_FD, u32(expectedFd)]);
    this.#request("RTM_SETLINK", RTM.SETLINK, 0, header, [[IFLA_XDP, xdp]], `XDP of interface ${ifindex}`);
  }

  /** The queueing discipline that filters hang on. False where the device has it already. */
  addClsact(ifindex: number): boolean {
    const header = tcHeader(ifindex, CLSACT_HANDLE, TC_H_CLSACT, 0);
    const flags = NLM_F_CREATE | NLM_F_EXCL;
    const what = `clsact of interface ${ifindex}`;
    try {
      this.#request("RTM_NEWQDISC", RTM.NEWQDISC, flags, header, [[TCA.KIND, text("clsact")]], what);
      return true;
    } catch (error) {
      if ((error as { data?: { name?: unknown } }).data?.name === "EEXIST") return false;
      throw error;
    }
  }

  /** Takes all filters with it. */
  removeClsact(ifindex: number): void {
    const header = tcHeader(ifindex, CLSACT_HANDLE, TC_H_CLSACT, 0);
    const what = `clsact of interface ${ifindex}`;
    this.#request("RTM_DELQDISC", RTM.DELQDISC, 0, header, [[TCA.KIND, text("clsact")]], what);
  }

  /** Returns where the filter is: pref and handle as given or as the kernel chose them. */
  attachFilter(filter: TcFilterAttach): Required<TcFilter> {
    const { ifindex, direction, pref = 0, handle = 0, progFd, name, replace = false, directAction = true } = filter;
    const options: Attribute[] = [
      [TCA_BPF.FD, u32(progFd)],
      [TCA_BPF.NAME, text(name ?? "anybpf")],
      [TCA_BPF.FLAGS, u32(directAction ? TCA_BPF_FLAG_ACT_DIRECT : 0)],
    ];
    const list: Attribute[] = [
      [TCA.KIND, text("bpf")],
      [TCA.OPTIONS, options],
    ];
    const flags = NLM_F_ECHO | NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL);
    const header = tcHeader(ifindex, handle, PARENTS[direction], filterInfo(pref));
    const echo = this.#request("RTM_NEWTFILTER", RTM.NEWTFILTER, flags, header, list, filterText(filter));
    if (echo === null) return { ifindex, direction, pref, handle };
    return { ifindex, direction, handle: echo.getUint32(24, true), pref: echo.getUint32(32, true) >>> 16 };
  }

  detachFilter(filter: Required<TcFilter>): void {
    const { ifindex, direction, pref, handle } = filter;
    const header = tcHeader(ifindex, handle, PARENTS[direction], filterInfo(pref));
    const list: Attribute[] = [[TCA.KIND, text("bpf")]];
    this.#request("RTM_DELTFILTER", RTM.DELTFILTER, 0, header, list, filterText(filter));
  }

  /**
   * Sends one message and reads until its acknowledgement. Returns the object that the kernel echoed, or null.
   * @throws BpfError `E_KERNEL` with what the kernel says besides the errno
   */
  #request(
    command: string,
    type: number,
    flags: number,
    header: Uint8Array,
    list: readonly Attribute[],
    what: string,
  ): DataView | null {
    const libc = this.#libc;
    const failure = (errno: number, reason = errnoText(errno)) => kernelError(command, errno, `${what}: ${reason}`);
    const fd = libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, 0);
    if (fd < 0) throw failure(libc.errno());
    try {
      for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) libc.setOption(fd, SOL_NETLINK, option, 1);
      const body = attributes(list);
      const length = 16 + header.length + body.length;
      const message = new ByteWriter()
        .u32(length)
        .u16(type)
        .u16(NLM_F_REQUEST | NLM_F_ACK | flags)
        .u32(1)
        .u32(0);
      if (libc.send(fd, message.append(header).append(body).finish()) < 0) throw failure(libc.errno());
      let echo: DataView | null = null;
      const buffer = new Uint8Array(1 << 16);
      for (;;) {
        const received = libc.receive(fd, buffer);
        if (received < 0) throw failure(libc.errno());
        for (const answer of messages(buffer.subarray(0, received))) {
          if (answer.getUint16(4, true) === type)
            echo = new DataView(answer.buffer.slice(answer.byteOffset, answer.byteOffset + answer.byteLength));
          if (answer.getUint16(4, true) !== NLMSG_ERROR) continue;
          const errno = -answer.getInt32(16, true);
          if (errno === 0) return echo;
          throw failure(errno, extendedReason(answer) ?? errnoText(errno));
        }
      }
    } finally {
      libc.close(fd);
    }
  }
}

function filterInfo(pref: number): number {
  return ((pref << 16) | ETH_P_ALL_BE) >>> 0;
}

function filterText({ ifindex, direction, pref, handle }: TcFilter): string {
  const place = `${pref === undefined ? "" : `, pref ${pref}`}${handle === undefined ? "" : `, handle ${handle}`}`;
  return `${direction} filter of interface ${ifindex}${place}`;
}

/** The messages of one datagram. */
function* messages(bytes: Uint8Array): Generator<DataView> {
  for (let at = 0; at + 16 <= bytes.length; ) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at);
    const length = view.getUint32(0, true);
    if (length < 16 || at + length > bytes.length) return;
    yield new DataView(bytes.buffer, bytes.byteOffset + at, length);
    at += (length + 3) & ~3;
  }
}

/** The text of an extended acknowledgement, if there is one. */
function extendedReason(answer: DataView): string | undefined {
  if ((answer.getUint16(6, true) & NLM_F_ACK_TLVS) === 0) return undefined;
  // Header, errno, and the header of the request, without its body (NETLINK_CAP_ACK).
  for (let at = 16 + 4 + 16; at + 4 <= answer.byteLength; ) {
    const length = answer.getUint16(at, true);
    if (length < 4 || at + length > answer.byteLength) return undefined;
    if ((answer.getUint16(at + 2, true) & 0x3fff) === NLMSGERR_ATTR_MSG) {
      return textIn(new Uint8Array(answer.buffer, answer.byteOffset + at + 4, length - 4));
    }
    at += (length + 3) & ~3;
  }
  return undefined;
}
