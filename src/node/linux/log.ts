/** The verifier's log as text for people and numbers for programs. */

/** Lines that come after the reason of a refusal. */
const AFTERTHOUGHT = /^(processed \d+ insns|verification time|stack depth|mark_precise:|\s*$)/;

/** The line that says why: the last one that is not statistics. Undefined where there is none. */
export function lastReason(log: string): string | undefined {
  return log
    .split("\n")
    .findLast((line) => !AFTERTHOUGHT.test(line))
    ?.trim();
}

/** What the last lines of a log of level 4 say of the verifier's work. */
export interface VerifierStatistics {
  readonly processed: number;
  readonly limit: number;
  readonly maxStatesPerInsn: number;
  readonly totalStates: number;
  readonly peakStates: number;
  readonly markRead: number;
  /** Microseconds, null where the log does not say. */
  readonly time: number | null;
  /** Bytes of stack of each function, as the log has it: `32+0`; null where the log does not say. */
  readonly stackDepth: string | null;
}

/** Null for a log without statistics. */
export function verifierStatistics(log: string): VerifierStatistics | null {
  const numbers =
    /^processed (\d+) insns \(limit (\d+)\) max_states_per_insn (\d+) total_states (\d+) peak_states (\d+) mark_read (\d+)/m.exec(
      log,
    );
  if (numbers === null) return null;
  const [processed, limit, maxStatesPerInsn, totalStates, peakStates, markRead] = numbers.slice(1).map(Number);
  return {
    processed: processed!,
    limit: limit!,
    maxStatesPerInsn: maxStatesPerInsn!,
    totalStates: totalStates!,
    peakStates: peakStates!,
    markRead: markRead!,
    time: Number(/^verification time (\d+) usec/m.exec(log)?.[1] ?? Number.NaN) || null,
    stackDepth: /^stack depth (\S+)/m.exec(log)?.[1] ?? null,
  };
}
