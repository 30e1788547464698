import { count } from "../count.ts";

/** A bar on standard error while a long capture is read; draws nothing unless that is a terminal. */
export class Progress {
  readonly #size: number | null;
  readonly #active: boolean;
  #drawn = 0;

  constructor(size: number | null, wanted: boolean) {
    this.#size = size;
    this.#active = wanted && process.stderr.isTTY === true && size !== null;
  }

  update(bytesRead: number, packets: number): void {
    const now = performance.now();
    if (!this.#active || now - this.#drawn < 100) return;
    this.#drawn = now;
    const part = bytesRead / this.#size!;
    const filled = Math.round(part * 30);
    process.stderr.write(
      `\r[${"#".repeat(filled)}${".".repeat(30 - filled)}] ${(part * 100).toFixed(0).padStart(3)}%  ${count(packets)} packets`,
    );
  }

  end(): void {
    if (this.#active && this.#drawn > 0) process.stderr.write("\r\x1b[K");
  }
}
