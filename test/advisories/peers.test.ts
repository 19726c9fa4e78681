/**
 * Advisories of other mail libraries, each tried against this one. A test is named after its advisory and states what
 * must hold here.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createMailer, parseAddressList } from '../../src/index.js';
import type { EmailProfile, MailMessage, MailerOptions, SendResult } from '../../src/index.js';
import { parseExtensions } from '../../src/smtp/extensions.js';
import { createTestCertificateAuthority } from '../../src/testing/certificate-authority.js';
import { MemoryTransport, TestSmtpServer } from '../../src/testing.js';
import { cpuTimer } from '../support/cpu-time.js';
import { failure } from '../support/engine.js';
import { startScriptedServer } from '../support/scripted-server.js';

const profile: EmailProfile = { name: 'n', sender: { email: 'app@example.com' }, server: { host: 'localhost' } };
const scratch = mkdtempSync(join(tmpdir(), 'advisories-'));
const secretFile = join(scratch, 'secret.txt');
writeFileSync(secretFile, 'the content of a local file');
afterAll(() => rmSync(scratch, { recursive: true }));

/** The octets of a message that is composed in memory. */
async function composed(message: MailMessage, options: MailerOptions = {}): Promise<string> {
  const transport = new MemoryTransport();
  await using mailer = createMailer(profile, { transport, ...options });
  await mailer.send(message);
  return Buffer.from(transport.sent[0]?.content ?? []).toString();
}

/** Sends to a real test server and returns the messages that it received. */
async function sent(
  message: MailMessage,
  more: Partial<EmailProfile> = {},
): Promise<{ result: SendResult; server: TestSmtpServer }> {
  const server = await TestSmtpServer.start({ security: 'none' });
  await using mailer = createMailer({ ...profile, server: server.settings, ...more });
  const result = await mailer.send(message);
  await server.close();
  return { result, server };
}

const refused = async (message: unknown, options?: MailerOptions): Promise<string> => {
  const error = await failure(composed(message as MailMessage, options));
  expect(error.code).toBe('ERR_MESSAGE_INVALID');
  return error.problems?.map(({ path }) => path).join() ?? '';
};
const profileRefused = async (more: Partial<EmailProfile>): Promise<string> => {
  const error = await failure((async () => createMailer({ ...profile, ...more }))());
  expect(error.code).toBe('ERR_PROFILE_INVALID');
  return error.problems?.map(({ path }) => path).join() ?? '';
};

const injection = '\r\nBcc: eve@evil.example\r\n\r\nbody';
/** CRLF, LF, CR and NUL. */
const breaks = ['\r\n', '\n', '\r', '\0'];

