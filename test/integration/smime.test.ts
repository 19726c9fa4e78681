import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEmailError, createMailer } from '../../src/index.js';
import type {
  CertificateSource,
  CertificateStore,
  EmailError,
  EmailProfile,
  MailMessage,
  ProfileStore,
  SmimeSettings,
} from '../../src/index.js';
import { readCertificateIds } from '../support/recipient-infos.js';
import { decrypt, loadCertificate, verify } from '../../src/smime.js';
import { createTestIdentities, MemoryTransport, TestSmtpServer } from '../../src/testing.js';
import type { TestIdentity } from '../../src/testing.js';

const { ca, identities } = createTestIdentities(
  'ann@example.com',
  'bob@example.org',
  'eve@example.org',
  'zoe@example.org',
);
const identity = (address: string): TestIdentity => identities.get(address) as TestIdentity;
const ann = identity('ann@example.com');
const bob = identity('bob@example.org');
const folder = mkdtempSync(join(tmpdir(), 'smime-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const [address, { certificate }] of identities)
  if (address !== 'ann@example.com') writeFileSync(join(folder, `${address}.pem`), certificate);

const sign = { certificate: { data: ann.certificate, key: ann.key } };
const encrypt = { certificates: { directory: folder } };
const message: MailMessage = {
  to: 'bob@example.org',
  subject: 'secret subject',
  text: 'the text',
  attachments: [{ filename: 'a.bin', content: Buffer.alloc(5000, 1) }],
};

function setUp(smime: SmimeSettings, profile: Partial<EmailProfile> = {}, profileStore?: ProfileStore) {
  const transport = new MemoryTransport();
  const mailer = createMailer(
    {
      name: 'p',
      sender: { name: 'Ann', email: 'ann@example.com' },
      server: { host: 'mail.example.com' },
      smime,
      ...profile,
    },
    { transport, ...(profileStore ? { profileStore } : {}) },
  );
  return { transport, mailer };
}
const derOf = (pem: string): Buffer => new X509Certificate(pem).raw;
const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('utf8');
const openWith = (address: string, content: Uint8Array | undefined) =>
  decrypt(content ?? new Uint8Array(), { data: identity(address).certificate, key: identity(address).key });

describe('sendTestEmail()', () => {
  it('signs and encrypts where the profile does, in text and HTML', async () => {
    const { transport, mailer } = setUp({ sign, encrypt });
    await mailer.sendTestEmail('bob@example.org');
    const [sent] = transport.sent;
    const content = sent?.content;
    expect(sent?.envelope.to).toEqual(['bob@example.org']);
    expect(textOf(content)).toContain('application/pkcs7-mime');
    expect(textOf(content)).not.toContain('mail.example.com');
    const opened = await openWith('bob@example.org', content);
    const { signatures, content: inner } = await verify(opened.content, { trustAnchors: [ca] });
    expect(signatures).toMatchObject([{ valid: true, trusted: true, signer: { emails: ['ann@example.com'] } }]);
    const text = textOf(inner);
    for (const part of ['multipart/alternative', 'text/plain', 'text/html', 'Profile: p', 'Server: mail.example.com'])
      expect(text).toContain(part);
  });
});

describe('a profile that signs', () => {
  it.each(['detached', 'opaque'] as const)('signs %s, and what arrives verifies', async (format) => {
    const { transport, mailer } = setUp({ sign: { ...sign, format } });
    await mailer.send(message);
    const { signatures, content } = await verify(transport.sent[0]?.content ?? new Uint8Array(), {
      trustAnchors: [ca],
    });
    expect(signatures).toMatchObject([
      { valid: true, trusted: true, signer: { emails: ['ann@example.com'] }, hashAlgorithm: 'sha256' },
    ]);
    expect(textOf(content)).toContain('the text');
    expect(transport.sent[0]?.headers['subject']).toEqual(['secret subject']);
  });

  it('does not where the message says so', async () => {
    const { transport, mailer } = setUp({ sign });
    await mailer.send({ ...message, smime: { sign: false } });
    await expect(verify(transport.sent[0]?.content ?? new Uint8Array())).rejects.toMatchObject({ code: 'ERR_SMIME' });
  });

  it('warns where the certificate is for neither From nor Sender (RFC 8550 section 3)', async () => {
    const { mailer } = setUp({ sign: { certificate: { data: bob.certificate, key: bob.key } } });
    const mismatch = {
      code: 'WARN_CERTIFICATE_ADDRESS',
      message: expect.stringContaining('bob@example.org') as string,
    };
    expect((await mailer.send(message)).warnings).toMatchObject([mismatch]);
    expect((await mailer.send({ ...message, from: 'bob@example.org' })).warnings).toEqual([]);
    expect((await mailer.send({ ...message, sender: 'bob@example.org' })).warnings).toEqual([]);
    expect((await mailer.send({ ...message, smime: { sign: false } })).warnings).toEqual([]);
    expect(await mailer.testSigning()).toMatchObject({ ok: true, problems: [{ code: 'ADDRESS_MISMATCH' }] });
  });

  it('refuses HP-Outer fields of a message where the header is protected (RFC 9788)', async () => {
    const forged = { ...message, headers: { 'hp-outer': 'Subject: another' } };
    for (const headerProtection of ['protect', 'hide-subject'] as const) {
      for (const smime of [{ sign }, { encrypt }, { sign, encrypt }]) {
        const { transport, mailer } = setUp({ ...smime, headerProtection });
        await expect(mailer.send(forged)).rejects.toMatchObject({
          code: 'ERR_MESSAGE_INVALID',
          message: expect.stringContaining('HP-Outer') as string,
        });
        expect(transport.sent).toEqual([]);
      }
    }
    const { transport, mailer } = setUp({ sign });
    await mailer.send(forged);
    expect(transport.sent).toHaveLength(1);
  });

  it('streams what is streamed', async () => {
    const { transport, mailer } = setUp({ sign });
    async function* large(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 40; i++) yield Buffer.alloc(60_000, i);
    }
    await mailer.send({ ...message, attachments: [{ filename: 'large', content: large() }] });
    const { signatures } = await verify(transport.sent[0]?.content ?? new Uint8Array(), { trustAnchors: [ca] });
    expect(signatures).toMatchObject([{ valid: true }]);
    expect(transport.sent[0]?.content.length).toBeGreaterThan(3_200_000);
  });

  it('refuses a finished message unless told not to sign it', async () => {
    const { transport, mailer } = setUp({ sign });
    const raw = 'From: ann@example.com\r\n\r\nx';
    await expect(mailer.send({ to: 'b@example.org', raw })).rejects.toMatchObject({
      code: 'ERR_MESSAGE_INVALID',
      problems: [{ path: 'raw' }],
    });
    await mailer.send({ to: 'b@example.org', raw, smime: { sign: false } });
    expect(transport.sent).toHaveLength(1);
  });

  it('without a key, or with a broken certificate, sends nothing and says why', async () => {
    for (const certificate of [
      { data: ann.certificate },
      { data: 'no certificate' },
      { data: ann.certificate, key: bob.key },
      { file: join(folder, 'none.p12') },
    ] as { data?: string; key?: string; file?: string }[]) {
      const { transport, mailer } = setUp({ sign: { certificate: certificate as CertificateSource } });
      await expect(mailer.send(message)).rejects.toMatchObject({
        code: 'ERR_CERTIFICATE',
        delivery: 'not-delivered',
        message: expect.stringContaining('smime.sign.certificate') as string,
      });
      expect(transport.sent).toHaveLength(0);
      const report = await mailer.testSigning();
      expect(report).toMatchObject({
        ok: false,
        problems: [
          {
            severity: 'error',
            code:
              certificate.data === ann.certificate && !('key' in certificate)
                ? 'KEY_MISSING'
                : 'CERTIFICATE_NOT_LOADED',
          },
        ],
      });
    }
  });
});

describe('a profile that encrypts', () => {
  it('gives each recipient a message that he can read', async () => {
    const { transport, mailer } = setUp({ encrypt });
    await mailer.send({ ...message, to: ['bob@example.org', 'Zoe <ZOE@example.org>'] });
    for (const address of ['bob@example.org', 'zoe@example.org']) {
      const { content, algorithm } = await openWith(address, transport.sent[0]?.content);
      expect(algorithm).toBe('aes-256-cbc');
      expect(textOf(content)).toContain('the text');
    }
    await expect(openWith('eve@example.org', transport.sent[0]?.content)).rejects.toMatchObject({ code: 'ERR_SMIME' });
    expect(textOf(transport.sent[0]?.content)).not.toContain('the text');
  });

  it('sends blind copies apart, so that no recipient info tells of them', async () => {
    const { transport, mailer } = setUp({ encrypt });
    const result = await mailer.send({ ...message, bcc: ['eve@example.org', 'zoe@example.org'] });
    expect(result.accepted).toEqual(['bob@example.org', 'eve@example.org', 'zoe@example.org']);
    expect(result.transactions).toHaveLength(3);
    expect(transport.sent.map(({ envelope }) => envelope.to)).toEqual([
      ['bob@example.org'],
      ['eve@example.org'],
      ['zoe@example.org'],
    ]);
    for (const { content, envelope } of transport.sent) {
      expect(readCertificateIds(content)).toHaveLength(1);
      expect(textOf((await openWith(envelope.to[0] ?? '', content)).content)).toContain('the text');
    }
    await expect(openWith('eve@example.org', transport.sent[0]?.content)).rejects.toThrow();
  });

  it('says partly-delivered where a blind copy fails, and rejected where its recipient is refused', async () => {
    const { transport, mailer } = setUp({ encrypt });
    transport.rejectRecipient('eve@example.org');
    const result = await mailer.send({ ...message, bcc: 'eve@example.org' });
    expect(result).toMatchObject({ accepted: ['bob@example.org'], rejected: [{ recipient: 'eve@example.org' }] });
    await expect(
      mailer.send({ ...message, bcc: 'eve@example.org' }, { requireAllRecipients: true }),
    ).rejects.toMatchObject({ delivery: 'partly-delivered', retryable: false });
  });

  it.each([
    [1, 'not-delivered', 'not-delivered', undefined],
    [1, 'unknown', 'unknown', ['bob: sent without a reply: may have it', 'eve: not sent', 'zoe: not sent']],
    [2, 'not-delivered', 'partly-delivered', ['eve: not sent', 'zoe: not sent']],
    [2, 'unknown', 'unknown', ['eve: sent without a reply: may have it', 'zoe: not sent']],
    [3, 'unknown', 'unknown', ['zoe: sent without a reply: may have it']],
  ] as const)(
    'of which copy %i fails as %s is %s, and says who does not have it for certain',
    async (failing, part, delivery, recipients) => {
      const { transport, mailer } = setUp({ encrypt });
      const send = transport.send.bind(transport);
      let calls = 0;
      transport.send = (...given) =>
        ++calls === failing
          ? Promise.reject(createEmailError('ERR_CONNECT', 'lost', { delivery: part }))
          : send(...given);
      const error = await mailer
        .send({ ...message, bcc: ['eve@example.org', 'zoe@example.org'] })
        .catch((cause: unknown) => cause as EmailError);
      expect(error).toMatchObject({ code: 'ERR_CONNECT', delivery, retryable: false });
      expect(
        (error as EmailError).recipients?.map(({ recipient, reason }) => `${recipient.split('@')[0]}: ${reason}`),
      ).toEqual(recipients);
    },
  );

  it('refuses to send where anybody has no certificate, and names all of them', async () => {
    const { transport, mailer } = setUp({ encrypt });
    await expect(
      mailer.send({ ...message, to: ['bob@example.org', 'one@example.org'], bcc: 'two@example.org' }),
    ).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE_MISSING',
      delivery: 'not-delivered',
      recipients: [{ recipient: 'one@example.org' }, { recipient: 'two@example.org' }],
    });
    expect(transport.sent).toHaveLength(0);
  });

  it('leaves them out where it is told to, with a warning, and never sends plain text', async () => {
    const { transport, mailer } = setUp({ encrypt: { ...encrypt, onMissingCertificate: 'drop-recipient' } });
    const result = await mailer.send({ ...message, to: ['bob@example.org', 'one@example.org'] });
    expect(result.accepted).toEqual(['bob@example.org']);
    expect(result.warnings.map(({ code }) => code)).toContain('WARN_RECIPIENT_DROPPED');
    await expect(mailer.send({ ...message, to: 'one@example.org' })).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE_MISSING',
    });
    expect(transport.sent).toHaveLength(1);
  });

  it('encrypts to the sender too, where it is told to', async () => {
    const { transport, mailer } = setUp({ encrypt: { ...encrypt, encryptToSelf: { data: ann.certificate } } });
    await mailer.send(message);
    expect(textOf((await openWith('ann@example.com', transport.sent[0]?.content)).content)).toContain('the text');
  });

  it('asks a function for certificates, and names the function that fails', async () => {
    const { transport, mailer } = setUp({
      encrypt: { certificates: (address) => (address === 'bob@example.org' ? [bob.certificate] : []) },
    });
    await mailer.send(message);
    expect(textOf((await openWith('bob@example.org', transport.sent[0]?.content)).content)).toContain('the text');
    const broken = setUp({ encrypt: { certificates: () => Promise.reject(new Error('directory down')) } });
    await expect(broken.mailer.send(message)).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE_MISSING',
      message: expect.stringContaining('directory down') as string,
    });
  });

  it.each(['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'aes-128-gcm', 'aes-256-gcm', 'des-ede3-cbc'] as const)(
    'uses %s',
    async (algorithm) => {
      const { transport, mailer } = setUp({ encrypt: { ...encrypt, algorithm } });
      await mailer.send(message);
      expect((await openWith('bob@example.org', transport.sent[0]?.content)).algorithm).toBe(algorithm);
    },
  );
});

