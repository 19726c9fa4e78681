/**
 * A message that the test server accepted. It is decoded on first access: under load, a server keeps thousands that no
 * test reads.
 * @module
 */
import { type DecodedMessage, decodeMessage, type SentAttachment } from './decoded-message.js';
import type { TestMessage } from './server/server-options.js';

export class ReceivedMessage implements TestMessage {
  readonly envelope: TestMessage['envelope'];
  readonly content: Uint8Array;
  readonly user: string | undefined;
  readonly secure: boolean;
  #decoded: DecodedMessage | undefined;

  constructor({ envelope, content, user, secure }: Pick<TestMessage, 'envelope' | 'content' | 'user' | 'secure'>) {
    this.envelope = envelope;
    this.content = content;
    this.user = user;
    this.secure = secure;
  }

  get subject(): string | undefined {
    return this.#decode().subject;
  }

  get headers(): DecodedMessage['headers'] {
    return this.#decode().headers;
  }

  get text(): string | undefined {
    return this.#decode().text;
  }

  get html(): string | undefined {
    return this.#decode().html;
  }

  get attachments(): readonly SentAttachment[] {
    return this.#decode().attachments;
  }

  #decode(): DecodedMessage {
    return (this.#decoded ??= decodeMessage(this.content));
  }
}
