/**
 * Content composed before its message has a connection.
 * @module
 */
import type { ContentCapabilities, OutgoingContent } from '../model/transport.js';

type Compose = (accepts?: ContentCapabilities) => Promise<OutgoingContent>;

/**
 * Composes a message early, while it waits for a connection and the server works on others. It assumes the extensions
 * of the last connection. If its own connection turns out to have other extensions, the message is composed again.
 */
export class EarlyContent {
  readonly #compose: Compose;
  #accepts: ContentCapabilities | undefined;
  #content: Promise<OutgoingContent> | undefined;

  constructor(compose: Compose) {
    this.#compose = compose;
  }

  begin(accepts: ContentCapabilities): void {
    if (this.#content !== undefined) return;
    this.#accepts = accepts;
    this.#content = this.#compose(accepts);
    // A failure is thrown when the content is requested. If the wait is given up before, the failure is dropped.
    this.#content.catch(() => {});
  }

  readonly compose: Compose = (accepts) => {
    const content = this.#content;
    this.#content = undefined;
    return content !== undefined && isSame(accepts, this.#accepts) ? content : this.#compose(accepts);
  };
}

function isSame(one: ContentCapabilities | undefined, other: ContentCapabilities | undefined): boolean {
  if (one === other) return true;
  return (
    one?.eightBitMime === other?.eightBitMime &&
    one?.binaryMime === other?.binaryMime &&
    one?.smtpUtf8 === other?.smtpUtf8 &&
    one?.maxBytes === other?.maxBytes
  );
}
