import { PROG_TYPE, verdictName } from "../../uapi/index.ts";
import type { VerdictRow } from "./report.ts";

interface Cell {
  packets: number;
  bytes: number;
}

/** Counts packets and bytes by verdict. Small return values, the usual ones, are counted without a map lookup. */
export class Tally {
  readonly #small: Cell[] = Array.from({ length: 16 }, () => ({ packets: 0, bytes: 0 }));
  readonly #others = new Map<number, Cell>();
  readonly #weight: number;

  /** @param weight runs that each packet stands for */
  constructor(weight: number) {
    this.#weight = weight;
  }

  add(retval: number, bytes: number): void {
    let cell = this.#small[retval];
    if (cell === undefined) {
      cell = this.#others.get(retval) ?? { packets: 0, bytes: 0 };
      this.#others.set(retval, cell);
    }
    cell.packets += this.#weight;
    cell.bytes += bytes * this.#weight;
  }

  /** Most frequent first. A socket filter's value is the length it accepts: unsigned, and without a name but 0's. */
  rows(type: number): VerdictRow[] {
    const cells = [...this.#small.entries(), ...this.#others].filter(([, cell]) => cell.packets > 0);
    return cells
      .map(([retval, cell]) => ({
        verdict: type === PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER ? retval >>> 0 : retval,
        name: verdictName(type, retval),
        ...cell,
      }))
      .sort((a, b) => b.packets - a.packets);
  }
}
