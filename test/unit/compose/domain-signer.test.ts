import { createHash, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  createMailer,
  profileToJson,
  type DkimSettings,
  type EmailError,
  type MailerOptions,
  type PrivateKeySigner,
} from '../../../src/index.js';
import { MemoryTransport } from '../../../src/testing.js';

const folder = mkdtempSync(join(tmpdir(), 'domain-signer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const profile = { name: 'p', sender: { email: 'app@example.com' }, server: { host: 'mail.example.com' } };
const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;
const other = generateKeyPairSync('ed25519').privateKey;
const names = { domain: 'example.com', selector: 's1' };
const publicHalf = (key: KeyObject): KeyObject => createPublicKey(key);
const spki = (key: KeyObject): string => publicHalf(key).export({ type: 'spki', format: 'der' }).toString('base64');
const encrypted = (key: KeyObject, passphrase: string, format: 'pem' | 'der' = 'pem'): string => {
  const options = { type: 'pkcs8', cipher: 'aes-256-cbc', passphrase } as const;
  return format === 'pem'
    ? key.export({ ...options, format }).toString()
    : key.export({ ...options, format }).toString('base64');
};

async function signatureOf(dkim: DkimSettings | readonly DkimSettings[], options: MailerOptions = {}): Promise<string> {
  const transport = new MemoryTransport();
  await using mailer = createMailer(profile, { transport, ...options });
  await mailer.send({ to: 'ann@example.com', subject: 's', text: 't', dkim });
  return Buffer.from(transport.sent[0]?.content ?? []).toString();
}
const refusal = (dkim: DkimSettings, options: MailerOptions = {}): Promise<EmailError> =>
  signatureOf(dkim, options).then(
    () => Promise.reject(new Error('was sent')),
    (error: EmailError) => error,
  );

/** A device that records what it was asked for. */
class Device implements PrivateKeySigner {
  readonly asked: Parameters<PrivateKeySigner['sign']>[0][] = [];
  constructor(readonly key: KeyObject) {}
  sign(input: Parameters<PrivateKeySigner['sign']>[0]): Promise<Uint8Array> {
    this.asked.push(input);
    return Promise.resolve(sign(input.algorithm.name === 'Ed25519' ? null : 'sha256', input.data, this.key));
  }
}

describe('a signer in place of the key', () => {
  it('signs with RSA by default, and its signature is checked', async () => {
    const signer = new Device(rsa);
    const text = await signatureOf({ ...names, signer, publicKey: spki(rsa) });
    expect(text).toMatch(/^DKIM-Signature: v=1; a=rsa-sha256;/);
    const [asked] = signer.asked;
    expect(asked?.algorithm).toEqual({ name: 'RSASSA-PKCS1-v1_5', hash: 'sha256' });
    expect(asked?.digest).toEqual(
      createHash('sha256')
        .update(asked?.data ?? '')
        .digest(),
    );
    expect(Buffer.from(asked?.data ?? []).toString()).toMatch(/^from:app@example\.com\r\n[^]*\r\ndkim-signature:v=1;/);
    expect(asked?.signal.aborted).toBe(false);
  });

  it.each([
    ['p= of the record', spki(rsa), rsa, undefined],
    ['PEM', publicHalf(rsa).export({ type: 'spki', format: 'pem' }).toString(), rsa, undefined],
    ['PKCS#1', publicHalf(rsa).export({ type: 'pkcs1', format: 'der' }).toString('base64'), rsa, undefined],
    ['32 octets', Buffer.from(spki(ed25519), 'base64').subarray(-32).toString('base64'), ed25519, 'ed25519-sha256'],
    ['SubjectPublicKeyInfo', spki(ed25519), ed25519, 'ed25519-sha256'],
  ] as const)('reads its public key as %s', async (_, publicKey, key, algorithm) => {
    const text = await signatureOf({ ...names, signer: new Device(key), publicKey, algorithm });
    expect(text).toContain(`a=${algorithm ?? 'rsa-sha256'};`);
  });

  it('gets the hash as data for Ed25519 (RFC 8463 section 3)', async () => {
    const signer = new Device(ed25519);
    await signatureOf({ ...names, signer, algorithm: 'ed25519-sha256', publicKey: spki(ed25519) });
    expect(signer.asked[0]).toMatchObject({ algorithm: { name: 'Ed25519' }, digest: undefined });
    expect(signer.asked[0]?.data.length).toBe(32);
  });

  it.each([
    ['of another key', new Device(other), /dkim\.signer returned a signature that dkim\.publicKey does not verify/],
    ['that fails', { sign: () => Promise.reject(new Error('no token')) }, /dkim\.signer failed: no token/],
    [
      'that throws',
      {
        sign: () => {
          throw new Error('no slot');
        },
      },
      /dkim\.signer failed: no slot/,
    ],
    ['that gives nothing', { sign: () => Promise.resolve(undefined as never) }, /returned no signature/],
    ['that gives no octets', { sign: () => Promise.resolve(new Uint8Array()) }, /returned no signature/],
  ])('%s ends the send', async (_, signer, words) => {
    const error = await refusal({ ...names, signer, algorithm: 'ed25519-sha256', publicKey: spki(ed25519) });
    expect(error.code).toBe('ERR_SECRET');
    expect(error.message).toMatch(words);
    expect(error.remedy).toBeTruthy();
  });

  it('is left at an abort', async () => {
    const abort = new AbortController();
    const transport = new MemoryTransport();
    await using mailer = createMailer(profile, { transport });
    const signer = {
      sign: () => {
        abort.abort();
        return new Promise<never>(() => {});
      },
    };
    const sending = mailer.send(
      { to: 'ann@example.com', text: 't', dkim: { ...names, signer } },
      { signal: abort.signal },
    );
    await expect(sending).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(transport.sent).toEqual([]);
  });

  it.each([
    [{ ...names, signer: new Device(rsa), publicKey: 'AAAA' }, 'dkim.publicKey: is not a public key'],
    [
      { ...names, signer: new Device(rsa), publicKey: spki(ed25519) },
      "dkim.publicKey: is a key of the kind ed25519, and algorithm is 'rsa-sha256'",
    ],
    [{ ...names, signer: new Device(rsa), privateKey: 'x' }, 'dkim.signer: cannot be combined with privateKey'],
    [{ ...names, signer: new Device(rsa), password: 'x' }, 'dkim.password: is only allowed together with privateKey'],
    [{ ...names, privateKey: 'x', publicKey: 'x' }, 'dkim.publicKey: is only allowed together with signer'],
    [{ ...names, signer: {} as never }, 'dkim.signer: expected a signer: an object with sign'],
    [{ ...names }, 'dkim.privateKey: expected a private key'],
  ])('is refused where the settings contradict each other', async (dkim, words) => {
    const error = await refusal(dkim);
    expect(error.code).toBe('ERR_MESSAGE_INVALID');
    expect(error.message).toContain(words);
  });

  it('of a profile has no JSON form', () => {
    const withSigner = { ...profile, dkim: { ...names, signer: new Device(rsa) } };
    expect(() => profileToJson(withSigner, { secrets: 'include' })).toThrow(/dkim\.signer/);
  });
});

describe('an encrypted key', () => {
  it.each([
    ['PEM', encrypted(rsa, 'pw-dkim')],
    ['PEM of an environment variable', encrypted(rsa, 'pw-dkim').replaceAll('\n', '\\n')],
    ['base64', encrypted(rsa, 'pw-dkim', 'der')],
  ])('in %s is opened by its password', async (_, privateKey) => {
    expect(await signatureOf({ ...names, privateKey, password: 'pw-dkim' })).toContain('a=rsa-sha256;');
  });

  it('is read from a file with a password from a variable', async () => {
    writeFileSync(join(folder, 'dkim.pem'), encrypted(ed25519, 'pw-dkim'));
    process.env['DOMAIN_SIGNER_PASSWORD'] = 'pw-dkim';
    const privateKey = { file: join(folder, 'dkim.pem') };
    const dkim = { ...names, privateKey, password: { env: 'DOMAIN_SIGNER_PASSWORD' } };
    expect(await signatureOf(dkim)).toContain('a=ed25519-sha256;');
    expect((await refusal(dkim, { fileAccess: { root: folder } })).message).toContain('dkim.password');
    expect((await refusal({ ...dkim, password: undefined })).message).toContain(
      'an encrypted one needs the password setting',
    );
  });

  it('may have been decrypted while its password is still set', async () => {
    const privateKey = ed25519.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(await signatureOf({ ...names, privateKey, password: 'pw-dkim' })).toContain('a=ed25519-sha256;');
  });

  it('with a wrong password ends the send, and shows neither', async () => {
    const error = await refusal({ ...names, privateKey: encrypted(rsa, 'pw-dkim'), password: 'pw-wrong' });
    expect(error.code).toBe('ERR_CERTIFICATE');
    expect(error.message).toContain('the password of the private key is wrong');
    expect(JSON.stringify(error)).not.toMatch(/pw-wrong|pw-dkim|MII/);
  });

  it('that asks for years of work is refused at once', async () => {
    const der = Buffer.from(encrypted(ed25519, 'x', 'der'), 'base64');
    // The iteration count of PBKDF2: INTEGER 2048 becomes 2147483647, of two octets more.
    const count = der.indexOf(Buffer.from('02020800', 'hex'));
    expect(count).toBeGreaterThan(0);
    const costly = Buffer.concat([der.subarray(0, count), Buffer.from('02047fffffff', 'hex'), der.subarray(count + 4)]);
    const lengthAt = (at: number): number => (der[at + 1] === 0x81 ? at + 2 : at + 1);
    for (let at = 0; at !== count;) {
      const place = lengthAt(at);
      const end = place + 1 + (der[place] ?? 0);
      if (end <= count) at = end;
      else {
        costly[place] = (der[place] ?? 0) + 2;
        at = place + 1;
      }
    }
    const error = await refusal({ ...names, privateKey: costly.toString('base64'), password: 'x' });
    expect(error.code).toBe('ERR_CERTIFICATE');
    expect(error.message).toMatch(/takes about \d+ ms of processor time/);
  });
});
