/**
 * How long work holds the event loop: the most processor time, in milliseconds, that goes by from one turn of the loop to the next. What
 * other programs do does not count; what the work leaves to other threads does.
 */
export async function longestHold(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let since = process.cpuUsage();
  let going = true;
  const turn = (): void => {
    const { user, system } = process.cpuUsage(since);
    longest = Math.max(longest, (user + system) / 1_000);
    since = process.cpuUsage();
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    await work();
  } finally {
    going = false;
  }
  await new Promise((resolve) => setImmediate(resolve));
  return longest;
}
