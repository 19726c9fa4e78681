/**
 * A message that comes from a request must not read files of this machine. Every reference in it obeys `fileAccess`,
 * wherever it stands, and a refusal does not reveal whether a file exists.
 * @module
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { LateComposer } from '../../src/compose/late-composer.js';
import type { FileAccess } from '../../src/compose/content/file-access.js';
import { isEmailError } from '../../src/errors/email-error.js';
import type { EmailError } from '../../src/model/error.js';
import type { MailMessage } from '../../src/model/message.js';
import type { EmailProfile } from '../../src/model/settings/profile.js';

const folder = mkdtempSync(join(tmpdir(), 'message-references-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, 'uploads');
mkdirSync(root);
const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
for (const file of [join(folder, 'tls.key'), join(root, 'own.key')]) writeFileSync(file, `${key}\n`, { mode: 0o600 });
writeFileSync(join(folder, 'notes.txt'), 'not a key');
writeFileSync(join(root, 'long.key'), 'x'.repeat(64 * 1024 + 1));
symlinkSync(folder, join(root, 'up'));
symlinkSync(join(folder, 'tls.key'), join(root, 'link-to-file'));
symlinkSync(join(folder, 'none'), join(root, 'link-to-nothing'));
process.env['MESSAGE_REFERENCES_KEY'] = key;

/** Files of four kinds with names of equal length, so that refusals which reveal nothing are the same text. */
const places = [folder, join(root, 'up'), `${root}/../uploads/up`];
const outside = places.flatMap((place) =>
  ['tls.key', 'notes.txt', 'none', 'uploads/../'].map((name) => join(place, name)),
);
const links = ['link-to-file', 'link-to-nothing'].map((name) => join(root, name));

const profile: EmailProfile = { name: 'p', sender: { email: 'app@example.com' }, server: { host: 'mail.example.com' } };
const dkim = (privateKey: unknown): object => ({ domain: 'example.com', selector: 's', privateKey });

/**
 * Every field of a message, with all places below it where a caller can put a value. A new field of MailMessage does
 * not compile until it is listed here.
 */
const fields: Readonly<Record<keyof MailMessage, (reference: unknown) => readonly unknown[]>> = {
  to: (reference) => [reference, [reference], { email: reference }, { name: reference, email: 'b@example.org' }],
  cc: (reference) => [reference, [reference], { email: reference }],
  bcc: (reference) => [reference, [reference], { email: reference }],
  from: (reference) => [reference, { email: reference }],
  sender: (reference) => [reference, { email: reference }],
  replyTo: (reference) => [reference, [reference]],
  subject: (reference) => [reference],
  text: (reference) => [reference],
  html: (reference) => [reference, { content: reference }, { content: reference, embedDataUrls: true }],
  calendar: (reference) => [
    reference,
    { method: 'REQUEST', content: reference },
    { method: reference, content: 'x' },
    { method: 'REQUEST', content: 'x', filename: reference },
  ],
  alternatives: (reference) => [reference, [reference], [{ content: reference }]],
  attachments: (reference) => [
    [reference],
    [{ content: reference }],
    [{ content: reference, filename: 'x.txt' }],
    [{ content: 'x', filename: reference }],
    [{ content: 'x', contentType: reference }],
    [{ content: 'x', cid: reference }],
  ],
  headers: (reference) => [
    { 'X-A': reference },
    [{ name: 'X-A', value: reference }],
    [{ name: reference, value: 'x' }],
  ],
  date: (reference) => [reference],
  messageId: (reference) => [reference],
  inReplyTo: (reference) => [reference],
  references: (reference) => [reference, [reference]],
  priority: (reference) => [reference],
  sensitivity: (reference) => [reference],
  importance: (reference) => [reference],
  autoSubmitted: (reference) => [reference],
  readReceiptTo: (reference) => [reference],
  returnReceiptTo: (reference) => [reference],
  list: (reference) => [
    reference,
    { unsubscribe: reference },
    { unsubscribe: [reference] },
    { id: reference },
    { help: reference },
    { archive: reference },
  ],
  smime: (reference) => [reference, { sign: reference }, { encrypt: reference }],
  dkim: (reference) => [
    reference,
    dkim(reference),
    [dkim(key), dkim(reference)],
    { ...dkim(key), domain: reference },
    { ...dkim(key), selector: reference },
    { ...dkim(key), password: reference },
    { ...dkim(key), headers: ['from', reference] },
  ],
  envelope: (reference) => [
    reference,
    { from: reference },
    { to: [reference] },
    { dsn: reference },
    { dsn: { envelopeId: reference } },
    { dsn: { recipients: { 'b@example.org': reference } } },
    { dsn: { recipients: { 'b@example.org': { originalRecipient: reference } } } },
  ],
  raw: (reference) => [reference],
};

