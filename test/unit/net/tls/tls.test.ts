import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { createServer, type SecureVersion, type TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import type { TlsSettings } from '../../../../src/model/settings/server.js';
import { channelBinding, endPointHash } from '../../../../src/net/tls/channel-binding.js';
import { secure, type SecuredStream } from '../../../../src/net/tls/tls.js';
import { TlsContexts } from '../../../../src/net/tls/tls-contexts.js';
import * as der from '../../../../src/util/der.js';
import { extension, issue, type IssuedCertificate, root } from '../../../support/certificates.js';
import { failure } from '../../../support/engine.js';
import { turns } from '../../../support/clock.js';

const pem = (certificate: { readonly der: Buffer }): string => new X509Certificate(certificate.der).toString();
const names = (...hosts: readonly string[]): Buffer =>
  extension(
    '2.5.29.17',
    false,
    der.sequence(
      ...hosts.map((host) =>
        /^[\d.]+$/.test(host)
          ? der.contextPrimitive(7, Buffer.from(host.split('.').map(Number)))
          : der.contextPrimitive(2, Buffer.from(host)),
      ),
    ),
  );

const ca = root('Test CA');
const leaf = (more: Partial<Parameters<typeof issue>[0]> = {}, ...hosts: readonly string[]): IssuedCertificate =>
  issue({
    subject: 'mail',
    issuer: ca,
    extensions: [names(...(hosts.length > 0 ? hosts : ['mail.test', '127.0.0.1']))],
    ...more,
  });

interface Serving {
  readonly certificate?: IssuedCertificate;
  readonly chain?: readonly IssuedCertificate[];
  readonly maxVersion?: SecureVersion;
  readonly minVersion?: SecureVersion;
}

async function serve<T>(
  serving: Serving,
  use: (port: number, server: { readonly sockets: readonly TLSSocket[] }) => Promise<T>,
): Promise<T> {
  const { certificate = leaf(), chain = [], ...versions } = serving;
  const sockets: TLSSocket[] = [];
  const key = certificate.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const server = createServer({ cert: [certificate, ...chain].map(pem).join(''), key, ...versions }, (socket) => {
    sockets.push(socket);
    socket
      .on('error', () => {})
      .resume()
      .write('220 hello\r\n');
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use((server.address() as AddressInfo).port, { sockets });
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function shake(
  port: number,
  settings: TlsSettings,
  host = 'mail.test',
  contexts = new TlsContexts(),
  signal = new AbortController().signal,
): Promise<SecuredStream> {
  const material = await contexts.get(settings);
  return await secure(connect(port, '127.0.0.1'), { host, port, settings, material }, signal);
}

const trusting = { ca: pem(ca) };

describe('TLS', () => {
  test('accepts a certificate that is for the name, from a trusted issuer', async () => {
    const certificate = leaf();
    await serve({ certificate }, async (port) => {
      const { stream, report, resumed } = await shake(port, trusting);
      expect(report).toMatchObject({
        protocol: 'TLSv1.3',
        authorized: true,
        certificate: {
          subject: 'CN=mail',
          issuer: 'CN=Test CA',
          hasPrivateKey: false,
          fingerprint: new X509Certificate(certificate.der).fingerprint256,
        },
      });
      expect(report.cipher).toMatch(/^TLS_/);
      expect(resumed).toBe(false);
      stream.destroy();
    });
  });

  test('checks addresses against addresses, and names none in SNI (RFC 6066 section 3)', async () => {
    await serve({}, async (port, { sockets }) => {
      for (const host of ['127.0.0.1', 'mail.test']) {
        const { stream } = await shake(port, trusting, host);
        await new Promise((resolve) => stream.once('data', resolve));
        await turns();
        stream.destroy();
      }
      await expect
        .poll(() => sockets.map((socket) => (socket as { servername?: unknown }).servername))
        .toEqual([false, 'mail.test']);
      await expect(failure(shake(port, trusting, '127.0.0.2'))).resolves.toMatchObject({
        code: 'ERR_TLS',
        message: expect.stringContaining('127.0.0.1'),
      });
    });
    await serve({ certificate: leaf({}, 'mail.test') }, async (port) => {
      await expect(failure(shake(port, trusting, '127.0.0.1'))).resolves.toMatchObject({ code: 'ERR_TLS' });
    });
  });

  test('checks serverName in place of the host', async () => {
    await serve({ certificate: leaf({}, 'other.test') }, async (port) => {
      (await shake(port, { ...trusting, serverName: 'other.test' })).stream.destroy();
      const error = await failure(shake(port, trusting));
      expect(error).toMatchObject({
        code: 'ERR_TLS',
        message: expect.stringMatching(/not for mail\.test but for other\.test/),
        remedy: expect.stringContaining('serverName'),
      });
    });
  });

  const selfSigned = root('alone', { keyUsage: [0, 5, 6], extensions: [names('mail.test')] });
  const intermediate = issue({ subject: 'Middle', issuer: ca, ca: true, keyUsage: [5, 6] });
  test.each([
    [
      'expired',
      { certificate: leaf({ from: new Date('2020-01-01'), to: new Date('2021-01-01') }) },
      trusting,
      /expired.*2021/,
    ],
    [
      'not valid yet',
      { certificate: leaf({ from: new Date('2090-01-01'), to: new Date('2091-01-01') }) },
      trusting,
      /not valid yet.*2090/,
    ],
    ['self-signed', { certificate: selfSigned }, trusting, /self-signed/],
    ['of an unknown issuer', {}, {}, /issuer unknown.*Test CA|Test CA.*not among the trust anchors/],
    ['of an unknown issuer that is sent along', { chain: [ca] }, {}, /ends in Test CA/],
    [
      'without its intermediate',
      { certificate: leaf({ issuer: intermediate }) },
      trusting,
      /chain is incomplete.*Middle/,
    ],
    ['for another host', { certificate: leaf({}, 'wrong.test') }, trusting, /wrong\.test/],
  ] satisfies readonly (readonly [string, Serving, TlsSettings, RegExp])[])(
    'refuses a certificate that is %s, and says so',
    async (_, serving, settings, text) => {
      await serve(serving, async (port) => {
        const error = await failure(shake(port, settings));
        expect(error).toMatchObject({
          code: 'ERR_TLS',
          phase: 'tls',
          retryable: false,
          message: expect.stringMatching(text),
          remedy: expect.any(String),
        });
        const accepted = await shake(port, { ...settings, dangerouslyAcceptAnyCertificate: true });
        expect(accepted.report.authorized).toBe(false);
        accepted.stream.destroy();
      });
    },
  );

  test('accepts a chain with its intermediate', async () => {
    await serve({ certificate: leaf({ issuer: intermediate }), chain: [intermediate] }, async (port) => {
      (await shake(port, trusting)).stream.destroy();
    });
  });

  test('takes a pinned fingerprint in place of path, name and dates', async () => {
    const certificate = root('old and alone', {
      keyUsage: [0, 5, 6],
      from: new Date('2020-01-01'),
      to: new Date('2021-01-01'),
    });
    const fingerprint = createHash('sha256').update(certificate.der).digest('hex');
    await serve({ certificate }, async (port) => {
      const colons = (fingerprint.match(/../g) ?? []).join(':').toUpperCase();
      for (const pin of [fingerprint, fingerprint.toUpperCase(), colons]) {
        const { stream, report } = await shake(port, { pinnedFingerprints: ['00'.repeat(32), pin] });
        expect(report.authorized).toBe(true);
        stream.destroy();
      }
      await expect(failure(shake(port, { pinnedFingerprints: ['00'.repeat(32)] }))).resolves.toMatchObject({
        code: 'ERR_TLS',
        message: expect.stringContaining(colons),
      });
    });
    // A pin replaces the other checks, so a valid certificate that is not pinned is refused.
    await serve({}, async (port) => {
      await expect(failure(shake(port, { ...trusting, pinnedFingerprints: [fingerprint] }))).resolves.toMatchObject({
        code: 'ERR_TLS',
        message: expect.stringContaining('pinnedFingerprints'),
      });
    });
  });

  test('resumes sessions under TLS 1.2 and 1.3, and only with the same settings (CVE-2026-8286)', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      await serve({ maxVersion: version }, async (port) => {
        const contexts = new TlsContexts();
        const once = async (settings: TlsSettings, host = 'mail.test'): Promise<boolean> => {
          const { stream, resumed, report, certificate } = await shake(port, settings, host, contexts);
          expect(report).toMatchObject({ protocol: version, authorized: true, certificate: { subject: 'CN=mail' } });
          expect(new X509Certificate(certificate).subject).toBe('CN=mail');
          // TLS 1.3 sends its tickets after the handshake.
          await new Promise((resolve) => stream.once('data', resolve));
          await turns();
          stream.destroy();
          return resumed;
        };
        expect([await once(trusting), await once(trusting), await once(trusting)]).toEqual([false, true, true]);
        expect([await once({ ...trusting }), await once(trusting, '127.0.0.1')]).toEqual([false, false]);
      });
    }
  });

  test('resumes what was not verified only where any certificate will do, and says so again', async () => {
    await serve({}, async (port) => {
      const contexts = new TlsContexts();
      const settings = { dangerouslyAcceptAnyCertificate: true };
      const seen: unknown[] = [];
      for (let i = 0; i < 2; i++) {
        const { stream, resumed, report } = await shake(port, settings, 'mail.test', contexts);
        seen.push([resumed, report.authorized, report.certificate.subject]);
        await new Promise((resolve) => stream.once('data', resolve));
        await turns();
        stream.destroy();
      }
      expect(seen).toEqual([
        [false, false, 'CN=mail'],
        [true, false, 'CN=mail'],
      ]);
      await expect(failure(shake(port, {}, 'mail.test', contexts))).resolves.toMatchObject({ code: 'ERR_TLS' });
    });
  });

  test('keeps to its versions', async () => {
    await serve({ maxVersion: 'TLSv1.2' }, async (port) => {
      await expect(failure(shake(port, { ...trusting, minVersion: 'TLSv1.3' }))).resolves.toMatchObject({
        code: 'ERR_TLS',
        message: expect.stringMatching(/version/),
      });
    });
  });

  test('works over any byte stream', async () => {
    await serve({}, async (port) => {
      const socket = connect(port, '127.0.0.1');
      const stream = Duplex.from({ readable: socket, writable: socket });
      const material = await new TlsContexts().get(trusting);
      const secured = await secure(
        stream,
        { host: 'mail.test', port, settings: trusting, material },
        new AbortController().signal,
      );
      expect(secured.report.authorized).toBe(true);
      secured.stream.destroy();
      socket.destroy();
    });
  });

  test('ends with its signal', async () => {
    const silent = (await import('node:net')).createServer((socket) => socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const controller = new AbortController();
    silent.on('connection', (socket) => socket.once('data', () => controller.abort()));
    await expect(failure(shake(port, trusting, 'mail.test', undefined, controller.signal))).resolves.toMatchObject({
      code: 'ERR_ABORTED',
    });
    await expect(failure(shake(port, trusting, 'mail.test', undefined, AbortSignal.abort()))).resolves.toMatchObject({
      code: 'ERR_ABORTED',
    });
    await new Promise((resolve) => silent.close(resolve));
  });
});

describe('trust anchors', () => {
  test('are taken as PEM, DER, base64 and files of either, one or several', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anchors-'));
    await writeFile(join(folder, 'ca.pem'), `text before\n${pem(root('Other'))}${pem(ca)}`);
    await writeFile(join(folder, 'ca.der'), ca.der);
    const forms: readonly TlsSettings['ca'][] = [
      pem(ca),
      ca.der,
      new Uint8Array(ca.der),
      { base64: ca.der.toString('base64') },
      { file: join(folder, 'ca.pem') },
      { file: join(folder, 'ca.der') },
      [pem(root('Other')), ca.der],
      Buffer.from(pem(ca)),
    ];
    await serve({}, async (port) => {
      for (const form of forms) (await shake(port, { ca: form })).stream.destroy();
    });
    await rm(folder, { recursive: true });
  });

  test.each([
    ['no PEM', 'nonsense'],
    ['no certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
    ['broken DER', new Uint8Array([0x30, 0x03, 1])],
    ['no file', { file: '/nonexistent/ca.pem' }],
  ] as const)('that cannot be read (%s) are ERR_CERTIFICATE', async (_, data) => {
    await expect(failure(new TlsContexts().get({ ca: data }))).resolves.toMatchObject({
      code: 'ERR_CERTIFICATE',
      message: expect.stringContaining('server.tls.ca'),
    });
  });

  test('of the system need a Node that can read them', async () => {
    const known = 'getCACertificates' in (await import('node:tls'));
    const material = new TlsContexts().get({ useSystemCa: true });
    if (known) await expect(material).resolves.toBeDefined();
    else
      await expect(failure(material)).resolves.toMatchObject({
        code: 'ERR_PROFILE_INVALID',
        problems: [{ path: 'server.tls.useSystemCa', message: expect.stringContaining('22.15') }],
      });
  });
});

describe('contexts', () => {
  test('are one for each settings', async () => {
    const contexts = new TlsContexts();
    const settings = { ca: pem(ca) };
    const [first, second, other] = await Promise.all([
      contexts.get(settings),
      contexts.get(settings),
      contexts.get({ ...settings }),
    ]);
    expect(first).toBe(second);
    expect(other).not.toBe(first);
  });
  test('that failed are made anew', async () => {
    const contexts = new TlsContexts();
    const settings = { clientCertificate: { file: 'x' } };
    await failure(contexts.get(settings));
    const keys = leaf();
    const load = () =>
      Promise.resolve({ cert: pem(keys), key: keys.privateKey.export({ type: 'pkcs8', format: 'der' }) });
    await expect(contexts.get(settings, load)).resolves.toBeDefined();
  });
  test('refuse ciphers that OpenSSL does not know, and a key of another certificate', async () => {
    await expect(failure(new TlsContexts().get({ ciphers: 'NONSENSE' }))).resolves.toMatchObject({
      code: 'ERR_PROFILE_INVALID',
      problems: [expect.objectContaining({ path: 'server.tls.ciphers' })],
    });
    const load = () =>
      Promise.resolve({ cert: pem(leaf()), key: leaf().privateKey.export({ type: 'pkcs8', format: 'der' }) });
    await expect(failure(new TlsContexts().get({ clientCertificate: { file: 'x' } }, load))).resolves.toMatchObject({
      code: 'ERR_CERTIFICATE',
    });
  });
});

describe('channel bindings', () => {
  test('are the same on both sides: tls-exporter (RFC 9266), tls-server-end-point (RFC 5929)', async () => {
    const certificate = leaf();
    await serve({ certificate }, async (port, { sockets }) => {
      const { stream, certificate: shown } = await shake(port, trusting);
      await expect.poll(() => sockets.length).toBe(1);
      const exported = sockets[0]?.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
      expect(channelBinding(stream, shown, 'tls-exporter')?.data).toEqual(exported);
      expect(channelBinding(stream, shown, 'tls-server-end-point')).toEqual({
        type: 'tls-server-end-point',
        data: createHash('sha256').update(certificate.der).digest(),
      });
      stream.destroy();
    });
    await serve({ maxVersion: 'TLSv1.2' }, async (port) => {
      const { stream, certificate: shown } = await shake(port, trusting);
      expect(channelBinding(stream, shown, 'tls-exporter')).toBeUndefined();
      stream.destroy();
    });
  });

  const withAlgorithm = (...parts: readonly Buffer[]): Buffer =>
    der.sequence(der.sequence(), der.sequence(...parts), der.bitString(Buffer.of(0)));
  const pssWith = (hash?: string): Buffer =>
    withAlgorithm(
      der.oid('1.2.840.113549.1.1.10'),
      der.sequence(...(hash === undefined ? [] : [der.context(0, der.sequence(der.oid(hash)))])),
    );
  test.each([
    ['MD5 with RSA', withAlgorithm(der.oid('1.2.840.113549.1.1.4')), 'sha256'],
    ['SHA-1 with RSA', withAlgorithm(der.oid('1.2.840.113549.1.1.5'), der.nullElement()), 'sha256'],
    ['SHA-384 with RSA', withAlgorithm(der.oid('1.2.840.113549.1.1.12'), der.nullElement()), 'sha384'],
    ['SHA-512 with ECDSA', withAlgorithm(der.oid('1.2.840.10045.4.3.4')), 'sha512'],
    ['PSS with SHA-512', pssWith('2.16.840.1.101.3.4.2.3'), 'sha512'],
    ['PSS with its default SHA-1', pssWith(), 'sha256'],
    ['Ed25519, which has none', withAlgorithm(der.oid('1.3.101.112')), undefined],
    ['no certificate', Buffer.of(1, 2, 3), undefined],
    ['nothing', Buffer.alloc(0), undefined],
  ])('hash a certificate signed by %s as RFC 5929 section 4.1 says', (_, certificate, hash) => {
    expect(endPointHash(certificate)).toBe(hash);
  });
});
