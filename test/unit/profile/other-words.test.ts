/**
 * Keys and values of other libraries and of mail programs. The error names the word used here.
 * @module
 */
import { describe, expect, it } from 'vitest';
import { createMailer } from '../../../src/index.js';
import { messageSchema } from '../../../src/compose/message/message-schema.js';
import { checkMailerOptions, checkSendOptions } from '../../../src/profile/mailer-options.js';
import * as ofAuthentication from '../../../src/profile/shape/other-words/authentication.js';
import * as ofCertificates from '../../../src/profile/shape/other-words/certificate.js';
import * as ofMailer from '../../../src/profile/shape/other-words/mailer.js';
import * as ofMessage from '../../../src/profile/shape/other-words/message.js';
import * as ofProfile from '../../../src/profile/shape/other-words/profile.js';
import * as ofServer from '../../../src/profile/shape/other-words/server.js';
import { profileSchema } from '../../../src/profile/shape/profile.js';
import { problemsOf } from '../../../src/schema/check.js';
import type { EmailError, Problem } from '../../../src/index.js';
import { MemoryTransport } from '../../../src/testing.js';
import { failure } from '../../support/engine.js';

const otherKeys = {
  ...ofProfile.otherKeys,
  ...ofServer.otherKeys,
  ...ofAuthentication.otherKeys,
  ...ofCertificates.otherKeys,
  ...ofMailer.otherKeys,
  ...ofMessage.otherKeys,
};
const otherValues = {
  ...ofProfile.otherValues,
  ...ofServer.otherValues,
  ...ofAuthentication.otherValues,
  ...ofCertificates.otherValues,
  ...ofMailer.otherValues,
  ...ofMessage.otherValues,
};

type Found = readonly Problem[];
const minimal = { name: 't', sender: { email: 'a@example.com' }, server: { host: 'mail.example.com' } };
const p12 = { file: 'me.p12' };
const inProfile = (more: object): Found => problemsOf(profileSchema, { ...minimal, ...more }, '');
const inMessage = (more: object): Found => problemsOf(messageSchema, more, '');
const thrown = (run: () => unknown): Found => {
  try {
    run();
  } catch (error) {
    return (error as EmailError).problems ?? [];
  }
  return [];
};

/** The object in which each table of keys applies: its path, and a check of an object with the keys in it. */
const places: Readonly<Record<keyof typeof otherKeys, readonly [string, (keys: object) => Found]>> = {
  profile: ['', (keys) => inProfile(keys)],
  server: ['server', (keys) => inProfile({ server: { host: 'h', ...keys } })],
  tls: ['server.tls', (tls) => inProfile({ server: { host: 'h', tls } })],
  timeouts: ['server.timeouts', (timeouts) => inProfile({ server: { host: 'h', timeouts } })],
  authentication: ['authentication', (keys) => inProfile({ authentication: keys })],
  sender: ['sender', (keys) => inProfile({ sender: { email: 'a@example.com', ...keys } })],
  address: ['sender.replyTo', (replyTo) => inProfile({ sender: { email: 'a@example.com', replyTo } })],
  certificate: [
    'smime.sign.certificate',
    (keys) => inProfile({ smime: { sign: { certificate: { ...p12, ...keys } } } }),
  ],
  selector: [
    'smime.sign.certificate.select',
    (select) => inProfile({ smime: { sign: { certificate: { store: 'user', select } } } }),
  ],
  store: [
    'smime.sign.certificate.store',
    (store) => inProfile({ smime: { sign: { certificate: { store, select: { alias: 'me' } } } } }),
  ],
  smime: ['smime', (smime) => inProfile({ smime })],
  sign: ['smime.sign', (keys) => inProfile({ smime: { sign: { certificate: p12, ...keys } } })],
  encrypt: ['smime.encrypt', (keys) => inProfile({ smime: { encrypt: { certificates: p12, ...keys } } })],
  ldap: [
    'smime.encrypt.certificates',
    (keys) => inProfile({ smime: { encrypt: { certificates: { ldap: 'ldap://h', baseDn: '', ...keys } } } }),
  ],
  oauth2: ['oauth2', (oauth2) => inProfile({ oauth2 })],
  proxy: ['proxy', (keys) => inProfile({ proxy: { type: 'socks5', host: 'h', ...keys } })],
  dkim: ['dkim', (dkim) => inProfile({ dkim })],
  logging: ['logging', (logging) => inProfile({ logging })],
  options: ['', (keys) => thrown(() => checkMailerOptions(keys))],
  pool: ['pool', (pool) => thrown(() => checkMailerOptions({ pool }))],
  call: ['', (keys) => thrown(() => checkSendOptions(keys))],
  message: ['', (keys) => inMessage(keys)],
  attachment: ['attachments.0', (keys) => inMessage({ attachments: [keys] })],
  calendar: ['calendar', (calendar) => inMessage({ calendar })],
  list: ['list', (list) => inMessage({ list })],
  content: ['text', (text) => inMessage({ text })],
  envelope: ['envelope', (envelope) => inMessage({ envelope })],
  dsn: ['envelope.dsn', (dsn) => inMessage({ envelope: { dsn } })],
};
const at = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);
const keyEntries = Object.entries(otherKeys).flatMap(([table, words]) =>
  Object.entries(words).map(([word, sentence]) => [table as keyof typeof otherKeys, word, sentence] as const),
);

