/**
 * Values of nodemailer's forms, in the terms of sealpost: each form that a field may have, and the paths of what is
 * refused.
 * @module
 */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { MailMessage } from '../../../src/index.js';
import { readMessage } from '../../../src/nodemailer/read/message.js';
import { readOptions, type ReadOptions } from '../../../src/nodemailer/read/options.js';
import { isEmailError } from '../../../src/index.js';

const base = { from: 'ann@example.com', to: 'bob@example.org' };

function read(more: object, defaults: object = {}): { message: MailMessage; paths: readonly string[] } {
  const { message, findings } = readMessage(
    { ...base, ...more },
    { defaults, allowsFiles: true, attachesDataUrls: false },
  );
  return { message, paths: findings.problems.map(({ path }) => path) };
}

/** The message without its parties, if nothing was refused. */
function rightly(more: object, defaults?: object): MailMessage {
  const { message, paths } = read(more, defaults);
  expect(paths).toEqual([]);
  const { from: _, to: __, cc: ___, bcc: ____, envelope: _____, ...rest } = message;
  return rest;
}

describe('header fields', () => {
  test.each<[string, object, readonly (readonly [string, string])[]]>([
    [
      'names and values',
      { 'X-A': 'a', 'X-B': 5, 'X-C': true },
      [
        ['X-A', 'a'],
        ['X-B', '5'],
        ['X-C', 'true'],
      ],
    ],
    [
      'several values of one name',
      { 'X-A': ['a', 'b'] },
      [
        ['X-A', 'a'],
        ['X-A', 'b'],
      ],
    ],
    ['values that are empty', { 'X-A': '', 'X-B': null, 'X-C': undefined, 'X-D': 'd' }, [['X-D', 'd']]],
    [
      'a list of keys and values',
      [
        { key: 'X-A', value: 'a' },
        { key: 'X-A', value: 'b' },
      ],
      [
        ['X-A', 'a'],
        ['X-A', 'b'],
      ],
    ],
  ])('as %s', (_, headers, expected) => {
    expect(rightly({ headers }).headers).toEqual(expected.map(([name, value]) => ({ name, value })));
  });

  test('no fields leave none', () => {
    expect(rightly({ headers: null })).not.toHaveProperty('headers');
    expect(rightly({ headers: {}, xMailer: false })).not.toHaveProperty('headers');
    expect(rightly({ xMailer: 'Mine' }).headers).toEqual([{ name: 'X-Mailer', value: 'Mine' }]);
  });

  test.each<[object, readonly string[]]>([
    [{ headers: 'X-A: a' }, ['headers']],
    [{ headers: [{ value: 'a' }] }, ['headers.0.key']],
    [{ headers: [{ key: 'X-A', value: 'a', other: 1 }] }, ['headers.0.other']],
    [{ headers: { 'X-A': { prepared: true, value: 'a' } } }, ['headers.X-A']],
    [{ headers: { 'X-A': ['a', {}] } }, ['headers.X-A.1']],
    [{ list: 'help' }, ['list']],
    [{ list: [] }, ['list']],
    [{ list: { help: { comment: 'x' } } }, ['list.help.url']],
    [{ list: { help: ['a b'] } }, ['list.help.url']],
    [{ list: { help: ['ok@example.com', '<b>'] } }, ['list.help.1.url']],
    [{ list: { help: { url: 'a@example.com', title: 'x' } } }, ['list.help.title']],
  ])('%j is refused at %j', (more, paths) => {
    expect(read(more).paths).toEqual(paths);
  });

  test.each<[object, string, readonly string[]]>([
    [{ help: 'admin@example.com?subject=help' }, 'List-Help', ['<mailto:admin@example.com?subject=help>']],
    [{ unsubscribe: 'https://example.com/u' }, 'List-Unsubscribe', ['<https://example.com/u>']],
    [
      { unsubscribe: { url: 'example.com/u', comment: 'the (short) way' } },
      'List-Unsubscribe',
      ['<http://example.com/u> (the \\(short\\) way)'],
    ],
    [
      { subscribe: ['a@example.com', 'b@example.com'] },
      'List-Subscribe',
      ['<mailto:a@example.com>', '<mailto:b@example.com>'],
    ],
    [
      { post: [['a@example.com', { url: 'ftp://example.com/p', comment: 'p' }]] },
      'List-Post',
      ['<mailto:a@example.com>, <ftp://example.com/p> (p)'],
    ],
    [{ ID: 'mylist.example.com' }, 'List-Id', ['<mylist.example.com>']],
    [
      { id: { url: 'http://mylist.example.com', comment: 'The "list"' } },
      'List-Id',
      ['"The \\"list\\"" <mylist.example.com>'],
    ],
    [{ help: ['', null] }, 'List-Help', []],
  ])('list %j', (list, name, values) => {
    expect(rightly({ list }).headers ?? []).toEqual(values.map((value) => ({ name, value })));
  });
});