describe('nodemailer', () => {
  it('CVE-2021-23400: no line break gets into the header through an address object', async () => {
    for (const line of breaks) {
      expect(await refused({ to: { name: `Ann${line}Bcc: eve@evil.example`, email: 'ann@example.com' } })).toMatch(
        /^to/,
      );
      expect(await refused({ to: { name: 'Ann', email: `ann@example.com${line}Bcc: eve@evil.example` } })).toMatch(
        /^to/,
      );
      expect(await refused({ to: 'ann@example.com', from: { name: `A${line}X: y`, email: 'a@example.com' } })).toMatch(
        /^from/,
      );
    }
  });

  it('GHSA-9h6g-pr28-7cqp: HTML full of data URLs takes time in proportion to its length', async () => {
    const time = async (count: number): Promise<number> => {
      const elapsed = cpuTimer();
      await composed({ to: 'ann@example.com', html: '<img src="data:image/png;base64,'.repeat(count) });
      return elapsed();
    };
    await time(1_000);
    expect(await time(60_000)).toBeLessThan(2_000);
  });

  it('GHSA-mm7p-fcc7-pg87, CVE-2025-13033: a quoted local part does not lead to the domain inside it', async () => {
    const { result, server } = await sent({ to: '"xclow3n@gmail.com x"@internal.example', text: 'x' });
    expect(result.accepted).toEqual(['"xclow3n@gmail.com x"@internal.example']);
    expect(server.messages[0]?.envelope.to.map(({ address }) => address)).toEqual([
      '"xclow3n@gmail.com x"@internal.example',
    ]);
  });

  it('GHSA-rcmh-qjqh-p98v, CVE-2025-14874: nested groups overflow no stack', async () => {
    for (const text of [
      'g:'.repeat(100_000),
      `${'g:'.repeat(100_000)}a@b.example${';'.repeat(100_000)}`,
      '('.repeat(200_000),
    ]) {
      const error = await failure((async () => parseAddressList(text))());
      expect(error.code).toBe('ERR_MESSAGE_INVALID');
      await refused({ to: text, text: 'x' });
    }
  });

  it('GHSA-c7w3-x93f-qmm8: a numeric option of the envelope is a number', async () => {
    const text = `100\r\nRCPT TO:<eve@evil.example>`;
    for (const envelope of [
      { deliverBy: { seconds: text, mode: 'return' } },
      { mtPriority: text },
      { from: `a@example.com>\r\nRCPT TO:<eve@evil.example` },
    ])
      expect(await refused({ to: 'ann@example.com', text: 'x', envelope })).toMatch(/^envelope/);
  });

  it('GHSA-vvjj-xcjg-gr5g, bpo-43124: no line break gets into EHLO', async () => {
    for (const line of breaks)
      expect(
        await profileRefused({ server: { host: 'localhost', localName: `me${line}MAIL FROM:<x@y.example>` } }),
      ).toBe('server.localName');
  });

  it('GHSA-268h-hp4c-crq3: no line break gets into fields of lists', async () => {
    for (const line of breaks)
      for (const list of [
        { id: `News${line}X: y <news.example.com>` },
        { unsubscribe: `https://example.com/${line}X: y` },
        { help: `https://example.com/${line}X: y` },
        { archive: `https://example.com/${line}X: y` },
      ])
        expect(await refused({ to: 'ann@example.com', text: 'x', list })).toMatch(/^list/);
  });

  it('GHSA-wqvq-jvpq-h66f, GHSA-p6gq-j5cr-w38f, GHSA-8m3c-c648-2xjj: with fileAccess false no file and no URL is read', async () => {
    const to = 'ann@example.com';
    const forms = [{ file: secretFile }, { file: new URL(`file://${secretFile}`) }];
    for (const content of forms) {
      for (const message of [
        { text: content },
        { html: content },
        { raw: content },
        { attachments: [{ content }] },
        { alternatives: [{ content }] },
      ])
        expect(await refused({ to, ...message }, { fileAccess: false })).not.toBe('');
    }
    for (const attachment of [{ path: secretFile }, { href: 'http://127.0.0.1/' }, { raw: { path: secretFile } }])
      expect(await refused({ to, text: 'x', attachments: [attachment] })).toMatch(/^attachments/);
    expect(await composed({ to, text: secretFile, html: `file://${secretFile}` })).not.toContain(
      'the content of a local file',
    );
  });

  it('GHSA-2x7j-588g-ccc2: a list of addresses takes time in proportion to its length', () => {
    for (const shape of ['a@b.example, ', '"a" <a@b.example>, ', 'a (b) <c@d.example>, ', '"', '(', '<', '\\', ',']) {
      const elapsed = cpuTimer();
      try {
        parseAddressList(shape.repeat(100_000));
      } catch {
        // Either outcome is fine; the test measures the time.
      }
      expect(elapsed(), shape).toBeLessThan(2_000);
    }
  });

  it('GHSA-cc9r-2j5m-2m83: a comment does not hide the domain', async () => {
    for (const text of [
      'eve@evil.example(@example.com',
      'eve@evil.example (@example.com)x',
      'a@example.com(\r\n)@evil.example',
      '(a@example.com)',
    ])
      await refused({ to: text, text: 'x' });
    const { server } = await sent({ to: 'eve@evil.example (ann@example.com)', text: 'x' }).catch(() => ({
      server: undefined,
    }));
    for (const message of server?.messages ?? [])
      expect(message.envelope.to.map(({ address }) => address)).toEqual(['eve@evil.example']);
  });

  it('GHSA-wmmp-3585-3rmp: a domain is mapped (UTS 46) before it is used', async () => {
    for (const domain of ['ｅｘａｍｐｌｅ.com', 'EXAMPLE。com', 'ex\u00adample.com']) {
      const { server } = await sent({ to: `ann@${domain}`, text: 'x' });
      expect(server.messages[0]?.envelope.to[0]?.address).toBe('ann@example.com');
    }
  });

  it('GHSA-4ffr-jq9g-5ffx: the AUTH line of EHLO takes time in proportion to its length', () => {
    for (const line of ['AUTH ' + 'A '.repeat(30_000), 'AUTH' + ' '.repeat(60_000), 'AUTH=' + '= '.repeat(30_000)]) {
      const elapsed = cpuTimer();
      parseExtensions(['mail.example.com', line]);
      expect(elapsed()).toBeLessThan(1_000);
    }
  });

  it('9.0.2: no line break gets into CONNECT', async () => {
    for (const line of breaks) {
      expect(await profileRefused({ server: { host: `mail.example.com${line}X: y` } })).toBe('server.host');
      expect(await profileRefused({ proxy: { type: 'http-connect', host: `proxy.example.com${line}X: y` } })).toMatch(
        /^proxy/,
      );
      expect(await profileRefused({ proxy: `http://u:p@proxy.example.com${encodeURIComponent(line)}/` })).toMatch(
        /^proxy/,
      );
    }
  });
});