describe('keys that are called otherwise elsewhere', () => {
  it.each(keyEntries)('%s: %s leads to ours, however it is written', (table, word, sentence) => {
    const [path, run] = places[table];
    expect(word).toBe(word.toLowerCase().replace(/[-_ ]/g, ''));
    for (const written of [
      word,
      word.toUpperCase(),
      `${word.slice(0, 2)}_${word.slice(2)}`,
      `${word.slice(0, 3)}-${word.slice(3)}`,
    ]) {
      const messages = run({ [written]: 1 }).map((problem) => `${problem.path}: ${problem.message}`);
      if (table === 'content') expect(messages.join()).toMatch(new RegExp(`^text: .*, got an object: ${sentence}$`));
      else expect(messages).toContain(`${at(path, written)}: ${sentence}`);
    }
  });

  const renamed = keyEntries.filter(([, , sentence]) => sentence.startsWith('is called '));
  it.each(renamed)('%s: %s is called by a name that is known there', (table, _word, sentence) => {
    const [path, run] = places[table];
    for (const name of (/^is called (.*?) here/.exec(sentence)?.[1] ?? '').split(' or ')) {
      const messages = run({ [name]: undefined }).filter((problem) => problem.path === at(path, name));
      expect(messages.filter(({ message }) => !message.includes('got nothing'))).toEqual([]);
    }
  });

  it('are looked for in messages too where an address is an object', () => {
    expect(inMessage({ to: { name: 'Ann', address: 'ann@example.com' } })).toEqual([
      { path: 'to.address', message: 'is called email here' },
    ]);
    expect(inMessage({ cc: [{ name: 'Ann' }, { EMail_Address: 'x' }] })).toEqual([
      { path: 'cc.1.EMail_Address', message: 'is called email here' },
    ]);
  });

  it('list the known keys once, however many are not known', () => {
    const { message } = thrownError(() =>
      createMailer({ ...minimal, qq1: 1, qq2: 2, server: { host: 'h', qq3: 3, qq4: 4 } } as never),
    );
    expect(message.match(/known are name,/g)).toHaveLength(1);
    expect(message.match(/known are host,/g)).toHaveLength(1);
    expect(message).toContain('qq2: is not a known key');
    expect(message).toContain('server.qq4: is not a known key');
  });

  it('are told of where authentication has no method, beside the method', () => {
    const found = inProfile({ authentication: { user: 'a', pass: 'b', qq: 1, type: 'login' } });
    expect(found.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      expect.stringMatching(
        /^authentication\.method: expected 'password', .* got nothing; 'password' is right for most servers$/,
      ),
      'authentication.user: is not a known key; did you mean username?',
      'authentication.pass: is not a known key; did you mean password?',
      expect.stringMatching(/^authentication\.qq: is not a known key; known are method, username, password, /),
      'authentication.type: is called method here',
    ]);
  });

  it('stand for the field that they mean, which is not missed besides', () => {
    expect(inMessage({ attachments: [{ path: '/etc/passwd' }] })).toEqual([
      { path: 'attachments.0.path', message: 'is not a known key; a file is content: { file }' },
    ]);
  });
});

function thrownError(run: () => unknown): EmailError {
  try {
    run();
  } catch (error) {
    return error as EmailError;
  }
  throw new Error('nothing was thrown');
}

