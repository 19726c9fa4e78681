/**
 * As polluted-prototype.test.ts, around OAuth 2.0, the profile store and the logs of a profile: the token endpoint, the
 * browser, syslog servers, the system's log and the files get the same octets, or there is an error.
 * @module
 */
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { StoreFile } from '../../src/store/store-file.js';
import { certificateContext, secretContext, tokensContext } from '../../src/store/content.js';
import { createTestCertificateAuthority } from '../../src/testing/certificate-authority.js';
import { bundle } from '../support/bundle.js';
import { isError, PollutedProcess } from './polluted/harness.js';
import type { Recorder, Result } from './polluted/harness.js';
import { breaksNode, meets, propertyNames, standsStill } from './polluted/names.js';
import {
  anotherPage,
  appendedTo,
  Browser,
  filesOf,
  startDatagrams,
  startProvider,
  startSyslog,
  textOf,
  withoutRandom,
} from './polluted/recorders.js';
import { startSmtp } from './polluted/servers.js';

const { privateKey, publicKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
/** Tasks that must fail: the certificates of their servers are of an authority that the program does not trust. */
const strangers = ['untrusted', 'stranger'];
let polluted: PollutedProcess;
let clean: Result;

beforeAll(async () => {
  const folder = await bundle({ index: 'src/index.ts', oauth2: 'test/advisories/polluted/oauth2-entry.ts' });
  const authority = createTestCertificateAuthority();
  const programs = join(folder, 'bin');
  mkdirSync(programs);
  // Each line with the arguments, and the number of variables of the environment.
  writeFileSync(
    join(programs, 'logger'),
    `#!/bin/sh
exec awk -v args="$*" 'BEGIN { for (name in ENVIRON) n++ } { print args " " n " " $0 }' >>"$LOGGER_FILE"
`,
    { mode: 0o755 },
  );
  const [smtp, token, assertion, code, device, untrusted, tcp, udp] = await Promise.all([
    startSmtp(['PIPELINING', 'AUTH PLAIN XOAUTH2']),
    startProvider(authority.issueServer()),
    startProvider(),
    startProvider(),
    startProvider(),
    startProvider(authority.issueServer()),
    startSyslog(),
    startDatagrams(),
  ]);
  const browser = new Browser(() => polluted.note());
  const servers = { smtp, token, assertion, code, device, untrusted, tcp, udp };
  const settings = {
    library: pathToFileURL(join(folder, 'index.mjs')).href,
    oauth2: pathToFileURL(join(folder, 'oauth2.mjs')).href,
    ports: Object.fromEntries(Object.entries(servers).map(([name, { port }]) => [name, port])),
    ca: authority.certificate,
    key: privateKey,
    folder,
    path: `${programs}${delimiter}${process.env['PATH']}`,
    loggerFile: join(folder, 'system.log'),
  };
  polluted = new PollutedProcess({
    module: 'services-tasks.mjs',
    recorders: new Map<string, Recorder>([
      ...Object.entries(servers),
      ['code', both(code, browser)],
      ['token', both(token, filesOf(folder, /^token-/, contentOf))],
      ['store', filesOf(folder, /^store-/, contentOf)],
      ['file', filesOf(folder, /^log-r\d+(\.\d)?$/, textOf)],
      ['system', appendedTo(settings.loggerFile)],
    ]),
    settings,
    plain,
    reveal: (_task, outcome) => outcome.replaceAll(/"expiresAt":"20[^"]*"/g, '"expiresAt":"TIME"'),
    isHarmless: (line) => ['', 'RSET', 'QUIT', '.', anotherPage].includes(line) || logLine.test(line),
    onLine: (line) => browser.visit(line),
    mustFail: new Map([
      ['untrusted', 'asked an untrusted server for a token'],
      ['stranger', 'wrote its log to an untrusted server'],
    ]),
  });
  clean = await polluted.measure();
});

afterAll(() => polluted.close());

/** Two recorders of one task. */
function both(first: Recorder, second: Recorder): Recorder {
  return {
    take: async () => [...(await first.take()), ...(await second.take())],
    close: async () => void (await Promise.all([first.close(), second.close()])),
  };
}

/**
 * The content of a store's file, decrypted, with a line for each value. A task that fails leaves some of these lines, so
 * a profile has the same lines before and after it is renamed.
 */
async function contentOf(directory: string): Promise<string> {
  const file = await StoreFile.open(join(directory, 'profiles.store'), async () => new Uint8Array(32).fill(7));
  const opened = await file.read();
  const { active, profiles, certificates, tokens } = opened.content;
  const text = (...[sealed, context]: [string, ReturnType<typeof tokensContext>]): string =>
    file.open(opened, sealed, context).toString('latin1');
  const lines = [
    ...(active === null ? [] : [active]),
    ...profiles.flatMap(({ name, profile, secrets }) => [
      JSON.stringify(profile),
      ...secrets.map(({ path, sealed }) => `${path.join('.')} of ${name}: ${text(sealed, secretContext(name, path))}`),
    ]),
    ...certificates.map(({ profile, slot, sealed }) => `${slot} ${text(sealed, certificateContext(profile, slot))}`),
    ...tokens.map(({ key, sealed }) => `${key} ${text(sealed, tokensContext(key))}`),
  ];
  return lines.join('\r\n').replaceAll('polluted', 'office');
}

const logLine = /^(?:TIME|N <\d+>1 TIME|<\d+>1 TIME|-t test)/;

/** A record without times, numbers of processes and what is random. */
function plain(text: string): string {
  return withoutRandom(text)
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
    .replaceAll(/, \d+ ms/g, ', N ms')
    .replaceAll(/(test(?:\[| ))\d+/g, '$1PID')
    .replaceAll(/\d+ (<\d+>1 TIME)/g, '\nN $1')
    .replaceAll(/client_assertion=([\w-]+)\.([\w-]+)\.([\w-]+)/g, (_all, ...parts: string[]) => assertionOf(parts));
}

/** A JSON Web Token whose signature is right, in clear. */
function assertionOf([header = '', claims = '', signature = '']: readonly string[]): string {
  const key = { key: createPublicKey(publicKey), dsaEncoding: 'ieee-p1363' } as const;
  const right = verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'));
  const shown = [header, claims].map((part) => Buffer.from(part, 'base64url').toString('latin1'));
  return `client_assertion=${right} ${shown.join(' ').replaceAll(/"(jti|iat|nbf|exp)":("[^"]*"|\d+)/g, '$1')}`;
}

test('a certificate on Object.prototype is not trusted', async () => {
  for (const name of ['ca', 'tls', 'cert', 'pinnedFingerprints', 'dangerouslyAcceptAnyCertificate']) {
    const { outcomes, streams } = await polluted.perform({ names: [name], kind: 'ca', only: strangers });
    expect(outcomes['untrusted'], name).toMatch(/^error ERR_OAUTH2: .* certificate /);
    expect(outcomes['stranger'], name).toMatch(/^error WARN_LOG: .* certificate /);
    expect(streams.get('untrusted'), name).toBeUndefined();
  }
});

test('nothing is polluted, and all works but what must not', () => {
  const { outcomes, streams } = clean;
  const failed = Object.keys(outcomes).filter((task) => isError(outcomes[task] ?? ''));
  expect(failed).toEqual(strangers);
  expect([...streams.keys(), 'untrusted'].sort()).toEqual(Object.keys(outcomes).sort());
  expect(streams.get('assertion')?.join()).toContain('client_assertion=true {"typ":"JWT","alg":"ES256"}');
  expect(streams.get('token')?.join()).toContain('"refreshToken":"second-token"');
});

const known = propertyNames();
const kinds = ['string', 'object', 'function'] as const;

test.each(kinds)(
  'whatever name is on Object.prototype with a value of the kind %s: the same octets, or an error',
  async (kind) => {
    onTestFailed(() => {
      console.error('last order:', JSON.stringify(polluted.current));
      // It may be in the middle of something.
      polluted.kill();
    });
    const names = known.filter(
      (name, index) => meets(kind, index, kinds) && !standsStill(name, kind) && !breaksNode(name),
    );
    expect(await polluted.faults(kind, names)).toEqual([]);
  },
);
