/**
 * Measures processor time of this process in milliseconds, which other programs do not affect.
 * @module
 */
export function cpuTimer(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
}
