/**
 * Settings, connections and transactions for tests of the engine.
 * @module
 */
import type {
  ConnectionSettings,
  SmtpConnection,
  Transaction,
  TransactionOutcome,
} from '../../src/connection/contract.js';
import { openConnection, type OpenOptions } from '../../src/connection/open.js';
import { DirectConnector } from '../../src/net/direct.js';
import type { EmailError } from '../../src/model/error.js';
import { isEmailError } from '../../src/errors/email-error.js';

export const timeouts = { connectMs: 5_000, greetingMs: 5_000, replyMs: 5_000, stallMs: 5_000, acceptanceMs: 5_000 };

export function settingsFor(port: number, more: Partial<ConnectionSettings> = {}): ConnectionSettings {
  return {
    host: '127.0.0.1',
    port,
    security: 'none',
    protocol: 'smtp',
    localName: 'client.example.test',
    ignoreExtensions: new Set(),
    timeouts,
    tls: {},
    authentication: undefined,
    connector: new DirectConnector(),
    messagesInFlight: 1,
    ...more,
  };
}

export function open(
  port: number,
  more: Partial<ConnectionSettings> = {},
  options: Partial<OpenOptions> = {},
): Promise<SmtpConnection> {
  return openConnection(settingsFor(port, more), { id: 1, signal: new AbortController().signal, ...options });
}

export interface Sending {
  readonly from?: string;
  readonly to?: readonly string[];
  readonly content?: Uint8Array | AsyncIterable<Uint8Array> | string;
  readonly more?: Partial<Awaited<ReturnType<Transaction['compose']>>>;
  readonly requireAllRecipients?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: Transaction['onProgress'];
  readonly onWritten?: Transaction['onWritten'];
  readonly envelope?: Partial<Transaction['envelope']>;
}

export const message = 'From: ann@example.test\r\nSubject: test\r\n\r\nHello\r\n';

export function send(connection: SmtpConnection, sending: Sending = {}): Promise<TransactionOutcome> {
  const { content = message, more } = sending;
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return connection.transact({
    envelope: { from: sending.from ?? 'ann@example.test', to: sending.to ?? ['bob@example.test'], ...sending.envelope },
    compose: () => Promise.resolve({ body: '7bit', smtpUtf8: false, bytes, ...more }),
    requireAllRecipients: sending.requireAllRecipients ?? false,
    signal: sending.signal ?? new AbortController().signal,
    onProgress: sending.onProgress,
    onWritten: sending.onWritten,
  });
}

/** The EmailError that a promise must reject with. */
export async function failure(promise: Promise<unknown>): Promise<EmailError> {
  try {
    await promise;
  } catch (error) {
    if (isEmailError(error)) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
