import { PROG_TYPE, verdictName } from "../../uapi/index.ts";
import type { VerdictRow } from "./report.ts";

/** Return values below this, the usual ones, are counted in arrays. */
const SMALL = 16;

interface Cell {
  packets: number;
  bytes: number;
}

/** Counts packets and bytes by verdict. */
export class Tally {
  readonly #packets = new Float64Array(SMALL);
  readonly #bytes = new Float64Array(SMALL);
  readonly #others = new Map<number, Cell>();
  readonly #weight: number;

  /** @param weight runs that each packet stands for */
  constructor(weight: number) {
    this.#weight = weight;
  }

  add(retval: number, bytes: number): void {
    if (retval >= 0 && retval < SMALL) {
      this.#packets[retval]! += this.#weight;
      this.#bytes[retval]! += bytes * this.#weight;
      return;
    }
    const cell = this.#others.get(retval) ?? { packets: 0, bytes: 0 };
    cell.packets += this.#weight;
    cell.bytes += bytes * this.#weight;
    this.#others.set(retval, cell);
  }

  /** Most frequent first. A socket filter's value is the length it accepts: unsigned, and without a name but 0's. */
  rows(type: number): VerdictRow[] {
    const small = Array.from(
      this.#packets,
      (packets, retval) => [retval, { packets, bytes: this.#bytes[retval]! }] as const,
    );
    return [...small, ...this.#others]
      .filter(([, cell]) => cell.packets > 0)
      .map(([retval, cell]) => ({
        verdict: type === PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER ? retval >>> 0 : retval,
        name: verdictName(type, retval),
        ...cell,
      }))
      .sort((a, b) => b.packets - a.packets);
  }
}
