/**
 * The recipient policy of a mailer: what disguises of an address do, redirected mail, and what is touched before a
 * refusal.
 */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { EmailProfile, MailMessage, RecipientPolicy } from '../../src/index.js';
import { createTestIdentities, MemoryTransport, TestSmtpServer } from '../../src/testing.js';
import type { TestIdentity } from '../../src/testing.js';
import { decrypt } from '../../src/smime.js';
import { failure } from '../support/engine.js';

const profile: EmailProfile = { name: 'p', sender: { email: 'ann@example.com' }, server: { host: 'mail.example.com' } };
const allow = ['ann@example.com', '"two words"@example.com', '@example.org', '@bücher.example', '@[192.0.2.1]'];

function setUp(recipients: RecipientPolicy, own: Partial<EmailProfile> = {}) {
  const transport = new MemoryTransport();
  return { transport, mailer: createMailer({ ...profile, ...own }, { transport, recipients }) };
}

const good = 'ann@example.com';
const bad = 'eve@evil.example';
const raw = (...fields: readonly string[]): string => `From: ann@example.com\r\n${fields.join('\r\n')}\r\n\r\nx\r\n`;
const sentRaw = (...fields: readonly string[]): MailMessage => ({ envelope: { to: [good] }, raw: raw(...fields) });
const headers = (name: string, value: string): MailMessage => ({ to: good, headers: [{ name, value }] });

