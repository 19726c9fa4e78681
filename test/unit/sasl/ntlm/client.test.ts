import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isEmailError } from '../../../../src/errors/email-error.js';
import { createMechanism } from '../../../../src/sasl/create.js';
import { NtlmClient, type NtlmCredentials } from '../../../../src/sasl/ntlm/client.js';
import { fileTime, lmResponse, ntResponse, responseKey } from '../../../../src/sasl/ntlm/ntlm-v2.js';
import { rc4 } from '../../../../src/util/crypto/rc4.js';
import { encodeTargetInfo, parseTargetInfo } from '../../../../src/sasl/ntlm/target-info.js';
import { auth, errorOf, random, underTls } from '../support.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s+/g, ''), 'hex');
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const hmacMd5 = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer =>
  createHmac('md5', key).update(Buffer.concat(parts)).digest();

/** The values of MS-NLMP sections 4.2.1 and 4.2.4. */
const user = 'User';
const domain = 'Domain';
const password = 'Password';
const serverChallenge = hex('0123456789abcdef');
const clientChallenge = Buffer.alloc(8, 0xaa);
const sessionKey = Buffer.alloc(16, 0x55);
const targetInfo = hex('02000c0044006f006d00610069006e00 01000c0053006500720076006500720000000000');
const input = {
  key: responseKey(user, domain, password),
  serverChallenge,
  clientChallenge,
  time: Buffer.alloc(8),
  targetInfo,
};
/** The message of section 4.2.4.3. */
const challengeMessage = hex(`
  4e544c4d53535000 02000000 0c000c00 38000000 33828ae2 0123456789abcdef 0000000000000000 24002400 44000000 060070170000000f
  530065007200760065007200 02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000`);
const authenticateMessage = hex(`
  4e544c4d53535000 03000000 18001800 6c000000 54005400 84000000 0c000c00 48000000 08000800 54000000 10001000 5c000000 10001000 d8000000
  358288e2 0501280a0000000f 44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200
  86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa
  68cd0ab851e51c96aabc927bebef6a1c 0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000
  02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000 00000000
  c5dad2544fc9799094ce1ce90bc9d03e`);

/** A challenge with this target information; `flags` as Windows sends them. */
function challengeWith(
  info: readonly (readonly [id: number, value: Uint8Array])[] | undefined,
  flags = 0xa2898205,
): Buffer {
  const encoded =
    info === undefined
      ? Buffer.alloc(0)
      : encodeTargetInfo(info.map(([id, value]) => ({ id, value: Buffer.from(value) })));
  const head = Buffer.alloc(56);
  head.write('NTLMSSP\0', 'latin1');
  head.writeUInt32LE(2, 8);
  head.writeUInt32LE((info === undefined ? flags & ~0x800000 : flags) >>> 0, 20);
  serverChallenge.copy(head, 24);
  head.writeUInt16LE(encoded.length, 40);
  head.writeUInt16LE(encoded.length, 42);
  head.writeUInt32LE(56, 44);
  return Buffer.concat([head, encoded]);
}

/** The fields of an AUTHENTICATE message, read by the offsets in it. */
function read(message: Buffer) {
  const field = (at: number): Buffer =>
    message.subarray(message.readUInt32LE(at + 4), message.readUInt32LE(at + 4) + message.readUInt16LE(at));
  const nt = field(20);
  return {
    lm: field(12),
    nt,
    domain: field(28),
    user: field(36),
    workstation: field(44),
    sessionKey: field(52),
    flags: message.readUInt32LE(60),
    pairs: new Map(parseTargetInfo(nt.subarray(44, nt.length - 4)).map(({ id, value }) => [id, value])),
  };
}

const client = (more: Partial<NtlmCredentials> = {}): NtlmClient =>
  new NtlmClient({ username: user, domain, password, ...more });
const target = { targetName: 'SMTPSVC/mail.example.com' };
const chance = { clientChallenge, sessionKey, now: -11_644_473_600_000 };
const timestamp = fileTime(Date.UTC(2026, 0, 1));

