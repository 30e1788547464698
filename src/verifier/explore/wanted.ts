/**
 * Registers and stack slots whose exact value matters, by frame, while the path is walked back (struct backtrack_state). Slots are two
 * halves of 32 bits.
 */
export class Wanted {
  frame = 0;
  readonly regs = new Int32Array(8);
  readonly slotsLow = new Int32Array(8);
  readonly slotsHigh = new Int32Array(8);

  reset(): void {
    this.frame = 0;
    for (let f = 0; f < 8; f++) {
      this.regs[f] = 0;
      this.slotsLow[f] = 0;
      this.slotsHigh[f] = 0;
    }
  }

  /** Whether nothing is wanted in the current frame and those below. */
  get empty(): boolean {
    for (let f = 0; f <= this.frame; f++) {
      if ((this.regs[f]! | this.slotsLow[f]! | this.slotsHigh[f]!) !== 0) return false;
    }
    return true;
  }

  hasReg(n: number): boolean {
    return (this.regs[this.frame]! & (1 << n)) !== 0;
  }
  addReg(n: number): void {
    this.regs[this.frame]! |= 1 << n;
  }
  dropReg(n: number): void {
    this.regs[this.frame]! &= ~(1 << n);
  }

  hasFrameReg(frame: number, n: number): boolean {
    return (this.regs[frame]! & (1 << n)) !== 0;
  }
  addFrameReg(frame: number, n: number): void {
    this.regs[frame]! |= 1 << n;
  }
  dropFrameReg(frame: number, n: number): void {
    this.regs[frame]! &= ~(1 << n);
  }

  hasSlot(frame: number, slot: number): boolean {
    return (slot < 32 ? this.slotsLow[frame]! & (1 << slot) : this.slotsHigh[frame]! & (1 << (slot - 32))) !== 0;
  }
  addSlot(frame: number, slot: number): void {
    if (slot < 32) this.slotsLow[frame]! |= 1 << slot;
    else this.slotsHigh[frame]! |= 1 << (slot - 32);
  }
  dropSlot(frame: number, slot: number): void {
    if (slot < 32) this.slotsLow[frame]! &= ~(1 << slot);
    else this.slotsHigh[frame]! &= ~(1 << (slot - 32));
  }
  /** Whether any slot of the current frame is wanted. */
  get anySlot(): boolean {
    return (this.slotsLow[this.frame]! | this.slotsHigh[this.frame]!) !== 0;
  }

  /** `r1,r6`, as the log lists registers. */
  regsText(frame: number): string {
    const names: string[] = [];
    for (let n = 0; n < 32; n++) if (this.hasFrameReg(frame, n)) names.push(`r${n}`);
    return names.join(",");
  }
  /** `-8,-24`, as the log lists slots. */
  slotsText(frame: number): string {
    const names: string[] = [];
    for (let s = 0; s < 64; s++) if (this.hasSlot(frame, s)) names.push(`${-8 * (s + 1)}`);
    return names.join(",");
  }
}
