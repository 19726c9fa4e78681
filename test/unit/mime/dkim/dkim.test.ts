import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { relaxedBodyHash, relaxedField, splitFields } from '../../../../src/mime/dkim/dkim-canonical.js';
import { createDkimSigner, dkimSigningInput, signDkim } from '../../../../src/mime/dkim/dkim.js';

// The vectors of RFC 8463 appendix A.
const seed = Buffer.from('nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=', 'base64');
const ed25519Key = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]).toString('base64');
const rsaKey = `-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----`;
const crlf = (text: string): string => text.replaceAll('\n', '\r\n');
const fields = crlf(`From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>
`);
const body = crlf('Hi.\n\nWe lost the game.  Are you hungry yet?\n\nJoe.\n');
const signedNames = ['from', 'to', 'subject', 'date', 'message-id', 'from', 'subject', 'date'];

describe('RFC 8463 appendix A', () => {
  test('the body hash is the printed one', async () => {
    expect((await relaxedBodyHash(Buffer.from(body))).toString('base64')).toBe(
      '2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=',
    );
  });

  test('the Ed25519 signature is the printed one', () => {
    const field = crlf(`DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=`);
    const input = dkimSigningInput(splitFields(fields), signedNames, field);
    const { key } = createDkimSigner({ domain: 'football.example.com', selector: 'brisbane', privateKey: ed25519Key });
    expect(sign(null, createHash('sha256').update(input).digest(), key).toString('base64')).toBe(
      '/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==',
    );
  });

  test('the RSA signature is the printed one', () => {
    const field = crlf(`DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=`);
    const { key } = createDkimSigner({ domain: 'football.example.com', selector: 'test', privateKey: rsaKey });
    expect(
      sign('sha256', Buffer.from(dkimSigningInput(splitFields(fields), signedNames, field)), key).toString('base64'),
    ).toBe(
      'F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2JzdA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=',
    );
  });
});

describe('relaxed canonicalization', () => {
  test('of fields is the example of RFC 6376 section 3.4.5', () => {
    expect(splitFields('A: X\r\nB : Y\t\r\n\tZ  \r\n').map(relaxedField)).toEqual(['a:X', 'b:Y Z']);
  });

  const hashOf = async (text: string): Promise<string> => (await relaxedBodyHash(Buffer.from(text))).toString('hex');
  const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
  test.each([
    [' C \r\nD \t E\r\n\r\n\r\n', ' C\r\nD E\r\n'],
    ['', ''],
    ['\r\n\r\n', ''],
    [' \r\n \t\r\n', ''],
    ['a', 'a\r\n'],
    ['a \t', 'a\r\n'],
    ['\r\n\r\na\r\n', '\r\n\r\na\r\n'],
    ['a\rb\nc\r\n', 'a\rb\nc\r\n'],
    ['a\r', 'a\r\r\n'],
    ['a \r', 'a \r\r\n'],
    ['a\r\n\r\n  b', 'a\r\n\r\n b\r\n'],
    ['a\r\nb\r\n', 'a\r\nb\r\n'],
    ['\na\n', '\na\n\r\n'],
  ])('of the body %j hashes %j (RFC 6376 section 3.4.4), however it is cut', async (text, canonical) => {
    expect(await hashOf(text)).toBe(sha(canonical));
    const bytes = Buffer.from(text);
    for (const size of [1, 2, 3]) {
      const chunks = (async function* () {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      })();
      expect((await relaxedBodyHash(chunks)).toString('hex')).toBe(sha(canonical));
    }
  });

  test('of a body larger than a block is what a plain reading gives', async () => {
    const line = `${'QUJD'.repeat(19)}\r\n`;
    const text = `${line.repeat(3000)}\r\n\r\nx  y \r\n${line.repeat(2000)}\r\n\r\n\r\n`;
    const canonical = text
      .replace(/[ \t]+/g, ' ')
      .replace(/ \r\n/g, '\r\n')
      .replace(/(\r\n)*$/, '\r\n');
    const bytes = Buffer.from(text);
    for (const size of [1000, 65536, bytes.length]) {
      const chunks = (async function* () {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      })();
      expect((await relaxedBodyHash(chunks)).toString('hex')).toBe(sha(canonical));
    }
  });
});

