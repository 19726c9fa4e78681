/**
 * The refusals of Microsoft 365 and Google at each stage, and the remedy that the error gives.
 * @module
 */
import { describe, expect, it } from 'vitest';
import { createMailer, isEmailError } from '../../src/index.js';
import type {
  Authentication,
  ConnectionReport,
  Connector,
  EmailError,
  EmailProfile,
  Warning,
} from '../../src/index.js';
import { TestSmtpServer } from '../../src/testing.js';
import type { TestSmtpServerOptions } from '../../src/testing.js';
import { providerRemedy } from '../../src/smtp/provider-refusals.js';
import { bearer, startFakeProvider } from '../support/fake-provider.js';
import { DirectConnector } from '../../src/net/direct.js';

const microsoft = 'smtp.office365.com';
const google = 'smtp.gmail.com';
const password: Authentication = { method: 'plain', username: 'ann@contoso.com', password: 'open sesame' };
const token: Authentication = { method: 'xoauth2', username: 'ann@contoso.com', token: 'opaque-token' };
const right = { 'ann@contoso.com': 'open sesame' };

/** Connects to the test server whatever name is requested. */
function leadingTo(server: TestSmtpServer): Connector {
  const direct = new DirectConnector();
  return { connect: (_target, options) => direct.connect({ host: server.host, port: server.port }, options) };
}

function profileFor(server: TestSmtpServer, host: string, authentication: Authentication | undefined): EmailProfile {
  return {
    name: 'test',
    sender: { email: 'ann@contoso.com' },
    server: { host, port: 587, security: 'explicit', tls: { ca: server.ca, serverName: 'localhost' } },
    ...(authentication && { authentication }),
  };
}

interface Outcome {
  readonly error: EmailError | undefined;
  readonly warnings: readonly Warning[];
  readonly report: ConnectionReport;
}

async function send(
  options: TestSmtpServerOptions,
  host: string,
  authentication: Authentication | undefined,
): Promise<Outcome> {
  await using server = await TestSmtpServer.start({ security: 'starttls', ...options });
  const warnings: Warning[] = [];
  const mailer = createMailer(profileFor(server, host, authentication), {
    connector: leadingTo(server),
    logger: (event) => void (event.type === 'warning' && warnings.push(event.warning)),
  });
  const failure = await mailer.send({ to: 'bob@example.com', text: 'hello' }).then(
    () => undefined,
    (error: unknown) => error,
  );
  const report = await mailer.testConnection();
  await mailer.close();
  if (failure !== undefined && !isEmailError(failure)) throw failure;
  return { error: failure, warnings, report };
}

/** The command whose reply the test server replaces; END is the end of the content. */
type Stage = 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'END';

const rows: readonly (readonly [stage: Stage, reply: string, proof: Authentication | undefined, remedy: RegExp])[] = [
  [
    'AUTH',
    '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit ' +
      'https://aka.ms/smtp_auth_disabled for more information. [AM0PR01CA0101.eurprd01.prod.exchangelabs.com]',
    password,
    /SMTP AUTH is off for this mailbox or tenant.*Set-CASMailbox.*'xoauth2'/,
  ],
  [
    'AUTH',
    '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.',
    token,
    /a token does not help until it is enabled/,
  ],
  [
    'AUTH',
    '535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [AM0PR01.eurprd01.prod.outlook.com]',
    password,
    /Basic authentication \(a password\) is off.*'xoauth2'.*Set-TransportConfig/,
  ],
  [
    'AUTH',
    '535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.',
    password,
    /Basic authentication \(a password\) is off/,
  ],
  [
    'AUTH',
    "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy.",
    token,
    /security defaults or a Conditional Access policy/,
  ],
  [
    'AUTH',
    '535 5.7.3 Authentication unsuccessful [AM0PR01.eurprd01.prod.outlook.com 2026-11-30T10:00:00.000Z]',
    token,
    /does not accept the token.*enterprise application.*FullAccess.*2 hours/,
  ],
  [
    'AUTH',
    '535 5.7.3 Authentication unsuccessful',
    password,
    /User name or password is wrong, or passwords are off.*'xoauth2'/,
  ],
  [
    'AUTH',
    '550 5.7.30 Basic authentication is not supported for Client Submission.',
    password,
    /Basic authentication \(a password\) is off.*SmtpClientAuthenticationDisabled/,
  ],
  [
    'MAIL',
    '550 5.7.30 Basic authentication is not supported for Client Submission.',
    password,
    /Basic authentication \(a password\) is off/,
  ],
  [
    'END',
    '550 5.7.30 Basic authentication is not supported for Client Submission.',
    password,
    /Basic authentication \(a password\) is off/,
  ],
  [
    'MAIL',
    '530 5.7.57 Client not authenticated to send mail. [AM0PR01.eurprd01.prod.outlook.com]',
    undefined,
    /authenticated senders only.*mail\.protection\.outlook\.com/,
  ],
  [
    'MAIL',
    '530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM',
    undefined,
    /authenticated senders only/,
  ],
  [
    'MAIL',
    '550 5.7.60 SMTP; Client does not have permissions to send as this sender',
    password,
    /no Send As right.*Add-RecipientPermission/,
  ],
  ['END', '550 5.7.60 SMTP; Client does not have permissions to send as this sender', password, /no Send As right/],
  [
    'END',
    '554 5.2.252 SendAsDenied; ann@contoso.com not allowed to send as boss@contoso.com; ' +
      'STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied',
    password,
    /no Send As right/,
  ],
  [
    'END',
    '550 5.2.252 SendAsDenied; ann@contoso.com not allowed to send as boss@contoso.com',
    password,
    /no Send As right/,
  ],
  [
    'END',
    '550 5.7.515 Access denied, sending domain CONTOSO.COM does not meet the required authentication level.',
    password,
    /SPF, DKIM and DMARC/,
  ],
  [
    'RCPT',
    '550 5.7.515 Access denied, sending domain CONTOSO.COM does not meet the required authentication level.',
    password,
    /SPF, DKIM and DMARC/,
  ],
];

