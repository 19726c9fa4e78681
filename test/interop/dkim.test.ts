import { spawn } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseAddress } from '../../src/address/mailbox.js';
import { createDkimSigner, signDkim } from '../../src/mime/dkim/dkim.js';
import { addressField, structuredField, textField } from '../../src/mime/field.js';
import type { Part } from '../../src/mime/part.js';
import { joinEntity, renderEntity } from '../../src/mime/render.js';

// Debian installs python3-dkim for the system's Python only.
const python = '/usr/bin/python3';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;
const pem = (key: typeof rsa): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const dns = {
  's1._domainkey.example.com': `v=DKIM1; k=rsa; p=${createPublicKey(rsa).export({ type: 'spki', format: 'der' }).toString('base64')}`,
  's2._domainkey.xn--strae-oqa.example':
    'v=DKIM1; k=ed25519; ' +
    `p=${createPublicKey(ed25519).export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')}`,
};
const signers = [
  createDkimSigner({ domain: 'example.com', selector: 's1', privateKey: pem(rsa) }),
  createDkimSigner({ domain: 'straße.example', selector: 's2', privateKey: pem(ed25519) }),
];

async function verify(messages: readonly Buffer[]): Promise<unknown[]> {
  const child = spawn(python, ['test/interop/dkim-verify.py'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(
    messages.map((message) => `${JSON.stringify({ message: message.toString('base64'), dns })}\n`).join(''),
  );
  const out: Buffer[] = [];
  for await (const chunk of child.stdout) out.push(chunk as Buffer);
  return Buffer.concat(out)
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

async function signed(part: Part): Promise<Buffer> {
  const entity = renderEntity(part);
  const fields =
    addressField('From', [parseAddress({ name: 'Němec, Jiří', email: 'jiri@example.com' })]) +
    addressField(
      'To',
      Array.from({ length: 20 }, (_, i) => parseAddress({ name: `Příjemce ${i}`, email: `user${i}@example.org` })),
    ) +
    textField('Subject', 'Příliš žluťoučký kůň '.repeat(20).trim()) +
    structuredField('Date', 'Sun, 22 Nov 2026 10:35:36 +0000') +
    textField('X-Unsigned', 'x');
  const signatures = await signDkim(fields + entity.fields, entity.body, signers);
  const chunks: Buffer[] = [];
  const { content } = joinEntity(signatures + fields, entity);
  if (content instanceof Uint8Array) chunks.push(Buffer.from(content));
  else for await (const chunk of content) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

test('dkimpy verifies RSA and Ed25519 signatures of every kind of body, and sees what was changed', async () => {
  const text = (content: string): Part => ({ contentType: 'text/plain', body: { text: content }, path: 'text' });
  const big = Buffer.alloc(5 << 20, 'attachment ');
  async function* open(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < big.length; at += 60_000) yield big.subarray(at, at + 60_000);
  }
  const parts: Part[] = [
    text('Hello\n'),
    text(''),
    text('\n\n\n'),
    text('blanks  inside \t and  at the end \n\n\n'),
    text('.\n..\nFrom me\né\n'),
    text('x'.repeat(10_000)),
    {
      contentType: 'multipart/mixed',
      parts: [text('a  b'), { contentType: 'a/b', filename: 'ž.bin', body: { bytes: big }, path: 'a' }],
    },
    { contentType: 'multipart/mixed', parts: [text('a'), { contentType: 'a/b', body: { open }, path: 'a' }] },
  ];
  const messages = await Promise.all(parts.map(signed));
  expect(await verify(messages)).toEqual(parts.map(() => [true, true]));
  const [first = Buffer.alloc(0)] = messages;
  const changes: [RegExp, string][] = [
    [/Hello/, 'Hullo'],
    [/user3@/, 'user4@'],
    [/Date: Sun/, 'Date: Mon'],
    [/X-Unsigned/, 'From: evil@example.net\r\nX-Unsigned'],
  ];
  for (const [what, by] of changes) {
    const changed = first.toString('latin1').replace(what, by);
    expect(changed).not.toBe(first.toString('latin1'));
    const [result] = await verify([Buffer.from(changed, 'latin1')]);
    expect(result).not.toContain(true);
  }
  expect(
    await verify([Buffer.from(first.toString('latin1').replace('X-Unsigned: x', 'X-Unsigned: y'), 'latin1')]),
  ).toEqual([[true, true]]);
});
