import koffi from "koffi";
import type { Libc } from "../../src/node/linux/syscall.ts";

const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 3 | 0x80000;

const bind = koffi.load(null).func("int bind(int fd, void *address, uint32_t length)");

/** Sends frames out of a device as they are: a packet socket (packet(7)), which receives nothing. */
export class PacketSender {
  readonly #libc: Libc;
  readonly #fd: number;

  /** To be made inside the device's network namespace. */
  constructor(libc: Libc, ifindex: number) {
    this.#libc = libc;
    // Protocol 0, here and in the address: nothing is received, and frames say themselves what they are.
    this.#fd = libc.socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0);
    const address = new DataView(new ArrayBuffer(20)); // struct sockaddr_ll
    address.setUint16(0, AF_PACKET, true);
    address.setInt32(4, ifindex, true);
    if (this.#fd < 0 || bind(this.#fd, new Uint8Array(address.buffer), address.byteLength) !== 0) {
      throw new Error(`packet socket on interface ${ifindex}: errno ${libc.errno()}`);
    }
  }

  send(frame: Uint8Array): void {
    if (this.#libc.send(this.#fd, frame) !== frame.length) throw new Error(`send: errno ${this.#libc.errno()}`);
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#fd);
  }
}