/** Each has an address that is not allowed. */
const disguises: Readonly<Record<string, MailMessage>> = {
  plain: { to: bad },
  'second in To': { to: [good, bad] },
  Cc: { to: good, cc: bad },
  Bcc: { to: good, bcc: bad },
  'last of many': { to: [...Array.from({ length: 500 }, (_, i) => `u${i}@example.org`), bad] },
  'parts with a name': { to: { name: good, email: bad } },
  'a name that is an allowed address': { to: `"ann@example.com" <${bad}>` },
  'a name as an encoded-word': { to: `=?utf-8?q?ann=40example.com?= <${bad}>` },
  'a comment with an allowed address': { to: `(ann@example.com) ${bad}` },
  'a comment behind': { to: `${bad} (ann@example.com)` },
  'a comment inside': { to: 'eve@(ann@example.com)evil.example' },
  'nested comments': { to: '((ann@example.com)) <eve@evil.example> (x)' },
  'a group': { to: `friends: ${good}, ${bad};` },
  'a group of one': { to: `friends: ${bad};` },
  'a list in a string': { to: `${good}, ${bad}` },
  'a list with a semicolon': { to: `${good}; ${bad}` },
  'a list in parts': { to: { email: `${good},${bad}` } },
  'a quoted local part with an allowed address': { to: '"ann@example.com"@evil.example' },
  'a quoted local part that ends in brackets': { to: '"ann@example.com> eve"@evil.example' },
  'a quoted pair': { to: '"ann\\@example.com"@evil.example' },
  'a percent route': { to: 'ann%example.com@evil.example' },
  'a route': { to: '<@example.com:eve@evil.example>' },
  'a bang path': { to: 'example.com!ann@evil.example' },
  'two at signs': { to: 'ann@example.com@evil.example' },
  'a subdomain of an allowed domain': { to: 'ann@mail.example.org' },
  'an allowed domain as subdomain': { to: 'ann@example.org.evil.example' },
  'an allowed domain as ending of a label': { to: 'ann@evil-example.org' },
  'the domain of an allowed address': { to: 'eve@example.com' },
  'the local part in capitals': { to: 'ANN@example.com' },
  'the local part with a Kelvin sign': { to: 'an\u212a@example.com' },
  'a local part with a combining mark': { to: 'ann\u0301@example.com' },
  'a Cyrillic letter in the local part': { to: '\u0430nn@example.com' },
  'a zero-width blank in the local part': { to: 'a\u200bnn@example.com' },
  'a Cyrillic letter in the domain': { to: 'ann@ex\u0430mple.org' },
  'its A-label': { to: 'ann@xn--exmple-4nf.org' },
  'a domain without its umlaut': { to: 'ann@bucher.example' },
  'the A-label of another domain': { to: 'ann@xn--bcher-lva.example' },
  'a trailing dot': { to: 'ann@evil.example.' },
  'an ideographic trailing dot': { to: 'ann@evil.example\u3002' },
  'a leading dot': { to: 'ann@.example.org' },
  'full-width letters': { to: 'eve@\uff45vil.example' },
  'a full-width at sign': { to: 'eve\uff20example.org@evil.example' },
  'another address literal': { to: 'ann@[192.0.2.2]' },
  'an IPv6 literal': { to: 'ann@[IPv6:2001:db8::1]' },
  'a line break': { to: `${good}\r\nRCPT TO:<${bad}>` },
  'a NUL': { to: `${good}\u0000${bad}` },
  'a tab': { to: `${good}\t${bad}` },
  'the envelope': { to: good, envelope: { to: [bad] } },
  'the envelope beside another': { to: good, envelope: { to: [good, bad] } },
  'To beside an allowed envelope': { to: bad, envelope: { to: [good] } },
  'Bcc beside an allowed envelope': { bcc: bad, envelope: { to: [good] } },
  'the envelope with brackets': { envelope: { to: [`<${bad}>`] }, to: good },
  'the envelope with a parameter': { envelope: { to: [`${good}> ORCPT=rfc822;${bad}`] }, to: good },
  'Resent-To': headers('Resent-To', bad),
  'Resent-Cc in other case': headers('rEsEnT-cC', `x <${bad}>`),
  'Resent-Bcc': headers('Resent-Bcc', bad),
  'Apparently-To': headers('Apparently-To', bad),
  'Resent-To that is no list': headers('Resent-To', `${good} ${bad}`),
  'a custom To': headers('To', bad),
  'a custom Bcc': headers('Bcc', bad),
  'raw with another envelope': { envelope: { to: [bad] }, raw: raw(`To: ${good}`) },
  'raw with To beside it': { to: bad, raw: raw(`To: ${good}`) },
  'raw with Bcc beside it': { to: good, bcc: bad, raw: raw(`To: ${good}`) },
  'To of raw': sentRaw(`To: ${bad}`),
  'Cc of raw': sentRaw(`To: ${good}`, `Cc: ${bad}`),
  'Bcc of raw': sentRaw(`Bcc: ${bad}`),
  'a second To of raw': sentRaw(`To: ${good}`, `To: ${bad}`),
  'a folded To of raw': sentRaw(`To: ${good},`, ` ${bad}`),
  'an empty To of raw that is folded': sentRaw('To:', `\t${bad}`),
  'To of raw in other case': sentRaw(`tO: ${bad}`),
  'a blank before the colon in raw': sentRaw(`To : ${bad}`),
  'a group in raw': sentRaw(`To: friends: ${good}, ${bad};`),
  'a comment in raw': sentRaw(`To: (${good}) ${bad}`),
  'an encoded address in raw': sentRaw('To: =?utf-8?q?eve=40evil.example?='),
  'Resent-To of raw': sentRaw(`To: ${good}`, `Resent-To: ${bad}`),
  'Apparently-To of raw': sentRaw(`Apparently-To: ${bad}`),
  'a bare LF in raw': sentRaw(`Subject: x\nTo: ${bad}`),
  'a bare CR in raw': sentRaw(`Subject: x\rTo: ${bad}`),
  'To of raw in octets that are no UTF-8': {
    envelope: { to: [good] },
    raw: Buffer.from(raw(`To: ann\u00e9@example.org`), 'latin1'),
  },
  'To of a streamed raw': { envelope: { to: [good] }, raw: Readable.from([Buffer.from(raw(`To: ${bad}`))]) },
};

