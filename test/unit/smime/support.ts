/**
 * Helpers of the S/MIME tests.
 * @module
 */
import type { ByteSource, RenderedEntity } from '../../../src/model/entity.js';
import { messageHead } from '../../../src/smime/entity/message.js';

export const never = new AbortController().signal;

export const plainText = Buffer.from('Dear Bob,\r\n\r\n.the first line with a dot\r\nRegards\r\n');

export function entityOf(body: ByteSource = plainText, size?: number): RenderedEntity {
  return {
    fields: 'Content-Type: text/plain; charset=us-ascii\r\n',
    body,
    encoding: '7bit',
    ...(size === undefined ? {} : { size }),
  };
}

/** The same content as a stream of small chunks. */
export function streamed(content: Buffer, chunkBytes = 7): AsyncIterable<Uint8Array> {
  return {
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < content.length; at += chunkBytes) yield content.subarray(at, at + chunkBytes);
    },
  };
}

export async function collect(body: ByteSource): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A message that contains an entity. */
export async function messageOf(entity: RenderedEntity): Promise<Buffer> {
  return Buffer.concat([
    messageHead(Buffer.from('From: alice@example.com\r\n'), entity.fields),
    await collect(entity.body),
  ]);
}

/** The content of an entity in the form that `verify` and `decrypt` return. */
export function textOf(entity: RenderedEntity, body: Buffer = plainText): string {
  return `${entity.fields}\r\n${body.toString('latin1')}`;
}

/** CMS as a message. */
export function cmsMessage(cms: Uint8Array, type = 'application/pkcs7-mime'): Buffer {
  return Buffer.from(
    `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(cms).toString('base64')}\r\n`,
  );
}

/** The CMS in an application/pkcs7-mime message. */
export function cmsOf(message: Uint8Array): Buffer {
  const text = Buffer.from(message).toString('latin1');
  return Buffer.from(text.slice(text.indexOf('\r\n\r\n')), 'base64');
}
