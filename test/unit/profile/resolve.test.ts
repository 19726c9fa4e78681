import { describe, expect, it } from 'vitest';
import { isEmailError } from '../../../src/errors/email-error.js';
import type { ProxySettings } from '../../../src/model/settings/proxy.js';
import {
  resolveEncrypt,
  resolvePool,
  resolveProxy,
  resolveServer,
  resolveSign,
  resolveSmime,
  resolveTimeouts,
} from '../../../src/profile/resolve.js';

describe('resolveServer', () => {
  it('fills in every default', () => {
    expect(resolveServer({ host: 'mail.example.com' })).toEqual({
      host: 'mail.example.com',
      port: 25,
      security: 'automatic',
      protocol: 'smtp',
      localName: undefined,
      localAddress: undefined,
      timeouts: {
        connectMs: 30_000,
        greetingMs: 60_000,
        replyMs: 300_000,
        stallMs: 60_000,
        acceptanceMs: 600_000,
        totalMs: 0,
      },
      tls: { minVersion: 'TLSv1.2' },
      maxRecipients: undefined,
      ignoreExtensions: new Set(),
    });
  });

  it('takes keywords of EHLO in any case', () => {
    expect(resolveServer({ host: 'h', ignoreExtensions: ['chunking', 'BinaryMime'] }).ignoreExtensions).toEqual(
      new Set(['CHUNKING', 'BINARYMIME']),
    );
  });

  it.each([
    ['implicit', 465],
    ['explicit', 25],
    ['none', 25],
    ['automatic', 25],
  ] as const)("takes for security '%s' port %d, and a given port before it", (security, port) => {
    expect(resolveServer({ host: 'h', security }).port).toBe(port);
    expect(resolveServer({ host: 'h', security, port: 2525 }).port).toBe(2525);
  });

  it('keeps what was given, an explicit 0 too', () => {
    const zero = { connectMs: 0, greetingMs: 0, replyMs: 0, stallMs: 0, acceptanceMs: 0, totalMs: 0 };
    expect(resolveServer({ host: 'h', timeouts: zero, tls: { minVersion: 'TLSv1.3', ciphers: 'HIGH' } })).toMatchObject(
      {
        timeouts: zero,
        tls: { minVersion: 'TLSv1.3', ciphers: 'HIGH' },
      },
    );
    expect(resolveTimeouts({ replyMs: undefined }).replyMs).toBe(300_000);
  });

  it.each([
    ['MAIL.Example.COM', 'mail.example.com'],
    ['mail.Bücher.example', 'mail.xn--bcher-kva.example'],
    ['mail.straße.example', 'mail.xn--strae-oqa.example'],
    ['2001:DB8::1', '2001:db8::1'],
    ['192.0.2.1', '192.0.2.1'],
  ])('gives the host %s as the name service wants it', (host, expected) => {
    expect(resolveServer({ host }).host).toBe(expected);
  });

  it('gives an EHLO name in ASCII, and an address literal as it is', () => {
    expect(resolveServer({ host: 'h', localName: 'bücher.example' }).localName).toBe('xn--bcher-kva.example');
    expect(resolveServer({ host: 'h', localName: '[IPv6:2001:db8::1]' }).localName).toBe('[IPv6:2001:db8::1]');
  });
});

describe('resolvePool', () => {
  it('fills in every default and keeps an explicit 0', () => {
    expect(resolvePool()).toEqual({
      maxConnections: 3,
      maxMessagesPerConnection: 0,
      idleTimeoutMs: 30_000,
      maxAgeMs: 0,
      messagesInFlight: 1,
      rateLimit: undefined,
    });
    expect(resolvePool({ idleTimeoutMs: 0, maxConnections: 1, rateLimit: { messages: 1, perMs: 2 } })).toMatchObject({
      idleTimeoutMs: 0,
      maxConnections: 1,
      rateLimit: { messages: 1, perMs: 2 },
    });
  });
});