describe('a profile that does both', () => {
  it('signs, then encrypts (RFC 8551 section 3.7)', async () => {
    const { transport, mailer } = setUp({ sign, encrypt });
    await mailer.send(message);
    const { content } = await openWith('bob@example.org', transport.sent[0]?.content);
    expect(textOf(content)).toMatch(/^Content-Type: multipart\/signed/);
    expect((await verify(content, { trustAnchors: [ca] })).signatures).toMatchObject([{ valid: true, trusted: true }]);
  });

  it('protects the header, and hides the subject (RFC 9788)', async () => {
    const { transport, mailer } = setUp({ sign, encrypt, headerProtection: 'hide-subject' });
    await mailer.send(message);
    expect(transport.sent[0]?.headers['subject']).toEqual(['[...]']);
    const { content } = await verify((await openWith('bob@example.org', transport.sent[0]?.content)).content);
    expect(textOf(content)).toMatch(/^Subject: secret subject\r$/m);
    expect(textOf(content)).toMatch(/hp="cipher"/);
    expect(textOf(content)).toMatch(/^HP-Outer: Subject: \[\.\.\.\]\r$/m);
  });

  it('leaves the protected header visible where it only signs', async () => {
    const { transport, mailer } = setUp({ sign, headerProtection: 'hide-subject' });
    await mailer.send(message);
    expect(transport.sent[0]?.headers['subject']).toEqual(['secret subject']);
    expect(textOf((await verify(transport.sent[0]?.content ?? new Uint8Array())).content)).toMatch(/hp="clear"/);
  });
});