/** Each has allowed addresses alone. */
const allowed: Readonly<Record<string, readonly [MailMessage, readonly string[]]>> = {
  plain: [{ to: good }, [good]],
  'with a name': [{ to: `Ann <${good}>` }, [good]],
  'a name that is another address': [{ to: `"${bad}" <${good}>` }, [good]],
  'a name that is an encoded address': [{ to: `=?utf-8?q?eve=40evil.example?= <${good}>` }, [good]],
  'a comment with another address': [{ to: `${good} (${bad})` }, [good]],
  'a quoted local part without need': [{ to: '"ann"@example.com' }, [good]],
  'a quoted local part': [{ to: '"two words"@example.com' }, ['"two words"@example.com']],
  'a quoted at sign': [{ to: '"eve@evil.example"@example.org' }, ['"eve@evil.example"@example.org']],
  'the domain in capitals': [{ to: 'ann@EXAMPLE.COM' }, [good]],
  'the domain with a Kelvin sign': [{ to: 'x@b\u00fccher.example' }, ['x@xn--bcher-kva.example']],
  'an A-label': [{ to: 'x@xn--bcher-kva.example' }, ['x@xn--bcher-kva.example']],
  'an A-label in capitals': [{ to: 'x@XN--BCHER-KVA.example' }, ['x@xn--bcher-kva.example']],
  'an umlaut of two characters': [{ to: 'x@bu\u0308cher.example' }, ['x@xn--bcher-kva.example']],
  'ideographic dots': [{ to: 'x@example\u3002org' }, ['x@example.org']],
  'full-width letters': [{ to: 'x@\uff45xample.org' }, ['x@example.org']],
  'a soft hyphen': [{ to: 'x@exam\u00adple.org' }, ['x@example.org']],
  'an address literal': [{ to: 'x@[192.0.2.1]' }, ['x@[192.0.2.1]']],
  'any local part of a domain': [{ to: 'ANYONE+tag@example.org' }, ['ANYONE+tag@example.org']],
  'in each field': [{ to: good, cc: 'c@example.org', bcc: 'b@example.org' }, [good, 'c@example.org', 'b@example.org']],
  'an envelope': [{ to: good, envelope: { to: ['x@example.org'] } }, ['x@example.org']],
  'another sender and reply address': [{ to: good, from: bad, replyTo: bad }, [good]],
  'addresses in list fields': [{ to: good, list: { unsubscribe: `mailto:${bad}` } }, [good]],
  'a subject with another address': [{ to: good, subject: bad }, [good]],
  'Resent-To': [headers('Resent-To', `Ann <${good}>, x@example.org`), [good]],
  'a custom field that is no destination': [headers('X-To', bad), [good]],
  'raw without destination': [sentRaw('Subject: x'), [good]],
  'To of raw': [sentRaw(`To: Ann <${good}>,`, ` x@example.org`), [good]],
  'a group of raw': [sentRaw(`To: friends: ${good}, x@example.org;`), [good]],
  'undisclosed recipients of raw': [sentRaw('To: undisclosed-recipients:;'), [good]],
  'To of raw in UTF-8': [sentRaw('To: x@b\u00fccher.example'), [good]],
  'the body of raw': [{ to: good, raw: `From: ${good}\r\n\r\nTo: ${bad}\r\n` }, [good]],
  'raw of a message in a message': [sentRaw(`To: ${good}`, 'X-Note: y', `\r\nTo: ${bad}`), [good]],
};