describe('STARTTLS', () => {
  const { certificate: cert, key } = createTestCertificateAuthority().issueServer();

  it('nodemailer 9.0.3, MailKit CVE-2026-41319, curl CVE-2021-22947: plain text behind the reply to STARTTLS is not trusted', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 mx\r\n');
      await peer.hello('STARTTLS');
      await peer.line();
      peer.socket.write('220 go\r\n250-mx\r\n250 AUTH PLAIN\r\n235 welcome\r\n');
      await peer.closed;
    });
    await using mailer = createMailer({
      ...profile,
      server: { host: '127.0.0.1', port: server.port, security: 'explicit' },
      authentication: { method: 'plain', username: 'ann', password: 'secret' },
    });
    expect((await failure(mailer.send({ to: 'ann@example.com', text: 'x' }))).code).toBe('ERR_SMTP_PROTOCOL');
  });

  it('Python CVE-2016-0772, curl CVE-2021-22946: STARTTLS that is refused or missing is an error, and nothing goes in clear', async () => {
    for (const [offer, reply] of [
      ['STARTTLS', '454 4.7.0 not now'],
      ['STARTTLS', '502 5.5.1 unknown'],
      ['PIPELINING', ''],
    ] as const)
      for (const security of ['explicit', 'automatic'] as const) {
        if (security === 'automatic' && reply === '') continue;
        const lines: string[] = [];
        await using server = await startScriptedServer(async (peer) => {
          await peer.send('220 mx\r\n');
          await peer.hello(offer, 'AUTH PLAIN');
          lines.push(await peer.line());
          await peer.send(`${reply}\r\n`);
          for (;;) lines.push(await peer.line());
        });
        await using mailer = createMailer({
          ...profile,
          server: { host: '127.0.0.1', port: server.port, security },
          authentication: { method: 'plain', username: 'ann', password: 'secret' },
        });
        expect((await failure(mailer.send({ to: 'ann@example.com', text: 'x' }))).code).toMatch(/^ERR_TLS/);
        expect(lines.filter((line) => line !== 'STARTTLS' && line !== 'QUIT')).toEqual([]);
      }
  });

  it('emailjs: the certificate is checked', async () => {
    await using server = await TestSmtpServer.start();
    await using mailer = createMailer({ ...profile, server: { ...server.settings, tls: {} } });
    expect((await failure(mailer.send({ to: 'ann@example.com', text: 'x' }))).code).toBe('ERR_TLS');
    expect(server.messages).toEqual([]);
    expect([cert, key].every((pem) => pem.startsWith('-----BEGIN'))).toBe(true);
  });

  it('curl CVE-2026-8286: mailers with other TLS settings share no connection', async () => {
    await using server = await TestSmtpServer.start();
    await using trusting = createMailer({ ...profile, server: server.settings });
    await using strict = createMailer({
      ...profile,
      server: { ...server.settings, tls: { ca: server.ca, pinnedFingerprints: ['00'.repeat(32)] } },
    });
    await trusting.send({ to: 'ann@example.com', text: 'x' });
    expect((await failure(strict.send({ to: 'ann@example.com', text: 'x' }))).code).toBe('ERR_TLS');
  });
});

