/** Events of the mailer itself; those of connections have their number, these have 0. */
import type { EmailError } from '../model/error.js';
import type { LogEvent, MessageEvent } from '../model/log.js';
import type { Warning } from '../model/reply.js';

export class MailerEvents {
  readonly #emit: (event: LogEvent) => void;

  constructor(emit: (event: LogEvent) => void) {
    this.#emit = emit;
  }

  message(messageId: string, state: MessageEvent['state'], bytes: number, durationMs: number): void {
    this.#emit({ time: new Date(), level: 'info', connection: 0, type: 'message', messageId, state, bytes, durationMs });
  }

  warning(warning: Warning): void {
    this.#emit({ time: new Date(), level: 'warning', connection: 0, type: 'warning', warning });
  }

  error(error: EmailError): void {
    this.#emit({ time: new Date(), level: 'error', connection: 0, type: 'error', error });
  }
}