describe('recipients.allow', () => {
  it('is tried with many disguises', () => {
    expect(Object.keys(disguises).length).toBeGreaterThanOrEqual(60);
  });

  it.each(Object.entries(disguises))('refuses an address in disguise: %s', async (_, message) => {
    const { transport, mailer } = setUp({ allow });
    const { code, delivery } = await failure(mailer.send(message));
    expect(['ERR_RECIPIENT_NOT_ALLOWED', 'ERR_MESSAGE_INVALID']).toContain(code);
    expect(delivery).toBe('not-delivered');
    expect(transport.sent).toEqual([]);
    await expect(mailer.compose(message)).rejects.toThrow();
  });

  it.each(Object.entries(allowed))('admits what is allowed: %s', async (_, [message, to]) => {
    const { transport, mailer } = setUp({ allow });
    const { accepted, originalRecipients } = await mailer.send(message);
    expect(accepted).toEqual(to);
    expect(originalRecipients).toBeUndefined();
    expect(transport.sent[0]?.envelope.to).toEqual(to);
    expect(transport.sent[0]?.headers['x-original-recipients']).toBeUndefined();
  });

  it('names every address and its field', async () => {
    const { mailer } = setUp({ allow });
    const error = await failure(mailer.send({ to: good, cc: bad, bcc: ['Eve <eve2@evil.example>', 'x@example.org'] }));
    expect(error).toMatchObject({ code: 'ERR_RECIPIENT_NOT_ALLOWED', retryable: false, profile: 'p' });
    expect(error.message).toContain('eve@evil.example (cc), eve2@evil.example (bcc)');
    expect(error.remedy).toContain('recipients.allow');
    expect(error.recipients).toEqual([
      { recipient: bad, reason: 'not allowed (cc)' },
      { recipient: 'eve2@evil.example', reason: 'not allowed (bcc)' },
    ]);
  });

  it('refuses before anything is opened, read or connected', async () => {
    const touched: string[] = [];
    const touch = (what: string) => (): never => {
      touched.push(what);
      throw new Error(what);
    };
    const mailer = createMailer(
      {
        ...profile,
        dkim: { domain: 'example.com', selector: 's', privateKey: touch('key') },
        smime: {
          sign: { certificate: { store: { list: touch('list'), load: touch('load') }, select: { email: good } } },
          encrypt: { certificates: touch('certificates') },
        },
      },
      { recipients: { allow }, connector: { connect: touch('connector') } },
    );
    const { code } = await failure(
      mailer.send({ to: bad, text: touch('text'), attachments: [{ content: touch('file') }] }),
    );
    expect(code).toBe('ERR_RECIPIENT_NOT_ALLOWED');
    expect((await failure(mailer.send({ to: bad, raw: touch('raw') }))).code).toBe('ERR_RECIPIENT_NOT_ALLOWED');
    expect(touched).toEqual([]);
    await mailer.close();
  });

  it('destroys the streams of a refused message', async () => {
    const { mailer } = setUp({ allow });
    const stream = Readable.from(['x']);
    await failure(mailer.send({ to: bad, attachments: [{ content: stream }] }));
    expect(stream.destroyed).toBe(true);
  });

  it('holds for sendTestEmail', async () => {
    const { transport, mailer } = setUp({ allow: ['@example.org'] });
    expect((await failure(mailer.sendTestEmail())).code).toBe('ERR_RECIPIENT_NOT_ALLOWED');
    await mailer.sendTestEmail('x@example.org');
    expect(transport.sent).toHaveLength(1);
  });

  it('holds for SMTP', async () => {
    await using server = await TestSmtpServer.start({ security: 'none' });
    await using mailer = createMailer({ ...profile, server: server.settings }, { recipients: { allow } });
    expect((await failure(mailer.send({ to: bad, text: 'x' }))).code).toBe('ERR_RECIPIENT_NOT_ALLOWED');
    expect(server.transcript).toEqual([]);
    await mailer.send({ to: good, text: 'x' });
    expect(server.messages).toHaveLength(1);
  });

  it('allows none by an empty list', async () => {
    expect((await failure(setUp({ allow: [] }).mailer.send({ to: good }))).code).toBe('ERR_RECIPIENT_NOT_ALLOWED');
  });

  it('folds ASCII letters of local parts if asked to, and no others', async () => {
    const { mailer } = setUp({ allow: ['Kim@example.com'], foldLocalParts: true });
    expect((await mailer.send({ to: 'kIM@example.com' })).accepted).toEqual(['kIM@example.com']);
    expect((await failure(mailer.send({ to: '\u212aim@example.com' }))).code).toBe('ERR_RECIPIENT_NOT_ALLOWED');
  });

  it('does not follow the message object after the call', async () => {
    const { transport, mailer } = setUp({ allow });
    const message = { to: [good] };
    const sending = mailer.send(message);
    message.to[0] = bad;
    await sending;
    expect(transport.sent[0]?.envelope.to).toEqual([good]);
  });
});

