/**
 * How often the event loop turns while work is done: timers and sockets are served at each turn. A count does not depend on the speed of
 * the machine, or on what else it does.
 */
export async function loopTurns(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let going = true;
  const turn = (): void => {
    turns++;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    await work();
  } finally {
    going = false;
  }
  return turns;
}
