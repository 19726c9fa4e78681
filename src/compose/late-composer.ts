/**
 * The composer of a mailer. Plain messages are composed at once; the code for all others is loaded with the first of
 * them. The message is taken at the moment of the call all the same: the program may change it afterwards, and a stream
 * may fail at any time.
 * @module
 */
import type { MailMessage } from '../model/message.js';
import type { MessageProtector } from '../model/protection.js';
import type { Composer, ComposerOptions } from './composer.js';
import type { FileAccess } from './content/file-access.js';
import type { SenderSettings } from './message/envelope.js';
import { PlainMessages } from './message/plain-message.js';
import type { PreparedMessage } from './prepared-message.js';
import { takeMessage, type TakenMessage } from './taken-message.js';

export class LateComposer {
  /** undefined if no message of this mailer is plain. */
  readonly #plain: PlainMessages | undefined;
  readonly #load: () => Promise<Composer>;
  #loading: Promise<Composer> | undefined;
  #loaded: Composer | undefined;
  /** Streams that were given to a message. Each can be read only once. */
  readonly #streams = new WeakSet<object>();

  /** See the constructor of `Composer`. */
  constructor(
    profile: SenderSettings,
    fileAccess: FileAccess,
    loadProtector: (() => Promise<MessageProtector>) | undefined,
    options?: ComposerOptions,
  ) {
    const isPlain = loadProtector === undefined && options?.loadGuard === undefined;
    this.#plain = isPlain ? PlainMessages.of(profile) : undefined;
    this.#load = async () => {
      const { Composer: Loaded } = await import('./composer.js');
      return new Loaded(profile, fileAccess, loadProtector, options);
    };
  }

  /** See `Composer.prepare`. */
  prepare(given: MailMessage, signal: AbortSignal, sending = false): Promise<PreparedMessage> {
    let taken: TakenMessage;
    try {
      taken = takeMessage(given, signal, this.#streams);
    } catch (error) {
      return Promise.reject(error);
    }
    const plain = signal.aborted ? undefined : this.#plain?.prepare(taken, sending);
    if (plain) return Promise.resolve(plain);
    if (this.#loaded) return this.#loaded.prepare(taken, signal, sending);
    return this.#prepareFirst(taken, signal, sending);
  }

  async #prepareFirst(taken: TakenMessage, signal: AbortSignal, sending: boolean): Promise<PreparedMessage> {
    try {
      this.#loaded = await (this.#loading ??= this.#load());
    } catch (error) {
      this.#loading = undefined;
      await taken.sources.close();
      throw error;
    }
    return this.#loaded.prepare(taken, signal, sending);
  }
}
