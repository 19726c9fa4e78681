/** Servers whose answers a test gives one by one. */
import { abortError } from '../../../../src/errors/abort.js';
import { createEmailError } from '../../../../src/errors/email-error.js';
import type { EmailErrorDetails } from '../../../../src/errors/email-error.js';
import type { EmailError, EmailErrorCode } from '../../../../src/model/error.js';
import type { SendOptions } from '../../../../src/model/mailer.js';
import type { SmtpReply } from '../../../../src/model/reply.js';
import type { TransportResult } from '../../../../src/model/transport.js';
import type { RetriedTransport } from '../../../../src/transport/retry/candidate.js';
import { RetryTransport } from '../../../../src/transport/retry/retry-transport.js';
import { until } from '../../../support/clock.js';

export const accepted: SmtpReply = { code: 250, lines: ['ok'] };

/** One call of send() that waits for its answer. */
export interface Call {
  readonly to: readonly string[];
  /** Accepts all but these. */
  accept(rejected?: Readonly<Record<string, number | SmtpReply>>): void;
  fail(error: unknown): void;
}

export class FakeServer implements RetriedTransport {
  readonly calls: Call[] = [];
  readonly closes: unknown[] = [];
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  send: RetriedTransport['send'] = ({ to }, _compose, { signal }) =>
    new Promise<TransportResult>((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(abortError(signal)));
      this.calls.push({
        to,
        accept: (rejected = {}) => {
          const refused = to.filter((recipient) => rejected[recipient] !== undefined);
          resolve({
            accepted: to.filter((recipient) => !refused.includes(recipient)),
            rejected: refused.map((recipient) => ({ recipient, reply: replyOf(rejected[recipient]) })),
            reply: accepted,
          });
        },
        fail: reject,
      });
    });

  close = async (options: unknown): Promise<void> => void this.closes.push(options);

  /** The call of this number, from 0, once it was made. */
  async call(number: number): Promise<Call> {
    await until(() => this.calls.length > number);
    return this.calls[number] as Call;
  }
}

export function replyOf(given: number | SmtpReply | undefined): SmtpReply {
  return typeof given === 'object' ? given : { code: given ?? 0, lines: ['x'] };
}

export const times = { attempts: 3, delayMs: 1000, maxMs: 60_000 };

/** A transport over so many servers. Its delays are not shortened, unless `chance` says so. */
export function setUp(count: number, own: Partial<typeof times> = {}, chance = () => 0) {
  const servers = Array.from({ length: count }, (_, at) => new FakeServer(`s${at + 1}:25`));
  const transport = new RetryTransport(
    servers.map((server) => ({ name: server.name, transport: server })),
    { ...times, ...own },
    chance,
  );
  const send = (to: string | readonly string[] = 'a@x', { signal, requireAllRecipients = false }: SendOptions = {}) => {
    const sending = transport.send(
      { from: 'f@x', to: typeof to === 'string' ? [to] : to },
      () => Promise.reject(new Error('a fake server reads nothing')),
      { signal, requireAllRecipients },
    );
    sending.catch(() => undefined);
    return sending;
  };
  return { servers, transport, send, server: (at: number): FakeServer => servers[at] as FakeServer };
}

export function errorOf(code: EmailErrorCode, details: EmailErrorDetails = {}): EmailError {
  return createEmailError(code, `${code} of the test`, details);
}

export const unreachable = (): EmailError => errorOf('ERR_CONNECT', { phase: 'connect', retryable: true });
export const wrongPassword = (): EmailError =>
  errorOf('ERR_AUTH_REJECTED', { phase: 'authenticate', reply: { code: 535, lines: ['no'] } });
/** A refusal of the message with this code. */
export const refusal = (
  code: number,
  phase: 'transaction' | 'content' | 'acceptance',
  ...lines: string[]
): EmailError => errorOf('ERR_SMTP_REPLY', { phase, retryable: code < 500, reply: { code, lines } });
/** All recipients were refused with these codes. */
export const refusals = (codes: Readonly<Record<string, number>>): EmailError =>
  errorOf('ERR_RECIPIENTS_REJECTED', {
    phase: 'transaction',
    retryable: Object.values(codes).some((code) => code < 500),
    recipients: Object.entries(codes).map(([recipient, code]) => ({ recipient, reply: replyOf(code) })),
  });
