import { X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type SecureVersion } from 'node:tls';
import { expect, test } from 'vitest';
import { withoutCertificate } from '../../../../src/net/tls/tls-session.js';
import * as der from '../../../../src/util/der.js';
import { issue, root } from '../../../support/certificates.js';

const certificate = issue({ subject: 'mail', issuer: root('Test CA'), extensions: [] });

interface Visit {
  readonly session: Buffer;
  readonly resumed: boolean;
}

/** Connects to a server of this TLS version. Returns the last session that the server issued. */
async function visitor(
  maxVersion: SecureVersion,
): Promise<{ visit(servername: string, session?: Buffer): Promise<Visit>; close(): void }> {
  const cert = new X509Certificate(certificate.der).toString();
  const key = certificate.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const server = createServer({ cert, key, maxVersion }, (socket) =>
    socket
      .on('error', () => {})
      .resume()
      .write('220 hello\r\n'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const visit = (servername: string, session?: Buffer): Promise<Visit> =>
    new Promise((resolve, reject) => {
      let last: Buffer = Buffer.alloc(0);
      const socket = connect({
        port,
        host: '127.0.0.1',
        servername,
        rejectUnauthorized: false,
        ...(session && { session }),
      });
      socket.on('session', (given: Buffer) => (last = given)).on('error', reject);
      const leave = (): void => {
        resolve({ session: last, resumed: socket.isSessionReused() });
        socket.destroy();
      };
      // TLS 1.3 issues its sessions after the handshake, at about the time of the first data.
      socket.once('data', () =>
        last.length > 0 || socket.isSessionReused() ? leave() : socket.once('session', () => setImmediate(leave)),
      );
    });
  return { visit, close: () => server.close() };
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a session of %s is resumed, without its certificate where that is read each time',
  async (version) => {
    const { visit, close } = await visitor(version);
    try {
      // Newer Nodes store the name at the beginning of a session, so its length moves everything after it.
      for (const name of [
        '',
        'mail.test',
        '0.test',
        ...Array.from({ length: 12 }, (_, i) => `${'x'.repeat(40)}.${'0'.repeat(22 + i)}.test`),
      ]) {
        const first = await visit(name);
        expect(first.session.includes(certificate.der), name).toBe(true);
        // Newer Nodes store the name at the beginning of a session. Their OpenSSL does not read the certificate from
        // it.
        const cuts = first.session[0] === 0x30;
        const given = withoutCertificate(first.session);
        expect(given.includes(certificate.der), name).toBe(!cuts);
        for (let i = 0; i < 2; i++) expect((await visit(name, given)).resumed, name).toBe(true);
      }
    } finally {
      close();
    }
  },
);

test('what is no session in DER comes back as it is', () => {
  const whole = der.sequence(der.integer(1), der.context(3, certificate.der), der.octetString(Buffer.alloc(40)));
  expect(withoutCertificate(whole)).toEqual(der.sequence(der.integer(1), der.octetString(Buffer.alloc(40))));
  const broken = Buffer.from(whole);
  broken[4] = 0x7f; // its first element is longer than the session
  for (const other of [
    Buffer.concat([Buffer.from('0.test'), whole]),
    Buffer.alloc(0),
    Buffer.from('0'),
    Buffer.from('session'),
    whole.subarray(0, -1),
    Buffer.concat([whole, Buffer.of(0)]),
    broken,
  ]) {
    expect(withoutCertificate(other)).toBe(other);
  }
  for (let seed = 0; seed < 5000; seed++) {
    const noise = Buffer.from(
      Array.from({ length: 200 }, (_, i) => (Math.imul(seed * 200 + i, 2654435761) >>> 24) & 255),
    );
    expect(withoutCertificate(noise)).toBe(noise);
  }
});
