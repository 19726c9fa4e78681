import { describe, expect, it } from 'vitest';
import { SharedValue, SharedWork } from '../../../src/async/shared-work.js';
import { createEmailError } from '../../../src/errors/email-error.js';

/** Work that the test finishes by hand. It records the signal that it was given. */
function handWork<T>() {
  const started: { readonly signal: AbortSignal; finish(value: T): void; fail(error: Error): void }[] = [];
  const work = (signal: AbortSignal): Promise<T> =>
    new Promise((finish, fail) => void started.push({ signal, finish, fail }));
  return { started, work };
}

describe('shared work', () => {
  it('is done once for all who ask meanwhile, and anew afterwards', async () => {
    const shared = new SharedWork();
    const { started, work } = handWork<string>();
    const all = [shared.run('a', undefined, work), shared.run('a', undefined, work)];
    expect(started).toHaveLength(1);
    started[0]?.finish('done');
    expect(await Promise.all(all)).toEqual(['done', 'done']);
    expect(started[0]?.signal.aborted).toBe(false);
    const again = shared.run('a', undefined, work);
    expect(started).toHaveLength(2);
    started[1]?.finish('again');
    expect(await again).toBe('again');
  });

  it('is apart for each key', async () => {
    const shared = new SharedWork();
    const { started, work } = handWork<number>();
    const all = [shared.run('a', undefined, work), shared.run('b', undefined, work)];
    started.forEach(({ finish }, i) => finish(i));
    expect(await Promise.all(all)).toEqual([0, 1]);
  });

  it.each([
    ['the first', 0],
    ['a later one', 1],
  ])('lives on when %s of its callers aborts, and fails no other', async (_, which) => {
    const shared = new SharedWork();
    const { started, work } = handWork<string>();
    const callers = [new AbortController(), new AbortController(), new AbortController()];
    const all = callers.map(({ signal }) => shared.run('a', signal, work));
    callers[which]?.abort(createEmailError('ERR_TIMEOUT', 'the deadline of one message'));
    await expect(all[which]).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(started[0]?.signal.aborted).toBe(false);
    started[0]?.finish('done');
    expect((await Promise.allSettled(all)).filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(started).toHaveLength(1);
  });

  it('is given up when its last caller aborts, and started anew by the next', async () => {
    const shared = new SharedWork();
    const { started, work } = handWork<string>();
    const callers = [new AbortController(), new AbortController()];
    const all = callers.map(({ signal }) => shared.run('a', signal, work));
    for (const caller of callers) caller.abort();
    expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(started[0]?.signal.aborted).toBe(true);
    const next = shared.run('a', undefined, work);
    expect(started).toHaveLength(2);
    started[0]?.fail(new Error('given up'));
    started[1]?.finish('new');
    expect(await next).toBe('new');
  });

  it('gives its failure to all waiting callers, and keeps none', async () => {
    const shared = new SharedWork();
    const { started, work } = handWork<string>();
    const all = [shared.run('a', undefined, work), shared.run('a', undefined, work)];
    started[0]?.fail(new Error('no'));
    expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const thrown = shared.run('a', undefined, () => {
      throw new Error('at once');
    });
    await expect(thrown).rejects.toThrow('at once');
    expect(await shared.run('a', undefined, () => Promise.resolve('yes'))).toBe('yes');
  });

  it('is not started for a signal that has aborted', async () => {
    const { started, work } = handWork<string>();
    await expect(new SharedWork().run('a', AbortSignal.abort(), work)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(started).toEqual([]);
  });
});

describe('a shared value', () => {
  it('is made once, and again after forget()', async () => {
    const value = new SharedValue<number>();
    let count = 0;
    const make = async (): Promise<number> => ++count;
    expect(await Promise.all([value.get(undefined, make), value.get(undefined, make)])).toEqual([1, 1]);
    expect(await value.get(undefined, make)).toBe(1);
    value.forget();
    expect(await value.get(undefined, make)).toBe(2);
  });

  it('is not kept where it was forgotten while it was being made', async () => {
    const value = new SharedValue<string>();
    const { started, work } = handWork<string>();
    const before = value.get(undefined, work);
    value.forget();
    const after = value.get(undefined, work);
    started[1]?.finish('new');
    expect(await after).toBe('new');
    started[0]?.finish('old');
    expect(await before).toBe('old');
    expect(await value.get(undefined, work)).toBe('new');
  });

  it('keeps no failure', async () => {
    const value = new SharedValue<string>();
    await expect(value.get(undefined, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await value.get(undefined, async () => 'yes')).toBe('yes');
  });
});
