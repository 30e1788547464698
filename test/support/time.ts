/**
 * Milliseconds of processor time that this process has used: what a bound on work should be measured in, since a busy machine
 * stretches wall time.
 */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
