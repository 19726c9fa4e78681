import { describe, expect, test } from 'vitest';
import { createMailer } from '../../../src/mailer/create-mailer.js';
import { createEmailError } from '../../../src/errors/email-error.js';
import type { OutgoingContent, TransportResult } from '../../../src/model/transport.js';
import { MemoryTransport } from '../../../src/testing/memory-transport.js';

const message = [
  'From: a@example.com',
  'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=',
  'X-One: 1',
  'x-one: 2',
  '__proto__: polluted',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: multipart/alternative; boundary=c',
  '',
  '--c',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Gr=FC=DFe,',
  'Ann',
  '--c',
  'Content-Type: text/html; charset=utf-8',
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.from('<p>Grüße</p>').toString('base64'),
  '--c--',
  '--b',
  'Content-Type: text/plain',
  "Content-Disposition: attachment; filename*=UTF-8''%C3%BC.txt",
  '',
  'file',
  '--b--',
  '',
].join('\r\n');

const envelope = { from: 'a@example.com', to: ['b@example.com', 'C@example.com'] };

function send(
  transport: MemoryTransport,
  options: {
    content?: Partial<OutgoingContent>;
    signal?: AbortSignal;
    all?: boolean;
    onProgress?: (bytes: number) => void;
  } = {},
): Promise<TransportResult> {
  const bytes = Buffer.from(message);
  return transport.send(
    envelope,
    async () => ({ body: '7bit', smtpUtf8: false, size: bytes.length, bytes, ...options.content }),
    {
      signal: options.signal ?? new AbortController().signal,
      requireAllRecipients: options.all ?? false,
      onProgress: ({ bytesSent }) => options.onProgress?.(bytesSent),
    },
  );
}

