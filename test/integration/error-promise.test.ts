/**
 * The promise of the README: an error says what happened, where, and what to do. Checked for every code, and for
 * servers of every kind.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createMailer, defineProfile } from '../../src/index.js';
import { loadCertificate } from '../../src/smime.js';
import type {
  CertificateStore,
  EmailError,
  EmailErrorCode,
  EmailProfile,
  MailerOptions,
  MailMessage,
} from '../../src/index.js';
import { createTestIdentities, TestSmtpServer } from '../../src/testing.js';
import type { TestIdentity, TestSmtpServerOptions } from '../../src/testing.js';
import { refusal, startFakeProvider } from '../support/fake-provider.js';
import { failure } from '../support/engine.js';
import { FakeProxy } from '../unit/net/proxy/fake-proxy.js';
import { aliceKdc, password, quietConf, Scratch } from '../unit/kerberos/harness.js';
import { ldapResult, startLdapServer } from '../unit/pki/ldap/ldap-server.js';

const folder = mkdtempSync(join(tmpdir(), 'error-promise-'));
const scratch = new Scratch();
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  scratch.remove();
});
const message: MailMessage = { to: 'bob@example.org', text: 'x' };
const byPassword = { method: 'password', username: 'ann', password: 'wrong' } as const;

const { certificate } = createTestIdentities('ann@example.com').identities.get('ann@example.com') as TestIdentity;
/** A store whose key is on a device that fails. */
const brokenDevice: CertificateStore = {
  list: () => Promise.resolve([]),
  async load() {
    const loaded = await loadCertificate({ data: certificate });
    return { ...loaded, privateKey: { sign: () => Promise.reject(new Error('the card was drawn')) } };
  },
};

interface Case {
  readonly server?: TestSmtpServerOptions;
  readonly profile?: (port: number) => Partial<EmailProfile>;
  readonly options?: MailerOptions;
  readonly message?: Partial<MailMessage>;
  readonly signal?: () => AbortSignal;
}

/** The error of a send to a test server, with the host and port of that server. */
async function sendError(each: Case): Promise<{ readonly error: EmailError; readonly mailServer: string }> {
  await using server = await TestSmtpServer.start({ security: 'none', ...each.server });
  const mailServer = `127.0.0.1:${server.port}`;
  const profile: EmailProfile = {
    name: 'payroll',
    sender: { email: 'ann@example.com' },
    server: { ...server.settings, host: '127.0.0.1' },
    ...each.profile?.(server.port),
  };
  await using mailer = createMailer(profile, each.options);
  const signal = each.signal?.();
  return { error: await failure(mailer.send({ ...message, ...each.message }, signal && { signal })), mailServer };
}

const on = (more: object) => (port: number) => ({
  server: { host: '127.0.0.1', port, security: 'none', ...more } as const,
});
const withTimeouts = (timeouts: object) => on({ timeouts });
const thrown = (run: () => unknown): EmailError => {
  try {
    run();
  } catch (error) {
    return error as EmailError;
  }
  throw new Error('nothing was thrown');
};

/**
 * How to cause each error, and the place that it must name: 'server' for the mail server, otherwise a part of the
 * message.
 */
const cases: Readonly<
  Record<EmailErrorCode, readonly [Case | (() => EmailError | Promise<EmailError>), 'server' | RegExp]>