describe('addresses', () => {
  test('in every form', () => {
    const to = [
      'a@example.com, B <b@example.com>',
      { name: 'C', address: 'c@example.com' },
      { address: 'd@example.com' },
      null,
    ];
    expect(read({ to }).message.to).toMatchObject([
      { email: 'a@example.com' },
      { name: 'B', email: 'b@example.com' },
      { name: 'C', email: 'c@example.com' },
      { email: 'd@example.com' },
    ]);
    expect(read({ cc: false, bcc: '' }).message).toMatchObject({ cc: [], bcc: [] });
  });

  test.each<[object, readonly string[]]>([
    [{ to: 5 }, ['to']],
    [{ to: [{ name: 'C' }] }, ['to.0.address']],
    [{ to: [{ email: 'c@example.com' }] }, ['to.0.address', 'to.0.email']],
    [{ cc: 'a@@b' }, ['cc']],
    [{ from: 'a@example.com, b@example.com' }, ['from']],
    [{ from: undefined }, ['from']],
    [{ subject: 5 }, ['subject']],
  ])('%j is refused at %j', (more, paths) => {
    expect(read(more).paths).toEqual(paths);
  });
});

describe('content', () => {
  test.each<[object, unknown]>([
    [{ text: { path: 'data:text/plain;base64,SGk=' } }, { text: Buffer.from('Hi') }],
    [{ text: { path: 'data:,a%20b' } }, { text: Buffer.from('a b') }],
    [{ text: { content: 'SGk=', encoding: 'base64' } }, { text: Buffer.from('Hi') }],
    [{ text: { content: 'Hi', encoding: 'UTF-8' } }, { text: 'Hi' }],
    [{ text: {} }, { text: '' }],
    [{ html: { path: 'a.html' } }, { html: { file: 'a.html' } }],
    [
      {
        attachments: [
          { path: 'data:text/csv;charset=utf-8;base64,YQ==', filename: false, contentDisposition: 'Inline' },
        ],
      },
      { attachments: [{ content: Buffer.from('a'), contentType: 'text/csv;charset=utf-8', disposition: 'inline' }] },
    ],
    [
      { attachments: [{ content: 'a', cid: '<a@b>', filename: 'a.txt', path: false }] },
      { attachments: [{ content: 'a', cid: 'a@b', filename: 'a.txt' }] },
    ],
    [
      { watchHtml: '<b>', amp: null, alternatives: [{ content: 'x', contentType: 'text/x' }] },
      {
        alternatives: [
          { content: '<b>', contentType: 'text/watch-html' },
          { content: 'x', contentType: 'text/x' },
        ],
      },
    ],
    [
      { icalEvent: Buffer.from('METHOD:REPLY\r\n') },
      {
        calendar: { method: 'REPLY', content: 'METHOD:REPLY\r\n' },
        attachments: [{ content: 'METHOD:REPLY\r\n', filename: 'invite.ics', contentType: 'application/ics' }],
      },
    ],
    [{ icalEvent: { content: 'x', filename: false } }, { calendar: { method: 'PUBLISH', content: 'x' } }],
    [{ icalEvent: false }, {}],
    [{ references: 'a@b, <c@d>' }, { references: ['a@b', '<c@d>'] }],
    [{ references: ['a@b', 'c@d e@f'] }, { references: ['a@b', 'c@d', 'e@f'] }],
    [{ priority: 'High' }, { importance: 'high' }],
    [{ priority: 'low' }, { importance: 'low' }],
    [{ priority: 'normal' }, {}],
    [{ date: '2026-01-02T03:04:05Z' }, { date: new Date('2026-01-02T03:04:05Z') }],
  ])('%j', (more, expected) => {
    expect(rightly(more)).toEqual(expected);
  });

  test.each<[object, readonly string[]]>([
    [{ text: { path: 5 } }, ['text.path']],
    [{ text: { path: 'data:text/plain' } }, ['text.path']],
    [{ text: { path: 'data:,%ff' } }, ['text.path']],
    [{ text: { href: 'https://example.com/' } }, ['text.href']],
    [{ text: { path: 'https://example.com/' } }, ['text.path']],
    [{ text: { content: 'x', encoding: 'rot13' } }, ['text.encoding']],
    [{ attachments: [{ content: 'x', contentDisposition: 'form-data' }] }, ['attachments.0.contentDisposition']],
    [{ attachments: 'x' }, ['attachments']],
    [{ icalEvent: Readable.from(['x']) }, ['icalEvent.content']],
    [{ priority: 'urgent' }, ['priority']],
    [{ date: 'one day' }, ['date']],
    [{ date: 5 }, ['date']],
    [{ raw: 'x', from: undefined }, ['envelope']],
  ])('%j is refused at %j', (more, paths) => {
    expect(read(more).paths).toEqual(paths);
  });

  test('files that the defaults turn off stay off', () => {
    const { paths } = read({ disableFileAccess: false, text: { path: 'a.txt' } }, { disableFileAccess: true });
    expect(paths).toEqual(['text.path']);
  });
});

