import { describe, expect, it } from 'vitest';
import { OpenedOnce } from '../../../src/compose/opened-once.js';

/** Opens at its signal's abort with a failure, as a slow device does. */
function slow(signal: AbortSignal): Promise<string> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
}

describe('what is opened once', () => {
  const never = new AbortController().signal;

  it('is opened once for all, and again after forget()', async () => {
    const opened = new OpenedOnce<number>();
    let count = 0;
    const open = async (): Promise<number> => ++count;
    expect(await Promise.all([opened.get(never, open), opened.get(never, open)])).toEqual([1, 1]);
    opened.forget();
    expect(await opened.get(never, open)).toBe(2);
  });

  it('is no failure of those who wait where the first gives up, whatever its reason', async () => {
    const opened = new OpenedOnce<string>();
    const first = new AbortController();
    let opens = 0;
    const open = (signal: AbortSignal): Promise<string> => (++opens === 1 ? slow(signal) : Promise.resolve('open'));
    const waiting = [opened.get(first.signal, open), opened.get(never, open), opened.get(never, open)];
    first.abort(new Error('the deadline of one message'));
    const settled = await Promise.allSettled(waiting);
    expect(settled).toMatchObject([
      { status: 'rejected' },
      { status: 'fulfilled', value: 'open' },
      { status: 'fulfilled', value: 'open' },
    ]);
    expect(opens).toBe(2);
  });

  it('does not keep a failure', async () => {
    const opened = new OpenedOnce<string>();
    await expect(opened.get(never, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await opened.get(never, async () => 'yes')).toBe('yes');
  });
});