describe('NTLMv2 computes what MS-NLMP section 4.2.4 shows', () => {
  test('NTOWFv2 (4.2.4.1.1), which does not look at the case of the user name', () => {
    expect(input.key.toString('hex')).toBe('0c868a403bfd7a93a3001ef22ef02e3f');
    expect(responseKey('uSER', domain, password)).toEqual(input.key);
    expect(responseKey(user, 'DOMAIN', password)).not.toEqual(input.key);
  });

  test('session base key (4.2.4.1.2), NTLMv2 response (4.2.4.2.2) with its temp (4.2.4.1.3)', () => {
    const { response, sessionBaseKey } = ntResponse(input);
    expect(sessionBaseKey.toString('hex')).toBe('8de40ccadbc14a82f15cb0ad0de95ca3');
    expect(response.subarray(0, 16).toString('hex')).toBe('68cd0ab851e51c96aabc927bebef6a1c');
    expect(response.subarray(16)).toEqual(
      hex(
        '0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000 02000c0044006f006d00610069006e00 ' +
          '01000c00530065007200760065007200 00000000 00000000',
      ),
    );
  });

  test('LMv2 response (4.2.4.2.1)', () => {
    expect(lmResponse(input).toString('hex')).toBe('86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa');
  });

  test('encrypted session key (4.2.4.2.3)', () => {
    expect(rc4(ntResponse(input).sessionBaseKey, sessionKey).toString('hex')).toBe('c5dad2544fc9799094ce1ce90bc9d03e');
  });

  test('signing and sealing under that key (4.2.4.4)', () => {
    const keyFor = (purpose: string): Buffer =>
      createHash('md5')
        .update(sessionKey)
        .update(`session key to client-to-server ${purpose} key magic constant\0`)
        .digest();
    expect(keyFor('sealing').toString('hex')).toBe('59f600973cc4960a25480a7c196e4c58');
    expect(keyFor('signing').toString('hex')).toBe('4788dc861b4782f35d43fd98fe1a2d39');
    const checksum = hmacMd5(keyFor('signing'), Buffer.alloc(4), utf16('Plaintext')).subarray(0, 8);
    const sealed = rc4(keyFor('sealing'), Buffer.concat([utf16('Plaintext'), checksum]));
    expect(sealed.toString('hex')).toBe('54e50165bf1936dc996020c1811b0f06fb5f7fb38ec5c55d4976');
  });

  test('the AUTHENTICATE message (4.2.4.3) to the byte, but for the version and the flags that say so', () => {
    const message = client({ workstation: 'COMPUTER' }).authenticate(challengeMessage, {}, chance);
    const shown = Buffer.from(authenticateMessage);
    // The library sends no version and requests the target in the first message.
    shown.fill(0, 64, 72);
    shown.writeUInt32LE((shown.readUInt32LE(60) & ~0x2000004) >>> 0, 60);
    expect(message.toString('hex')).toBe(shown.toString('hex'));
  });
});