> = {
  ERR_PROFILE_INVALID: [() => thrown(() => defineProfile({ name: 'x' } as never)), /sender: /],
  ERR_MESSAGE_INVALID: [{ message: { to: 'nobody' } }, /to: /],
  ERR_SECRET: [
    {
      server: { users: { ann: 'x' } },
      profile: () => ({ authentication: { ...byPassword, password: { env: 'NO_SUCH_VARIABLE' } } }),
    },
    /authentication\.password.*NO_SUCH_VARIABLE/,
  ],
  ERR_CONTENT: [
    { message: { attachments: [{ content: { file: '/no/such/file' } }] } },
    /attachments\.0\.content.*\/no\/such\/file/,
  ],
  ERR_DNS: [{ profile: (port) => ({ server: { host: 'no-such-host.invalid', port } }) }, /no-such-host\.invalid:/],
  ERR_CONNECT: [{ server: { faults: [{ at: 'EHLO', do: 'drop' }] } }, 'server'],
  ERR_PROXY: [
    async () => {
      await using proxy = await FakeProxy.start(async (side) => {
        await side.readHeader();
        await side.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
      });
      const { error } = await sendError({ profile: () => ({ proxy: `http://127.0.0.1:${proxy.port}` }) });
      expect(error.server).toBe(`127.0.0.1:${proxy.port}`);
      return error;
    },
    /proxy 127\.0\.0\.1:\d+ /,
  ],
  ERR_TLS: [{ server: { security: 'starttls' }, profile: on({ security: 'explicit' }) }, 'server'],
  ERR_TLS_REQUIRED: [{ profile: on({ security: 'explicit' }) }, 'server'],
  ERR_TIMEOUT: [
    { server: { faults: [{ at: 'greeting', do: 'silence' }] }, profile: withTimeouts({ greetingMs: 30 }) },
    'server',
  ],
  ERR_ABORTED: [{ signal: () => AbortSignal.abort() }, /signal/],
  ERR_CLOSED: [
    async () => {
      const mailer = createMailer({ name: 'x', sender: { email: 'a@example.com' }, server: { host: 'localhost' } });
      await mailer.close();
      return await failure(mailer.send(message));
    },
    /mailer/,
  ],
  ERR_SMTP_PROTOCOL: [{ server: { replies: { GREETING: ['SSH-2.0-OpenSSH_9.6'] } } }, 'server'],
  ERR_SMTP_REPLY: [{ server: { replies: { MAIL: ['550 5.7.1 not you'] } } }, 'server'],
  ERR_EXTENSION_MISSING: [{ server: { extensions: [] }, message: { envelope: { dsn: { return: 'full' } } } }, 'server'],
  ERR_RECIPIENT_NOT_ALLOWED: [{ options: { recipients: { allow: ['@example.com'] } } }, /bob@example\.org \(to\)/],
  ERR_RECIPIENTS_REJECTED: [{ server: { replies: { RCPT: ['550 5.1.1 no such user'] } } }, 'server'],
  ERR_MESSAGE_TOO_LARGE: [{ server: { extensions: ['SIZE 10'] } }, 'server'],
  ERR_AUTH_REQUIRED: [{ server: { users: { ann: 'x' } } }, 'server'],
  ERR_AUTH_REJECTED: [
    {
      server: { users: { ann: 'x' }, security: 'implicit' },
      profile: (port) => ({
        ...on({ security: 'implicit', tls: { dangerouslyAcceptAnyCertificate: true } })(port),
        authentication: byPassword,
      }),
    },
    'server',
  ],
  ERR_AUTH_UNAVAILABLE: [
    {
      server: { users: { ann: 'x' }, mechanisms: ['CRAM-MD5'] },
      profile: () => ({ authentication: { ...byPassword, method: 'scram-sha-1' } }),
    },
    'server',
  ],
  ERR_AUTH_PLAINTEXT: [
    { server: { users: { ann: 'x' }, mechanisms: ['PLAIN'] }, profile: () => ({ authentication: byPassword }) },
    'server',
  ],
  ERR_KERBEROS: [
    async () => {
      const kdc = await aliceKdc();
      const krb5ConfFile = scratch.write('krb5.conf', quietConf);
      const { error } = await sendError({
        server: {
          users: { ann: 'x' },
          replies: (verb) => (verb === 'EHLO' ? '250-test\r\n250 AUTH GSSAPI' : undefined),
        },
        profile: () => ({
          authentication: {
            method: 'kerberos',
            principal: 'alice@FAKE.TEST',
            password: `not ${password}`,
            servicePrincipal: 'smtp/mail.fake.test',
            kdc: [`127.0.0.1:${kdc.port}`],
            krb5ConfFile,
          },
        }),
      });
      await kdc.close();
      expect(error.server).toBe(`127.0.0.1:${kdc.port}`);
      return error;
    },
    /the KDC of FAKE\.TEST \(127\.0\.0\.1:\d+\)/i,
  ],
  ERR_OAUTH2: [
    async () => {
      await using provider = await startFakeProvider({ '/token': () => refusal('invalid_client') });
      const { error } = await sendError({
        server: { users: { ann: 'x' }, mechanisms: ['XOAUTH2'] },
        profile: () => ({
          authentication: { method: 'xoauth2', username: 'ann', allowPlaintext: true },
          oauth2: {
            clientId: 'x',
            clientSecret: 'y',
            grant: 'client-credentials',
            tokenUrl: `${provider.origin}/token`,
          },
        }),
      });
      expect(error.server).toBe(provider.origin.slice('http://'.length));
      return error;
    },
    /token endpoint http:\/\/127\.0\.0\.1:\d+\/token/,
  ],
  ERR_CERTIFICATE: [
    { profile: () => ({ smime: { sign: { certificate: { file: '/no/such.p12' } } } }) },
    /smime\.sign\.certificate.*\/no\/such\.p12/,
  ],
  ERR_CERTIFICATE_MISSING: [
    { profile: () => ({ smime: { encrypt: { certificates: { directory: folder } } } }) },
    /bob@example\.org/,
  ],
  ERR_SMIME: [
    {
      profile: () => {
        const sign = { certificate: { store: brokenDevice, select: { email: 'ann@example.com' } } };
        return { smime: { sign } };
      },
    },
    /external key of CN=/,
  ],
  ERR_STORE: [
    async () => {
      const { openProfileStore } = await import('../../src/index.js');
      const file = join(folder, 'store');
      writeFileSync(file, 'not a store');
      return await failure(openProfileStore({ file, key: 'a passphrase' }));
    },
    /error-promise-.*store/,
  ],
};

