import { describe, expect, it } from 'vitest';
import { createMailer, type EmailProfile, type MailMessage } from '../../../../src/index.js';
import { createTestIdentities, renderPreview } from '../../../../src/testing.js';
import { fuzz } from '../../../fuzz/kit.js';

const profile = { name: 'p', sender: { email: 'app@example.com' }, server: { host: 'mail.example.com' } };

async function pageOf(message: MailMessage, more: Partial<EmailProfile> = {}): Promise<string> {
  await using mailer = createMailer({ ...profile, ...more });
  return renderPreview(await mailer.compose(message));
}
const raw = (text: string): Promise<string> => renderPreview(Buffer.from(text.replaceAll('\n', '\r\n')));

describe('the preview of a message', () => {
  it('has fields, envelope with Bcc, text, HTML with its images, and attachments', async () => {
    const page = await pageOf({
      to: 'Ann <ann@example.com>',
      bcc: 'eve@example.com',
      subject: 'Grüße & <more>',
      text: 'Hello <b>',
      html: { content: '<p>Hello<img src="data:image/png;base64,iVBORw0KGgo=">', embedDataUrls: true },
      attachments: [{ filename: 'a "b".pdf', content: 'pdf' }],
    });
    expect(page).toContain('<h1 dir="auto">Grüße &#38; &#60;more&#62;</h1>');
    expect(page).toMatch(/<div>eve@example\.com<span class="mark">Bcc<\/span><\/div>/);
    expect(page).toMatch(/<div>ann@example\.com<\/div>/);
    expect(page).toContain('<pre dir="auto">Hello &#60;b&#62;');
    expect(page).toContain('sandbox=""');
    expect(page).toContain('src=&#34;data:image/png;base64,iVBORw0KGgo=&#34;');
    expect(page).toContain('download="a &#34;b&#34;.pdf" href="data:application/octet-stream;base64,cGRm"');
    expect(page).toContain("default-src 'none'");
    expect(page).not.toContain('<script');
    expect(page).toContain('Neither signed nor encrypted.');
  });

  it('has links as text, because a browser connects when one is pressed', async () => {
    const html = '<abbr>a</abbr><a href="http://x.example/">a</a><A\nHREF="http://y.example/">b</A ><area/>';
    expect(await pageOf({ to: 'ann@example.com', html })).toMatch(
      /&#60;abbr&#62;a&#60;\/abbr&#62;&#60;x-a href=.*&#62;a&#60;\/x-a&#62;&#60;x-A\r?\nHREF=.*&#62;b&#60;\/x-A &#62;&#60;x-area\/&#62;/,
    );
  });

  it.each([
    ['no text part', { html: '<p>x' }, 'There is no text part'],
    ['no subject', { text: 'x' }, 'There is no subject'],
    ['a long subject', { text: 'x', subject: 'a'.repeat(79) }, 'The subject has 79 characters'],
    ['no way to unsubscribe', { text: 'x' }, 'There is no List-Unsubscribe'],
    [
      'no way to unsubscribe by one click',
      { text: 'x', list: { unsubscribe: 'https://example.com/u' } },
      'without List-Unsubscribe-Post',
    ],
    [
      'its size',
      { text: 'x', attachments: [{ content: Buffer.alloc(8_000_000) }] },
      'many servers refuse more than 10.0 MB',
    ],
    ['the size of its HTML', { text: 'x', html: 'x'.repeat(103_000) }, 'of which Gmail shows only the beginning'],
  ] as [string, MailMessage, string][])('warns of %s', async (_, message, words) => {
    expect(await pageOf({ to: 'ann@example.com', ...message })).toContain(words);
    const fine = await pageOf({
      to: 'ann@example.com',
      subject: 'a'.repeat(78),
      text: 'x',
      list: { unsubscribe: 'https://example.com/u', oneClick: true },
    });
    expect(fine).not.toContain(words);
    expect(fine).not.toContain('Warnings');
  });

  const { identities } = createTestIdentities('app@example.com', 'ann@example.com');
  const certificateOf = (address: string) => {
    const { certificate = '', key = '' } = identities.get(address) ?? {};
    return { data: certificate, key };
  };
  const sign = { certificate: certificateOf('app@example.com') };

  it('verifies a signature', async () => {
    const message = { to: 'ann@example.com', text: 'Hello signed' };
    const page = await pageOf(message, { smime: { sign } });
    expect(page).toMatch(/Signed with S\/MIME by [^<]*app@example\.com[^<]*sha256: the signature is valid/);
    expect(page).toContain('Hello signed');
    const opaque = await pageOf(message, { smime: { sign: { ...sign, format: 'opaque' } } });
    expect(opaque).toContain('the signature is valid');
    expect(opaque).toContain('<pre dir="auto">Hello signed');
    await using mailer = createMailer({ ...profile, smime: { sign } });
    const { content } = await mailer.compose(message);
    const changed = await renderPreview(
      Buffer.from(Buffer.from(content).toString('latin1').replace('Hello signed', 'Hello forged'), 'latin1'),
    );
    expect(changed).toContain('the signature is WRONG');
  });

  it('says that a message is encrypted, and misses no text in it', async () => {
    const encrypt = { certificates: { data: certificateOf('ann@example.com').data } };
    const page = await pageOf({ to: 'ann@example.com', text: 'secret words' }, { smime: { encrypt } });
    expect(page).toContain('Encrypted with S/MIME');
    expect(page).not.toContain('secret words');
    expect(page).not.toContain('There is no text part');
  });

  it('names the domains of DKIM, and other kinds of protection', async () => {
    expect(await raw('DKIM-Signature: v=1; d=example.com; s=x\n\nx')).toContain('DKIM signature of example.com');
    const pgp = 'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n--b--';
    expect(await raw(pgp)).toContain('Encrypted with PGP/MIME');
    const broken = 'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\n\n--b--';
    expect(await raw(broken)).toContain('the signature cannot be read');
  });

  it('says why a message cannot be read', async () => {
    const deep = Array.from(
      { length: 40 },
      (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`,
    ).join('');
    expect(await raw(`Subject: deep\n${deep}`)).toContain('The parts of the message cannot be read');
    await expect(renderPreview('text' as never)).rejects.toThrow(
      /The message cannot be shown: message: expected the bytes/,
    );
    await expect(renderPreview(undefined as never)).rejects.toMatchObject({ code: 'ERR_PROFILE_INVALID' });
  });

  it('shows one large image no more often than a page can hold', async () => {
    const image = Buffer.alloc(1024 * 1024).toString('base64');
    const body = '<img src="cid:a">'.repeat(200);
    const page = await raw(
      `Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n${body}\n--b\n` +
        `Content-Type: image/png\nContent-ID: <a>\nContent-Transfer-Encoding: base64\n\n${image}\n--b--\n`,
    );
    expect(page.split('data:image/png').length - 1).toBe(32);
  });

  it('is a page for whatever octets, without an element of theirs', async () => {
    const words = [
      'Subject: ',
      '<script>',
      'Content-Type: ',
      'text/html',
      'multipart/mixed; boundary=b',
      '\r\n',
      '\r\n\r\n',
      '--b',
      '"',
      "'",
      '\0',
      '=?utf-8?q?<script>?=',
      'Content-ID: <script>',
      'cid:',
      '\xff',
    ];
    await fuzz(200, async (next) => {
      const text = Array.from({ length: next(40) }, () => words[next(words.length)]).join('');
      const page = await renderPreview(Buffer.from(text, 'latin1'));
      if (/<script/i.test(page)) throw new Error(JSON.stringify(text));
    });
  });
});
