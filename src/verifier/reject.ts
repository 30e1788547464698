import type { RejectionKind } from "./kinds.ts";

/** What a rejection knows besides its message: register numbers, offsets, sizes, names. Explanations read it. */
export type RejectionData = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/** How verification of a program ends early; caught by `verify` and turned into a verdict, or by a speculative path. Never seen outside. */
export class Rejection {
  /** Positive errno. */
  readonly errno: number;
  readonly kind: RejectionKind;
  readonly data: RejectionData;

  constructor(errno: number, kind: RejectionKind, data: RejectionData) {
    this.errno = errno;
    this.kind = kind;
    this.data = data;
  }
}
