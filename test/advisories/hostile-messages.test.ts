/**
 * Messages made of objects that throw, never end or inherit, and text that makes one line of a log look like another.
 * @module
 */
import { describe, expect, it } from 'vitest';
import { formatLogEvent } from '../../src/logging/format.js';
import { createMailer } from '../../src/mailer/create-mailer.js';
import type { EmailError } from '../../src/model/error.js';
import type { MailMessage } from '../../src/model/message.js';
import { MemoryTransport } from '../../src/testing.js';
import { showText } from '../../src/util/show.js';

const profile = { name: 'p', sender: { email: 'a@example.com' }, server: { host: 'mail.example.com' } };
const base = { to: 'b@example.com', text: 'x' };
const boom = new Error('boom, and a secret');
const throwing = (field: string): object =>
  Object.defineProperty({}, field, {
    enumerable: true,
    get: () => {
      throw boom;
    },
  });
/** The same as an instance of a class. Such objects are not copied. */
const throwingInstance = (field: string): object =>
  Object.setPrototypeOf(throwing(field), class {}.prototype) as object;

/** The errors of send() and compose(); both must be alike. */
async function refusals(message: unknown): Promise<readonly EmailError[]> {
  const transport = new MemoryTransport();
  const mailer = createMailer(profile, { transport });
  const of = (promise: Promise<unknown>): Promise<EmailError> =>
    promise.then(
      () => Promise.reject(new Error('it was taken')),
      (error: EmailError) => error,
    );
  const both = [await of(mailer.send(message as MailMessage)), await of(mailer.compose(message as MailMessage))];
  await mailer.close();
  expect(transport.sent).toEqual([]);
  return both;
}

describe('a message whose fields throw when they are read', () => {
  it.each([
    ['a field', (): unknown => Object.assign(throwing('subject'), base)],
    ['an address', (): unknown => ({ to: throwing('email'), text: 'x' })],
    ['an entry of addresses', (): unknown => ({ ...base, to: [base.to, throwing('name')] })],
    ['an attachment', (): unknown => ({ ...base, attachments: [throwing('content')] })],
    ['the envelope', (): unknown => ({ ...base, envelope: throwing('dsn') })],
    ['a header field', (): unknown => ({ ...base, headers: throwing('X-A') })],
    ['an address of a class', (): unknown => ({ text: 'x', to: throwingInstance('email') })],
    ['an attachment of a class', (): unknown => ({ ...base, attachments: [throwingInstance('content')] })],
    [
      'a proxy',
      (): unknown =>
        new Proxy(base, {
          ownKeys: () => {
            throw boom;
          },
        }),
    ],
  ])('%s: ERR_MESSAGE_INVALID, and the words of what was thrown are the cause alone', async (_, make) => {
    for (const error of await refusals(make())) {
      expect(error).toMatchObject({ name: 'EmailError', code: 'ERR_MESSAGE_INVALID', cause: boom });
      expect(error.message).toMatch(/could not be read: a getter or a proxy in it threw an error/);
      expect(JSON.stringify(error)).not.toContain('boom');
    }
  });

  it('names the place', async () => {
    for (const error of await refusals({ ...base, to: [base.to, throwing('name')] }))
      expect(error.problems).toEqual([{ path: 'to.1.name', message: expect.any(String) as string }]);
  });
});

describe('a message without an end', () => {
  const sparse: unknown[] = [];
  sparse.length = 2 ** 32 - 1;
  const endless = new Proxy([], { get: (target, key) => (key === 'length' ? Infinity : Reflect.get(target, key)) });
  const circular: unknown[] = [];
  circular.push(...Array.from({ length: 100 }, () => circular));

  it.each([
    ['a sparse array', sparse],
    ['an array that says that it is endless', endless],
    ['an array that holds itself a hundred times', circular],
  ])('%s is refused, wherever it stands', async (_, list) => {
    for (const message of [
      { text: 'x', to: list },
      { ...base, cc: list },
      { ...base, attachments: list },
      { ...base, alternatives: list },
      { ...base, references: list },
      { ...base, headers: list },
      { ...base, list: { unsubscribe: list } },
      { ...base, dkim: list },
      { text: 'x', envelope: { to: list } },
      { ...base, envelope: { dsn: { notify: list } } },
    ]) {
      for (const error of await refusals(message)) expect(error.code).toBe('ERR_MESSAGE_INVALID');
    }
  });

  it('is told by its limit', async () => {
    for (const error of await refusals({ text: 'x', to: sparse }))
      expect(error.problems).toEqual([{ path: 'to', message: expect.stringContaining('at most 1000000') as string }]);
  });

  it('is not one of many recipients', async () => {
    const transport = new MemoryTransport();
    const mailer = createMailer(profile, { transport });
    const bcc = Array.from({ length: 20_000 }, (_, i) => `r${i}@example.org`);
    expect((await mailer.send({ bcc, text: 'x' })).accepted).toHaveLength(20_000);
    await mailer.close();
  });
});

describe('an address', () => {
  it('has its parts itself: what it inherits is not looked at', async () => {
    for (const to of [Object.create({ email: 'evil@example.org' }), [Object.create({ email: 'evil@example.org' })]])
      for (const error of await refusals({ to, text: 'x' })) expect(error.code).toBe('ERR_MESSAGE_INVALID');
    const transport = new MemoryTransport();
    const mailer = createMailer(profile, { transport });
    const to = Object.assign(Object.create({ name: 'Inherited' }) as object, { email: 'b@example.com' });
    await mailer.send({ to, text: 'x' });
    expect(Buffer.from(transport.sent[0]!.content).toString()).toContain('\r\nTo: b@example.com\r\n');
    await mailer.close();
  });
});

describe('controls of direction', () => {
  const controls = [
    ...['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'],
    // Bidirectional marks and invisible characters.
    ...['\u061c', '\u200e', '\u200f', '\u200b', '\u2060', '\ufeff'],
  ];

  it('are escaped in shown text, and letters of languages written from right to left are not', () => {
    for (const control of controls) {
      const digits = control.charCodeAt(0).toString(16);
      expect(showText(`a${control}b`)).toBe(`a\\u${digits}b`);
    }
    expect(showText('שלום مرحبا')).toBe('שלום مرحبا');
  });

  it('are escaped in errors and logs', async () => {
    for (const control of controls) {
      const [error] = await refusals({ ...base, to: `b${control} <b@example.com` });
      expect(error?.message).not.toContain(control);
      const reply = { code: 250, lines: [`ok${control}`] };
      const line = formatLogEvent({ type: 'reply', level: 'debug', connection: 1, time: new Date(0), reply });
      expect(line).not.toContain(control);
    }
  });
});
