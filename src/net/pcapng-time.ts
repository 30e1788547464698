/** Beyond this many units per second the arithmetic leaves the integers that a double holds; BigInt takes over. */
const MAX_EXACT_UNITS = 2 ** 52;

/** Turns pcapng timestamps, 64-bit counts of a unit that the interface chose, into seconds and nanoseconds. */
export class TimestampClock {
  readonly unitsPerSecond: number;
  /** Results of `set`. */
  seconds = 0;
  nanos = 0;
  readonly #exactUnits: bigint;
  readonly #offset: number;
  readonly #binary: boolean;
  #high = -1;
  #highSeconds = 0;
  #highUnits = 0;

  /**
   * @param resolution if_tsresol: a power of 10, or of 2 with bit 7 set (draft-ietf-opsawg-pcapng, section 4.2).
   * @param offset if_tsoffset: seconds to add.
   */
  constructor(resolution: number, offset: bigint) {
    const exponent = resolution & 0x7f;
    this.#binary = (resolution & 0x80) !== 0;
    this.#exactUnits = (this.#binary ? 2n : 10n) ** BigInt(exponent);
    this.unitsPerSecond = Number(this.#exactUnits);
    this.#offset = Number(offset);
  }

  /** Converts the count `high << 32 | low` into `seconds` and `nanos`. */
  set(high: number, low: number): void {
    const units = this.unitsPerSecond;
    if (units > MAX_EXACT_UNITS) {
      this.#setExact(high, low);
      return;
    }
    // The upper word changes every 4.3 seconds at the most often, and the remainder of doubles is slow.
    if (high !== this.#high) {
      this.#high = high;
      const scaled = high * 2 ** 32;
      this.#highUnits = scaled % units;
      this.#highSeconds = Math.round(scaled / units - this.#highUnits / units);
    }
    const sum = this.#highUnits + low;
    const whole = Math.floor(sum / units);
    const rest = sum - whole * units;
    this.seconds = this.#highSeconds + whole + this.#offset;
    if (this.#binary) this.nanos = Math.floor((rest / units) * 1e9);
    else this.nanos = units <= 1e9 ? rest * (1e9 / units) : Math.floor(rest / (units / 1e9));
  }

  #setExact(high: number, low: number): void {
    const count = (BigInt(high) << 32n) | BigInt(low);
    this.seconds = Number(count / this.#exactUnits) + this.#offset;
    this.nanos = Number(((count % this.#exactUnits) * 1_000_000_000n) / this.#exactUnits);
  }
}