describe('the envelope', () => {
  test('is that of the message, with the request for reports', () => {
    const { message, paths } = read({
      envelope: { from: 'e@example.com', to: 'x@example.org', cc: ['y@example.org'], size: 5, use8BitMime: true },
      dsn: { id: 'i', return: 'HDRS', notify: 'success, delay', recipient: 'orig@example.org' },
    });
    expect(paths).toEqual([]);
    expect(message.envelope).toEqual({
      from: 'e@example.com',
      to: ['x@example.org', 'y@example.org'],
      dsn: {
        envelopeId: 'i',
        return: 'headers',
        notify: ['success', 'delay'],
        recipients: {
          'x@example.org': { originalRecipient: 'orig@example.org' },
          'y@example.org': { originalRecipient: 'orig@example.org' },
        },
      },
    });
  });

  test.each<[object, unknown]>([
    [
      { dsn: { ret: 'body', envid: 'i', notify: ['Failure'] } },
      { dsn: { return: 'full', envelopeId: 'i', notify: ['failure'] } },
    ],
    [{ dsn: { notify: 'never' } }, { dsn: { notify: 'never' } }],
    [{ envelope: { to: 'x@example.org', from: '' } }, { from: '', to: ['x@example.org'] }],
    [{ raw: 'x' }, { from: 'ann@example.com', to: ['bob@example.org'] }],
    [{ requireTLSExtensionEnabled: true }, { requireTls: true }],
  ])('of %j', (more, envelope) => {
    const { message, paths } = read(more);
    expect(paths).toEqual([]);
    expect(message.envelope).toEqual(envelope);
  });

  test.each<[object, readonly string[]]>([
    [{ envelope: { to: [] } }, ['envelope.to']],
    [{ envelope: { to: 'x@example.org', dsn: { id: 'a' } }, dsn: { id: 'b' } }, ['dsn']],
    [{ dsn: { return: 'some' } }, ['dsn.return']],
    [{ dsn: { notify: ['never', 'success'] } }, ['dsn.notify']],
    [{ dsn: { other: 1 } }, ['dsn.other']],
  ])('%j is refused at %j', (more, paths) => {
    expect(read(more).paths).toEqual(paths);
  });

  test('0 is no limit of recipients', () => {
    const most = (maxRecipients: unknown): number | undefined =>
      readMessage({ ...base, maxRecipients }, { defaults: {}, allowsFiles: false, attachesDataUrls: false })
        .maxRecipients;
    expect([most(0), most(5), most('6'), most(undefined)]).toEqual([Infinity, 5, 6, undefined]);
  });
});

describe('DKIM', () => {
  const key = { domainName: 'example.com', keySelector: 's', privateKey: 'PEM' };
  const settings = { domain: 'example.com', selector: 's', privateKey: 'PEM', headers: undefined };

  test.each<[object, unknown]>([
    [key, [settings]],
    [{ ...key, hashAlgo: 'SHA256', headerFieldNames: 'from : to' }, [{ ...settings, headers: ['from', 'to'] }]],
    [{ keys: key }, [settings]],
    [{ keys: [key, { ...key, keySelector: 't' }] }, [settings, { ...settings, selector: 't' }]],
  ])('%j', (dkim, expected) => {
    expect(rightly({ dkim })).toEqual({ dkim: expected });
  });

  test.each<[object, readonly string[]]>([
    [{ ...key, hashAlgo: 'sha1' }, ['dkim.hashAlgo']],
    [{}, ['dkim.domainName', 'dkim.keySelector', 'dkim.privateKey']],
    [{ keys: [key, {}] }, ['dkim.keys.1.domainName', 'dkim.keys.1.keySelector', 'dkim.keys.1.privateKey']],
    [{ keys: { ...key, other: 1 } }, ['dkim.keys.other']],
  ])('%j is refused at %j', (dkim, paths) => {
    expect(read({ dkim }).paths).toEqual(paths);
  });
});

