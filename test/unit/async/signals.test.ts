import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAbortController } from '../../../src/async/abort-controller.js';
import { joinSignals, withDeadline } from '../../../src/async/deadline-signal.js';
import { onAbort } from '../../../src/async/on-abort.js';
import { untilAborted } from '../../../src/async/until-aborted.js';
import { createEmailError } from '../../../src/errors/email-error.js';
import {
  asSignal,
  ForeignAbortController,
  listenersOf,
  ReasonlessAbortController,
} from '../../support/foreign-abort.js';

const late = createEmailError('ERR_TIMEOUT', 'too late', { retryable: true });
const passed = () => late;
const listening = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the promise or the abort', () => {
  it('gives the value or the failure of the promise, and stops listening', async () => {
    const { signal } = new AbortController();
    expect(await untilAborted(Promise.resolve(1), signal)).toBe(1);
    await expect(untilAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
    expect(listening(signal)).toBe(0);
    expect(await untilAborted(Promise.resolve(2), undefined)).toBe(2);
  });

  it('rejects with the typed reason of the signal, or ERR_ABORTED, and closes what comes later', async () => {
    const closed: string[] = [];
    for (const [reason, code] of [
      [late, 'ERR_TIMEOUT'],
      [new Error('the user left'), 'ERR_ABORTED'],
      ['text', 'ERR_ABORTED'],
    ] as const) {
      const controller = new AbortController();
      let open = (_: string): void => {};
      const opening = new Promise<string>((resolve) => (open = resolve));
      const either = untilAborted(opening, controller.signal, 0, (value) => closed.push(value));
      controller.abort(reason);
      await expect(either).rejects.toMatchObject({ code });
      open(code);
      await opening;
      expect(closed.at(-1)).toBe(code);
      expect(listening(controller.signal)).toBe(0);
    }
    await expect(untilAborted(new Promise(() => {}), AbortSignal.abort(late))).rejects.toBeInstanceOf(Error);
  });

  it('leaves a grace to work that has more to say, and takes no value after the abort', async () => {
    vi.useFakeTimers();
    const closed: string[] = [];
    const run = (settle: (resolve: (value: string) => void, reject: (error: Error) => void) => void) => {
      const controller = new AbortController();
      const work = new Promise<string>((resolve, reject) => {
        controller.signal.addEventListener('abort', () => settle(resolve, reject));
      });
      const either = untilAborted(work, controller.signal, 50, (value) => closed.push(value));
      controller.abort(late);
      return either;
    };
    await expect(run((_, reject) => reject(new Error('in its own words')))).rejects.toThrow('in its own words');
    expect(vi.getTimerCount()).toBe(0);
    await expect(run((resolve) => resolve('a stream'))).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(closed).toEqual(['a stream']);
    const silent = run(() => {});
    const told = expect(silent).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    await vi.advanceTimersByTimeAsync(50);
    await told;
  });
});

describe('a joined signal', () => {
  it('aborts with the first of its signals, for its reason, and leaves no listener behind', () => {
    for (const which of [0, 1]) {
      const controllers = [new AbortController(), new AbortController()];
      const { signal, dispose } = joinSignals([controllers[0]?.signal, undefined, controllers[1]?.signal]);
      controllers[which]?.abort(late);
      expect(signal.reason).toBe(late);
      dispose();
      for (const controller of controllers) expect(listening(controller.signal)).toBe(0);
    }
  });

  it('has aborted where one of its signals had', () => {
    const open = new AbortController();
    const { signal, dispose } = joinSignals([open.signal, AbortSignal.abort(late)], { ms: 1000, passed });
    expect(signal.reason).toBe(late);
    dispose();
    expect(listening(open.signal)).toBe(0);
  });

  it('aborts at its deadline, never before, and not at once for times that no timer takes', () => {
    vi.useFakeTimers();
    const { signal } = joinSignals([], { ms: 1000, passed });
    vi.advanceTimersByTime(999);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal.reason).toBe(late);
    const long = joinSignals([], { ms: 2 ** 40, passed });
    vi.advanceTimersByTime(1000);
    expect(long.signal.aborted).toBe(false);
    long.dispose();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is the one signal itself where nothing is to be joined', () => {
    const { signal } = new AbortController();
    expect(joinSignals([undefined, signal], { ms: 0, passed }).signal).toBe(signal);
    expect(listening(signal)).toBe(0);
  });

  it('lets any number of sends share one signal, without a warning of Node', () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const shared = new AbortController();
    const own = createAbortController();
    const joined = Array.from({ length: 30 }, () => joinSignals([shared.signal, own.signal]));
    for (const { dispose } of joined) dispose();
    expect(listening(shared.signal)).toBe(0);
    expect(warnings).not.toHaveBeenCalled();
    warnings.mockRestore();
  });
});

describe('work with a deadline', () => {
  it('clears timer and listener however it ends', async () => {
    vi.useFakeTimers();
    const { signal } = new AbortController();
    expect(await withDeadline(signal, { ms: 1000, passed }, async () => 'done')).toBe('done');
    await expect(withDeadline(signal, { ms: 1000, passed }, () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
    expect([vi.getTimerCount(), listening(signal)]).toEqual([0, 0]);
    const waiting = withDeadline(signal, { ms: 1000, passed }, (limited) =>
      untilAborted(new Promise(() => {}), limited),
    );
    const told = expect(waiting).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    await vi.advanceTimersByTimeAsync(1000);
    await told;
    expect([vi.getTimerCount(), listening(signal)]).toEqual([0, 0]);
  });
});

describe.each([
  ['of jsdom', ForeignAbortController],
  ['of a polyfill without reasons', ReasonlessAbortController],
])('signals %s', (_, Foreign) => {
  it('are listened to, and left', async () => {
    const controller = new Foreign();
    const signal = asSignal(controller);
    let calls = 0;
    onAbort(signal, () => calls++)();
    expect(listenersOf(controller)).toBe(0);
    onAbort(signal, () => calls++);
    const joined = joinSignals([new AbortController().signal, signal], { ms: 10_000, passed });
    const either = untilAborted(new Promise(() => {}), joined.signal);
    controller.abort();
    expect(calls).toBe(1);
    await expect(either).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    joined.dispose();
    expect(listenersOf(controller)).toBe(1);
  });

  it('in place of the global class do not take the reason from an abort of ours', async () => {
    vi.stubGlobal('AbortController', Foreign);
    vi.stubGlobal('AbortSignal', class {});
    vi.stubGlobal('EventTarget', class {});
    vi.resetModules();
    const { createAbortController: create } = await import('../../../src/async/abort-controller.js');
    const { joinSignals: join } = await import('../../../src/async/deadline-signal.js');
    const controller = create();
    const { signal } = join([controller.signal, asSignal(new Foreign())]);
    controller.abort(late);
    expect(signal.reason).toBe(late);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