describe('recipients.max', () => {
  it('counts the recipients of the envelope', async () => {
    const { mailer } = setUp({ max: 2 });
    await mailer.send({ to: ['a@example.org', 'b@example.org', 'a@example.org'] });
    const error = await failure(mailer.send({ to: 'a@example.org', cc: 'b@example.org', bcc: 'c@example.org' }));
    expect(error.code).toBe('ERR_RECIPIENT_NOT_ALLOWED');
    expect(error.message).toContain('3 recipients');
    await mailer.send({ to: ['a@example.org', 'b@example.org', 'c@example.org'], envelope: { to: ['d@example.org'] } });
  });
});

describe('recipients.redirectTo', () => {
  const redirectTo = 'staging@example.com';

  it('sends to these addresses alone, and tells the originals', async () => {
    const { transport, mailer } = setUp({ redirectTo: [redirectTo, 'qa@example.com'] });
    const result = await mailer.send({ to: `Bob <${good}>`, cc: 'c@example.org', bcc: 'b@example.org', text: 'x' });
    const originals = [good, 'c@example.org', 'b@example.org'];
    expect(result.accepted).toEqual([redirectTo, 'qa@example.com']);
    expect(result.envelope.to).toEqual(result.accepted);
    expect(result.originalRecipients).toEqual(originals);
    const [sent] = transport.sent;
    expect(sent?.envelope.to).toEqual(result.accepted);
    expect(sent?.headers['to']).toEqual([`Bob <${good}>`]);
    expect(sent?.headers['cc']).toEqual(['c@example.org']);
    expect(sent?.headers['x-original-recipients']).toEqual([originals.join(', ')]);
  });

  it('leaves a message to allowed recipients alone, and redirects any other as a whole', async () => {
    const { transport, mailer } = setUp({ allow, redirectTo });
    await mailer.send({ to: good });
    const { originalRecipients } = await mailer.send({ to: good, bcc: bad });
    expect(originalRecipients).toEqual([good, bad]);
    expect(transport.sent.map(({ envelope }) => envelope.to)).toEqual([[good], [redirectTo]]);
  });

  it.each(Object.entries(disguises))('gets nothing past: %s', async (_, message) => {
    const { transport, mailer } = setUp({ allow, redirectTo });
    const given = message.raw instanceof Readable ? { ...message, raw: raw(`To: ${bad}`) } : message;
    await mailer.send(given).catch((error: unknown) => expect(error).toMatchObject({ code: 'ERR_MESSAGE_INVALID' }));
    expect(transport.sent.flatMap(({ envelope }) => envelope.to).filter((to) => to !== redirectTo)).toEqual([]);
  });

  it.each([
    ['text', (text: string) => text],
    ['bytes', (text: string) => Buffer.from(text)],
    ['a stream', (text: string) => Readable.from([Buffer.from(text)])],
  ])('puts the field before a finished message of %s', async (_, form) => {
    const { transport, mailer } = setUp({ redirectTo });
    const text = raw(`To: ${good}`, 'Subject: x');
    const result = await mailer.send({ to: 'b@example.org', raw: form(text) });
    expect(result.originalRecipients).toEqual(['b@example.org']);
    expect(result.bytes).toBe(transport.sent[0]?.content.length);
    expect(Buffer.from(transport.sent[0]?.content ?? []).toString()).toBe(
      `X-Original-Recipients: b@example.org\r\n${text}`,
    );
  });

  it('writes the field once, in ASCII, on folded lines', async () => {
    const { transport, mailer } = setUp({ redirectTo });
    const many = Array.from({ length: 60 }, (_, i) => `recipient-${i}@example.org`);
    const bcc = [...many, 'j\u00f6rg@example.org'];
    await mailer.send({ bcc, headers: { 'X-Original-Recipients': 'none' } });
    const head = Buffer.from(transport.sent[0]?.content ?? []).toString();
    expect(head).toMatch(/^[\r\n -~]*$/);
    expect(transport.sent[0]?.headers['x-original-recipients']).toEqual([bcc.join(', ')]);
    expect(head.split('\r\n').filter((line) => line.length > 998)).toEqual([]);
  });

  it('encrypts for these addresses alone', async () => {
    const addresses = [good, redirectTo, 'qa@example.com', 'b@example.org'];
    const { identities } = createTestIdentities(...addresses);
    const identityOf = (address: string): TestIdentity => identities.get(address) as TestIdentity;
    const source = (address: string) => ({ data: identityOf(address).certificate, key: identityOf(address).key });
    const asked: string[] = [];
    const { transport, mailer } = setUp(
      { redirectTo: [redirectTo, 'qa@example.com'] },
      {
        smime: {
          encrypt: {
            certificates: (address) => {
              asked.push(address);
              return Promise.resolve([identityOf(address).certificate]);
            },
          },
        },
      },
    );
    await mailer.send({ to: 'b@example.org', bcc: good, subject: 'x', text: 'secret' });
    expect(asked.sort()).toEqual(['qa@example.com', redirectTo].sort());
    expect(transport.sent.map(({ envelope }) => envelope.to)).toEqual([[redirectTo, 'qa@example.com']]);
    const content = transport.sent[0]?.content ?? Buffer.alloc(0);
    expect(Buffer.from((await decrypt(content, source(redirectTo))).content).toString()).toContain('secret');
    await expect(decrypt(content, source('b@example.org'))).rejects.toMatchObject({ code: 'ERR_SMIME' });
  });

  it('keeps the request for notifications, without that of single recipients', async () => {
    await using server = await TestSmtpServer.start({ security: 'none' });
    await using mailer = createMailer({ ...profile, server: server.settings }, { recipients: { redirectTo } });
    const recipients = { [good]: { notify: 'never', originalRecipient: `rfc822;${bad}` } } as const;
    await mailer.send({
      to: good,
      envelope: { dsn: { return: 'full', envelopeId: 'id', notify: ['failure'], recipients } },
    });
    const [message] = server.messages;
    expect(message?.envelope.parameters).toMatchObject({ RET: 'FULL', ENVID: 'id' });
    expect(message?.envelope.to).toEqual([
      { address: redirectTo, parameters: { NOTIFY: 'FAILURE', ORCPT: `rfc822;${redirectTo}` } },
    ]);
  });
});

