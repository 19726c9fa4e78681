/**
 * The reports of testConnection() about names, certificates, mechanisms and refusals: each cause with its remedy, as a
 * person reads them.
 * @module
 */
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import * as tls from 'node:tls';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { Authentication, ConnectionReport, Connector, OutgoingServer } from '../../src/index.js';
import { TestSmtpServer } from '../../src/testing/server/test-smtp-server.js';
import * as der from '../../src/util/der.js';
import { extension, issue, root } from '../support/certificates.js';
import type { CertificateRequest, IssuedCertificate } from '../support/certificates.js';
import { startScriptedServer } from '../support/scripted-server.js';
import '../support/preload.js';

/** Simulates name resolution: a machine whose DNS server answers, and one whose DNS server does not. */
vi.mock('../../src/net/name-service.js', async (original) => {
  const module = await original<typeof import('../../src/net/name-service.js')>();
  return {
    ...module,
    findAddresses: async (...args: Parameters<typeof module.findAddresses>) => {
      if (args[0] === 'localhost') return await module.findAddresses(...args);
      const code = args[0].endsWith('.silent.example') ? 'EAI_AGAIN' : 'ENOTFOUND';
      throw Object.assign(new Error(`getaddrinfo ${code} ${args[0]}`), { code });
    },
  };
});

const servers: Server[] = [];
const sockets = new Set<Socket>();
async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
});

async function report(
  server: Partial<OutgoingServer>,
  more: { connector?: Connector; authentication?: Authentication | undefined } = {},
): Promise<ConnectionReport> {
  const { connector, authentication } = more;
  await using mailer = createMailer(
    {
      name: 'n',
      sender: { email: 'ann@example.com' },
      server: { host: 'localhost', ...server },
      authentication,
    },
    { connector },
  );
  return await mailer.testConnection();
}

interface Told {
  readonly step: string;
  readonly code: string | undefined;
  readonly cause: string;
  readonly remedy: string;
}

/** The step that failed. */
function told(result: ConnectionReport): Told {
  expect(result.ok).toBe(false);
  const step = result.steps.findLast(({ ok }) => !ok);
  expect(step?.remedy).toBe(step?.error?.remedy);
  const { name = '', error } = step ?? {};
  const [cause = '', remedy = ''] = [error?.message, step?.remedy];
  expect(String(result)).toContain(cause);
  expect(String(result)).toContain(`     -> ${remedy}`);
  return { step: name, code: error?.code, cause, remedy };
}

describe('a name that is not found', () => {
  it('is named, with the step and what to check', async () => {
    const result = await report({ host: 'mail.exmple.test' });
    expect(told(result)).toEqual({
      step: 'resolve',
      code: 'ERR_DNS',
      cause: 'There is no host named mail.exmple.test (ENOTFOUND).',
      remedy: 'Check server.host for a typing error, and check that the name exists in the DNS that this machine uses.',
    });
    expect(String(result)).toMatch(/^FAIL resolve +\d+ ms {2}There is no host named mail\.exmple\.test/);
  });

  it.each([
    ['smtp.gmial.com', 'smtp.gmail.com'],
    ['smtp.gmail.con', 'smtp.gmail.com'],
    ['smtp.ofice365.com', 'smtp.office365.com'],
    ['smtp-mail.outlok.com', 'smtp-mail.outlook.com'],
    ['mail.gmx.nett', 'mail.gmx.net'],
  ])('and is %s, which is most likely %s mistyped', async (host, meant) => {
    expect(told(await report({ host })).remedy).toMatch(
      new RegExp(`^Did you mean ${meant.replaceAll('.', '\\.')}\\? Check`),
    );
  });

  it('because no DNS server answered is another thing', async () => {
    expect(told(await report({ host: 'mail.silent.example' }))).toEqual({
      step: 'resolve',
      code: 'ERR_DNS',
      cause: 'DNS gave no answer for mail.silent.example (EAI_AGAIN).',
      remedy: 'Check the name servers of this machine, and the network connection to them.',
    });
  });
});