const googleRows: typeof rows = [
  [
    'AUTH',
    '534 5.7.9 Application-specific password required. For more information, go to ' +
      'https://support.google.com/mail/?p=InvalidSecondFactor a-1 - gsmtp',
    password,
    /'xoauth2'.*application password/,
  ],
  [
    'AUTH',
    '535 5.7.8 Username and Password not accepted. For more information, go to ' +
      'https://support.google.com/mail/?p=BadCredentials - gsmtp',
    password,
    /not accepted account passwords since May 2025/,
  ],
  ['AUTH', '535 5.7.8 Username and Password not accepted. - gsmtp', token, /must be the account that signed in/],
  [
    'END',
    '550 5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders ' +
      'to authenticate with either SPF or DKIM. - gsmtp',
    password,
    /SPF record, or set dkim/,
  ],
  [
    'RCPT',
    '550 5.7.26 Unauthenticated email from contoso.com is not accepted due to domain DMARC policy. - gsmtp',
    password,
    /SPF record, or set dkim/,
  ],
  [
    'END',
    '550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to ' +
      'https://support.google.com/a/answer/166852 - gsmtp',
    password,
    /daily sending limit/,
  ],
  ['MAIL', '550 5.4.5 Daily SMTP relay limit exceeded for customer. - gsmtp', password, /daily sending limit/],
];

describe.each([
  ['Microsoft 365', microsoft, rows],
  ['Google', google, googleRows],
] as const)('a refusal of %s', (_name, host, table) => {
  it.each(table)('at %s: %s', async (stage, reply, proof, remedy) => {
    const users = proof === token ? { 'ann@contoso.com': 'opaque-token' } : proof && right;
    const server = { ...(users && { users }), replies: { [stage]: Array.from({ length: 4 }, () => reply) } };
    const { error, report } = await send(server, host, proof);
    expect(error?.remedy).toMatch(remedy);
    expect(error?.reply?.code).toBe(Number(reply.slice(0, 3)));
    if (stage === 'AUTH') expect(report.steps.find(({ name }) => name === 'authenticate')?.remedy).toMatch(remedy);
  });

  it.each(table.filter(([, reply]) => !/^535 5\.7\.3 Authentication unsuccessful$/.test(reply)))(
    'is known by its words under a name of the customer, at %s: %s',
    (stage, reply, proof, remedy) => {
      const [, code, enhancedCode, text] = /^(\d+) (\S+) (.*)$/.exec(reply) as unknown as [
        string,
        string,
        string,
        string,
      ];
      const known = providerRemedy(
        { code: Number(code), enhancedCode, lines: [`${enhancedCode} ${text}`] },
        {
          host: 'smtp.contoso.com',
          stage,
          proof: proof === token ? 'token' : proof && 'password',
        },
      );
      expect(known).toMatch(remedy);
    },
  );
});

