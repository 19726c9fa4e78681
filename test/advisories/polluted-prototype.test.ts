/**
 * Another package, or a request, may have put anything on Object.prototype while the program runs. Every property name
 * that occurs in the sources is put there, as a string, an object and a function, around sends, proxies, Kerberos and
 * S/MIME. The octets that leave the process must be the same, or there must be an error. polluted-services.test.ts does
 * the same around OAuth 2.0, the profile store and logs.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { decrypt, encrypt, sign, verify } from '../../src/smime.js';
import { createTestCertificateAuthority } from '../../src/testing/certificate-authority.js';
import { aliceKdc, quietConf } from '../unit/kerberos/harness.js';
import { FakeService } from '../unit/kerberos/fake-service.js';
import { bundle } from '../support/bundle.js';
import { isError, PollutedProcess } from './polluted/harness.js';
import type { Result } from './polluted/harness.js';
import { meets, propertyNames, standsStill } from './polluted/names.js';
import { startProxy, startSmtp } from './polluted/servers.js';
import type { RecordingServer, Sasl } from './polluted/servers.js';

const authority = createTestCertificateAuthority();
const serverIdentity = authority.issueServer();
const identity = authority.issueEmail('ann@example.com');
const closing: (() => Promise<void>)[] = [];
let polluted: PollutedProcess;
let clean: Result;

beforeAll(async () => {
  const scratch = await bundle({ index: 'src/index.ts', smime: 'src/smime.ts' });
  const kdc = await aliceKdc();
  closing.push(() => kdc.close());
  const gssapi = (): Sasl => {
    const service = new FakeService(kdc.key('smtp/mail.fake.test'));
    return (line, round) => {
      if (round === 0) return service.accept(Buffer.from(line, 'base64')).toString('base64');
      if (round === 1) return service.offer().toString('base64');
      service.finish(Buffer.from(line, 'base64'));
      if (service.client !== 'alice') throw new Error(`signed in as ${service.client}`);
      return undefined;
    };
  };
  const servers = new Map<string, RecordingServer>([
    ['bare', await startSmtp(['AUTH PLAIN'])],
    ['pipelining', await startSmtp(['PIPELINING', 'AUTH PLAIN', '8BITMIME'])],
    ['chunking', await startSmtp(['PIPELINING', 'CHUNKING', 'BINARYMIME', '8BITMIME', 'DSN', 'AUTH PLAIN'])],
    ['tls', await startSmtp(['PIPELINING', 'AUTH PLAIN'], serverIdentity)],
    ['gssapi', await startSmtp(['PIPELINING', 'AUTH GSSAPI'], undefined, gssapi)],
    ['http', await startProxy('http')],
    ['socks', await startProxy('socks')],
  ]);
  const krb5Conf = join(scratch, 'krb5.conf');
  writeFileSync(krb5Conf, quietConf);
  const entity = Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n');
  const signed = Buffer.from(await sign(entity, { certificate: { data: identity.certificate, key: identity.key } }));
  const forged = Buffer.from(signed.toString('latin1').replace('Hello', 'HELLO'), 'latin1');
  const encrypted = Buffer.from(await encrypt(entity, [identity.certificate]));
  const base64 = (bytes: Buffer): string => bytes.toString('base64');
  const settings = {
    library: pathToFileURL(join(scratch, 'index.mjs')).href,
    smime: pathToFileURL(join(scratch, 'smime.mjs')).href,
    ports: { ...Object.fromEntries([...servers].map(([name, { port }]) => [name, port])), kdc: kdc.port },
    ca: authority.certificate,
    identity,
    signed: base64(signed),
    forged: base64(forged),
    encrypted: base64(encrypted),
    krb5Conf,
  };
  polluted = new PollutedProcess({
    module: 'mail-tasks.mjs',
    recorders: servers,
    settings,
    // Tokens of Kerberos differ each time; the service checked them.
    plain: (text) => text.replace(/^(AUTH GSSAPI )?[A-Za-z0-9+/=]{40,}$/gm, '$1TOKEN'),
    reveal,
    isHarmless: (line) => ['', 'RSET', 'QUIT', '.'].includes(line),
    mustFail: new Map([['untrusted', 'sent to an untrusted server']]),
  });
  closing.push(() => polluted.close());
  clean = await polluted.measure();
});

afterAll(async () => {
  await Promise.all(closing.map((close) => close()));
});

/** Boundaries are random. */
const withoutBoundaries = (content: string): string =>
  content.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID').replaceAll(/r\d{5}/g, 'RUN');
const decoded = (outcome: string): string => Buffer.from(outcome, 'base64').toString('latin1');

/** The encrypted form of a message is random; its content is not. */
async function reveal(task: string, outcome: string): Promise<string> {
  if (task === 'compose') return withoutBoundaries(decoded(outcome));
  if (task !== 'protect') return outcome;
  const text = decoded(outcome);
  const head = withoutBoundaries(text.slice(0, text.indexOf('\r\n\r\n')));
  const opened = await decrypt(Buffer.from(text, 'latin1'), { data: identity.certificate, key: identity.key });
  const { content, signatures } = await verify(opened.content, { trustAnchors: [authority.certificate] });
  // A recipient more would take some hundred octets.
  const size = Math.round(text.length / 64);
  return `${head}\n${Buffer.from(content).toString('latin1')}\n${JSON.stringify(signatures.map(({ valid, trusted }) => [valid, trusted]))}${size}`;
}

test('a certificate on Object.prototype is not trusted', async () => {
  for (const name of ['ca', 'trustAnchors', 'cert', 'certificates', 'pinnedFingerprints']) {
    const { outcomes } = await polluted.perform({ names: [name], kind: 'ca', only: ['untrusted', 'forged'] });
    expect(outcomes['untrusted'], name).toMatch(/^error ERR_TLS/);
    expect(outcomes['forged'], name).not.toContain('true');
  }
});

test('nothing is polluted, and all works but what must not', () => {
  const { outcomes } = clean;
  const failed = Object.keys(outcomes).filter((task) => isError(outcomes[task] ?? ''));
  expect(failed).toEqual(['untrusted']);
  expect(outcomes['forged']).toContain('[false,');
});

const known = propertyNames();
const kinds = ['string', 'object', 'function', 'true'] as const;

test.each(kinds)(
  'whatever name is on Object.prototype with a value of the kind %s: the same octets, or an error',
  async (kind) => {
    onTestFailed(() => {
      console.error('last order:', JSON.stringify(polluted.current));
      // It may be in the middle of something.
      polluted.kill();
    });
    const names = known.filter((name, index) => meets(kind, index, kinds) && !standsStill(name, kind));
    expect(names.length).toBeGreaterThan(500);
    expect(await polluted.faults(kind, names)).toEqual([]);
  },
);