describe('the options', () => {
  it.each<[string, unknown, string]>([
    ['a list that is undefined', { allow: undefined }, 'recipients.allow'],
    ['a target that is undefined', { allow, redirectTo: undefined }, 'recipients.redirectTo'],
    ['nothing', {}, 'recipients'],
    ['only the folding', { foldLocalParts: true }, 'recipients'],
    ['text', 'example.com', 'recipients'],
    ['a domain without its sign', { allow: ['example.com'] }, 'recipients.allow.0'],
    ['a pattern', { allow: ['@*.example.com'] }, 'recipients.allow.0'],
    ['a list in a string', { allow: 'a@example.com' }, 'recipients.allow'],
    ['a sign alone', { allow: ['@'] }, 'recipients.allow.0'],
    ['an address with a name', { allow: ['Ann <ann@example.com>'] }, 'recipients.allow.0'],
    ['a target that is a domain', { redirectTo: '@example.com' }, 'recipients.redirectTo'],
    ['no target', { redirectTo: [] }, 'recipients.redirectTo'],
    ['a maximum of none', { max: 0 }, 'recipients.max'],
    ['an unknown key', { allowed: [] }, 'recipients.allowed'],
  ])('refuse %s', async (_, recipients, path) => {
    const error = await failure((async () => createMailer(profile, { recipients: recipients as RecipientPolicy }))());
    expect(error.code).toBe('ERR_PROFILE_INVALID');
    expect(error.problems?.map((problem) => problem.path)).toContain(path);
  });
});
