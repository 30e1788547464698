import { describe, expect, test } from "vitest";
import { SKB_DATA, XDP_DATA, XDP_DATA_END, XDP_DATA_META } from "../runtime/layout.ts";
import { PROG_TYPE } from "../uapi/index.ts";
import { GuestMemory, Vm } from "../vm/index.ts";
import { createContext, SkbContext, XdpContext } from "./index.ts";

const packet = Uint8Array.from({ length: 64 }, (_, i) => i);

describe("XdpContext", () => {
  test("lays a packet out and hands it back", () => {
    const memory = new GuestMemory();
    const context = new XdpContext(memory);
    const address = context.begin(packet);
    const data = memory.view.getUint32(address + XDP_DATA, true);
    expect(memory.view.getUint32(address + XDP_DATA_END, true)).toBe(data + 64);
    expect(memory.view.getUint32(address + XDP_DATA_META, true)).toBe(data);
    expect(context.finish().dataOut).toEqual(packet);
  });

  test("the checking interpreter reaches the packet and nothing around it, wherever it moves", () => {
    const memory = new GuestMemory();
    const context = new XdpContext(memory);
    const address = context.begin(packet);
    const data = memory.view.getUint32(address + XDP_DATA, true);
    expect(memory.findRegion(data, 64, true)?.name).toBe("packet");
    expect(memory.findRegion(data, 65, false)).toBeUndefined();
    expect(memory.findRegion(data - 1, 1, false)).toBeUndefined();
    memory.view.setUint32(address + XDP_DATA_META, data - 4, true);
    expect(memory.findRegion(data - 4, 4, true)?.name).toBe("packet");
    expect(memory.findRegion(address, 4, false)?.name).toBe("xdp_md");
    expect(memory.findRegion(address, 4, true)).toBeUndefined();
    expect(memory.findRegion(address + 32, 4, false)).toBeUndefined();
    context.free();
    expect(memory.findRegion(address, 4, false)).toBeUndefined();
  });
});

describe("SkbContext", () => {
  test("socket filters reach no packet bytes, tc does", () => {
    const { memory, runtime } = new Vm();
    const filter = new SkbContext(runtime, PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER);
    const tc = new SkbContext(runtime, PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS);
    const dataOf = (context: SkbContext): number => memory.view.getUint32(context.begin(packet) + SKB_DATA, true);
    expect(memory.findRegion(dataOf(filter), 1, false)).toBeUndefined();
    expect(memory.findRegion(dataOf(tc), 64, true)?.name).toBe("packet");
    expect(tc.finish().dataOut).toEqual(packet);
    expect(filter.finish().dataOut).toEqual(Uint8Array.from(packet, (byte, i) => (i < 14 ? 0 : byte)));
  });
});

test("types without packets have no context", () => {
  expect(createContext(new Vm().runtime, PROG_TYPE.BPF_PROG_TYPE_KPROBE)).toBeUndefined();
});
