/**
 * The number of turns of the event loop during some work; timers and sockets are served in each turn. The number does
 * not depend on the speed of the machine or on other programs.
 * @module
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