describe('commands', () => {
  it('MimeKit CVE-2026-30227, PHPMailer CVE-2015-8476, Ruby CVE-2015-9096: no line break in an address becomes a command', async () => {
    for (const line of breaks)
      for (const address of [
        `"a${line}RCPT TO:<eve@evil.example>"@example.com`,
        `a@example.com>${line}DATA${line}x`,
        `<a${line}@example.com>`,
      ]) {
        await refused({ to: address, text: 'x' });
        await refused({ to: 'ann@example.com', text: 'x', envelope: { from: address } });
        await refused({ to: 'ann@example.com', text: 'x', envelope: { to: [address] } });
      }
  });

  it('go-mail CVE-2025-59937: a quoted local part smuggles no parameter into RCPT', async () => {
    const { server } = await sent({ to: '"a@b> ORCPT=x"@c.example', text: 'x' });
    expect(server.messages[0]?.envelope.to).toEqual([{ address: '"a@b> ORCPT=x"@c.example', parameters: {} }]);
  });

  it('Angus Mail CVE-2025-7962: characters whose low octet is CR or LF become neither', async () => {
    const { server } = await sent({ to: 'a\u560d\u560ab@example.com', subject: 'x\u560d\u560ay', text: 'x' });
    expect(server.messages[0]?.envelope.to[0]?.address).toBe('a\u560d\u560ab@example.com');
    expect(server.messages[0]?.subject).toBe('x\u560d\u560ay');
  });

  it('Ruby CVE-2026-42246: a reply that came before its command is not believed', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 mx\r\n');
      await peer.line();
      peer.socket.write('250 mx\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n');
      await peer.closed;
    });
    await using mailer = createMailer({
      ...profile,
      server: { host: '127.0.0.1', port: server.port, security: 'none' },
    });
    expect((await failure(mailer.send({ to: 'ann@example.com', text: 'x' }))).delivery).toBe('not-delivered');
  });

  it('Go net/smtp CVE-2017-15042: PLAIN is not sent without TLS, whatever the server says', async () => {
    await using server = await TestSmtpServer.start({
      security: 'none',
      users: { ann: 'open sesame' },
      mechanisms: ['PLAIN', 'LOGIN'],
    });
    for (const security of ['none', 'automatic'] as const) {
      await using mailer = createMailer({
        ...profile,
        server: { host: server.host, port: server.port, security },
        authentication: { method: 'password', username: 'ann', password: 'open sesame' },
      });
      expect((await failure(mailer.send({ to: 'ann@example.com', text: 'x' }))).code).toBe('ERR_AUTH_PLAINTEXT');
    }
    expect(server.transcript.join('\n')).not.toMatch(/C: AUTH/);
  });

  it('smtp-server CVE-2026-38728: an endless line is left before 1 MiB of it is read', async () => {
    let written = 0;
    await using server = await startScriptedServer(async (peer) => {
      const block = Buffer.alloc(16 * 1024, 'x');
      peer.socket.write('220 ');
      const pump = (): void => {
        while (!peer.socket.destroyed && written < 64 * 1024 * 1024) {
          written += block.length;
          if (!peer.socket.write(block)) return void peer.socket.once('drain', pump);
        }
      };
      pump();
      await peer.closed;
    });
    await using mailer = createMailer({
      ...profile,
      server: { host: '127.0.0.1', port: server.port, security: 'none' },
    });
    expect((await failure(mailer.send({ to: 'ann@example.com', text: 'x' }))).code).toBe('ERR_SMTP_PROTOCOL');
    // The client reads little; the rest is in buffers of the kernel.
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });
});