describe('MemoryTransport', () => {
  test('keeps envelope, content, decoded header fields, text, html and attachments', async () => {
    const transport = new MemoryTransport();
    const result = await send(transport);
    expect(result).toMatchObject({ accepted: envelope.to, rejected: [], reply: { code: 250 } });
    const [sent] = transport.sent;
    expect(sent?.envelope).toEqual(envelope);
    expect(Buffer.from(sent?.content ?? []).toString()).toBe(message);
    expect(sent?.headers['subject']).toEqual(['Grüße']);
    expect(sent?.headers['x-one']).toEqual(['1', '2']);
    expect(Object.entries(sent?.headers ?? {})).toContainEqual(['__proto__', ['polluted']]);
    expect(sent?.text).toBe('Grüße,\nAnn');
    expect(sent?.html).toBe('<p>Grüße</p>');
    expect(sent?.attachments).toEqual([{ filename: 'ü.txt', contentType: 'text/plain', content: Buffer.from('file') }]);
  });

  test('collects streamed content, copies its blocks and tells progress', async () => {
    const transport = new MemoryTransport();
    const seen: number[] = [];
    const block = Buffer.alloc(4);
    async function* blocks(): AsyncGenerator<Uint8Array> {
      for (const text of ['A: b', '\r\n\r\n', 'body']) {
        block.write(text);
        yield block;
      }
    }
    await send(transport, { content: { bytes: blocks() }, onProgress: (bytes) => seen.push(bytes) });
    expect(Buffer.from(transport.sent[0]?.content ?? []).toString()).toBe('A: b\r\n\r\nbody');
    expect(seen).toEqual([4, 8, 12]);
  });

  test('takes messages of any length, of header and in parts', async () => {
    const transport = new MemoryTransport();
    const parts = `--b\r\n\r\nx\r\n`.repeat(1200);
    const bytes = Buffer.from(
      `Content-Type: multipart/mixed; boundary=b\r\n` +
        `To: ${'a@example.com,\r\n '.repeat(80_000)}b@example.com\r\n\r\n${parts}--b--\r\n`,
    );
    await send(transport, { content: { bytes, size: bytes.length } });
    expect(transport.sent[0]?.attachments).toHaveLength(1199);
    expect(transport.sent[0]?.headers['to']?.[0]).toMatch(/b@example\.com$/);
  });

  test('fails the next send with the reply at its end of data, then works again', async () => {
    const transport = new MemoryTransport();
    transport.failNext({ code: 552, enhancedCode: '5.3.4' });
    transport.failNext({});
    transport.failNext({ code: 554, lines: ['no'] });
    await expect(send(transport)).rejects.toMatchObject({
      code: 'ERR_MESSAGE_TOO_LARGE',
      retryable: false,
      phase: 'acceptance',
    });
    await expect(send(transport)).rejects.toMatchObject({
      code: 'ERR_SMTP_REPLY',
      retryable: true,
      reply: { code: 451 },
    });
    await expect(send(transport)).rejects.toMatchObject({
      code: 'ERR_SMTP_REPLY',
      retryable: false,
      reply: { code: 554, lines: ['no'] },
    });
    await send(transport);
    expect(transport.sent).toHaveLength(1);
  });

  test('fails the next send with the error itself, before composing', async () => {
    const transport = new MemoryTransport();
    const error = createEmailError('ERR_CONNECT', 'down', { retryable: true });
    transport.failNext(error);
    const compose = (): Promise<OutgoingContent> => Promise.reject(new Error('composed'));
    const options = { signal: new AbortController().signal, requireAllRecipients: false };
    await expect(transport.send(envelope, compose, options)).rejects.toBe(error);
    await expect(transport.send(envelope, compose, options)).rejects.toThrow('composed');
    expect(transport.sent).toEqual([]);
  });

  test('refuses recipients as a server does: some, all, and some where all are required', async () => {
    const transport = new MemoryTransport();
    transport.rejectRecipient('c@EXAMPLE.com', { code: 450, lines: ['later'] });
    const result = await send(transport);
    expect(result).toMatchObject({
      accepted: ['b@example.com'],
      rejected: [{ recipient: 'C@example.com', reply: { code: 450, lines: ['later'] } }],
    });
    expect(transport.sent[0]?.envelope.to).toEqual(['b@example.com']);
    await expect(send(transport, { all: true })).rejects.toMatchObject({
      code: 'ERR_RECIPIENTS_REJECTED',
      retryable: true,
    });
    transport.rejectRecipient('b@example.com');
    await expect(send(transport)).rejects.toMatchObject({
      code: 'ERR_RECIPIENTS_REJECTED',
      recipients: [
        { recipient: 'b@example.com', reply: { code: 550, enhancedCode: '5.1.1' } },
        { recipient: 'C@example.com' },
      ],
    });
    expect(transport.sent).toHaveLength(1);
    transport.clear();
    await send(transport);
    expect(transport.sent).toHaveLength(1);
  });

  test('ends with ERR_ABORTED before and while content is read, and keeps nothing', async () => {
    const transport = new MemoryTransport();
    await expect(send(transport, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    const controller = new AbortController();
    await expect(
      send(transport, { signal: controller.signal, onProgress: () => controller.abort() }),
    ).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(transport.sent).toEqual([]);
  });

  test('a progress callback that throws breaks nothing', async () => {
    const transport = new MemoryTransport();
    const onProgress = (): never => {
      throw new Error('broken');
    };
    await send(transport, { onProgress });
    expect(transport.sent).toHaveLength(1);
  });

  test('serves one mailer after another, and two at once', async () => {
    const transport = new MemoryTransport();
    const profile = { name: 'p', sender: { email: 'a@example.com' }, server: { host: 'mail.example.com' } };
    const [one, two] = [createMailer(profile, { transport }), createMailer(profile, { transport })];
    await one.send({ to: 'b@example.org', text: '1' });
    await one.close({ force: true });
    await expect(one.send({ to: 'b@example.org', text: 'x' })).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await two.send({ to: 'b@example.org', text: '2' });
    await two.close();
    const three = createMailer(profile, { transport });
    await three.send({ to: 'b@example.org', text: '3' });
    await three.close();
    expect(transport.sent.map(({ text }) => text?.trim())).toEqual(['1', '2', '3']);
  });
});
