import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createMailer, type MailMessage } from '../../../src/index.js';
import { FileTransport } from '../../../src/testing.js';

const root = mkdtempSync(join(tmpdir(), 'file-transport-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const profile = { name: 'p', sender: { email: 'app@example.com' }, server: { host: 'mail.example.com' } };
let last = 0;

async function sent(...messages: readonly MailMessage[]) {
  const directory = join(root, String(++last), 'mail');
  const transport = new FileTransport({ directory });
  await using mailer = createMailer(profile, { transport });
  for (const message of messages) await mailer.send(message);
  return { directory, transport, names: readdirSync(directory).sort() };
}

describe('FileTransport', () => {
  it('writes one private file a message, named by time and Message-ID', async () => {
    const { directory, transport, names } = await sent(
      { to: 'ann@example.com', bcc: 'eve@example.com', subject: 'One', text: 'Hello', messageId: 'one@example.com' },
      { to: 'ann@example.com', subject: 'Two', text: 'Hello' },
    );
    expect(names.length).toBe(2);
    expect(names[0]).toMatch(/^\d{8}T\d{6}\.\d{3}Z-one@example\.com-[0-9a-f]{8}\.eml$/);
    expect(transport.sent.map(({ file }) => file)).toEqual(names.map((name) => join(directory, name)));
    expect(transport.sent[0]?.envelope.to).toEqual(['ann@example.com', 'eve@example.com']);
    const text = readFileSync(join(directory, names[0] ?? ''), 'utf8');
    expect(text).toMatch(/^From: app@example\.com\r\n[^]*\r\n\r\nHello\r\n$/);
    expect(text).not.toContain('eve');
    if (process.platform === 'win32') return;
    expect(names.map((name) => statSync(join(directory, name)).mode & 0o777)).toEqual([0o600, 0o600]);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('keeps several messages of one Message-ID', async () => {
    const message = { to: 'ann@example.com', text: 'x', messageId: 'same@example.com' };
    expect((await sent(message, message, message)).names.length).toBe(3);
  });

  it.each([
    '../../../etc/cron.d/x@y',
    '..\\..\\x@y',
    'a/b@c',
    'C:x@y',
    '.@.',
    `${'a'.repeat(500)}@b`,
    '%00@x',
    '$(id)@x',
  ])('leaves the directory for no Message-ID: %s', async (messageId) => {
    const { directory, names } = await sent({ to: 'ann@example.com', text: 'x', messageId });
    expect(names.length).toBe(1);
    expect(names[0]).toMatch(/^\d{8}T\d{6}\.\d{3}Z-[A-Za-z0-9.@_-]{1,80}-[0-9a-f]{8}\.eml$/);
    expect(readdirSync(join(directory, '..'))).toEqual(['mail']);
  });

  it('tells listeners, until they end it', async () => {
    const transport = new FileTransport({ directory: join(root, 'listeners') });
    await using mailer = createMailer(profile, { transport });
    let calls = 0;
    const end = transport.onSent(() => {
      calls++;
      throw new Error('has no effect');
    });
    await mailer.send({ to: 'ann@example.com', text: 'x' });
    end();
    await mailer.send({ to: 'ann@example.com', text: 'x' });
    expect([calls, transport.sent.length]).toEqual([1, 2]);
  });

  it('names a directory that cannot be written, and keeps nothing', async () => {
    writeFileSync(join(root, 'file'), '');
    const transport = new FileTransport({ directory: join(root, 'file', 'mail') });
    await using mailer = createMailer(profile, { transport });
    const sending = mailer.send({ to: 'ann@example.com', text: 'x' });
    await expect(sending).rejects.toMatchObject({ code: 'ERR_CONNECT', delivery: 'not-delivered' });
    await expect(sending).rejects.toThrow(/cannot be written to .*file/);
    expect(transport.sent).toEqual([]);
  });

  it.each([{}, { directory: 7 }, { directory: '' }, { directory: 'x', mode: 1 }])(
    'refuses the options %j',
    (options) => {
      expect(() => new FileTransport(options as never)).toThrow(/The options of FileTransport are not valid/);
    },
  );
});
