/**
 * The other servers that a send may need (proxies, KDC, directory, token endpoint, syslog) misbehave in every way. The
 * send fails with the code of that service or succeeds without it, before 1 MiB was read, and in the same way however
 * the bytes are cut.
 * @module
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMailer, isEmailError } from '../../src/index.js';
import type { EmailProfile } from '../../src/index.js';
import { TestSmtpServer } from '../../src/testing.js';
import { fuzzSeconds, random, seedOfRun } from '../support/random.js';
import { type Cut, type Peer, startScriptedServer } from '../support/scripted-server.js';

const next = random(seedOfRun);
const scratch = mkdtempSync(join(tmpdir(), 'sealpost-services-'));
const krb5ConfFile = join(scratch, 'krb5.conf');
writeFileSync(krb5ConfFile, '[libdefaults]\n default_realm = EXAMPLE.TEST\n dns_lookup_kdc = false\n');
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let smtp: TestSmtpServer;
/** Offers the mechanisms that the services need. No exchange reaches its end. */
let smtpWithAuth: TestSmtpServer;
beforeAll(async () => {
  smtp = await TestSmtpServer.start({ security: 'none' });
  smtpWithAuth = await TestSmtpServer.start({
    security: 'none',
    replies: (verb) => (verb === 'EHLO' ? '250-x\r\n250 AUTH GSSAPI XOAUTH2' : undefined),
  });
});
afterAll(() => Promise.all([smtp.close(), smtpWithAuth.close()]));

interface Service {
  /** The code of the send's error; 'sent' if the send does not need the service. */
  readonly code: string;
  readonly withAuth?: boolean;
  /** The beginning of an endless answer. */
  readonly begin?: string;
  readonly settings: (port: number) => Partial<EmailProfile>;
}

