import { describe, expect, it } from 'vitest';
import type { ConnectionObserver } from '../../../src/connection/contract.js';
import { createEmailError } from '../../../src/errors/email-error.js';
import type { ConnectionStepReport } from '../../../src/model/report.js';
import { testConnection } from '../../../src/transport/connection-test.js';
import { FakeConnection } from '../../support/fake-connection.js';
import { testedServer } from '../../support/tested-server.js';

const { signal } = new AbortController();
const step = (name: ConnectionStepReport['name'], message?: string): ConnectionStepReport => {
  if (message === undefined) return { name, ok: true, durationMs: 1.4, detail: `${name} seen` };
  const error = createEmailError('ERR_TLS', message, { phase: name, remedy: 'do this' });
  return { name, ok: false, durationMs: 1.6, detail: message, error, remedy: error.remedy };
};
const open =
  (connection: FakeConnection | Error, ...steps: ConnectionStepReport[]) =>
  (_: AbortSignal, observer: ConnectionObserver) => {
    for (const each of steps) observer.step?.(each);
    return connection instanceof Error ? Promise.reject(connection) : Promise.resolve(connection);
  };

describe('the report of a connection', () => {
  it('is ok where the connection came about, a wrong guess on the way included', async () => {
    const connection = new FakeConnection(1);
    connection.extensions = new Map([['SIZE', ['1000']]]);
    const report = await testConnection(
      open(connection, step('connect'), step('greeting', 'it was silent'), step('tls')),
      testedServer,
      signal,
    );
    expect(report).toMatchObject({
      ok: true,
      maxMessageBytes: 1000,
      steps: [{ ok: true }, { name: 'greeting', ok: false }, { ok: true }, { name: 'quit', ok: true }],
    });
    expect(String(report).split('\n').slice(0, 3)).toEqual([
      'ok   connect           1 ms  connect seen',
      '--   greeting          2 ms  it was silent',
      'ok   tls               1 ms  tls seen',
    ]);
    expect(connection.quits).toBe(1);
  });

  it('has the step that ended it, and once', async () => {
    const error = createEmailError('ERR_TLS', 'refused', { phase: 'tls', remedy: 'do this' });
    const report = await testConnection(open(error, step('connect'), step('tls', 'refused')), testedServer, signal);
    expect(report).toMatchObject({
      ok: false,
      steps: [{ name: 'connect' }, { name: 'tls', error: { message: 'refused' } }],
    });
    expect(String(report)).toBe(
      'ok   connect           1 ms  connect seen\nFAIL tls               2 ms  refused\n     -> do this',
    );
  });

  it('has what ended it between two steps, a wrong guess before it or not', async () => {
    const error = createEmailError('ERR_TLS_REQUIRED', 'offers no STARTTLS', {
      phase: 'starttls',
      remedy: 'check the port',
    });
    for (const before of [[], [step('tls', 'no TLS there'), step('ehlo')]]) {
      const report = await testConnection(open(error, ...before), testedServer, signal);
      expect(report.ok).toBe(false);
      expect(report.steps.at(-1)).toMatchObject({
        name: 'starttls',
        ok: false,
        detail: 'offers no STARTTLS',
        remedy: 'check the port',
        error: { code: 'ERR_TLS_REQUIRED' },
      });
    }
  });

  it('names a failure of unknown kind, and rejects with what no report is for', async () => {
    expect(await testConnection(open(new Error('of a connector')), testedServer, signal)).toMatchObject({
      ok: false,
      steps: [{ name: 'connect', error: { code: 'ERR_CONNECT', message: 'of a connector' } }],
    });
    await expect(
      testConnection(open(createEmailError('ERR_PROFILE_INVALID', 'x')), testedServer, signal),
    ).rejects.toMatchObject({
      code: 'ERR_PROFILE_INVALID',
    });
    await expect(testConnection(open(new FakeConnection(1)), testedServer, AbortSignal.abort())).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    });
  });
});
