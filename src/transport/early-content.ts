import type { ContentCapabilities, OutgoingContent } from '../model/transport.js';

type Compose = (accepts?: ContentCapabilities) => Promise<OutgoingContent>;

/**
 * The content of a message that waits for a connection: written while the server is at work on those in front, for a server that
 * takes what the last one took. Where it turns out to take something else, it is written anew.
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
    // A failure is told to whoever asks for the content, and to nobody where the wait was given up.
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
