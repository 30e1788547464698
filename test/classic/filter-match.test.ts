import { expect, it } from "vitest";
import { compileFilter } from "../../src/kernel/classic.ts";
import { BpfError } from "../../src/util/index.ts";
import { generatedExpressions } from "./filter-expressions.ts";
import { runLikeLibpcap } from "./filter-oracle.ts";
import { makePackets } from "./make-capture.ts";

const PACKETS = 200;

it.each([1, 101, 113, 276, 0, 108, 9, 105, 127])(
  "filters of link type %i match as bpf_filter runs them",
  (linkType) => {
    const packets = makePackets(linkType, PACKETS, 7);
    const bytes = Uint8Array.from(packets.flatMap((p) => [...p.bytes]));
    const lengths = Uint32Array.from(packets, (p) => p.bytes.length);
    const wireLengths = Uint32Array.from(packets, (p) => p.length);
    const offsets = new Uint32Array(PACKETS);
    for (let n = 1; n < PACKETS; n++) offsets[n] = offsets[n - 1]! + lengths[n - 1]!;
    const results = new Uint32Array(PACKETS);
    let compared = 0;
    for (const expression of generatedExpressions(linkType, 60, 3)) {
      for (const optimize of [true, false]) {
        try {
          const filter = compileFilter(expression, { linkType, optimize });
          filter.matchBatch({ bytes, count: PACKETS, offsets, lengths, wireLengths }, results);
          // A load outside the packet, -1 there, refuses it.
          const wanted = packets.map((p) => Math.max(0, runLikeLibpcap(filter.program, p.bytes, p.length)));
          expect([...results], expression).toEqual(wanted);
          compared++;
        } catch (error) {
          if (!(error instanceof BpfError)) throw error;
        }
      }
    }
    expect(compared).toBeGreaterThan(60);
  },
);