async function outcome(message: object, access: FileAccess): Promise<EmailError | string> {
  const composer = new LateComposer(profile, access, undefined);
  try {
    const prepared = await composer.prepare(message as MailMessage, new AbortController().signal);
    const { bytes } = await prepared.copies[0]!.compose();
    await prepared.dispose?.();
    return bytes instanceof Uint8Array ? Buffer.from(bytes).toString() : 'a stream';
  } catch (error) {
    if (isEmailError(error)) return error;
    throw error;
  }
}
const told = (result: EmailError | string): string =>
  typeof result === 'string' ? result : `${result.code} ${result.message} ${result.remedy}`;

const refusing: readonly (readonly [string, FileAccess])[] = [
  ['false', false],
  ['{ root }', { root }],
  ['a root that is missing', { root: join(folder, 'missing') }],
];

describe.each(refusing)('with fileAccess: %s', (_, access) => {
  it.each(Object.keys(fields))('a file and an environment variable in %s are refused', async (field) => {
    const at = field as keyof MailMessage;
    for (const reference of [
      { file: join(folder, 'tls.key') },
      { file: pathToFileURL(join(folder, 'tls.key')) },
      { env: 'MESSAGE_REFERENCES_KEY' },
    ]) {
      for (const value of fields[at](reference)) {
        const message = { to: 'b@example.org', ...(at === 'raw' ? {} : { text: 'x' }), [at]: value };
        expect(await outcome(message, access), JSON.stringify(message)).toMatchObject({
          code: 'ERR_MESSAGE_INVALID',
        });
      }
    }
  });

  it('a DKIM key outside is refused alike whether there is a key, another file, a folder or nothing', async () => {
    const refusals = new Set<string>();
    for (const file of [...outside, ...links]) {
      for (const settings of [dkim({ file }), [dkim({ file })]]) {
        const words = told(await outcome({ to: 'b@example.org', text: 'x', dkim: settings }, access));
        refusals.add(words.replaceAll(file, 'FILE').replaceAll('dkim.0.', 'dkim.'));
      }
    }
    expect([...refusals]).toHaveLength(1);
    expect([...refusals][0]).toMatch(/^ERR_MESSAGE_INVALID .*dkim\.privateKey.*fileAccess/);
  });

  it('so is a file of content, of the text and of an attachment', async () => {
    const refusals = new Set<string>();
    for (const file of [...outside, ...links]) {
      const message = { to: 'b@example.org', text: 'x', attachments: [{ filename: 'a', content: { file } }] };
      refusals.add(told(await outcome(message, access)).replaceAll(file, 'FILE'));
    }
    expect([...refusals]).toHaveLength(1);
  });

  it('an environment variable is refused alike whether it is set or not, and the refusal says what it needs', async () => {
    const refusals = new Set<string>();
    for (const env of ['MESSAGE_REFERENCES_KEY', 'MESSAGE_REFERENCES_NONE'])
      refusals.add(told(await outcome({ to: 'b@example.org', text: 'x', dkim: dkim({ env }) }, access)));
    expect([...refusals]).toHaveLength(1);
    expect([...refusals][0]).toContain('fileAccess: true');
  });

  it('a key by value or by a function of the program is used', async () => {
    for (const privateKey of [key, () => key, async () => key]) {
      expect(await outcome({ to: 'b@example.org', text: 'x', dkim: dkim(privateKey) }, access)).toMatch(
        /^DKIM-Signature/,
      );
    }
  });
});

describe('a DKIM key', () => {
  it('below the root is read with fileAccess: { root }', async () => {
    for (const file of [join(root, 'own.key'), pathToFileURL(root).pathname + '/own.key'])
      expect(await outcome({ to: 'b@example.org', text: 'x', dkim: dkim({ file }) }, { root })).toMatch(
        /^DKIM-Signature/,
      );
  });

  it('below the root that is longer than any key is refused', async () => {
    const message = { to: 'b@example.org', text: 'x', dkim: dkim({ file: join(root, 'long.key') }) };
    expect(told(await outcome(message, { root }))).toMatch(/longer than 65536 bytes/);
  });

  it('may be a file or an environment variable with fileAccess: true', async () => {
    for (const privateKey of [{ file: join(folder, 'tls.key') }, { env: 'MESSAGE_REFERENCES_KEY' }])
      expect(await outcome({ to: 'b@example.org', text: 'x', dkim: dkim(privateKey) }, true)).toMatch(
        /^DKIM-Signature/,
      );
  });

  it('of the profile is read whatever fileAccess says', async () => {
    const settings = { domain: 'example.com', selector: 's', privateKey: { file: join(folder, 'tls.key') } };
    const composer = new LateComposer({ ...profile, dkim: settings }, false, undefined);
    const prepared = await composer.prepare({ to: 'b@example.org', text: 'x' }, new AbortController().signal);
    expect(Buffer.from((await prepared.copies[0]!.compose()).bytes as Uint8Array).toString()).toMatch(
      /^DKIM-Signature/,
    );
  });
});
