import { type ClassicInsn, encodeClassic } from "../../src/classic/index.ts";

const AF_UNIX = 1;
const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_IGNORE_OUTGOING = 23;
const MSG_DONTWAIT = 0x40;
const ETH_P_ALL_BE = 0x0300;
const LOOPBACK = 1;
const EINVAL = 22;
const EAGAIN = 11;

type Call = (...args: unknown[]) => number;

/** The functions of libc that sockets with filters need, through koffi. */
async function bindLibc() {
  const { default: koffi } = await import("koffi");
  const library = koffi.load(null);
  koffi.struct("sock_fprog", { len: "uint16_t", filter: "void *" });
  const call = (prototype: string) => library.func(prototype) as unknown as Call;
  return {
    errno: () => koffi.errno(),
    socketpair: call("int socketpair(int domain, int type, int protocol, _Out_ int *pair)"),
    socket: call("int socket(int domain, int type, int protocol)"),
    setFilter: call("int setsockopt(int fd, int level, int option, const sock_fprog *value, uint32_t length)"),
    setOption: call("int setsockopt(int fd, int level, int option, const void *value, uint32_t length)"),
    bind: call("int bind(int fd, const void *address, uint32_t length)"),
    send: call("int64_t send(int fd, const void *bytes, size_t length, int flags)"),
    receive: call("int64_t recv(int fd, void *bytes, size_t length, int flags)"),
    close: call("int close(int fd)"),
  };
}

type Libc = Awaited<ReturnType<typeof bindLibc>>;

let bound: Promise<Libc> | null = null;

function openLibc(): Promise<Libc> {
  bound ??= bindLibc();
  return bound;
}

function done(libc: Libc, result: number, what: string): number {
  if (result < 0) throw new Error(`${what}: errno ${libc.errno()}`);
  return Number(result);
}

/** Two sockets: what is sent on one reaches a filter on the other. */
export class FilteredSockets {
  readonly #libc: Libc;
  readonly #from: number;
  readonly #to: number;
  readonly #buffer = new Uint8Array(1 << 16);

  private constructor(libc: Libc, from: number, to: number) {
    this.#libc = libc;
    this.#from = from;
    this.#to = to;
  }

  /** A pair of datagram sockets. */
  static async pair(): Promise<FilteredSockets> {
    const libc = await openLibc();
    const pair = [0, 0];
    done(libc, libc.socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), "socketpair");
    return new FilteredSockets(libc, pair[0]!, pair[1]!);
  }

  /** Packet sockets on the loopback device; `inside` calls in the network namespace whose device it is. */
  static async loopback(inside: <T>(body: () => T) => T): Promise<FilteredSockets> {
    const libc = await openLibc();
    return inside(() => {
      const open = (protocol: number): number => {
        const fd = done(libc, libc.socket(AF_PACKET, SOCK_RAW, protocol), "socket");
        const address = new DataView(new ArrayBuffer(20)); // struct sockaddr_ll
        address.setUint16(0, AF_PACKET, true);
        address.setUint16(2, protocol, true);
        address.setInt32(4, LOOPBACK, true);
        done(libc, libc.bind(fd, new Uint8Array(address.buffer), address.byteLength), "bind");
        return fd;
      };
      const to = open(ETH_P_ALL_BE);
      done(libc, libc.setOption(to, SOL_PACKET, PACKET_IGNORE_OUTGOING, Uint8Array.of(1, 0, 0, 0), 4), "setsockopt");
      return new FilteredSockets(libc, open(0), to);
    });
  }

  /** Attaches a filter in the place of the one before; false where the kernel says EINVAL. */
  attach(program: readonly ClassicInsn[]): boolean {
    const { setFilter, errno } = this.#libc;
    const filter = encodeClassic(program);
    if (setFilter(this.#to, SOL_SOCKET, SO_ATTACH_FILTER, { len: program.length, filter }, 16) === 0) return true;
    if (errno() !== EINVAL) throw new Error(`SO_ATTACH_FILTER: errno ${errno()}`);
    return false;
  }

  /** How many bytes of the packet the filter lets through; 0: none of it. */
  deliver(packet: Uint8Array): number {
    const { send, receive, errno } = this.#libc;
    done(this.#libc, send(this.#from, packet, packet.length, 0), "send");
    const length = Number(receive(this.#to, this.#buffer, this.#buffer.length, MSG_DONTWAIT));
    if (length >= 0) return length;
    if (errno() !== EAGAIN) throw new Error(`recv: errno ${errno()}`);
    return 0;
  }

  close(): void {
    this.#libc.close(this.#from);
    this.#libc.close(this.#to);
  }
}
