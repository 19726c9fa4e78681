/**
 * SCRAM with channel binding against GNU SASL and GnuTLS: see scram-plus-server.py.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Authentication } from '../../src/index.js';
import { channelBinding } from '../../src/net/tls/channel-binding.js';
import { signIn } from './sign-in.js';
import { readTestbed } from './testbed.js';

const bed = readTestbed();
const { password } = bed.users.carol;
const { cert, key } = bed.pki.server;
const children: ChildProcess[] = [];

async function startJudge(priority: string): Promise<number> {
  const script = new URL('scram-plus-server.py', import.meta.url).pathname;
  const child = spawn('python3', [script, cert, key, 'carol', password, priority], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  return Number((await once(createInterface(child.stdout), 'line'))[0]);
}

let tls13 = 0;
let tls12 = 0;
beforeAll(async () => {
  tls13 = await startJudge('NORMAL');
  tls12 = await startJudge('NORMAL:-VERS-TLS1.3');
});
afterAll(() => children.forEach((child) => child.kill()));

const carol = (method: 'password' | 'scram-sha-1' | 'scram-sha-256', secret = password): Authentication => ({
  method,
  username: 'carol',
  password: secret,
});

describe('GNU SASL', () => {
  test.each([
    ['password', 'SCRAM-SHA-256-PLUS'],
    ['scram-sha-256', 'SCRAM-SHA-256-PLUS'],
    ['scram-sha-1', 'SCRAM-SHA-1-PLUS'],
  ] as const)("accepts method '%s' as %s, bound to the TLS 1.3 channel (RFC 9266)", async (method, mechanism) => {
    const { report, code, message } = await signIn({ port: tls13, security: 'implicit' }, carol(method), [password]);
    expect([code, message, report.mechanism]).toEqual([undefined, '', mechanism]);
  });

  test('refuses a wrong password', async () => {
    const { code, message } = await signIn(
      { port: tls13, security: 'implicit' },
      carol('password', 'not-the-Secret8'),
      ['not-the-Secret8'],
    );
    expect(code).toBe('ERR_AUTH_REJECTED');
    expect(message).toContain('SCRAM-SHA-256-PLUS: 535');
  });

  test.each([
    ['took -PLUS from', 'hidden', false],
    ['replaced it by an unknown -PLUS in', 'decoy', true],
  ])("refuses where somebody %s the server's list (RFC 5802 section 6)", async (_, localName, named) => {
    const { report, code, message } = await signIn(
      { port: tls13, security: 'implicit', localName },
      carol('password'),
      [password],
    );
    const transcript = report.transcript.join('\n');
    expect([transcript.includes('SCRAM-SHA-256-PLUS'), transcript.includes('-PLUS')]).toEqual([false, named]);
    expect([code, message.includes('SCRAM-SHA-256: 535')]).toEqual(['ERR_AUTH_REJECTED', true]);
  });

  test('refuses where somebody decrypts the connection, with a certificate that the client trusts', async () => {
    const between = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (client) => {
      const server = connect({ port: tls13, host: bed.host, ca: readFileSync(bed.pki.ca) });
      client.pipe(server).pipe(client);
      for (const end of [client, server]) end.on('error', () => [client, server].forEach((socket) => socket.destroy()));
    });
    await once(between.listen(0, '127.0.0.1'), 'listening');
    try {
      const { port } = between.address() as AddressInfo;
      const { code, message } = await signIn({ port, security: 'implicit' }, carol('password'), [password]);
      expect([code, message.includes('SCRAM-SHA-256-PLUS: 535')]).toEqual(['ERR_AUTH_REJECTED', true]);
    } finally {
      between.close();
    }
  });
});

describe('GnuTLS sees the same channel', () => {
  async function bindings(
    port: number,
  ): Promise<{ socket: TLSSocket; exporter: string | undefined; endPoint: string | undefined }> {
    const socket = connect({ port, host: bed.host, ca: readFileSync(bed.pki.ca) });
    const lines = createInterface(socket);
    await once(lines, 'line');
    socket.write('XBIND\r\n');
    const [, exporter, endPoint] = String((await once(lines, 'line'))[0]).split(' ');
    return { socket, exporter, endPoint };
  }
  const base64 = (socket: TLSSocket, type: 'tls-exporter' | 'tls-server-end-point'): string | undefined => {
    const data = channelBinding(socket, socket.getPeerCertificate().raw, type)?.data;
    return data && Buffer.from(data).toString('base64');
  };

  test('tls-exporter under TLS 1.3 (RFC 9266)', async () => {
    const { socket, exporter } = await bindings(tls13);
    expect(base64(socket, 'tls-exporter')).toBe(exporter);
    socket.destroy();
  });

  test.each(['TLS 1.3', 'TLS 1.2'])('tls-server-end-point under %s (RFC 5929)', async (version) => {
    const { socket, endPoint } = await bindings(version === 'TLS 1.3' ? tls13 : tls12);
    expect(socket.getProtocol()).toBe(version.replace(' ', 'v'));
    expect(base64(socket, 'tls-server-end-point')).toBe(endPoint);
    socket.destroy();
  });
});