describe('resolveSmime', () => {
  const certificate = { file: 'me.p12' };

  it('fills in every default', () => {
    expect(resolveSmime()).toEqual({ sign: undefined, encrypt: undefined, headerProtection: 'none' });
    expect(resolveSmime({ sign: { certificate }, encrypt: { certificates: certificate } })).toEqual({
      sign: { certificate, hashAlgorithm: 'sha256', scheme: 'pkcs1', includeCertificate: true, format: 'detached' },
      encrypt: {
        certificates: certificate,
        algorithm: 'aes-256-cbc',
        keyTransport: 'pkcs1',
        onMissingCertificate: 'refuse',
      },
      headerProtection: 'none',
    });
  });

  it('keeps what was given, false too', () => {
    expect(resolveSign({ certificate, includeCertificate: false, format: 'opaque' })).toMatchObject({
      includeCertificate: false,
      format: 'opaque',
    });
    expect(resolveEncrypt({ certificates: [], onMissingCertificate: 'drop-recipient' }).onMissingCertificate).toBe(
      'drop-recipient',
    );
  });
});

describe('resolveProxy', () => {
  it('is direct without settings, and passes on what is to be found out', () => {
    expect(resolveProxy()).toBeUndefined();
    expect(resolveProxy('none')).toBeUndefined();
    expect(resolveProxy('auto')).toEqual({ type: 'auto' });
    expect(resolveProxy({ type: 'auto', username: 'a' })).toEqual({ type: 'auto', username: 'a' });
  });

  it.each<[ProxySettings, object]>([
    ['http://proxy', { type: 'http-connect', host: 'proxy', port: 80, resolve: 'proxy', tls: undefined }],
    [
      'https://proxy',
      { type: 'http-connect', host: 'proxy', port: 443, resolve: 'proxy', tls: { minVersion: 'TLSv1.2' } },
    ],
    [
      'HTTPS://Proxy:8443/' as 'https://x',
      { type: 'http-connect', host: 'proxy', port: 8443, resolve: 'proxy', tls: { minVersion: 'TLSv1.2' } },
    ],
    [
      'socks4://id@proxy',
      { type: 'socks4', host: 'proxy', port: 1080, username: 'id', resolve: 'local', tls: undefined },
    ],
    ['socks5h://proxy', { type: 'socks5', host: 'proxy', port: 1080, resolve: 'proxy', tls: undefined }],
    ['socks4a://proxy:9', { type: 'socks4a', host: 'proxy', port: 9, resolve: 'proxy', tls: undefined }],
    [
      'socks5://us%40er:p%3Aa%2Fss:x@[2001:db8::1]:1081',
      {
        type: 'socks5',
        host: '2001:db8::1',
        port: 1081,
        username: 'us@er',
        password: 'p:a/ss:x',
        resolve: 'proxy',
        tls: undefined,
      },
    ],
    [
      'http://u:@proxy',
      { type: 'http-connect', host: 'proxy', port: 80, username: 'u', resolve: 'proxy', tls: undefined },
    ],
    [
      { type: 'http-connect', host: 'p', tls: true },
      { type: 'http-connect', host: 'p', port: 443, resolve: 'proxy', tls: { minVersion: 'TLSv1.2' } },
    ],
    [
      { type: 'http-connect', host: 'p', tls: false },
      { type: 'http-connect', host: 'p', port: 80, resolve: 'proxy', tls: undefined },
    ],
    [
      { type: 'http-connect', host: 'p', tls: { serverName: 'x' } },
      { type: 'http-connect', host: 'p', port: 443, resolve: 'proxy', tls: { serverName: 'x', minVersion: 'TLSv1.2' } },
    ],
    [
      { type: 'socks5', host: 'p', resolve: 'local' },
      { type: 'socks5', host: 'p', port: 1080, resolve: 'local', tls: undefined },
    ],
  ])('fills in the defaults of %j', (proxy, expected) => {
    expect(resolveProxy(proxy)).toEqual(expected);
  });

  it('throws ERR_PROFILE_INVALID for text that is no proxy, without repeating it', () => {
    let thrown: unknown;
    try {
      resolveProxy('http://user:hunter2@a b:x' as ProxySettings);
    } catch (error) {
      thrown = error;
    }
    expect(isEmailError(thrown) && thrown.code).toBe('ERR_PROFILE_INVALID');
    expect(String(thrown)).not.toContain('hunter2');
  });
});
