import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import type { Reg, StateMemory } from "../memory.ts";
import { bitsText } from "./scalars.ts";

/** What messages call the memory behind a pointer. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [L.PTR_TO_FLOW_KEYS, "flow keys "],
  [L.PTR_TO_MAP_KEY, "key "],
  [L.PTR_TO_MAP_VALUE, "value "],
  [L.PTR_TO_CTX, "context "],
  [L.PTR_TO_STACK, "stack "],
  [L.PTR_TO_SOCKET, "sock "],
  [L.PTR_TO_SOCK_COMMON, "sock_common "],
  [L.PTR_TO_TCP_SOCK, "tcp_sock "],
  [L.PTR_TO_XDP_SOCK, "xdp_sock "],
]);

/** Packets start 2 bytes off a multiple of 4, so that the IP header behind an Ethernet header is aligned (NET_IP_ALIGN). */
const PACKET_SHIFT = 2;

/** Alignment of a load or store: of the stack always, else where it is asked for (check_ptr_alignment). `off` is without the register's own. */
export function checkAlignment(env: VerifierEnv, reg: Reg, off: number, size: number, strictOnce: boolean): void {
  const { m } = env;
  const type = m.type(reg);
  const strict = type === L.PTR_TO_STACK || env.strictAlignment || strictOnce;
  if (!strict || size === 1 || type === L.PTR_TO_ARENA) return;
  const fixed = m.off(reg);
  if (type === L.PTR_TO_PACKET || type === L.PTR_TO_PACKET_META) {
    if (isAligned(m, reg, PACKET_SHIFT + fixed + off, size)) return;
    const sum = `${PACKET_SHIFT}+${bitsText(m, reg)}+${fixed}+${off}`;
    env.reject(ERRNO.EACCES, "V_MISALIGNED", `misaligned packet access off ${sum} size ${size}`, { off, size });
  }
  if (isAligned(m, reg, fixed + off, size)) return;
  const message = `misaligned ${NAMES.get(type) ?? ""}access off ${bitsText(m, reg)}+${fixed}+${off} size ${size}`;
  env.reject(ERRNO.EACCES, "V_MISALIGNED", message, { off, size });
}

/** Whether the register's variable part plus a constant is a multiple of `size`, whatever its unknown bits are. */
function isAligned(m: StateMemory, reg: Reg, off: number, size: number): boolean {
  const mask = m.get(reg, L.REG_MASK);
  return (((m.get(reg, L.REG_VALUE) + off) | 0 | mask) & (size - 1)) === 0;
}