/** The field in which each table of values applies. */
const choices: Readonly<Record<keyof typeof otherValues, readonly [string, (value: unknown) => Found]>> = {
  security: ['server.security', (security) => inProfile({ server: { host: 'h', security } })],
  method: ['authentication.method', (method) => inProfile({ authentication: { method } })],
  priority: ['priority', (priority) => inMessage({ priority })],
  importance: ['importance', (importance) => inProfile({ importance })],
  sensitivity: ['sensitivity', (sensitivity) => inProfile({ sensitivity })],
  proxyType: ['proxy.type', (type) => inProfile({ proxy: { type, host: 'h' } })],
  hash: [
    'smime.sign.hashAlgorithm',
    (hashAlgorithm) => inProfile({ smime: { sign: { certificate: p12, hashAlgorithm } } }),
  ],
  encryption: [
    'smime.encrypt.algorithm',
    (algorithm) => inProfile({ smime: { encrypt: { certificates: p12, algorithm } } }),
  ],
  includeCertificate: [
    'smime.sign.includeCertificate',
    (includeCertificate) => inProfile({ smime: { sign: { certificate: p12, includeCertificate } } }),
  ],
  format: ['smime.sign.format', (format) => inProfile({ smime: { sign: { certificate: p12, format } } })],
  dsnReturn: ['envelope.dsn.return', (value) => inMessage({ envelope: { dsn: { return: value } } })],
  level: ['logging.level', (level) => inProfile({ logging: { level } })],
  grant: ['oauth2.grant', (grant) => inProfile({ oauth2: { clientId: 'x', tokenUrl: 'https://x.example', grant } })],
  clientAuthentication: [
    'oauth2.clientAuthentication',
    (clientAuthentication) => inProfile({ oauth2: { clientAuthentication } }),
  ],
  storeType: [
    'smime.sign.certificate.store.type',
    (type) =>
      inProfile({ smime: { sign: { certificate: { store: { type, location: '/x' }, select: { alias: 'me' } } } } }),
  ],
  storeWord: [
    'smime.sign.certificate.store',
    (store) => inProfile({ smime: { sign: { certificate: { store, select: { alias: 'me' } } } } }),
  ],
};
const messageAt = (found: Found, path: string): string | undefined =>
  found.find((problem) => problem.path === path)?.message;
const valueEntries = Object.entries(otherValues).flatMap(([table, words]) =>
  Object.entries(words).map(([word, sentence]) => [table as keyof typeof otherValues, word, sentence] as const),
);

describe('values that are called otherwise elsewhere', () => {
  it.each(valueEntries)('%s: %s leads to ours, however it is written', (table, word, sentence) => {
    const [path, run] = choices[table];
    expect(word).toBe(word.toLowerCase().replace(/[-_ ]/g, ''));
    for (const written of [
      word,
      word.toUpperCase(),
      `${word.slice(0, 2)}_${word.slice(2)}`,
      `${word.slice(0, 3)} ${word.slice(3)}`,
    ])
      expect(messageAt(run(written), path)).toBe(`'${written}' ${sentence}`);
  });

  it.each(valueEntries.filter(([, , sentence]) => sentence.startsWith("is called '")))(
    '%s: %s is called by a word that is taken there',
    (table, _word, sentence) => {
      const [path, run] = choices[table];
      const ours = /^is called '([^']+)'/.exec(sentence)?.[1];
      expect(messageAt(run(ours), path)).toBeUndefined();
    },
  );

  it.each([
    ['security', 'EXPLICIT', 'explicit'],
    ['priority', 'Non_Urgent', 'non-urgent'],
    ['priority', 'Urgent', 'urgent'],
    ['sensitivity', 'Company_Confidential', 'company-confidential'],
    ['importance', 'High', 'high'],
    ['proxyType', 'SOCKS5', 'socks5'],
    ['proxyType', 'SOCK S4', 'socks4'],
    ['hash', 'SHA-256', 'sha256'],
    ['encryption', 'AES_256_CBC', 'aes-256-cbc'],
    ['method', 'NTLM', 'ntlm'],
    ['method', 'CRAMMD5', 'cram-md5'],
    ['method', 'KERBEROS', 'kerberos'],
    ['method', 'XOAUTH2', 'xoauth2'],
    ['grant', 'client_credentials', 'client-credentials'],
    ['storeType', 'PKCS12', 'pkcs12'],
    ['level', 'DEBUG', 'debug'],
  ] as const)('%s: %s differs from ours in case or punctuation alone', (table, word, ours) => {
    const [path, run] = choices[table];
    expect(messageAt(run(word), path)).toBe(`'${word}' is written '${ours}' here`);
  });

  it.each([
    ['security', 'automtic', "got 'automtic'; did you mean 'automatic'?"],
    ['method', 'pasword', "got 'pasword'; did you mean 'password'?"],
    ['hash', 'sha265', "got 'sha265'; did you mean 'sha256'?"],
  ] as const)('%s: %s is a slip of the pen', (table, word, hint) => {
    const [path, run] = choices[table];
    expect(messageAt(run(word), path)).toMatch(new RegExp(`^expected '.*, ${hint.replace(/\?$/, '\\?')}$`));
  });

  it('check the rest of authentication by the method that is meant', () => {
    expect(inProfile({ authentication: { method: 'NTLM', username: 'a', password: 'b', token: 'x' } })).toEqual([
      { path: 'authentication.method', message: "'NTLM' is written 'ntlm' here" },
      { path: 'authentication.token', message: expect.stringContaining('is not a known key') },
    ]);
    expect(
      messageAt(inProfile({ authentication: { method: 'KERBEROS', username: 'a' } }), 'authentication.username'),
    ).toBe('is called principal here, such as user@REALM');
    expect(
      messageAt(
        inProfile({ authentication: { method: 'XOAUTH2', username: 'a', password: 'b' } }),
        'authentication.password',
      ),
    ).toBe('is called token here: a mailbox password is not sent by this method');
  });

  it.each<[string, unknown, RegExp]>([
    ['server.port', { server: { host: 'h', port: '587' } }, /got a string: write the number without quotes$/],
    ['server.tls.useSystemCa', { server: { host: 'h', tls: { useSystemCa: 'true' } } }, /write true without quotes$/],
    ['sender', { sender: 'Ann <a@example.com>' }, /^expected an object with email, and optionally name, got a string$/],
    [
      'sender.email',
      { sender: { email: 'PI <pi@example.com>' } },
      /^expected an address without a name; the name has a separate field/,
    ],
    ['server', { server: 'smtp.gmail.com' }, /^expected an object with host, or wellKnownServer/],
    ['smime.sign.certificate', { smime: { sign: { certificate: 'x.p12' } } }, /\{ file \}/],
    [
      'smime.sign.certificate.store',
      { smime: { sign: { certificate: { store: 'CurrentUser\\My', select: { alias: 'x' } } } } },
      /write a store at a path as \{ type, location \}$/,
    ],
    ['headers.X-A', { headers: { 'X-A': ['1', '2'] } }, /headers is an array of \{ name, value \}/],
  ])('of the wrong kind have a way out: %s', (path, more, words) => {
    expect(messageAt(inProfile(more as object), path)).toMatch(words);
  });
});

