import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** Names of the fields of the interfaces in a file of the model. */
function fieldsOf(file: string, interfaces: readonly string[]): readonly string[] {
  return interfaces.flatMap((name) => {
    const body = new RegExp(`(?:interface|type) ${name}\\b[^]*?\\n(?=\\}|/\\*\\*|export)`).exec(
      read(`src/model/${file}.ts`),
    )?.[0];
    if (body === undefined) throw new Error(`${file} has no ${name}`);
    return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??(?::|\()/gm)].map(([, field = '']) => field);
  });
}

const settings = [
  ...fieldsOf('settings/profile', ['EmailProfile', 'Sender']),
  ...fieldsOf('header', ['HeaderField']),
  ...fieldsOf('settings/server', ['OutgoingServer', 'Timeouts', 'TlsSettings']),
  ...fieldsOf('settings/authentication', [
    'AuthenticationOptions',
    'PasswordCredentials',
    'PasswordAuthentication',
    'NtlmAuthentication',
    'KerberosAuthentication',
    'TokenAuthentication',
    'CustomAuthentication',
  ]),
  ...fieldsOf('certificate', ['CertificateSource', 'CertificateStoreReference']),
  ...fieldsOf('settings/smime', ['SmimeSettings', 'SmimeSignSettings', 'SmimeEncryptSettings', 'LdapCertificates']),
  ...fieldsOf('settings/proxy', ['ProxyServerSettings']),
  ...fieldsOf('message', ['DkimSettings']),
  ...fieldsOf('log', ['LoggingSettings', 'LogFileSettings', 'EventLogSettings', 'SyslogSettings']),
  ...fieldsOf('mailer', ['PoolOptions', 'MailerOptions', 'RecipientPolicy']),
];

describe('the reference of settings', () => {
  const text = read('docs/reference/profile.md');
  const methods = [...read('src/profile/shape/authentication.ts').matchAll(/^ {2}'?([a-z0-9-]+)'?: by\w+,$/gm)].map(
    ([, method = '']) => method,
  );

  it('has a row or a place in one for each authentication method', () => {
    expect(methods.length).toBeGreaterThan(10);
    expect(methods.filter((method) => !text.includes(`'${method}'`))).toEqual([]);
  });

  it.each([...new Set(settings)])('explains %s', (name) => {
    const named = new RegExp(`\`(?:pool\\.|smime\\.|recipients\\.)?${name}\`|\`\\{[^}\\n]*\\b${name}\\b[^}\\n]*\\}\``);
    expect(named.test(text), `docs/reference/profile.md names ${name}`).toBe(true);
  });
});

describe.each<[string, Readonly<Record<string, readonly string[]>>]>([
  [
    'message',
    {
      message: ['MailMessage', 'Attachment', 'CalendarPart', 'ListFields', 'MessageProtectionChoice'],
      envelope: ['Envelope', 'DsnRequest', 'DsnRecipient', 'DeliverBy'],
    },
  ],
  [
    'mailer',
    {
      mailer: ['Mailer', 'SendOptions', 'SendResult', 'MailerStats', 'ConnectionStats', 'FailedSends'],
      report: ['ConnectionReport', 'ConnectionStepReport', 'TlsReport', 'SmimeReport', 'SmimeProblem'],
      log: ['LogEventBase', 'CommandEvent', 'ReplyEvent', 'ConnectionEvent', 'MessageEvent', 'WarningEvent'],
      transport: ['SendProgress', 'TransactionReport'],
    },
  ],
])('the reference of the %s', (page, files) => {
  const text = read(`docs/reference/${page}.md`);
  const words = new Set(
    [...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) => [...code.matchAll(/\w+/g)].map(([word]) => word)),
  );
  const fields = Object.entries(files).flatMap(([file, interfaces]) => fieldsOf(file, interfaces));

  it.each([...new Set(fields)].filter((name) => !['toString', 'toJSON', 'type'].includes(name)))(
    'explains %s',
    (name) => {
      expect(words, `docs/reference/${page}.md names ${name}`).toContain(name);
    },
  );
});

describe('the reference of errors', () => {
  const rows = new Set([...read('docs/reference/errors.md').matchAll(/^\| `(ERR_\w+)` \|/gm)].map(([, code]) => code));
  const codes = new Set([...read('src/model/error.ts').matchAll(/^ {2}\| '(ERR_\w+)'/gm)].map(([, code]) => code));

  it('has a row for every code, and none besides', () => {
    expect(codes.size).toBeGreaterThan(20);
    expect(rows).toEqual(codes);
  });
});

describe('the reference of warnings', () => {
  const rows = new Set([...read('docs/reference/errors.md').matchAll(/^\| `(WARN_\w+)` \|/gm)].map(([, code]) => code));
  const folder = fileURLToPath(new URL('src', root));
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(folder, path), 'utf8'));
  const named = sources.flatMap((source) => [...source.matchAll(/code: '(WARN_\w+)'/g)].map(([, code]) => code));
  // These problems of certificates are warnings, not errors.
  const ofProblems = [...read('src/smime/usability.ts').matchAll(/add\(\s*(?:'warning'|severity),\s*'(\w+)'/g)].map(
    ([, code]) => `WARN_${code}`,
  );

  it('has a row for every code, and none besides', () => {
    expect(ofProblems.length).toBeGreaterThan(1);
    expect(rows).toEqual(new Set([...named, ...ofProblems]));
  });
});
