/**
 * Completes the errors of sends: with the profile, the message, the server that caused the error, and a remedy.
 * @module
 */
import type { EmailError } from '../model/error.js';
import { createEmailError, isEmailError, reasonOf, withDetails } from './email-error.js';
import { generalRemedies } from './general-remedies.js';

/** Codes of errors that come from the mail server or from the connection to it. */
const ofServer: ReadonlySet<string> = new Set([
  'ERR_DNS',
  'ERR_CONNECT',
  'ERR_PROXY',
  'ERR_TLS',
  'ERR_TLS_REQUIRED',
  'ERR_TIMEOUT',
  'ERR_SMTP_PROTOCOL',
  'ERR_SMTP_REPLY',
  'ERR_EXTENSION_MISSING',
  'ERR_RECIPIENTS_REJECTED',
  'ERR_MESSAGE_TOO_LARGE',
  'ERR_AUTH_REQUIRED',
  'ERR_AUTH_REJECTED',
  'ERR_AUTH_UNAVAILABLE',
  'ERR_AUTH_PLAINTEXT',
]);

/** The profile and the mail server of a send. */
export interface SendOrigin {
  readonly profileName: string;
  /** host:port; undefined with a transport of the caller. */
  readonly server: string | undefined;
}

/** The complete error for a value that a send threw. `messageId` is undefined or '' if there is none yet. */
export function sendError(
  cause: unknown,
  { profileName, server }: SendOrigin,
  messageId: string | undefined,
): EmailError {
  const error = isEmailError(cause)
    ? cause
    : createEmailError('ERR_CONTENT', `The message was not sent: ${reasonOf(cause)}`, { cause });
  const profile = error.profile ?? profileName;
  const id = error.messageId ?? (messageId === '' ? undefined : messageId);
  const from = error.server ?? (ofServer.has(error.code) ? server : undefined);
  const remedy = error.remedy ?? generalRemedies[error.code];
  if (from === undefined) return withDetails(error, { profile, messageId: id, remedy });
  const where = error.message.includes(from) ? `profile ${profile}` : `${from}, profile ${profile}`;
  return withDetails(error, { profile, messageId: id, remedy, server: from }, `${error.message} (${where})`);
}