describe('testSigning and testEncryption', () => {
  it('say that all is well, and of which certificates', async () => {
    const { mailer } = setUp({ sign, encrypt });
    expect(await mailer.testSigning()).toMatchObject({
      ok: true,
      certificates: [{ emails: ['ann@example.com'], hasPrivateKey: true }],
      problems: [],
    });
    expect(await mailer.testEncryption(['bob@example.org', 'Zoe <zoe@example.org>'])).toMatchObject({
      ok: true,
      missing: [],
      certificates: [{}, {}],
    });
  });

  it('name everyone without a certificate, and an address that does not match', async () => {
    const { mailer } = setUp({ sign: { certificate: { data: bob.certificate, key: bob.key } }, encrypt });
    expect(await mailer.testEncryption(['bob@example.org', 'one@example.org', 'two@example.org'])).toMatchObject({
      ok: false,
      missing: ['one@example.org', 'two@example.org'],
    });
    expect(await mailer.testSigning()).toMatchObject({
      ok: true,
      problems: [{ severity: 'warning', code: 'ADDRESS_MISMATCH' }],
    });
  });

  it('report that there are no settings', async () => {
    const { mailer } = setUp({});
    const signing = await mailer.testSigning();
    expect(signing).toMatchObject({ ok: false, problems: [{ severity: 'error', code: 'SETTINGS_MISSING' }] });
    expect(String(signing)).toContain('Set smime.sign.certificate in the profile.');
    const encryption = await mailer.testEncryption('bob@example.org');
    expect(encryption).toMatchObject({
      ok: false,
      missing: ['bob@example.org'],
      problems: [{ severity: 'error', code: 'SETTINGS_MISSING' }],
    });
    expect(String(encryption)).toContain('Set smime.encrypt.certificates in the profile.');
  });
});

