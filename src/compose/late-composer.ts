/**
 * A composer whose code is loaded with the first message. The message is taken at the moment of the call all the same:
 * the program may change it afterwards, and a stream may fail at any time.
 * @module
 */
import type { MailMessage } from '../model/message.js';
import type { MessageProtector } from '../model/protection.js';
import type { Composer, ComposerOptions, PreparedMessage } from './composer.js';
import type { FileAccess } from './content/file-access.js';
import type { SenderSettings } from './message/envelope.js';
import { takeMessage, type TakenMessage } from './taken-message.js';

export class LateComposer {
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
