import type { ClassicEnv } from "../../src/classic/index.ts";
import { createHelpers } from "../../src/helpers/index.ts";
import type { Code } from "../../src/isa/index.ts";
import * as layout from "../../src/runtime/layout.ts";
import { PROG_TYPE } from "../../src/uapi/index.ts";
import { type EngineName, plainImage, Vm } from "../../src/vm/index.ts";

const ENGINES: readonly EngineName[] = ["jit", "interpreter", "stepping"];
const ROOM = 1 << 17;
const HEADROOM = 256;
/** Where no header is: packet loads that count from there lie before the packet's memory. */
const NOWHERE = 0;

function swap16(value: number): number {
  return ((value & 0xff) << 8) | ((value >> 8) & 0xff);
}

/** Runs eBPF socket filters over packets of any `ClassicEnv`, on all engines. */
export class Engines {
  readonly #vm = new Vm();
  readonly #context: number;
  readonly #head: number;
  readonly #helpers: ReturnType<typeof createHelpers>;

  constructor() {
    const { memory, runtime } = this.#vm;
    this.#helpers = createHelpers({ runtime, memory, printk: () => undefined }, PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER);
    this.#context = memory.alloc(layout.SKB_CONTEXT_SIZE);
    this.#head = memory.alloc(ROOM);
    memory.addRegion({ start: this.#context, end: this.#context + 192, write: false, name: "__sk_buff" });
  }

  /** r0 of each engine, low 32 bits, unsigned. */
  run(code: Code, packets: readonly { readonly packet: Uint8Array; readonly env: ClassicEnv }[]): number[][] {
    const image = plainImage("classic", code, { skb: true, contextSize: 192 });
    const program = this.#vm.load(image, this.#helpers);
    try {
      return packets.map(({ packet, env }) => {
        this.#layOut(packet, env);
        return ENGINES.map((engine) => Number(BigInt.asUintN(32, this.#vm.run(program, engine, this.#context))));
      });
    } finally {
      this.#vm.unload(program);
    }
  }

  #layOut(packet: Uint8Array, env: ClassicEnv): void {
    const { u8, view } = this.#vm.memory;
    const set = (field: number, value: number) => view.setUint32(this.#context + field, value, true);
    const data = this.#head + HEADROOM;
    u8.fill(0, this.#context, this.#context + layout.SKB_CONTEXT_SIZE);
    u8.set(packet, data);
    const headroom = env.headroom ?? new Uint8Array(0);
    u8.set(headroom, data - headroom.length);
    const { linkOffset = 0, networkOffset = 0, vlanTci = 0, vlanTpid = 0 } = env;
    set(layout.SKB_LEN, packet.length);
    set(layout.SKB_DATA, data);
    set(layout.SKB_DATA_END, data + packet.length);
    set(layout.SKB_HEAD, data - headroom.length);
    set(layout.SKB_END, this.#head + ROOM);
    set(layout.SKB_MAC_HEADER, linkOffset === null ? NOWHERE : data + linkOffset);
    set(layout.SKB_NETWORK_HEADER, data + networkOffset);
    set(layout.SKB_PROTOCOL, swap16(env.protocol ?? 0));
    set(layout.SKB_PKT_TYPE, env.packetType ?? 0);
    set(layout.SKB_IFINDEX, env.ifindex ?? 0);
    set(layout.SKB_MARK, env.mark ?? 0);
    set(layout.SKB_QUEUE_MAPPING, env.queue ?? 0);
    set(layout.SKB_HASH, env.rxhash ?? 0);
    set(layout.SKB_VLAN_TCI, vlanTci);
    set(layout.SKB_VLAN_PROTO, swap16(vlanTpid));
    set(layout.SKB_VLAN_PRESENT, (env.vlanPresent ?? (vlanTci !== 0 || vlanTpid !== 0)) ? 1 : 0);
    view.setUint32(layout.CPU_ID, env.cpu ?? 0, true);
  }
}