describe('content', () => {
  it('lettre CVE-2021-38189, emailjs: dots at line starts are stuffed, however the content is cut', async () => {
    const text = '.\n..\n.x\nend.\n.\n';
    for (const content of [
      text,
      Buffer.from(text),
      async function* () {
        for (const octet of Buffer.from(text)) yield Buffer.of(octet);
      },
    ] as const)
      for (const extensions of [[], ['CHUNKING'], ['PIPELINING']]) {
        await using server = await TestSmtpServer.start({ security: 'none', extensions });
        await using mailer = createMailer({ ...profile, server: server.settings });
        await mailer.send({ to: 'ann@example.com', text: content as MailMessage['text'] });
        expect((await server.waitForMessage()).text).toBe('.\n..\n.x\nend.\n.');
        expect(server.messages).toHaveLength(1);
      }
  });

  it('Python CVE-2024-6923, PHPMailer: no line break in a header field begins another', async () => {
    for (const line of breaks) {
      expect(await refused({ to: 'ann@example.com', subject: `x${line}Bcc: eve@evil.example`, text: 'x' })).toBe(
        'subject',
      );
      expect(
        await refused({ to: 'ann@example.com', text: 'x', headers: { 'X-Mine': `a${line}Bcc: eve@evil.example` } }),
      ).toMatch(/^headers/);
      expect(await refused({ to: 'ann@example.com', text: 'x', headers: { [`X-Mine${line}Bcc`]: 'a' } })).toMatch(
        /^headers/,
      );
      expect(await refused({ to: 'ann@example.com', text: 'x', messageId: `a${line}X: y@example.com` })).toBe(
        'messageId',
      );
      expect(
        await refused({ to: 'ann@example.com', text: 'x', attachments: [{ filename: `a${line}X: y`, content: 'x' }] }),
      ).toMatch(/^attachments/);
      expect(
        await refused({
          to: 'ann@example.com',
          text: 'x',
          attachments: [{ content: 'x', contentType: `text/plain${line}X: y` }],
        }),
      ).toMatch(/^attachments/);
    }
    expect(injection).toContain('Bcc');
  });

  it('PHPMailer CVE-2017-5223, CVE-2012-0796: HTML names no file that is read', async () => {
    const octets = await composed({
      to: 'ann@example.com',
      html: `<img src="${secretFile}"><img src="file://${secretFile}">`,
    });
    expect(octets).not.toContain('the content of a local file');
    expect(octets).not.toMatch(/multipart\/related/);
  });
});

describe('secrets', () => {
  it('emailjs: a refused password is in no error, not even where the server repeats it', async () => {
    await using server = await TestSmtpServer.start({
      users: { ann: 'right' },
      replies: { AUTH: ['535 5.7.8 no: open-sesame-1234'] },
    });
    await using mailer = createMailer({
      ...profile,
      server: server.settings,
      authentication: { method: 'plain', username: 'ann', password: 'open-sesame-1234' },
    });
    const error = await failure(mailer.send({ to: 'ann@example.com', text: 'x' }));
    const shown = `${error.message} ${error.stack} ${JSON.stringify(error)}`;
    expect(shown).not.toContain('open-sesame-1234');
    expect(shown).not.toContain(Buffer.from('\0ann\0open-sesame-1234').toString('base64'));
  });
});
