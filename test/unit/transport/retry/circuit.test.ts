/**
 * The circuit of a server: what an attempt may still say after others have changed it.
 * @module
 */
import { expect, test } from 'vitest';
import { createEmailError } from '../../../../src/errors/email-error.js';
import { Circuit } from '../../../../src/transport/retry/circuit.js';

function circuit() {
  let changes = 0;
  const made = new Circuit(
    { attempts: 3, delayMs: 1000, maxMs: 60_000 } as never,
    () => 0,
    () => changes++,
  );
  return { made, changes: () => changes };
}
const failed = { error: createEmailError('ERR_CONNECT', 'gone'), isFault: false };

test('a server that works is not changed by a reset, and attempts under way still count', () => {
  const { made, changes } = circuit();
  const visit = made.enter();
  made.reset();
  expect([made.epoch, changes()]).toEqual([0, 0]);
  made.leave(visit, failed);
  expect(made.failure).toMatchObject({ code: 'ERR_CONNECT' });
  expect(changes()).toBe(1);
});

test('an attempt that began before a change says nothing', () => {
  const { made } = circuit();
  const [first, second] = [made.enter(), made.enter()];
  made.leave(first, failed);
  made.leave(second, 'works');
  expect(made.failure).toBeDefined();
  made.leave(second, failed);
  expect(made.epoch).toBe(1);
});

test('a probe that works ends the rest, one that says nothing lets another probe', () => {
  const { made, changes } = circuit();
  made.leave(made.enter(), failed);
  const probe = made.enter();
  expect([probe.isProbe, made.isProbed, made.waitMs(0)]).toEqual([true, true, Infinity]);
  made.leave(probe, 'nothing');
  expect([made.isProbed, changes(), made.failure !== undefined]).toEqual([false, 2, true]);
  made.leave(made.enter(), 'works');
  expect([made.waitMs(performance.now()), made.failure, made.fault]).toEqual([0, undefined, undefined]);
});