describe('another server', () => {
  it.each([
    ['MAIL', '550 5.7.1 no', /Check sender\.email/],
    ['END', '550 5.7.26 SPF says no', /server's reply/],
    ['AUTH', '535 5.7.8 Error: authentication failed', /Check user name and password/],
    ['AUTH', '535 5.7.3 no', /Check user name and password/],
  ])('keeps the general remedy at %s: %s', async (stage, reply, remedy) => {
    const { error } = await send({ users: right, replies: { [stage]: [reply, reply] } }, 'mail.example.com', password);
    expect(error?.remedy).toMatch(remedy);
  });

  it('of another provider is not taken for Microsoft or Google', () => {
    const context = { host: 'outlook.com.example.org', stage: 'AUTH', proof: 'password' } as const;
    expect(providerRemedy({ code: 535, enhancedCode: '5.7.3', lines: ['5.7.3 no'] }, context)).toBeUndefined();
  });
});

describe('a password for Microsoft 365', () => {
  it.each([
    [microsoft, password, true],
    ['SMTP.Office365.com', { ...password, method: 'password' }, true],
    ['smtp-mail.outlook.com', password, true],
    [microsoft, token, false],
    ['smtp-hve.office365.com', password, false],
    ['smtp.office365.com.example.org', password, false],
    [google, password, false],
  ] as const)('is a warning with the date: %s %o %s', async (host, authentication, warned) => {
    const users = { 'ann@contoso.com': authentication === token ? 'opaque-token' : 'open sesame' };
    const { error, warnings } = await send({ users }, host, authentication);
    expect(error).toBeUndefined();
    const found = warnings.filter(({ code }) => code === 'WARN_BASIC_AUTHENTICATION');
    expect(found.length > 0).toBe(warned);
    if (warned) expect(found[0]?.message).toMatch(/end of December 2026.*'xoauth2'/);
  });

  it('is no warning where it is not sent', async () => {
    const { error, warnings } = await send({ users: right, mechanisms: ['XOAUTH2'] }, microsoft, password);
    expect(error?.code).toBe('ERR_AUTH_UNAVAILABLE');
    expect(warnings).toEqual([]);
  });
});

describe('a token for Microsoft 365', () => {
  const jwt = (claims: object): string =>
    [{ alg: 'none' }, { iss: 'https://sts.windows.net/t/', aud: 'https://outlook.office365.com', exp: 4e9, ...claims }]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.') + '.c2ln';
  const by = (claims: object): Authentication => ({ ...token, token: jwt(claims) }) as Authentication;

  it.each([
    ['for Graph', { aud: 'https://graph.microsoft.com' }, /not for SMTP/],
    ['without SMTP.Send', { scp: 'User.Read' }, /no scope SMTP\.Send/],
    ['that has ended', { scp: 'SMTP.Send', exp: 1e9 }, /has expired/],
  ])('%s is not sent', async (_what, claims, message) => {
    await using server = await TestSmtpServer.start({ security: 'starttls', users: right });
    const mailer = createMailer(profileFor(server, microsoft, by(claims)), { connector: leadingTo(server) });
    const error = await mailer.send({ to: 'bob@example.com', text: 'x' }).catch((cause: unknown) => cause);
    await mailer.close();
    expect(error).toMatchObject({
      code: 'ERR_OAUTH2',
      phase: 'authenticate',
      message: expect.stringMatching(message) as string,
    });
    expect(server.transcript.join('\n')).not.toContain('AUTH XOAUTH2');
  });

  it('that has ended is renewed before it is sent, where it can be', async () => {
    const [ended, good] = [jwt({ scp: 'SMTP.Send', exp: 1e9 }), jwt({ scp: 'SMTP.Send' })];
    const given = [ended, good];
    await using provider = await startFakeProvider({ '/token': () => bearer(given.shift() ?? 'none') });
    await using server = await TestSmtpServer.start({ security: 'starttls', users: { 'ann@contoso.com': good } });
    const oauth2 = {
      clientId: 'c',
      tokenUrl: `${provider.origin}/token`,
      grant: 'client-credentials',
      clientSecret: 's',
    } as const;
    const authentication = { method: 'xoauth2', username: 'ann@contoso.com' } as const;
    await using mailer = createMailer(
      { ...profileFor(server, microsoft, authentication), oauth2 },
      { connector: leadingTo(server), fetch: globalThis.fetch },
    );
    await mailer.send({ to: 'bob@example.com', text: 'x' });
    expect(provider.calls.length).toBe(2);
    expect(server.transcript.filter((line) => line.includes('AUTH XOAUTH2')).length).toBe(1);
  });

  it('without the role of an application is a warning, and told again where it is refused', async () => {
    const claims = { roles: ['Mail.Send'] };
    const accepted = await send({ users: { 'ann@contoso.com': jwt(claims) } }, microsoft, by(claims));
    expect(accepted.error).toBeUndefined();
    expect(accepted.warnings.map(({ code }) => code)).toContain('WARN_TOKEN_ROLE');
    const refused = await send(
      {
        users: right,
        replies: { AUTH: ['535 5.7.3 Authentication unsuccessful', '535 5.7.3 Authentication unsuccessful'] },
      },
      microsoft,
      by(claims),
    );
    expect(refused.error?.remedy).toMatch(/^The token has no SMTP\.SendAsApp role\..*does not accept the token/);
  });
});