describe('values of a message', () => {
  const refusal = async (message: object): Promise<string> => {
    await using mailer = createMailer(minimal, { transport: new MemoryTransport() });
    const error = await failure(mailer.send({ to: 'b@example.com', text: 'x', ...message }));
    expect(error.code).toBe('ERR_MESSAGE_INVALID');
    return error.message;
  };

  it.each<[object, RegExp]>([
    [
      { to: 'a@example.com, b@example.com' },
      /to: expected one mailbox; for several use an array, or parseAddressList\(text\)/,
    ],
    [
      { to: 'a@example.com; b@example.com' },
      /to: expected one mailbox; for several use an array, or parseAddressList\(text\)/,
    ],
    [{ text: { path: 'x' } }, /text: .*, got an object: a file is \{ file \}$/],
    [{ text: Promise.resolve('x') }, /got a promise: await it first$/],
    [{ html: new Response('x') }, /got a response: its body is content$/],
    [{ attachments: [{ content: async () => new Response('x').body }] }, /the function returned a promise: await it/],
    [
      { attachments: [{ content: () => Promise.reject(new Error('never heard')) }] },
      /the function returned a promise: await it/,
    ],
    [{ list: { unsubscribe: { url: 'https://x.example' } } }, /list\.unsubscribe: .* give the URL itself$/],
    [{ headers: { 'X-A': ['1', '2'] } }, /headers\.X-A: .*headers is an array of \{ name, value \}/],
  ])('%o has a way out', async (message, words) => {
    expect(await refusal(message)).toMatch(words);
  });

  it.each([
    [{ envelopeId: 'a\r\nRCPT TO:<x@example.com>' }, /envelope\.dsn\.envelopeId: holds a control character/],
    [{ envelopeId: 'é' }, /envelope\.dsn\.envelopeId: expected printable ASCII/],
    [{ envelopeId: 'x'.repeat(101) }, /envelope\.dsn\.envelopeId: is too long/],
    [{ return: 'headers\r\n' }, /envelope\.dsn\.return/],
    [{ notify: ['success\r\n'] }, /envelope\.dsn\.notify\.0/],
    [
      { recipients: { 'b@example.com': { originalRecipient: 'x\r\n' } } },
      /envelope\.dsn\.recipients\.b@example\.com\.originalRecipient/,
    ],
    [{ recipients: { 'b@example.com': { originalRecipient: 'x400;a\tb' } } }, /originalRecipient/],
  ])('envelope.dsn %o is refused whatever the transport is', async (dsn, words) => {
    expect(await refusal({ envelope: { dsn } })).toMatch(words);
  });
});
