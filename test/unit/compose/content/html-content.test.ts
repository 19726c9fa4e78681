import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createMailer, type EmailError, type MailMessage, type MailerOptions } from '../../../../src/index.js';
import { MemoryTransport, type SentMessage } from '../../../../src/testing.js';

const profile = { name: 'p', sender: { email: 'app@example.com' }, server: { host: 'mail.example.com' } };
const image = '<p>Hi <img src="data:image/png;base64,iVBORw0KGgo=">';

async function sent(message: MailMessage, options: MailerOptions = {}): Promise<SentMessage> {
  const transport = new MemoryTransport();
  await using mailer = createMailer(profile, { transport, ...options });
  await mailer.send({ to: 'ann@example.com', ...message });
  return transport.sent[0] as SentMessage;
}
const refusal = (message: MailMessage, options: MailerOptions = {}): Promise<EmailError> =>
  sent(message, options).then(
    () => Promise.reject(new Error('was sent')),
    (error: EmailError) => error,
  );

describe('html with embedDataUrls', () => {
  it.each<[string, () => MailMessage['html']]>([
    ['text', () => ({ content: image, embedDataUrls: true })],
    ['bytes', () => ({ content: Buffer.from(image), embedDataUrls: true })],
    ['a stream', () => ({ content: Readable.from([Buffer.from(image)]), embedDataUrls: true })],
    ['a function', () => ({ content: () => Readable.from([image]), embedDataUrls: true })],
    ['a Blob', () => ({ content: new Blob([image]), embedDataUrls: true })],
  ])('makes images of %s parts beside the HTML', async (_, html) => {
    const { html: written, attachments, content } = await sent({ text: 'Hi', html: html() });
    expect(written).toMatch(/^<p>Hi <img src="cid:[0-9a-f]{32}@data\.invalid">$/);
    expect(attachments).toEqual([
      { filename: 'image-1.png', contentType: 'image/png', content: Buffer.from('iVBORw0KGgo=', 'base64') },
    ]);
    expect(Buffer.from(content).toString()).toContain('multipart/related');
    expect(Buffer.from(content).toString()).toContain(`Content-ID: <${/cid:([^"]+)/.exec(written ?? '')?.[1]}>`);
  });

  it('stands beside inline attachments', async () => {
    const { attachments } = await sent({
      html: { content: `${image}<img src="cid:logo">`, embedDataUrls: true },
      attachments: [{ content: 'x', contentType: 'image/gif', cid: 'logo' }],
    });
    expect(attachments.map(({ contentType }) => contentType)).toEqual(['image/png', 'image/gif']);
  });

  it('is off by default', async () => {
    for (const html of [image, { content: image }, { content: image, embedDataUrls: false }])
      expect((await sent({ html })).html).toBe(image);
  });

  it('names what is wrong', async () => {
    expect((await refusal({ html: { embedDataUrls: true } as never })).message).toMatch(/html: expected text, bytes/);
    expect((await refusal({ html: { content: 1 } as never })).message).toContain('html.content: expected text, bytes');
    expect((await refusal({ html: { content: 'x', embed: true } as never })).message).toContain('html.embed');
    const broken = await refusal({ html: { content: '<img src="data:image/png;base64,A">', embedDataUrls: true } });
    expect(broken.code).toBe('ERR_MESSAGE_INVALID');
    expect(broken.delivery).toBe('not-delivered');
    const latin1 = await refusal({ html: { content: Buffer.from([0xe9]), embedDataUrls: true } });
    expect(latin1.message).toContain('html.content: the bytes are not UTF-8');
    const failing = Readable.from(
      (async function* () {
        yield '<p>';
        throw new Error('disk is gone');
      })(),
    );
    expect((await refusal({ html: { content: failing, embedDataUrls: true } })).message).toContain('disk is gone');
  });

  it('refuses HTML that is too long to be read', async () => {
    const block = Buffer.alloc(1024 * 1024, 0x20);
    async function* blocks() {
      for (let i = 0; i < 65; i++) yield block;
    }
    const error = await refusal({ html: { content: blocks(), embedDataUrls: true } });
    expect(error.message).toContain('html.content: is longer than 67108864 bytes');
  });
});

describe('textFromHtml', () => {
  const textFromHtml = (html: string): string => html.replace(/<[^>]*>/g, '');

  it('makes the text of a message without one', async () => {
    expect((await sent({ html: '<p>Hello Ann' }, { textFromHtml })).text).toBe('Hello Ann');
    expect((await sent({ html: '<p>Hi' }, { textFromHtml: async () => 'later' })).text).toBe('later');
  });

  it('is not asked for a message with text, or without html', async () => {
    const fails = (): never => {
      throw new Error('was asked');
    };
    expect((await sent({ text: 'own', html: '<p>Hi' }, { textFromHtml: fails })).text).toBe('own');
    expect((await sent({ text: 'own' }, { textFromHtml: fails })).text).toBe('own');
  });

  it('gets the HTML as it is sent', async () => {
    let seen = '';
    const { html } = await sent(
      { html: { content: image, embedDataUrls: true } },
      { textFromHtml: (given) => ((seen = given), 'x') },
    );
    expect(seen).toBe(html);
  });

  it('that gives an empty text adds none', async () => {
    const { text, content } = await sent({ html: '<p>Hi' }, { textFromHtml: () => '' });
    expect(text).toBeUndefined();
    expect(Buffer.from(content).toString()).not.toContain('multipart');
  });

  it.each([
    ['throws', () => Promise.reject(new Error('no parser')), 'text: textFromHtml of the mailer failed: no parser'],
    ['gives no text', () => 7 as never, 'text: textFromHtml of the mailer did not return text'],
    ['gives half a character', () => '\ud800', 'text: textFromHtml of the mailer did not return text'],
  ])('that %s ends the send', async (_, hook, words) => {
    const error = await refusal({ html: '<p>Hi' }, { textFromHtml: hook });
    expect(error.code).toBe('ERR_CONTENT');
    expect(error.message).toContain(words);
  });

  it('must be a function', () => {
    expect(() => createMailer(profile, { textFromHtml: true as never })).toThrow(/textFromHtml: expected a function/);
  });
});
