import { describe, expect, it } from 'vitest';
import type { MailerOptions } from '../../../src/model/mailer.js';
import type { ProfileStore } from '../../../src/model/store.js';
import type { Transport } from '../../../src/model/transport.js';
import { defineProfile } from '../../../src/profile/define.js';
import {
  checkCloseOptions,
  checkMailerOptions,
  checkSendOptions,
  checkTestOptions,
} from '../../../src/profile/mailer-options.js';
import { problemsOf } from './problems.js';
import { minimal } from './samples.js';

class Sink implements Transport {
  send(): Promise<never> {
    return Promise.reject(new Error('no'));
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('checkMailerOptions', () => {
  it('gives a frozen copy in which live values are the same', () => {
    const transport = new Sink();
    const logger = (): void => undefined;
    const options = {
      pool: { maxConnections: 2, idleTimeoutMs: 0, rateLimit: { messages: 10, perMs: 1000 } },
      transport,
      logger,
      fileAccess: { root: '/srv' },
    };
    const checked = checkMailerOptions(options);
    expect(checked).toEqual(options);
    expect(checked.transport).toBe(transport);
    expect(Object.isFrozen(checked) && Object.isFrozen(checked.pool) && Object.isFrozen(checked.pool?.rateLimit)).toBe(
      true,
    );
    expect(Object.isFrozen(transport)).toBe(false);
    expect(checkMailerOptions()).toEqual({});
  });

  it.each<[string, object, RegExp]>([
    ['pool.maxConnections', { pool: { maxConnections: 0 } }, /at least 1, got the number 0/],
    ['pool.maxMessagesPerConnection', { pool: { maxMessagesPerConnection: -1 } }, /at least 0/],
    ['pool.idleTimeoutMs', { pool: { idleTimeoutMs: 2 ** 31 } }, /from 0 to 2147483647/],
    ['pool.maxAgeMs', { pool: { maxAgeMs: '5' } }, /got a string/],
    ['pool.messagesInFlight', { pool: { messagesInFlight: 0 } }, /at least 1/],
    ['pool.rateLimit.perMs', { pool: { rateLimit: { messages: 1 } } }, /got nothing/],
    ['pool.rateLimit.messages', { pool: { rateLimit: { messages: 0, perMs: 1 } } }, /from 1 to 1000000/],
    ['pool.rateLimit.messages', { pool: { rateLimit: { messages: 1e9, perMs: 1 } } }, /from 1 to 1000000/],
    ['pool.maxConnection', { pool: { maxConnection: 1 } }, /did you mean maxConnections/],
    ['logger', { logger: console }, /expected a function/],
    ['transport', { transport: { send: () => undefined } }, /an object with send, close/],
    ['connector', { connector: () => undefined }, /an object with connect, got a function/],
    ['profileStore', { profileStore: {} }, /loadCached, saveCached/],
    ['fileAccess', { fileAccess: '/srv' }, /true, false or \{ root \}, got a string/],
    ['fileAccess.root', { fileAccess: {} }, /got nothing/],
    ['tokenStore', { tokenStore: {} }, /loadTokens, saveTokens/],
    ['fetch', { fetch: 'https://example.com' }, /a function, got a string/],
    ['loger', { loger: () => undefined }, /did you mean logger/],
  ])('refuses %s: %#', (path, options, message) => {
    const problems = problemsOf(() => checkMailerOptions(options as MailerOptions));
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]?.message).toMatch(message);
  });

  it('calls what it refuses options, not a profile', () => {
    expect(() => checkMailerOptions(5 as unknown as MailerOptions)).toThrow(
      'The mailer options are not valid: options: expected an object with mailer options, got the number 5',
    );
  });

  const cached = defineProfile({
    ...minimal,
    server: { host: 'h', tls: { clientCertificate: { file: 'a', cache: true } } },
    smime: {
      sign: { certificate: { file: 'b', cache: false } },
      encrypt: { certificates: [{ directory: 'd' }, { file: 'c', cache: true }] },
    },
    headers: { cache: 'true' },
  });

  it('refuses certificates with cache: true where there is no store for them, by their paths', () => {
    expect(problemsOf(() => checkMailerOptions({}, cached)).map(({ path }) => path)).toEqual([
      'server.tls.clientCertificate.cache',
      'smime.encrypt.certificates.1.cache',
    ]);
    const store = {
      loadCached: () => Promise.resolve(undefined),
      saveCached: () => Promise.resolve(),
    } as unknown as ProfileStore;
    expect(checkMailerOptions({ profileStore: store }, cached)).toEqual({ profileStore: store });
    expect(checkMailerOptions({}, defineProfile(minimal))).toEqual({});
  });
});

describe('the options of a call', () => {
  it('may be absent, or have what they may', () => {
    const { signal } = new AbortController();
    const onProgress = (): void => undefined;
    expect([checkSendOptions(), checkTestOptions(), checkCloseOptions()]).toEqual([{}, {}, {}]);
    expect(checkSendOptions({ signal, onProgress, requireAllRecipients: true })).toEqual({
      signal,
      onProgress,
      requireAllRecipients: true,
    });
    expect(checkTestOptions({ signal }).signal).toBe(signal);
    expect(checkCloseOptions({ force: true })).toEqual({ force: true });
  });

  it.each<[string, (options: never) => unknown, unknown, RegExp]>([
    ['requireAllRecipient', checkSendOptions, { requireAllRecipient: true }, /did you mean requireAllRecipients/],
    ['requireAllRecipients', checkSendOptions, { requireAllRecipients: 'yes' }, /true or false/],
    ['signal', checkSendOptions, { signal: new AbortController() }, /an AbortSignal/],
    ['signal', checkTestOptions, { signal: 5 }, /an AbortSignal/],
    ['timeout', checkTestOptions, { timeout: 5 }, /signal: AbortSignal.timeout/],
    ['onProgress', checkSendOptions, { onProgress: 5 }, /a function/],
    ['forced', checkCloseOptions, { forced: true }, /did you mean force/],
    ['options', checkSendOptions, null, /an object, got null/],
    ['options', checkCloseOptions, 'force', /an object, got a string/],
  ])('are refused with %s that would be without effect: %#', (path, check, options, message) => {
    const [problem, ...others] = problemsOf(() => check(options as never));
    expect(problem).toMatchObject({ path, message: expect.stringMatching(message) as string });
    expect(others).toEqual([]);
  });
});