describe('signDkim', () => {
  const signer = createDkimSigner({ domain: 'Football.EXAMPLE.com', selector: 'Brisbane', privateKey: ed25519Key });
  const tagsOf = (field: string): Map<string, string> =>
    new Map(
      field
        .slice('DKIM-Signature:'.length)
        .replace(/\r\n/g, '')
        .split(';')
        .map((tag): [string, string] => {
          const at = tag.indexOf('=');
          return [tag.slice(0, at).trim(), tag.slice(at + 1).replace(/\s/g, '')];
        }),
    );

  test('signs the fields there are, as often as they are, and From once more (RFC 6376 section 5.4)', async () => {
    const more =
      `${fields}X-Other: 1\r\nCc: a@b\r\nResent-To: c@d\r\nResent-To: e@f\r\n` +
      `List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n`;
    const field = await signDkim(more, Buffer.from(body), [signer], { date: new Date(1528637909_000) });
    const tags = tagsOf(field);
    expect(tags.get('h')).toBe('from:subject:date:to:cc:resent-to:resent-to:list-unsubscribe-post:message-id:from');
    expect(Object.fromEntries(tags)).toMatchObject({
      v: '1',
      a: 'ed25519-sha256',
      c: 'relaxed/relaxed',
      d: 'football.example.com',
      s: 'brisbane',
      t: '1528637909',
    });
    for (const line of field.split('\r\n')) expect(line.length).toBeLessThanOrEqual(78);
    const unsigned = field.slice(0, field.lastIndexOf('b=') + 2).replace(/ b=[^;]*$/, ' b=');
    const input = dkimSigningInput(splitFields(more), (tags.get('h') ?? '').split(':'), unsigned);
    const digest = createHash('sha256').update(input).digest();
    const publicKey = createPublicKey(
      createPrivateKey({ key: Buffer.from(ed25519Key, 'base64'), format: 'der', type: 'pkcs8' }),
    );
    expect(verify(null, digest, publicKey, Buffer.from(tags.get('b') ?? '', 'base64'))).toBe(true);
    // If several fields have one name, the last is signed first, so a changed order breaks the signature.
    expect(input).toMatch(/resent-to:e@f\r\nresent-to:c@d/);
  });

  test('makes one field a signer, in order, over one reading of the body', async () => {
    let read = 0;
    const source = {
      async *[Symbol.asyncIterator]() {
        read++;
        yield Buffer.from(body);
      },
    };
    const text = await signDkim(fields, source, [
      signer,
      createDkimSigner({ domain: 'a.example', selector: 's', privateKey: rsaKey, headers: ['Subject', 'From'] }),
    ]);
    const [first, second] = splitFields(text);
    expect(tagsOf(first ?? '').get('a')).toBe('ed25519-sha256');
    expect(tagsOf(second ?? '').get('h')).toBe('subject:from');
    expect(read).toBe(1);
  });

  test('never leaves From unsigned', async () => {
    const text = await signDkim(fields, Buffer.from(body), [
      createDkimSigner({ domain: 'a.example', selector: 's', privateKey: rsaKey, headers: ['Subject'] }),
    ]);
    expect(tagsOf(text).get('h')).toBe('from:subject');
  });

  test('refuses weak and other keys, and says nothing of what they hold', () => {
    const make =
      (privateKey: string, more = {}) =>
      () =>
        createDkimSigner({ domain: 'a.example', selector: 's', privateKey, ...more }, 'dkim.0');
    const weak = generateKeyPairSync('rsa', { modulusLength: 768 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    expect(make(weak)).toThrow(/dkim\.0\.privateKey: an RSA key of 768 bits is too weak/);
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    expect(make(ec)).toThrow(/RSA and Ed25519 keys, not ec/);
    const encrypted = generateKeyPairSync('ed25519')
      .privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' })
      .toString();
    for (const bad of [
      encrypted,
      '',
      'c2VjcmV0LWtleQ==',
      '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----',
    ]) {
      expect(make(bad)).toThrow(/dkim\.0\.privateKey: the key is not an unencrypted private key/);
      try {
        make(bad)();
      } catch (error) {
        expect(JSON.stringify(error) + String(error)).not.toMatch(/c2VjcmV0|secret/);
      }
    }
    for (const more of [
      { domain: 'a b' },
      { domain: 'x; d=y' },
      { selector: 'a b' },
      { selector: 'a;b' },
      { selector: '' },
      { selector: 'a..b' },
      { headers: ['a:b'] },
      { headers: ['a;b'] },
      { headers: ['a\r\nb'] },
    ]) {
      expect(make(rsaKey, more)).toThrow(/dkim\.0\.(domain|selector|headers\.0): /);
    }
    expect(make(rsaKey, { domain: 'straße.example' })().domain).toBe('xn--strae-oqa.example');
  });
});