describe('cache: true', () => {
  function memoryStore(): ProfileStore & { readonly kept: Map<string, Uint8Array> } {
    const kept = new Map<string, Uint8Array>();
    const absent = (): never => {
      throw new Error('not used');
    };
    return {
      kept,
      loadCached: (profile, slot) => Promise.resolve(kept.get(`${profile}/${slot}`)),
      saveCached: (profile, slot, data) => {
        if (data) kept.set(`${profile}/${slot}`, data);
        else kept.delete(`${profile}/${slot}`);
        return Promise.resolve();
      },
      list: absent, get: absent, save: absent, delete: absent, rename: absent, activate: absent, active: absent, loadTokens: absent, saveTokens: absent,
    }; // prettier-ignore
  }

  it('keeps the certificates, and uses them where the files are out of reach', async () => {
    const store = memoryStore();
    const file = join(folder, 'ann-with-key.txt');
    const bundle = join(folder, 'bundle.txt');
    writeFileSync(file, ann.certificate + ann.key);
    writeFileSync(bundle, bob.certificate + identity('zoe@example.org').certificate);
    const smime: SmimeSettings = {
      sign: { certificate: { file, cache: true } },
      encrypt: { certificates: { file: bundle, cache: true } },
    };
    await setUp(smime, {}, store).mailer.send(message);
    expect([...store.kept.keys()].sort()).toEqual(['p/smime.encrypt.certificates', 'p/smime.sign.certificate']);
    rmSync(file);
    rmSync(bundle);
    const { transport, mailer } = setUp(smime, {}, store);
    await mailer.send({ ...message, to: ['bob@example.org', 'zoe@example.org'] });
    for (const address of ['bob@example.org', 'zoe@example.org']) {
      expect(
        (await verify((await openWith(address, transport.sent[0]?.content)).content, { trustAnchors: [ca] }))
          .signatures,
      ).toMatchObject([{ valid: true }]);
    }
    expect(await mailer.testSigning()).toMatchObject({
      ok: false,
      problems: [{ code: 'CERTIFICATE_NOT_LOADED', message: expect.stringContaining('ann-with-key.txt') as string }],
    });
  });

  it('is ERR_PROFILE_INVALID without a store, and ERR_STORE where the store fails', async () => {
    const smime: SmimeSettings = { sign: { certificate: { ...sign.certificate, cache: true } } };
    expect(() => setUp(smime)).toThrowError(expect.objectContaining({ code: 'ERR_PROFILE_INVALID' }) as Error);
    const broken = { ...memoryStore(), loadCached: () => Promise.reject(new Error('database gone')) };
    await expect(setUp(smime, {}, broken).mailer.send(message)).rejects.toMatchObject({
      code: 'ERR_STORE',
      message: expect.stringContaining('database gone') as string,
    });
  });

  it('is made anew by the test functions, encryptToSelf and TLS client certificates included', async () => {
    const store = memoryStore();
    const file = join(folder, 'own.txt');
    const put = ({ certificate, key }: TestIdentity): void => writeFileSync(file, certificate + key);
    const kept = (slot: string, { certificate }: TestIdentity): boolean =>
      Buffer.from(store.kept.get(`p/${slot}`) ?? []).includes(derOf(certificate));
    await using server = await TestSmtpServer.start({ security: 'implicit' });
    const source: CertificateSource = { file, cache: true };
    const profile: EmailProfile = {
      name: 'p',
      sender: { email: 'ann@example.com' },
      server: {
        host: server.host,
        port: server.port,
        security: 'implicit',
        tls: { ca: server.ca, clientCertificate: source },
      },
      smime: { encrypt: { ...encrypt, encryptToSelf: source } },
    };
    await using mailer = createMailer(profile, { profileStore: store });
    put(ann);
    await mailer.send(message);
    put(bob);
    await mailer.send(message);
    for (const slot of ['server.tls.clientCertificate', 'smime.encrypt.encryptToSelf'])
      expect([slot, kept(slot, ann)]).toEqual([slot, true]);
    expect((await mailer.testConnection()).ok).toBe(true);
    expect((await mailer.testEncryption('zoe@example.org')).ok).toBe(true);
    for (const slot of ['server.tls.clientCertificate', 'smime.encrypt.encryptToSelf'])
      expect([slot, kept(slot, bob)]).toEqual([slot, true]);
    rmSync(file);
    expect(await mailer.testConnection()).toMatchObject({ ok: false });
    expect(await mailer.testEncryption('zoe@example.org')).toMatchObject({
      ok: false,
      problems: [{ code: 'CERTIFICATE_NOT_LOADED' }],
    });
    await mailer.send(message);
  });
});

describe('the certificates of the sender', () => {
  it('are read once for all messages', async () => {
    let loads = 0;
    const store: CertificateStore = {
      list: () => Promise.resolve([]),
      load: () => (loads++, loadCertificate({ data: ann.certificate, key: ann.key })),
    };
    const source: CertificateSource = { store, select: { alias: 'x' } };
    const { mailer } = setUp({ sign: { certificate: source }, encrypt: { ...encrypt, encryptToSelf: source } });
    await Promise.all([mailer.send(message), mailer.send(message)]);
    await mailer.send(message);
    expect(loads).toBe(2);
    await mailer.testEncryption('bob@example.org');
    await mailer.send(message);
    expect(loads).toBe(4);
  });
});
