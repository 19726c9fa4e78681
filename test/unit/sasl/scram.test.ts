import { describe, expect, test } from 'vitest';
import { isEmailError } from '../../../src/errors/email-error.js';
import type { SaslMechanism } from '../../../src/model/sasl.js';
import { createMechanism } from '../../../src/sasl/create.js';
import { failureOf } from '../../../src/sasl/mechanism.js';
import { ScramMechanism, type ScramOptions } from '../../../src/sasl/scram.js';
import { loopTurns } from '../../support/loop-turns.js';
import { auth, errorOf, plainText, random, textOf, underTls } from './support.js';

const vectors = [
  {
    source: 'RFC 5802 section 5',
    hash: 'SHA-1',
    nonce: 'fyko+d2lbbFgONRv9qkxdawL',
    first: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    final: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    verifier: 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    source: 'RFC 7677 section 3',
    hash: 'SHA-256',
    nonce: 'rOprNGfwEbeRWgbNEkqO',
    first: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    final: 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    verifier: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
  {
    source: 'a vector that Apache Qpid and the MongoDB drivers share, for want of one in an RFC',
    hash: 'SHA-512',
    nonce: 'rOprNGfwEbeRWgbNEkqO',
    first:
      'r=rOprNGfwEbeRWgbNEkqO02431b08-2f89-4bad-a4e6-80c0564ec865,s=Yin2FuHTt/M0kJWb0t9OI32n2VmOGi3m+JfjOvuDF88=,i=4096',
    final:
      'c=biws,r=rOprNGfwEbeRWgbNEkqO02431b08-2f89-4bad-a4e6-80c0564ec865,' +
      'p=Hc5yec3NmCD7t+kFRw4/3yD6/F3SQHc7AVYschRja+Bc3sbdjlA0eH1OjJc0DD4ghn1tnXN5/Wr6qm9xmaHt4A==',
    verifier: 'v=BQuhnKHqYDwQWS5jAw4sZed+C9KFUALsbrq81bB0mh+bcUUbbMPNNmBIupnS2AmyyDnG5CTBQtkjJ9kyY4kzmw==',
  },
] as const;
const [, sha256] = vectors;

function make(options: Partial<ScramOptions> = {}): ScramMechanism {
  return new ScramMechanism({
    hash: 'SHA-256',
    plus: false,
    username: 'user',
    password: 'pencil',
    nonce: sha256.nonce,
    ...options,
  });
}

async function answer(mechanism: SaslMechanism, message: string): Promise<string | undefined> {
  return textOf(await mechanism.next(Buffer.from(message)));
}

async function begun(message: string): Promise<ScramMechanism> {
  const mechanism = make();
  mechanism.start(plainText);
  await answer(mechanism, message);
  return mechanism;
}

describe('SCRAM', () => {
  test.each(vectors)('SCRAM-$hash answers $source', async ({ hash, nonce, first, final, verifier }) => {
    const mechanism = make({ hash, nonce });
    expect(mechanism.name).toBe(`SCRAM-${hash}`);
    expect(textOf(mechanism.start(plainText))).toBe(`n,,n=user,r=${nonce}`);
    expect(await answer(mechanism, first)).toBe(final);
    expect(mechanism.complete).toBe(false);
    expect(await answer(mechanism, verifier)).toBe('');
    expect(mechanism.complete).toBe(true);
    expect((await errorOf(() => answer(mechanism, verifier))).code).toBe('ERR_SMTP_PROTOCOL');
  });

  test('makes a nonce of its own each time', () => {
    const nonces = new Set(
      Array.from(
        { length: 50 },
        () => /r=([!-+\--~]{24})$/.exec(textOf(make({ nonce: undefined }).start(plainText)) ?? '')?.[1],
      ),
    );
    expect(nonces.size).toBe(50);
    expect(nonces.has(undefined)).toBe(false);
  });

  test('escapes comma and equals sign in names (RFC 5802 section 5.1)', () => {
    const mechanism = make({ username: 'a=b,c', authorizationId: 'x,=y' });
    expect(textOf(mechanism.start(plainText))).toBe(`n,a=x=2C=3Dy,n=a=3Db=2Cc,r=${sha256.nonce}`);
  });

  test('says in c= what it said at the start', async () => {
    const mechanism = make({ authorizationId: 'admin' });
    mechanism.start({ ...underTls, channelBinding: { type: 'tls-exporter', data: Buffer.alloc(32, 7) } });
    expect(await answer(mechanism, sha256.first)).toMatch(`c=${Buffer.from('y,a=admin,').toString('base64')},r=`);
  });

  test('prepares user name and password (RFC 4013)', async () => {
    const typed = createMechanism('SCRAM-SHA-1', {
      authentication: auth('scram-sha-1', { username: 'us\u00ader' }),
      secret: '\u2168',
    });
    expect(textOf(await typed.start(plainText))).toMatch(/^n,,n=user,r=/);
    const name = await errorOf(() =>
      createMechanism('SCRAM-SHA-1', { authentication: auth('scram-sha-1', { username: '\u00ad' }), secret: 'x' }),
    );
    expect(name.problems?.[0]?.path).toBe('authentication.username');
    const bad = await errorOf(() =>
      createMechanism('SCRAM-SHA-1', { authentication: auth('scram-sha-1', { username: 'a\u0007' }), secret: 'x' }),
    );
    expect(bad.problems?.[0]?.path).toBe('authentication.username');
    const secret = await errorOf(() =>
      createMechanism('SCRAM-SHA-1', { authentication: auth('scram-sha-1'), secret: 'pass\u{1f511}' }),
    );
    expect(secret.code).toBe('ERR_SECRET');
    expect(secret.message).toContain("method 'plain' does");
    expect(JSON.stringify(secret)).not.toContain('\u{1f511}');
  });
});

describe('SCRAM channel binding (RFC 5802 section 6)', () => {
  const binding = { type: 'tls-exporter', data: Buffer.alloc(32, 7) } as const;

  test.each([
    ['n without TLS', plainText, 'n'],
    ['n under TLS that gives nothing to bind to', underTls, 'n'],
    ['y where it could bind', { ...underTls, channelBinding: binding }, 'y'],
  ])('without -PLUS says %s', async (_, context, flag) => {
    const mechanism = make();
    expect(textOf(mechanism.start(context))).toBe(`${flag},,n=user,r=${sha256.nonce}`);
    expect(await answer(mechanism, sha256.first)).toMatch(`c=${Buffer.from(`${flag},,`).toString('base64')},r=`);
  });

  test.each(['tls-exporter', 'tls-server-end-point'] as const)('-PLUS binds to %s', async (type) => {
    const mechanism = make({ plus: true });
    expect(mechanism.name).toBe('SCRAM-SHA-256-PLUS');
    expect(textOf(mechanism.start({ ...underTls, channelBinding: { ...binding, type } }))).toBe(
      `p=${type},,n=user,r=${sha256.nonce}`,
    );
    const bound = Buffer.concat([Buffer.from(`p=${type},,`), binding.data]).toString('base64');
    expect(await answer(mechanism, sha256.first)).toMatch(`c=${bound},r=`);
  });

  test('-PLUS without a channel is ERR_AUTH_UNAVAILABLE', async () => {
    expect((await errorOf(() => make({ plus: true }).start(underTls))).code).toBe('ERR_AUTH_UNAVAILABLE');
  });
});

describe('SCRAM refuses', () => {
  const { nonce } = sha256;
  const good = `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;

  test.each([
    ['an empty message', ''],
    ['a mandatory extension', `m=x,${good}`],
    ['the nonce it gave, unextended', good.replace('x,', ',')],
    ['another nonce', good.replace(nonce, 'another')],
    ['a nonce cut short', good.replace(`${nonce}x`, nonce.slice(0, -1))],
    ['a nonce beyond ASCII', good.replace('x,', 'ä,')],
    ['a nonce with a blank', good.replace('x,', ' ,')],
    ['a missing nonce', good.slice(good.indexOf(',') + 1)],
    ['no salt', `r=${nonce}x,i=4096`],
    ['an empty salt', `r=${nonce}x,s=,i=4096`],
    ['a salt that is not base64', `r=${nonce}x,s=W22Z*J0S,i=4096`],
    ['a salt without padding', `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ,i=4096`],
    ['an endless salt', `r=${nonce}x,s=${'AAAA'.repeat(400)},i=4096`],
    ['a salt of 1025 octets', `r=${nonce}x,s=${Buffer.alloc(1025).toString('base64')},i=4096`],
    ['the order changed', `r=${nonce}x,i=4096,s=W22ZaJ0SNY7soEsUEjb6gQ==`],
    ['no iteration count', `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==`],
    ['4095 iterations', good.replace('4096', '4095')],
    ['1 000 001 iterations', good.replace('4096', '1000001')],
    ['a count that is no number', good.replace('4096', '4096a')],
    ['a count with an exponent', good.replace('4096', '5e3')],
    ['a negative count', good.replace('4096', '-4096')],
    ['a leading zero', good.replace('4096', '04096')],
    ['an endless count', good.replace('4096', '9'.repeat(4000))],
  ])('%s', async (_, message) => {
    const error = await errorOf(() => begun(message));
    expect(error.code).toBe('ERR_SMTP_PROTOCOL');
    expect(error.phase).toBe('authenticate');
    expect(JSON.stringify(error)).not.toContain('pencil');
  });

  test('a salt of 1024 octets not', async () => {
    await begun(`r=${nonce}x,s=${Buffer.alloc(1024).toString('base64')},i=4096`);
  });

  test('takes 1 000 000 iterations without holding the event loop', async () => {
    const turns = await loopTurns(() => begun(good.replace('4096', '1000000')));
    expect(turns).toBeGreaterThan(5);
  });

  test.each([
    ['a signature of another key', 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8='],
    ['a signature not in canonical base64', 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5='],
    ['a signature cut short', 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl9'],
    ['an empty signature', 'v='],
    ['a signature that is not base64', 'v=****'],
    ['no signature', 'x=1'],
    ['nothing', ''],
  ])('%s from the server, and is never complete', async (_, final) => {
    const mechanism = await begun(sha256.first);
    expect((await errorOf(() => answer(mechanism, final))).code).toBe('ERR_SMTP_PROTOCOL');
    expect(mechanism.complete).toBe(false);
  });

  test('a second try at the signature after a wrong one', async () => {
    const mechanism = await begun(sha256.first);
    await errorOf(() => answer(mechanism, 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8='));
    await errorOf(() => answer(mechanism, sha256.verifier));
    expect(mechanism.complete).toBe(false);
  });

  test.each([
    ['invalid-proof', 'invalid-proof: the password is wrong'],
    [
      'channel-bindings-dont-match',
      'channel-bindings-dont-match: it sees another TLS channel: a third party decrypts the connection',
    ],
    ['new\u0007\u001b[2J-reason', 'new\\x07\\x1b[2J-reason'],
    ['', 'other-error'],
  ])('nothing where the server says e=%s, but hears its reason', async (value, words) => {
    const atOnce = make();
    atOnce.start(plainText);
    for (const mechanism of [atOnce, await begun(sha256.first)]) {
      expect(await answer(mechanism, `e=${value}`)).toBe('');
      expect(failureOf(mechanism)).toBe(words);
      expect(mechanism.complete).toBe(false);
      expect((await errorOf(() => answer(mechanism, sha256.verifier))).code).toBe('ERR_SMTP_PROTOCOL');
    }
  });

  test('extensions that are not mandatory are ignored', async () => {
    const mechanism = make();
    mechanism.start(plainText);
    expect(await answer(mechanism, `${sha256.first},x=1,y=2`)).toMatch(/^c=biws/);
  });

  test('hostile bytes end in an answer or an EmailError, and never complete it', async () => {
    const seed = 20_260_101;
    const next = random(seed);
    const pieces = [
      'r=',
      's=',
      'i=',
      'v=',
      'e=',
      'm=',
      ',',
      nonce,
      '4096',
      'AAAA',
      '==',
      '\0',
      '\u00ff',
      '\ud800',
      'x',
    ];
    for (let n = 0; n < 500; n++) {
      const mechanism = make();
      mechanism.start(underTls);
      for (let round = 0; round < 3; round++) {
        const message = Array.from({ length: next(8) }, () => pieces[next(pieces.length)]).join('');
        const whole = next(3) === 0 ? `r=${nonce}${message}` : message;
        await answer(mechanism, whole).catch((error: unknown) =>
          expect(isEmailError(error), `seed ${seed}, message ${whole}`).toBe(true),
        );
      }
      expect(mechanism.complete).toBe(false);
    }
  });
});