const services: Readonly<Record<string, Service>> = {
  'SOCKS 5 proxy': {
    code: 'ERR_PROXY',
    begin: '\x05\x02\x01\0\x05\0\0\x03\x7f',
    settings: (port) => ({ proxy: `socks5://me:secret@127.0.0.1:${port}` }),
  },
  'SOCKS 4a proxy': { code: 'ERR_PROXY', begin: '\0Z', settings: (port) => ({ proxy: `socks4a://127.0.0.1:${port}` }) },
  'HTTP proxy': {
    code: 'ERR_PROXY',
    begin: 'HTTP/1.1 200 OK\r\nX: ',
    settings: (port) => ({ proxy: `http://me:secret@127.0.0.1:${port}` }),
  },
  'HTTPS proxy': {
    code: 'ERR_PROXY',
    begin: '\x16\x03\x03\x40\0',
    settings: (port) => ({ proxy: `https://me:secret@127.0.0.1:${port}` }),
  },
  KDC: {
    code: 'ERR_KERBEROS',
    begin: '\0\0\x0f\x7f',
    withAuth: true,
    settings: (port) => ({
      authentication: {
        method: 'kerberos',
        principal: 'ann@EXAMPLE.TEST',
        servicePrincipal: 'smtp/mail.example.test',
        password: 'secret',
        kdc: [`127.0.0.1:${port}`],
        krb5ConfFile,
      },
    }),
  },
  'token endpoint': {
    code: 'ERR_OAUTH2',
    begin: 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{',
    withAuth: true,
    settings: (port) => ({
      authentication: { method: 'xoauth2', username: 'ann', allowPlaintext: true },
      oauth2: { clientId: 'c', refreshToken: 'r', tokenUrl: `http://127.0.0.1:${port}/token` },
    }),
  },
  directory: {
    code: 'ERR_CERTIFICATE_MISSING',
    begin: '0\x0f',
    settings: (port) => ({
      smime: { encrypt: { certificates: { ldap: `ldap://127.0.0.1:${port}`, baseDn: 'dc=example' } } },
    }),
  },
  'syslog server': {
    code: 'sent',
    settings: (port) => ({ logging: { eventLog: { syslog: { host: '127.0.0.1', port, protocol: 'tcp' } } } }),
  },
  'syslog server by TLS': {
    code: 'sent',
    settings: (port) => ({ logging: { eventLog: { syslog: { host: '127.0.0.1', port, protocol: 'tls' } } } }),
  },
};

const forever = async (peer: Peer, begin: string, block: string): Promise<void> => {
  await peer.send(begin);
  while (!peer.socket.destroyed) await peer.send(block.repeat(Math.ceil(8_000 / block.length)));
};
/** `peer.bytes(1)` waits for a request to the service. Syslog receives no request. */
const behaviours: Readonly<Record<string, (peer: Peer) => Promise<unknown>>> = {
  'ends at once': async (peer) => peer.socket.end(),
  'resets at once': async (peer) => peer.socket.resetAndDestroy(),
  'ends once asked': async (peer) => (await peer.bytes(1), peer.socket.end()),
  'resets once asked': async (peer) => (await peer.bytes(1), peer.socket.resetAndDestroy()),
  'says nonsense and ends': async (peer) => (
    await peer.bytes(1),
    await peer.send('nonsense\r\n\r\n'),
    peer.socket.end()
  ),
  'says random bytes and ends': async (peer) => {
    await peer.bytes(1);
    peer.socket.end(Buffer.from(Array.from({ length: 300 }, () => next(256))));
  },
  'says zeros without an end': (peer) => forever(peer, '', '\0'),
  'says text without an end': (peer) => forever(peer, '', 'x'),
  'says lines without an end': (peer) => forever(peer, '', 'a line\r\n'),
  'says fields without an end': (peer) => forever(peer, 'HTTP/1.1 200 OK\r\n', 'X-More: x\r\n'),
  'says a body without an end': (peer) =>
    forever(peer, 'HTTP/1.1 407 OK\r\nContent-Type: application/json\r\n\r\n', '{'),
  'says chunks without an end': (peer) =>
    forever(peer, 'HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\nx\r\n'),
  'says a length without an end': (peer) => forever(peer, '\x7f\x7f\x7f\x7f', '\x7f'),
  'says an ASN.1 length without an end': (peer) => forever(peer, '0\x7f', '0\x7f'),
  'says nested ASN.1 without an end': (peer) => forever(peer, '', '00'),
  'greets as another server': async (peer) => (await peer.send('* OK IMAP4rev1\r\n'), peer.socket.end()),
};
const cuts: Readonly<Record<string, Cut>> = {
  whole: (bytes) => [bytes],
  'at random': (bytes) => {
    const parts: Buffer[] = [];
    const most = bytes.length > 1_000 ? 4_000 : 8;
    for (let at = 0; at < bytes.length;) {
      const size = 1 + next(most);
      parts.push(bytes.subarray(at, at + size));
      at += size;
    }
    return parts;
  },
};

/** Runs `work` and returns the number of octets that its sockets have read. */
async function octetsRead(work: () => Promise<void>): Promise<number> {
  const sockets: Socket[] = [];
  const note = (message: unknown): void => void sockets.push((message as { readonly socket: Socket }).socket);
  subscribe('net.client.socket', note);
  try {
    await work();
  } finally {
    unsubscribe('net.client.socket', note);
  }
  return sockets.reduce((sum, socket) => sum + socket.bytesRead, 0);
}

async function send(service: Service, port: number, signal?: AbortSignal): Promise<object> {
  const { port: smtpPort } = service.withAuth === true ? smtpWithAuth : smtp;
  const mailer = createMailer({
    name: 'services',
    sender: { email: 'a@example.com' },
    server: { host: '127.0.0.1', port: smtpPort, security: 'none' },
    ...service.settings(port),
  });
  try {
    await mailer.send({ to: 'b@example.org', text: 'Hello' }, { signal });
    return { code: 'sent' };
  } catch (error) {
    if (!isEmailError(error)) throw error;
    expect(JSON.stringify(error) + error.message).not.toMatch(/secret/);
    return { code: error.code, delivery: error.delivery };
  } finally {
    // Without force, close() would wait for a refresh that goes on although its send was aborted.
    await mailer.close({ force: true });
  }
}

/** A reset during connection set-up counts as a failed connection. */
function rule({ code }: Service, how: string): object {
  if (code === 'sent') return { code };
  const isProxyReset = code === 'ERR_PROXY' && how === 'resets at once';
  return {
    code: isProxyReset ? (expect.stringMatching(/^ERR_(?:PROXY|CONNECT)$/) as string) : code,
    delivery: 'not-delivered',
  };
}

describe.each(Object.entries(services))('a %s', (name, service) => {
  test.each(Object.entries(behaviours))('that %s', async (how, behave) => {
    for (const [cutName, cut] of Object.entries(cuts)) {
      if (fuzzSeconds === 0 && (name.length + how.length) % 2 === (cutName === 'whole' ? 0 : 1)) continue;
      await using server = await startScriptedServer((peer) => behave(peer), cut);
      const cell = `${name} ${how}, ${cutName}, SEED=${seedOfRun}`;
      const octets = await octetsRead(async () => {
        expect({ cell, ...(await send(service, server.port)) }).toEqual({ cell, ...rule(service, how) });
      });
      expect(octets, cell).toBeLessThan(1 << 20);
    }
  });

  test('that drips is left when the caller aborts', async () => {
    const { begin } = service;
    if (begin === undefined) return;
    const controller = new AbortController();
    await using server = await startScriptedServer(async (peer) => {
      await peer.bytes(1);
      await peer.send(begin);
      for (let count = 0; count < 4; count++) await peer.send(' ');
      controller.abort();
    });
    const outcome = await send(service, server.port, controller.signal);
    expect(outcome).toEqual({ code: 'ERR_ABORTED', delivery: 'not-delivered' });
  });
});
