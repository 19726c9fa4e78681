import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { EmailProfile, MailMessage, OutgoingServer } from '../../src/index.js';
import { readTestbed } from './testbed.js';

const bed = readTestbed();
const tls = { ca: { file: bed.pki.ca } };
const { alice, bob } = bed.users;

/** Waits for messages in a Maildir, because the servers queue. */
async function delivered(maildir: string, count: number): Promise<Buffer[]> {
  for (let i = 0; i < 150; i++) {
    const files = ['new', 'cur'].flatMap((sub) => {
      try {
        return readdirSync(join(maildir, sub)).map((name) => join(maildir, sub, name));
      } catch {
        return [];
      }
    });
    if (files.length >= count) return files.map((file) => readFileSync(file));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${maildir} has fewer than ${count} messages after 15 s`);
}

function empty(maildir: string): void {
  for (const sub of ['new', 'cur']) {
    try {
      for (const name of readdirSync(join(maildir, sub))) rmSync(join(maildir, sub, name));
    } catch {
      // never used yet
    }
  }
}

/** The message without the header fields that servers add on top. Stored line ends depend on the file system. */
function withoutTrace(stored: Buffer): string {
  const text = stored.toString('latin1').replace(/\r?\n/g, '\r\n');
  const lines = text.split('\r\n');
  let i = 0;
  const trace = /^(Return-Path|Received|Delivered-To|X-Original-To|Envelope-To|Delivery-date):/i;
  while (i < lines.length && trace.test(lines[i] ?? '')) {
    i++;
    while (/^[ \t]/.test(lines[i] ?? '')) i++;
  }
  return lines.slice(i).join('\r\n');
}

/** Parses a message with Python's email package, policy SMTP. */
function pythonParse(message: Buffer): {
  headers: [string, string][];
  parts: { type: string; filename: string | null; disposition: string | null; base64: string }[];
} {
  const file = join(tmpdir(), `message-${randomBytes(6).toString('hex')}.eml`);
  writeFileSync(file, message);
  try {
    const program = `
import sys, json, base64, email, email.policy
m = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.SMTP)
parts = []
for p in m.walk():
    if p.is_multipart(): continue
    parts.append({'type': p.get_content_type(), 'filename': p.get_filename(), 'disposition': p.get_content_disposition(), 'base64': base64.b64encode(p.get_payload(decode=True)).decode()})
print(json.dumps({'headers': [[k, str(v)] for k, v in m.items()], 'parts': parts, 'defects': [str(d) for d in m.defects]}))
`;
    const result = JSON.parse(
      execFileSync('python3', ['-c', program, file], { maxBuffer: 1 << 28 }).toString(),
    ) as ReturnType<typeof pythonParse> & { defects: string[] };
    expect(result.defects).toEqual([]);
    return result;
  } finally {
    rmSync(file);
  }
}

const general: EmailProfile = {
  name: 'everything of the General tab',
  description: 'as the settings page has it',
  sender: {
    name: 'Zoë Äpfel, Payroll',
    email: alice.address,
    organization: 'Größe & Söhne GmbH',
    replyTo: 'Replies <replies@example.test>',
    readReceiptTo: 'read@example.test',
    returnReceiptTo: alice.address,
  },
  priority: 'urgent',
  sensitivity: 'company-confidential',
  importance: 'high',
  headers: [
    { name: 'X-Profile', value: 'from the profile' },
    { name: 'X-Both', value: 'profile' },
  ],
  server: { host: bed.host, port: bed.postfix.plain, security: 'none' },
};

function profileFor(server: Partial<OutgoingServer>, withPassword: boolean): EmailProfile {
  return {
    ...general,
    server: { host: bed.host, tls, ...server },
    ...(withPassword
      ? { authentication: { method: 'password' as const, username: 'alice', password: alice.password } }
      : {}),
  };
}

const routes: [string, EmailProfile, string][] = [
  ['Postfix, plain text', profileFor({ port: bed.postfix.plain, security: 'none' }, false), bob.postfixMaildir],
  ['Postfix, STARTTLS by itself', profileFor({ port: bed.postfix.starttls }, false), bob.postfixMaildir],
  ['Postfix submission', profileFor({ port: bed.postfix.submission, security: 'explicit' }, true), bob.postfixMaildir],
  [
    'Postfix submissions',
    profileFor({ port: bed.postfix.submissions, security: 'implicit' }, true),
    bob.postfixMaildir,
  ],
  [
    'Postfix with no extensions at all',
    profileFor({ port: bed.postfix.bare, security: 'none' }, false),
    bob.postfixMaildir,
  ],
  ['Exim submission', profileFor({ port: bed.exim.submission, security: 'explicit' }, true), bob.eximMaildir],
  ['Exim submissions', profileFor({ port: bed.exim.submissions, security: 'implicit' }, true), bob.eximMaildir],
  ['Dovecot submission', profileFor({ port: bed.dovecot.submission, security: 'explicit' }, true), bob.postfixMaildir],
  [
    'Dovecot submissions',
    profileFor({ port: bed.dovecot.submissions, security: 'implicit' }, true),
    bob.postfixMaildir,
  ],
  [
    'Postfix, where implicit TLS was not expected',
    profileFor({ port: bed.postfix.submissions }, true),
    bob.postfixMaildir,
  ],
];

const longLine = `${'abc def '.repeat(1250)}end`;
const message: MailMessage = {
  to: `Bob Bücher <${bob.address}>`,
  subject: `Žluťoučký kůň ${'– a long subject '.repeat(120)}`.slice(0, 2000).trim(),
  text: `first\n.\n..\n.. dots\n.leading\n${longLine}\nFrom here\ntrailing blank \nlast`,
  html: `<p>${longLine}</p>`,
  attachments: [
    { filename: 'empty.bin', content: new Uint8Array(0) },
    { filename: 'one byte – ①.bin', content: Uint8Array.of(0) },
    { filename: 'random.bin', content: randomBytes(1000) },
    { filename: 'dots.txt', content: '.\r\n..\r\n.\n', contentType: 'application/octet-stream' },
    { filename: 'picture.png', content: Uint8Array.of(137, 80, 78, 71), cid: 'picture@example.test' },
  ],
  headers: { 'X-Both': 'message' },
};

describe('a message with everything', () => {
  beforeEach(() => {
    empty(bob.postfixMaildir);
    empty(bob.eximMaildir);
  });

  it.each(routes)('arrives by %s as it was composed, byte for byte', async (_, profile, maildir) => {
    const random = randomBytes(profile === routes[0]?.[1] ? 5 << 20 : 200_000);
    const attachments = message.attachments?.map((part) =>
      part.filename === 'random.bin' ? { ...part, content: random } : part,
    );
    const mailer = createMailer(profile);
    try {
      const composed = await mailer.compose({
        ...message,
        attachments,
        messageId: `${randomBytes(8).toString('hex')}@example.test`,
      });
      const result = await mailer.send({ to: bob.address, raw: composed.content });
      expect(result.accepted).toEqual([bob.address]);
      const [stored] = await delivered(maildir, 1);
      const parsed = pythonParse(stored as Buffer);
      const content = withoutTrace(stored as Buffer);
      expect(
        content === Buffer.from(composed.content).toString('latin1'),
        'the stored message is the one that was composed',
      ).toBe(true);
      expect(result.bytes).toBe(composed.content.length);
      expect(parsed.parts.map(({ filename }) => filename)).toEqual([
        null,
        null,
        'picture.png',
        'empty.bin',
        'one byte – ①.bin',
        'random.bin',
        'dots.txt',
      ]);
      expect(Buffer.from(parsed.parts[5]?.base64 ?? '', 'base64').equals(random)).toBe(true);
      expect(parsed.parts[3]?.base64).toBe('');
      expect(parsed.parts[4]?.base64).toBe('AA==');
      expect(Buffer.from(parsed.parts[6]?.base64 ?? '', 'base64').toString()).toBe('.\r\n..\r\n.\n');
      expect(
        Buffer.from(parsed.parts[0]?.base64 ?? '', 'base64')
          .toString()
          .replace(/\r\n/g, '\n'),
      ).toBe(message.text);
      expect(Math.max(...content.split('\r\n', 1000).map(({ length }) => length))).toBeLessThanOrEqual(998);
      expect(/[^\r\n]{999}/.test(content)).toBe(false);
    } finally {
      await mailer.close();
    }
  });

  it('carries each header as the settings page has it', async () => {
    const mailer = createMailer(general);
    const result = await mailer.send({ ...message, cc: 'cc@catchall.test', bcc: 'blind@catchall.test' });
    await mailer.close();
    const [stored] = await delivered(bob.postfixMaildir, 1);
    const { headers } = pythonParse(stored as Buffer);
    const value = (name: string): string[] => headers.filter(([field]) => field === name).map(([, text]) => text);
    expect(value('From')).toEqual([`"Zoë Äpfel, Payroll" <${alice.address}>`]);
    expect(value('To')).toEqual([`Bob Bücher <${bob.address}>`]);
    expect(value('Cc')).toEqual(['cc@catchall.test']);
    expect(value('Bcc')).toEqual([]);
    expect((stored as Buffer).includes('blind@catchall.test')).toBe(false);
    expect(value('Reply-To')).toEqual(['Replies <replies@example.test>']);
    expect(value('Organization')).toEqual(['Größe & Söhne GmbH']);
    expect(value('Disposition-Notification-To')).toEqual(['read@example.test']);
    expect(value('Return-Receipt-To')).toEqual([alice.address]);
    expect(value('Priority')).toEqual(['urgent']);
    expect(value('Sensitivity')).toEqual(['Company-Confidential']);
    expect([...value('Importance'), ...value('X-Priority'), ...value('X-MSMail-Priority')]).toEqual([
      'high',
      '1 (Highest)',
      'High',
    ]);
    expect(value('X-Profile')).toEqual(['from the profile']);
    expect(value('X-Both')).toEqual(['message']);
    expect(value('Subject')).toEqual([message.subject]);
    expect(value('Message-ID')).toEqual([`<${result.messageId}>`]);
    expect(value('MIME-Version')).toEqual(['1.0']);
    expect(Math.abs(Date.parse(value('Date')[0] ?? '') - Date.now())).toBeLessThan(60_000);
    expect(value('Return-Path')).toEqual([`<${alice.address}>`]);
  });

  it('reaches IDN domains and, by SMTPUTF8, local parts that are not ASCII', async () => {
    const { idnDomain, idnMaildir, utf8, utf8Maildirs } = bed.postfix.recipients;
    for (const maildir of [idnMaildir, ...utf8Maildirs]) empty(maildir);
    const mailer = createMailer(general);
    await mailer.send({ to: [`anyone@${idnDomain}`, ...utf8], subject: 'ünïcode', text: 'x' });
    await mailer.close();
    for (const maildir of [idnMaildir, ...utf8Maildirs]) expect((await delivered(maildir, 1)).length).toBe(1);
  });

  it('is refused before MAIL where it is larger than SIZE, or needs what the server lacks', async () => {
    const small = createMailer(profileFor({ port: bed.postfix.smallSize, security: 'none' }, false));
    await expect(small.send(message)).rejects.toMatchObject({
      code: 'ERR_MESSAGE_TOO_LARGE',
      delivery: 'not-delivered',
    });
    await small.close();
    const bare = createMailer(profileFor({ port: bed.postfix.bare, security: 'none' }, false));
    await expect(bare.send({ to: bed.postfix.recipients.utf8[0] ?? '', text: 'x' })).rejects.toMatchObject({
      code: 'ERR_EXTENSION_MISSING',
    });
    await bare.close();
  });

  it('says who was refused, and delivers to the others', async () => {
    const { reject550, defer451 } = bed.postfix.recipients;
    const mailer = createMailer(general);
    const result = await mailer.send({ to: [bob.address, reject550, defer451], text: 'x' });
    expect(result.accepted).toEqual([bob.address]);
    expect(result.rejected.map(({ recipient, reply }) => [recipient, reply.code])).toEqual([
      [reject550, 550],
      [defer451, 451],
    ]);
    await expect(
      mailer.send({ to: [bob.address, reject550], text: 'never' }, { requireAllRecipients: true }),
    ).rejects.toMatchObject({
      code: 'ERR_RECIPIENTS_REJECTED',
      recipients: [{ recipient: reject550 }],
    });
    await expect(mailer.send({ to: [reject550], text: 'x' })).rejects.toMatchObject({
      code: 'ERR_RECIPIENTS_REJECTED',
      retryable: false,
    });
    const stored = await delivered(bob.postfixMaildir, 1);
    // Postfix delivers the next message after those before it, of which there is none.
    await mailer.send({ to: [bob.address], text: 'the next one' });
    await mailer.close();
    expect((await delivered(bob.postfixMaildir, stored.length + 1)).length).toBe(stored.length + 1);
  });
});

describe('a server whose certificate is wrong', () => {
  it.each(['expired', 'future', 'wronghost', 'selfsigned', 'nochain', 'tls10'] as const)(
    '%s is refused with ERR_TLS and told why',
    async (kind) => {
      for (const [security, port] of [
        ['implicit', bed.tls[kind].implicit],
        ['explicit', bed.tls[kind].starttls],
        ['automatic', bed.tls[kind].starttls],
      ] as const) {
        const mailer = createMailer(profileFor({ port, security }, true));
        const error = await mailer.send({ to: bob.address, text: 'x' }).then(
          () => undefined,
          (cause: unknown) => cause,
        );
        expect(error, `${kind} ${security}`).toMatchObject({
          code: 'ERR_TLS',
          delivery: 'not-delivered',
          remedy: expect.stringMatching(/./) as string,
        });
        await mailer.close();
      }
    },
  );

  it.each(['intermediate', 'tls12', 'tls13'] as const)('%s is accepted', async (kind) => {
    const mailer = createMailer(profileFor({ port: bed.tls[kind].implicit, security: 'implicit' }, false));
    expect((await mailer.testConnection()).steps.filter(({ name }) => name === 'tls')).toMatchObject([{ ok: true }]);
    await mailer.close();
  });
});

describe('a password', () => {
  it('never leaves over plain text, as the server saw it', async () => {
    const before = readFileSync(bed.postfix.log, 'utf8').length;
    for (const method of ['password', 'plain', 'login'] as const) {
      const mailer = createMailer({
        ...profileFor({ port: bed.postfix.authClear, security: 'none' }, false),
        authentication: { method, username: 'alice', password: 'not-the-Secret1' },
      });
      const report = await mailer.testConnection();
      expect(report.ok).toBe(false);
      if (method !== 'password')
        expect(report.steps.find(({ name }) => name === 'authenticate')?.error?.code).toBe('ERR_AUTH_PLAINTEXT');
      expect(report.transcript.join('\n')).not.toMatch(/C: AUTH (PLAIN|LOGIN)/);
      await mailer.close();
    }
    expect(readFileSync(bed.postfix.log, 'utf8').slice(before)).not.toMatch(/SASL (PLAIN|LOGIN) authentication/);
  });
});