describe('the NTLM client', () => {
  test('offers no NTLMv1: extended session security, 128 bits, and Unicode', () => {
    const { negotiate } = client();
    expect(negotiate.toString('hex')).toBe(
      '4e544c4d535350000100000007820' + '8a0' + '00000000200000000000000020000000',
    );
  });

  test('answers a server with a timestamp: its time, no LM response, and a message integrity code (3.1.5.1.2)', () => {
    const challenge = challengeWith([[2, utf16('EXAMPLE')], [7, timestamp], [1, utf16('MAIL')]]); // prettier-ignore
    const ntlm = client();
    const message = ntlm.authenticate(challenge, target, { clientChallenge });
    const { lm, nt, pairs, domain: said, user: name, workstation } = read(message);
    expect([said, name, workstation]).toEqual([utf16('Domain'), utf16('User'), Buffer.alloc(0)]);
    expect(lm).toEqual(Buffer.alloc(24));
    expect(nt.subarray(24, 32)).toEqual(timestamp);
    expect(pairs.get(6)).toEqual(hex('02000000'));
    expect(pairs.get(9)).toEqual(utf16(target.targetName));
    expect(pairs.has(10)).toBe(false);
    const withoutMic = Buffer.from(message);
    withoutMic.fill(0, 72, 88);
    const baseKey = hmacMd5(input.key, nt.subarray(0, 16));
    expect(message.subarray(72, 88)).toEqual(hmacMd5(baseKey, ntlm.negotiate, challenge, withoutMic));
  });

  test('keeps the flags of the server beside its own, and replaces pairs that only a client may set', () => {
    const challenge = challengeWith([[6, hex('01000000')], [9, utf16('evil')], [10, Buffer.alloc(16, 1)], [7, timestamp]]); // prettier-ignore
    const { pairs } = read(client().authenticate(challenge, target));
    expect(pairs.get(6)).toEqual(hex('03000000'));
    expect(pairs.get(9)).toEqual(utf16(target.targetName));
    expect(pairs.has(10)).toBe(false);
  });

  test('claims no integrity code without one, though the server does', () => {
    expect(read(client().authenticate(challengeWith([[6, hex('02000000')]]), target)).pairs.has(6)).toBe(false);
    expect(read(client().authenticate(challengeWith([[6, hex('03000000')]]), target)).pairs.get(6)).toEqual(
      hex('01000000'),
    );
  });

  test('ties the message to the TLS channel (RFC 5929, RFC 4121 section 4.1.1.2)', () => {
    const data = Buffer.alloc(32, 9);
    const { pairs } = read(
      client().authenticate(challengeWith([[7, timestamp]]), {
        ...target,
        channelBinding: { type: 'tls-server-end-point', data },
      }),
    );
    const struct = Buffer.concat([Buffer.alloc(16), hex('35000000'), Buffer.from('tls-server-end-point:'), data]);
    expect(pairs.get(10)).toEqual(createHash('md5').update(struct).digest());
  });

  test('copes with a server that sends no target information, and then claims no integrity code', () => {
    for (const challenge of [
      challengeWith(undefined, 0x28205),
      challengeWith(undefined).subarray(0, 32),
      challengeWith([]).subarray(0, 56),
    ]) {
      const copy = Buffer.from(challenge);
      if (copy.length < 60) copy.writeUInt32LE((copy.readUInt32LE(20) & ~0x800000) >>> 0, 20);
      const message = client().authenticate(
        copy,
        { ...target, channelBinding: { type: 'tls-server-end-point', data: clientChallenge } },
        chance,
      );
      const { lm, nt, pairs } = read(message);
      expect(pairs.size).toBe(0);
      expect(message.readUInt32LE(16)).toBeGreaterThanOrEqual(72);
      expect(lm).toEqual(Buffer.concat([hmacMd5(input.key, serverChallenge, clientChallenge), clientChallenge]));
      expect(nt.subarray(24, 32)).toEqual(Buffer.alloc(8));
    }
  });

  test('encrypts a key of its own only where the server insists on keys (3.1.5.1.2)', () => {
    const keys = (flags: number): number =>
      read(client().authenticate(challengeWith([[7, timestamp]], flags), target, chance)).sessionKey.length;
    expect(keys(0xa2898205)).toBe(0);
    expect(keys(0xe2898205)).toBe(0);
    expect(keys(0xe2898215)).toBe(16);
    const ntlm = client();
    const challenge = challengeWith([[7, timestamp]], 0xe2898215);
    const message = ntlm.authenticate(challenge, target, chance);
    const withoutMic = Buffer.from(message);
    withoutMic.fill(0, 72, 88);
    expect(message.subarray(72, 88)).toEqual(hmacMd5(sessionKey, ntlm.negotiate, challenge, withoutMic));
  });

  test.each([
    ['DOM\\alice', undefined, 'DOM', 'alice'],
    ['DOM\\alice', 'dom', 'DOM', 'alice'],
    ['alice@example.com', undefined, '', 'alice@example.com'],
    ['alice', 'DOM', 'DOM', 'alice'],
    ['alice', undefined, '', 'alice'],
    ['DOM\\al\\ice', undefined, 'DOM', 'al\\ice'],
  ])('takes %s with domain %s for domain "%s", user "%s"', (username, given, said, name) => {
    const seen = read(new NtlmClient({ username, password, domain: given }).authenticate(challengeWith([]), target));
    expect([seen.domain.toString('utf16le'), seen.user.toString('utf16le')]).toEqual([said, name]);
    const proof = hmacMd5(responseKey(name, said, password), serverChallenge, seen.nt.subarray(16));
    expect(seen.nt.subarray(0, 16)).toEqual(proof);
  });

  test.each([
    [{ username: 'DOM\\alice', domain: 'OTHER' }, 'authentication.domain'],
    [{ username: 'DOM\\' }, 'authentication.username'],
    [{ username: 'DOM\\', path: 'proxy' as const }, 'proxy.username'],
  ])('refuses %j', async (credentials, path) => {
    expect((await errorOf(() => new NtlmClient({ password, ...credentials }))).problems?.[0]?.path).toBe(path);
  });

  test('writes names in ASCII for a server without Unicode, and refuses others there', async () => {
    const challenge = challengeWith([], 0xa2898206);
    expect(read(client().authenticate(challenge, target)).user.toString('latin1')).toBe('User');
    const error = await errorOf(() => client({ username: 'Jürgen' }).authenticate(challenge, target));
    expect(error.problems?.[0]?.path).toBe('authentication.username');
  });

  test('raises a name letter by letter, as Windows does', () => {
    expect(responseKey('straße', domain, password)).toEqual(responseKey('STRAßE', domain, password));
    expect(responseKey('straße', domain, password)).not.toEqual(responseKey('STRASSE', domain, password));
    expect(responseKey('jürgen', domain, password)).toEqual(responseKey('JÜRGEN', domain, password));
  });

  test('uses another client challenge each time', () => {
    const seen = new Set(
      Array.from({ length: 50 }, () =>
        read(client().authenticate(challengeWith([[7, timestamp]]), target)).nt.toString('hex'),
      ),
    );
    expect(seen.size).toBe(50);
  });
});

