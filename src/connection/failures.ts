/**
 * The errors of a connection that ends without QUIT.
 * @module
 */
import { createEmailError, isEmailError, reasonOf } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import { errorCode } from '../util/error-code.js';
import { showText } from '../util/show.js';

/** The stream ended or failed. */
export function connectionLost(cause?: Error): EmailError {
  if (isEmailError(cause) && cause.code === 'ERR_TLS') return cause;
  const code = errorCode(cause);
  if (code.startsWith('ERR_SSL_')) {
    const wantsCertificate = /CERTIFICATE|UNKNOWN_CA/.test(code);
    return createEmailError('ERR_TLS', `TLS with the server failed (${code}).`, {
      cause,
      retryable: !wantsCertificate,
      remedy: wantsCertificate
        ? 'Set server.tls.clientCertificate to a certificate that the server accepts.'
        : lostRemedy,
    });
  }
  const how =
    cause === undefined
      ? 'The server closed the connection.'
      : `The connection to the server was lost: ${code || showText(reasonOf(cause))}.`;
  return createEmailError('ERR_CONNECT', how, { cause, retryable: true, remedy: lostRemedy });
}

const lostRemedy =
  'Try again. If it happens each time, check the log of the server, and whether the server and the ' +
  'firewalls in front of it allow this machine.';

/** The connection was closed because of another transaction. */
export function connectionGivenUp(cause: Error): EmailError {
  if (isEmailError(cause) && (cause.code === 'ERR_CONNECT' || cause.code === 'ERR_CLOSED')) return cause;
  return createEmailError('ERR_CONNECT', `The connection was abandoned: ${showText(reasonOf(cause))}`, {
    cause,
    // A 421 is about the connection. Other replies are about the transaction that received them.
    reply: isEmailError(cause) && cause.reply?.code === 421 ? cause.reply : undefined,
    retryable: true,
  });
}

/** Unsolicited bytes; undefined if they must not be shown. */
export function unsolicitedBytes(bytes: Uint8Array | undefined): EmailError {
  const text =
    bytes === undefined ? 'something' : `"${showText(Buffer.from(bytes.subarray(0, 200)).toString('utf8'))}"`;
  return createEmailError('ERR_SMTP_PROTOCOL', `The server sent ${text} without a command.`, {
    remedy:
      'The connection was closed, because later bytes could be mistaken for replies to other commands. If it ' +
      'happens again, another device or program interferes with the connection.',
  });
}

const awaited: Readonly<Record<string, string>> = {
  connectMs: 'The connection was not set up',
  greetingMs: 'The server sent no greeting',
  replyMs: 'The server did not answer',
  stallMs: 'The server stopped reading the data that was sent',
  acceptanceMs: 'The server did not say whether it accepts the message',
};

/** Firewalls drop packets more often than they refuse them. */
const unreachedRemedy =
  'Check server.host and server.port, and whether a firewall lets this machine through; many networks block port 25. ';

/** A deadline passed; `verb` names the command that has no reply. */
export function deadlinePassed(name: string, milliseconds: number, verb?: string): EmailError {
  return createEmailError(
    'ERR_TIMEOUT',
    `${awaited[name] ?? 'Nothing happened'}${verb === undefined ? '' : ` ${verb}`} within ${milliseconds} ms ` +
      `(server.timeouts.${name}).`,
    {
      retryable: true,
      remedy: `${name === 'connectMs' ? unreachedRemedy : ''}If the server is known to be slow, raise server.timeouts.${name}.`,
    },
  );
}