describe('a port', () => {
  it('that refuses', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(told(await report({ port }))).toMatchObject({
      step: 'connect',
      code: 'ERR_CONNECT',
      cause: expect.stringMatching(/^No connection to localhost:\d+: .*127\.0\.0\.1:\d+ ECONNREFUSED/) as string,
      remedy: 'The host is up but refuses the port: check server.port, and that the server is running.',
    });
  });

  it('that a firewall filters, like all others for mail', async () => {
    const connector: Connector = {
      connect: (_, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
        ),
    };
    expect(told(await report({ port: 25, timeouts: { connectMs: 300 } }, { connector }))).toEqual({
      step: 'connect',
      code: 'ERR_TIMEOUT',
      cause: 'The connection was not set up within 300 ms (server.timeouts.connectMs).',
      remedy:
        'Check server.host and server.port, and whether a firewall lets this machine through; many networks ' +
        'block port 25. If the server is known to be slow, raise server.timeouts.connectMs.',
    });
  });
});

const day = 86_400_000;
const ago = (days: number): Date => new Date(Date.now() - days * day);
const localhost = extension('2.5.29.17', false, der.sequence(der.contextPrimitive(2, Buffer.from('localhost'))));
const otherNames = extension(
  '2.5.29.17',
  false,
  der.sequence(
    der.contextPrimitive(2, Buffer.from('mail.example.com')),
    der.contextPrimitive(2, Buffer.from('smtp.example.com')),
  ),
);
const pem = ({ der: bytes }: Pick<IssuedCertificate, 'der'>): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`;

/** A root, an intermediate authority, and the certificate of a server. */
function chain(leafOptions: Partial<CertificateRequest> = {}, authority: Partial<CertificateRequest> = {}) {
  const top = root('Corporate root', authority);
  const middle = issue({ subject: 'Corporate servers', issuer: top, ca: true, keyUsage: [5, 6], ...authority });
  const leaf = issue({ subject: 'localhost', issuer: middle, extensions: [localhost], ...leafOptions });
  return { top, middle, leaf, ca: pem(top), key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

describe('a certificate', () => {
  const served = (made: ReturnType<typeof chain>, sent: readonly IssuedCertificate[]): Promise<number> =>
    listen(tls.createServer({ cert: sent.map(pem).join(''), key: made.key }).on('tlsClientError', () => undefined));
  const judged = async (
    made: ReturnType<typeof chain>,
    sent: readonly IssuedCertificate[],
    ca?: string,
  ): Promise<Told> =>
    told(await report({ port: await served(made, sent), security: 'implicit', ...(ca ? { tls: { ca } } : {}) }));

  it('that has expired', async () => {
    const made = chain({ from: ago(400), to: ago(3) });
    expect(await judged(made, [made.leaf, made.middle], made.ca)).toMatchObject({
      step: 'tls',
      cause: expect.stringMatching(
        /^The certificate of localhost was refused: it, or a certificate above it, has expired; that of localhost was valid until .* GMT \(CERT_HAS_EXPIRED\)\.$/,
      ) as string,
      remedy: expect.stringMatching(
        /^Tell the operator of the server to renew it\. Check the clock of this machine too: it says 20\d\d-/,
      ) as string,
    });
  });

  it('that is not valid yet', async () => {
    const made = chain({ from: ago(-3), to: ago(-300) });
    expect(await judged(made, [made.leaf, made.middle], made.ca)).toMatchObject({
      step: 'tls',
      cause: expect.stringMatching(
        /it, or a certificate above it, is not valid yet; that of localhost is valid from .* GMT \(CERT_NOT_YET_VALID\)\.$/,
      ) as string,
      remedy: expect.stringMatching(/^Check the clock of this machine too: it says 20\d\d-/) as string,
    });
  });

  it.each([
    ['expired', { from: ago(900), to: ago(300) }],
    ['not valid yet', { from: ago(-300), to: ago(-900) }],
  ])('whose every issuer is %s too: the clock of this machine looks wrong', async (_what, dates) => {
    const made = chain(dates, dates);
    const { remedy } = await judged(made, [made.leaf, made.middle, made.top], made.ca);
    expect(remedy).toMatch(
      /Every certificate of the chain is outside its validity period, so the clock of this machine is probably wrong: it says 20\d\d-/,
    );
  });

  it('that has expired, by a clock that the greeting contradicts', async () => {
    const made = chain({ from: ago(400), to: ago(3) });
    const then = ago(10).toUTCString();
    await using server = await startScriptedServer(async (peer) => {
      await peer.send(`220 mx.example.com ESMTP ready at ${then}\r\n`);
      await peer.hello('STARTTLS');
      await peer.line();
      await peer.send('220 go ahead\r\n');
      await peer.secure({ cert: [made.leaf, made.middle].map(pem).join(''), key: made.key });
      await peer.closed;
    });
    const { step, remedy } = told(await report({ port: server.port, security: 'explicit', tls: { ca: made.ca } }));
    expect(step).toBe('tls');
    expect(remedy).toMatch(
      /^The clock of this machine looks wrong: it says 20\S+Z, and the server says 20\S+Z\. Set it first\. Tell the operator/,
    );
  });

  it('for other names: lists them', async () => {
    const made = chain({ extensions: [otherNames] });
    expect(await judged(made, [made.leaf, made.middle], made.ca)).toMatchObject({
      step: 'tls',
      cause:
        'The certificate of localhost was refused: it is not for localhost but for mail.example.com, ' +
        'smtp.example.com (ERR_TLS_CERT_ALTNAME_INVALID).',
      remedy:
        'Correct server.host to one of these names. If the host is certainly the right one, set server.tls.serverName ' +
        'to one of them.',
    });
  });

  it('of an issuer that is not trusted here: names it, and each way to trust it', async () => {
    const made = chain();
    const pin = new X509Certificate(made.leaf.der).fingerprint256;
    const { step, cause, remedy } = await judged(made, [made.leaf, made.middle, made.top]);
    expect(step).toBe('tls');
    expect(cause).toContain('its chain ends in Corporate root, a self-signed issuer that is not trusted here');
    expect(remedy).toContain('put its certificate into server.tls.ca');
    expect(remedy).toContain(
      'getCACertificates' in tls ? 'if the system trusts it, set server.tls.useSystemCa' : 'export it from there',
    );
    expect(remedy).toContain(`put it into server.tls.pinnedFingerprints: ${pin}.`);
    // The fingerprint from the remedy can be used as it is.
    const port = await served(made, [made.leaf, made.middle, made.top]);
    const pinned = await report({
      port,
      security: 'implicit',
      tls: { pinnedFingerprints: [pin] },
      timeouts: { greetingMs: 200 },
    });
    expect(pinned.steps.find(({ name }) => name === 'tls')).toMatchObject({ ok: true });
  });

  it('that is self-signed', async () => {
    const made = chain();
    const own = root('localhost', { keyUsage: [0, 5], extensions: [localhost] });
    const key = own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(await judged({ ...made, key }, [own])).toMatchObject({
      step: 'tls',
      cause: 'The certificate of localhost was refused: it is self-signed, by localhost (DEPTH_ZERO_SELF_SIGNED_CERT).',
      remedy: expect.stringMatching(
        /^Check its fingerprint, and put it into server\.tls\.pinnedFingerprints: (?:[0-9A-F]{2}:){31}/,
      ) as string,
    });
  });

  it('that is for mail, not for servers', async () => {
    const made = chain({ purposes: ['1.3.6.1.5.5.7.3.4'] });
    expect(await judged(made, [made.leaf, made.middle], made.ca)).toMatchObject({
      step: 'tls',
      cause: 'The certificate of localhost was refused: it was not issued for a TLS server (INVALID_PURPOSE).',
      remedy: 'Tell the operator of the server to install one whose extended key usage has serverAuth.',
    });
  });

  it('without the one above it, where the root is trusted: the chain is incomplete', async () => {
    const made = chain();
    expect(await judged(made, [made.leaf], made.ca)).toMatchObject({
      step: 'tls',
      cause: expect.stringMatching(
        /the chain is incomplete, or its issuer unknown: the server sent only its own certificate, and Corporate servers is not among the trust anchors \(UNABLE_TO_\w+\)\.$/,
      ) as string,
      remedy: expect.stringMatching(
        /^If Corporate servers is an intermediate authority, ask the operator of the server to send its certificate along\. Otherwise: /,
      ) as string,
    });
  });
});

describe('TLS', () => {
  const { leaf, middle, key } = chain();
  const identity = { cert: [leaf, middle].map(pem).join(''), key };

  it('of a server that speaks none but 1.0 and 1.1', async () => {
    const port = await listen(
      tls
        .createServer({ ...identity, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
        .on('tlsClientError', () => undefined),
    );
    expect(told(await report({ port, security: 'implicit' }))).toMatchObject({
      step: 'tls',
      cause: expect.stringMatching(/^TLS with localhost failed: .*no version of TLS that is allowed here/) as string,
      remedy: expect.stringMatching(/^TLS 1\.2 is the minimum: tell the operator of the server\./) as string,
    });
  });
});

const login: Authentication = { method: 'password', username: 'ann', password: 'not the password' };

/** A server that greets, offers these extensions, and gives one answer to every further line. */
async function asked(
  extensions: readonly string[],
  answer: string,
  authentication: Authentication = login,
): Promise<Told> {
  await using server = await startScriptedServer(async (peer) => {
    await peer.send('220 mx.example.com ESMTP\r\n');
    await peer.hello(...extensions);
    for (;;) await peer.send((await peer.line()) === 'QUIT' ? '221 bye\r\n' : `${answer}\r\n`);
  });
  return told(await report({ port: server.port, security: 'none' }, { authentication }));
}

describe('authentication', () => {
  const inPlainText: Authentication = { ...login, allowPlaintext: true };

  const noneWithoutTls = (remedy: RegExp): object => ({
    step: 'authenticate',
    code: 'ERR_AUTH_UNAVAILABLE',
    cause: expect.stringMatching(
      /^The server offers no authentication without TLS\. Method .* No credential was sent\.$/,
    ) as string,
    remedy: expect.stringMatching(remedy) as string,
  });

  it('that the server offers after STARTTLS alone', async () => {
    expect(await asked(['STARTTLS'], '500 5.5.1 no', inPlainText)).toEqual(
      noneWithoutTls(
        /^Set server\.security to 'explicit': the server offers STARTTLS, and many servers offer authentication under TLS only\./,
      ),
    );
  });

  it.each(['530 5.7.0 Must issue a STARTTLS command first', '538 5.7.11 Encryption required', '538 no'])(
    'that the server offers, and refuses without TLS by "%s"',
    async (reply) => {
      expect(await asked(['STARTTLS', 'AUTH PLAIN'], reply, inPlainText)).toEqual({
        step: 'authenticate',
        code: 'ERR_AUTH_REJECTED',
        cause: `The server refused the authentication by PLAIN: ${reply}`,
        remedy: "The server requires TLS for this: set server.security to 'explicit' or 'implicit'.",
      });
    },
  );

  it('that the server does not offer at all', async () => {
    expect(await asked(['SIZE 1000'], '500 5.5.1 no', inPlainText)).toEqual(
      noneWithoutTls(
        /^The server offers no TLS on this port\. .*'implicit'.* Check server\.port: submission with authentication usually uses 587 or 465; a relay that needs none requires a profile without authentication\.$/,
      ),
    );
  });

  it('by mechanisms that the profile does not have', async () => {
    expect(await asked(['AUTH GSSAPI XOAUTH2'], '500 5.5.1 no', inPlainText)).toEqual({
      step: 'authenticate',
      code: 'ERR_AUTH_UNAVAILABLE',
      cause: expect.stringMatching(
        /^Method 'password' can use .*, but the server offers only GSSAPI and XOAUTH2 without TLS\./,
      ) as string,
      remedy: expect.stringMatching(
        /Or use an offered method: authentication\.method 'kerberos' or 'xoauth2'\.$/,
      ) as string,
    });
  });

  it('by a mechanism that the server offers and refuses: names the others', async () => {
    const byLogin: Authentication = { ...login, method: 'login', allowPlaintext: true };
    const { cause, remedy } = await asked(['AUTH LOGIN CRAM-MD5 XOAUTH2'], '504 5.5.4 Mechanism switched off', byLogin);
    expect(cause).toBe('The server refused the authentication by LOGIN: 504 5.5.4 Mechanism switched off');
    expect(remedy).toBe(
      "The server refused LOGIN and offers others: try authentication.method 'password' or 'xoauth2'.",
    );
  });

  const rejected = '535 5.7.8 Authentication credentials invalid';
  const checkBoth = 'Check user name and password, and that the account may send by SMTP.';
  const windows = `${checkBoth} The server seems to belong to a Windows domain: it may require authentication.username as `;
  it.each<[string, readonly string[], Partial<Authentication>, string]>([
    ['of any server, without its mechanisms, which would not help', ['AUTH PLAIN LOGIN'], {}, checkBoth],
    ['of Exchange', ['AUTH GSSAPI NTLM LOGIN', 'X-EXPS GSSAPI NTLM'], {}, `${windows}DOMAIN\\user or user@domain.`],
    ['by NTLM', ['AUTH NTLM'], { method: 'ntlm' }, `${windows}DOMAIN\\user or user@domain.`],
    [
      'by NTLM with a domain',
      ['AUTH NTLM'],
      { method: 'ntlm', domain: 'CORP' },
      `${windows}user@domain instead of a name with the domain before it.`,
    ],
    [
      'of Exchange for a user with a domain before the name',
      ['AUTH NTLM LOGIN'],
      { username: 'CORP\\ann' },
      `${windows}user@domain instead of a name with the domain before it.`,
    ],
    [
      'of Exchange for a user with a domain behind the name',
      ['AUTH NTLM LOGIN'],
      { username: 'ann@corp.example' },
      `${windows}DOMAIN\\user instead of user@domain.`,
    ],
  ])('with a wrong password %s', async (_what, extensions, more, remedy) => {
    const told = await asked(extensions, rejected, { ...inPlainText, ...more } as Authentication);
    expect(told).toEqual({
      step: 'authenticate',
      code: 'ERR_AUTH_REJECTED',
      cause: expect.stringMatching(/^The server refused the authentication by \w+: 535 5\.7\.8 /) as string,
      remedy,
    });
  });

  it('with a token that the server does not take', async () => {
    const byToken: Authentication = { method: 'xoauth2', username: 'ann', token: 'abc', allowPlaintext: true };
    for (const offer of ['AUTH XOAUTH2', 'AUTH NTLM XOAUTH2'])
      expect((await asked([offer], rejected, byToken)).remedy).toBe(
        'Check user name and token, and that the account may send by SMTP.',
      );
  });
});

describe('greylisting', () => {
  const remedy =
    'The server uses greylisting: for some minutes it refuses senders that are new to it. Try the same message again ' +
    'from this machine in about fifteen minutes.';

  it.each(['450 4.7.1 You are greylisted', '451 4.7.1 Greylisting in action, please come back later'])(
    'is told from other temporary refusals: %s',
    async (greeting) => {
      const port = await listen(createServer((socket) => void socket.end(`${greeting}\r\n`)));
      expect(told(await report({ port, security: 'none' }))).toEqual({
        step: 'greeting',
        code: 'ERR_SMTP_REPLY',
        cause: `The server refused the connection: ${greeting}`,
        remedy,
      });
    },
  );

  it('of a recipient is told by sendTestEmail() and send()', async () => {
    await using server = await TestSmtpServer.start({
      security: 'none',
      replies: {
        RCPT: Array.from({ length: 2 }, () => '450 4.2.0 <ann@example.com>: Recipient address rejected: Greylisted'),
      },
    });
    await using mailer = createMailer({
      name: 'n',
      sender: { email: 'ann@example.com' },
      server: { host: 'localhost', port: server.port, security: 'none' },
    });
    const message = { to: 'ann@example.com', text: 'x' };
    for (const send of [() => mailer.sendTestEmail('ann@example.com'), () => mailer.send(message)])
      await expect(send()).rejects.toMatchObject({ code: 'ERR_RECIPIENTS_REJECTED', retryable: true, remedy });
  });
});