describe('an error says what, where and what to do', () => {
  it.each(Object.entries(cases) as [EmailErrorCode, (typeof cases)[EmailErrorCode]][])(
    '%s',
    async (code, [how, where]) => {
      const { error, mailServer } =
        typeof how === 'function' ? { error: await how(), mailServer: '' } : await sendError(how);
      expect(error.code).toBe(code);
      expect(error.message, 'what').toMatch(/^\S.{14,}/s);
      if (where === 'server') {
        expect(error.server, 'where').toBe(mailServer);
        expect(error.message, 'where').toContain(mailServer);
        expect(error.message, 'where').toContain('profile payroll');
        expect(error.profile).toBe('payroll');
      } else expect(error.message, 'where').toMatch(where);
      expect(error.remedy, 'what to do').toMatch(/^[A-Z].{10,}\.$/s);
    },
  );
});

describe('an error of another server names that one, and not the mail server', () => {
  it('of a proxy that cannot be reached', async () => {
    const proxy = await FakeProxy.start(() => Promise.resolve());
    const { port } = proxy;
    await proxy[Symbol.asyncDispose]();
    const { error, mailServer } = await sendError({ profile: () => ({ proxy: `socks5://127.0.0.1:${port}` }) });
    expect(error).toMatchObject({ code: 'ERR_CONNECT', server: `127.0.0.1:${port}`, profile: 'payroll' });
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(error.message).not.toContain(mailServer);
    expect(error.remedy).toContain('proxy.port');
  });

  it('of an LDAP server that refuses, and of one that is down', async () => {
    const ldap = await startLdapServer(({ id, operation }, socket) =>
      socket.end(ldapResult(id, operation === 0x77 ? 0x78 : 0x65, 53, 'not now')),
    );
    const source = { ldap: `ldap://127.0.0.1:${ldap.port}`, baseDn: '' };
    const profile = () => ({ smime: { encrypt: { certificates: source } } });
    const refused = await sendError({ profile });
    await ldap.close();
    const down = await sendError({ profile });
    for (const { error, mailServer } of [refused, down]) {
      expect(error.server).toBe(`127.0.0.1:${ldap.port}`);
      expect(error.message).toContain(`the LDAP server 127.0.0.1:${ldap.port}`);
      expect(error.message).toContain('profile payroll');
      expect(error.message).not.toContain(mailServer);
      expect(error.remedy).toContain('smime.encrypt.certificates');
    }
  });

  it('of a KDC that is down', async () => {
    const kdc = await aliceKdc();
    await kdc.close();
    const { error, mailServer } = await sendError({
      server: { users: { ann: 'x' }, replies: (verb) => (verb === 'EHLO' ? '250-test\r\n250 AUTH GSSAPI' : undefined) },
      profile: () => ({
        authentication: {
          method: 'kerberos',
          principal: 'alice@FAKE.TEST',
          password,
          servicePrincipal: 'smtp/mail.fake.test',
          kdc: [`127.0.0.1:${kdc.port}`],
          krb5ConfFile: scratch.write('krb5.conf', quietConf),
        },
      }),
    });
    expect(error).toMatchObject({ code: 'ERR_KERBEROS', server: `127.0.0.1:${kdc.port}` });
    expect(error.message).not.toContain(mailServer);
  });

  it('of a token endpoint that is down', async () => {
    const provider = await startFakeProvider();
    await provider[Symbol.asyncDispose]();
    const { error, mailServer } = await sendError({
      server: { users: { ann: 'x' }, mechanisms: ['XOAUTH2'] },
      profile: () => ({
        authentication: { method: 'xoauth2', username: 'ann', allowPlaintext: true },
        oauth2: { clientId: 'x', clientSecret: 'y', grant: 'client-credentials', tokenUrl: `${provider.origin}/token` },
      }),
    });
    expect(error).toMatchObject({ code: 'ERR_OAUTH2', server: provider.origin.slice('http://'.length) });
    expect(error.message).not.toContain(mailServer);
  });
});

describe("an error after which the message may have arrived ('unknown') says so first", () => {
  it.each<[string, Case]>([
    ['a lost connection', { server: { faults: [{ at: 'end', do: 'drop' }] } }],
    ['a reset', { server: { faults: [{ at: 'end', do: 'reset' }] } }],
    ['a reply that is none', { server: { replies: { END: ['what?'] } } }],
    ['a deadline', { server: { faults: [{ at: 'end', do: 'silence' }] }, profile: withTimeouts({ acceptanceMs: 30 }) }],
    [
      'the deadline of the send',
      { server: { faults: [{ at: 'end', do: 'silence' }] }, profile: withTimeouts({ totalMs: 300 }) },
    ],
  ])('%s', async (_what, each) => {
    const { error, mailServer } = await sendError(each);
    expect(error).toMatchObject({ delivery: 'unknown', retryable: false, server: mailServer });
    expect(error.remedy).toMatch(/^The server may have the message, and sending it again may make a duplicate: check/);
  });

  it('an abort', async () => {
    const abort = new AbortController();
    const { error } = await sendError({
      server: {
        faults: (at) => {
          if (at !== 'end') return undefined;
          setImmediate(() => abort.abort());
          return { do: 'silence' };
        },
      },
      signal: () => abort.signal,
    });
    expect(error).toMatchObject({ code: 'ERR_ABORTED', delivery: 'unknown' });
    expect(error.message).toContain('while the reply to the message was awaited');
    expect(error.remedy).toMatch(/^The server may have the message/);
  });
});