describe('options', () => {
  const options = (given: unknown): ReadOptions => readOptions(given, () => undefined);
  function refusedAt(given: unknown): readonly string[] {
    try {
      options(given);
    } catch (error) {
      if (isEmailError(error)) return (error.problems ?? []).map(({ path }) => path);
      throw error;
    }
    return [];
  }

  test.each<[unknown, readonly string[]]>([
    ['no URL', ['url']],
    ['https://mail.example.com', ['url']],
    ['smtp://%ff:x@mail.example.com', ['url']],
    [{ tls: { cert: 'PEM' } }, ['tls.key']],
    [{ tls: { key: 'PEM' } }, ['tls.cert']],
    [{ tls: { cert: 'PEM', key: 'PEM', pfx: 'x' } }, ['tls.pfx']],
    [{ tls: { ca: 5 } }, ['tls.ca']],
    [{ tls: { cert: 5, pfx: 'x' } }, ['tls.cert']],
    [{ tls: { minVersion: 'TLSv1' } }, ['tls.minVersion']],
    [{ auth: { user: 'u', pass: 'p', type: 'other' } }, ['auth.type']],
    [{ auth: { user: 'u', type: 'OAuth2' } }, ['auth.accessToken']],
    [{ auth: { user: 'u', type: 'OAuth2', serviceClient: 'c' } }, ['auth.privateKey']],
    [{ auth: { user: 'u', type: 'OAuth2', refreshToken: 'r' } }, ['auth.clientId']],
    [{ proxy: 'ftp://proxy' }, ['proxy']],
    [{ allowFiles: 'all' }, ['allowFiles', 'allowFiles']],
    [{ logger: 5 }, ['logger']],
    [{ service: 'none' }, ['service']],
    [{ port: {} }, ['port']],
    [{ secure: 'yes' }, ['secure']],
  ])('%j are refused at %j', (given, paths) => {
    expect(refusedAt(given)).toEqual(paths);
  });

  test('a URL: brackets, port, names with tls., the first of several', () => {
    const { profile } = options('smtps://[::1]:4650/?tls.servername=a&tls.servername=b&name=me&pool=true');
    expect(profile.server).toMatchObject({ host: '::1', port: 4650, security: 'implicit', localName: 'me' });
    expect(profile.server).toMatchObject({ tls: { serverName: 'a' } });
    expect(options('smtp:///?port=26').profile.server).toMatchObject({ host: 'localhost', port: 26 });
  });

  test('certificates as text, as bytes and as PEM in bytes', () => {
    const der = Uint8Array.of(0x30, 0);
    const pem = '-----BEGIN CERTIFICATE-----';
    const { profile } = options({ tls: { ca: [pem, Buffer.from(pem), der], pfx: '\u00ff', passphrase: 'p' } });
    expect(profile.server).toMatchObject({
      tls: { ca: [pem, pem, der], clientCertificate: { data: Buffer.of(255), password: 'p' } },
    });
    expect(options({ tls: { pfx: der } }).profile.server).toMatchObject({ tls: { clientCertificate: { data: der } } });
  });

  test('0 is no limit of recipients', () => {
    expect([options({ maxRecipients: 0 }), options({}), options({ maxRecipients: 7 })]).toMatchObject([
      { maxRecipients: Infinity },
      { maxRecipients: 100_000 },
      { maxRecipients: 7 },
    ]);
  });

  test('the store of tokens has the one that was given, and tells of others', async () => {
    const told: unknown[] = [];
    const auth = { type: 'OAuth2', user: 'u', clientId: 'c', refreshToken: 'r', accessToken: 'a', expires: 5000 };
    const { mailerOptions } = readOptions({ auth: { ...auth, customParams: { a: '1', b: '' } } }, (one) =>
      told.push(one),
    );
    const store = mailerOptions.tokenStore;
    expect(await store?.loadTokens('k')).toMatchObject({ accessToken: 'a', expiresAt: new Date(5000) });
    await store?.saveTokens('k', { accessToken: 'b', tokenType: 'Bearer' });
    await store?.saveTokens('k', { accessToken: 'c', tokenType: 'Bearer', expiresAt: new Date(6000) });
    expect(told).toEqual([
      { user: 'u', accessToken: 'b', expires: 0 },
      { user: 'u', accessToken: 'c', expires: 6000 },
    ]);
  });
});