describe('a hostile challenge', () => {
  const good = challengeWith([[2, utf16('EXAMPLE')], [7, timestamp], [1, utf16('MAIL')]]); // prettier-ignore
  const altered = (change: (bytes: Buffer) => void): Buffer => {
    const copy = Buffer.from(good);
    change(copy);
    return copy;
  };

  test('cut at any byte is refused', () => {
    for (let length = 0; length < good.length; length++)
      expect(() => client().authenticate(good.subarray(0, length), target), `${length} bytes`).toThrow(RangeError);
  });

  test.each([
    ['target information past the end', altered((b) => b.writeUInt32LE(b.length - 2, 44))],
    ['target information at 4 GiB', altered((b) => b.writeUInt32LE(0xffffffff, 44))],
    ['target information inside the header', altered((b) => b.writeUInt32LE(8, 44))],
    ['target name past the end', altered((b) => b.writeUInt16LE(0xffff, 12))],
    ['another message type', altered((b) => b.writeUInt32LE(3, 8))],
    ['a pair past the end', altered((b) => b.writeUInt16LE(0xfff0, 58))],
    ['a timestamp of 7 bytes', challengeWith([[7, Buffer.alloc(7)]])],
    ['a timestamp of no bytes', challengeWith([[7, Buffer.alloc(0)]])],
    ['flags of 2 bytes', challengeWith([[6, Buffer.alloc(2)]])],
    ['more than 16 KiB', challengeWith([[2, Buffer.alloc(0x4000)]])],
  ])('with %s is refused', (_, challenge) => {
    expect(() => client().authenticate(challenge, target)).toThrow(RangeError);
  });

  test('of the greatest size is answered', () => {
    const { pairs } = read(
      client({ username: 'x'.repeat(1024) }).authenticate(challengeWith([[2, Buffer.alloc(0x4000 - 64)]]), target),
    );
    expect(pairs.get(2)).toHaveLength(0x4000 - 64);
  });

  test('never ends in anything but a RangeError', () => {
    const seed = 20_260_102;
    const next = random(seed);
    for (let n = 0; n < 2000; n++) {
      const bytes = Buffer.from(good);
      for (let i = next(6); i >= 0; i--) bytes[8 + next(bytes.length - 8)] = next(256);
      try {
        client().authenticate(bytes, target);
      } catch (error) {
        expect(error instanceof RangeError, `seed ${seed}, ${bytes.toString('hex')}: ${String(error)}`).toBe(true);
      }
    }
  });
});

describe('the NTLM mechanism (MS-SMTPNTLM)', () => {
  const make = () =>
    createMechanism('NTLM', { authentication: auth('ntlm', { username: 'DOM\\user' }), secret: 'very-Secret9' });
  const challenge = challengeWith([[7, timestamp]]);

  test('sends its first message at once, and the proof to the challenge', async () => {
    const mechanism = make();
    expect(mechanism.start(underTls)).toEqual(client().negotiate);
    expect(mechanism.complete).toBe(false);
    const { user: name, pairs } = read((await mechanism.next(challenge)) as Buffer);
    expect(name).toEqual(utf16('user'));
    expect(pairs.get(9)).toEqual(utf16('SMTPSVC/mail.example.com'));
    expect(mechanism.complete).toBe(true);
    expect((await errorOf(() => mechanism.next(challenge))).code).toBe('ERR_SMTP_PROTOCOL');
  });

  test.each(['NTLM supported', ''])(
    'repeats its first message to the text %j in place of a challenge, once',
    async (text) => {
      const mechanism = make();
      const first = mechanism.start(underTls);
      expect(await mechanism.next(Buffer.from(text))).toEqual(first);
      expect((await errorOf(() => mechanism.next(Buffer.from(text)))).message).toContain('not an NTLM message');
      await mechanism.next(challenge);
      expect(mechanism.complete).toBe(true);
    },
  );

  test('says what is wrong with a challenge, without a secret', async () => {
    const mechanism = make();
    void mechanism.start(underTls);
    const error = await errorOf(() => mechanism.next(challenge.subarray(0, 50)));
    expect(error.code).toBe('ERR_SMTP_PROTOCOL');
    expect(error.message).toMatch(/bad challenge: the message ends|bytes/);
    expect(isEmailError(error) && JSON.stringify(error) + String(error.stack)).not.toContain('very-Secret9');
    expect(mechanism.complete).toBe(false);
  });

  test.each(['domain', 'workstation'])('refuses NUL in %s', async (field) => {
    const make = () => createMechanism('NTLM', { authentication: auth('ntlm', { [field]: 'a\0' }), secret: 'x' });
    expect((await errorOf(make)).problems?.[0]?.path).toBe(`authentication.${field}`);
  });
});
