/**
 * The requests of an envelope as parameters of MAIL and RCPT: delivery status notifications, REQUIRETLS, DELIVERBY,
 * FUTURERELEASE and MT-PRIORITY.
 * @module
 */
import { parseOriginalRecipient } from '../../address/original-recipient.js';
import { createEmailError, messageInvalid } from '../../errors/email-error.js';
import type { DsnNotify, DsnRecipient, DsnRequest, Envelope } from '../../model/envelope.js';
import { isAscii, isValidDate } from '../../util/bytes.js';
import type { Session } from '../session.js';
import { utf8AddressXtext, xtext } from '../xtext.js';
import { demand, type RequestWriter } from './envelope-commands.js';

export const requestWriter: RequestWriter = { ofMail: mailParameters, ofRecipient: recipientParameters };

function mailParameters(envelope: Envelope, session: Session): string {
  const { dsn, requireTls, deliverBy, holdUntil, mtPriority } = envelope;
  let parameters = '';
  if (dsn !== undefined) {
    demand(session, 'DSN', 'envelope.dsn');
    if (dsn.return !== undefined)
      parameters += ` RET=${oneOf(dsn.return, { full: 'FULL', headers: 'HDRS' }, 'envelope.dsn.return')}`;
    if (dsn.envelopeId !== undefined) parameters += ` ENVID=${envelopeId(dsn.envelopeId)}`;
  }
  if (requireTls === true) {
    if (!session.secure) {
      throw createEmailError(
        'ERR_TLS_REQUIRED',
        'envelope.requireTls needs a connection under TLS (RFC 8689 section 3), and this one is plain text.',
        {
          phase: 'transaction',
          remedy: "Set server.security to 'explicit' or 'implicit'.",
        },
      );
    }
    demand(session, 'REQUIRETLS', 'envelope.requireTls');
    parameters += ' REQUIRETLS';
  }
  if (deliverBy !== undefined) parameters += ` ${deliverByParameter(deliverBy, session)}`;
  if (holdUntil !== undefined) parameters += ` ${holdUntilParameter(holdUntil, session)}`;
  if (mtPriority !== undefined) {
    demand(session, 'MT-PRIORITY', 'envelope.mtPriority');
    if (!Number.isInteger(mtPriority) || mtPriority < -9 || mtPriority > 9)
      throw messageInvalid('envelope.mtPriority', 'is not a whole number from -9 to 9');
    parameters += ` MT-PRIORITY=${mtPriority}`;
  }
  return parameters;
}

/** BY (RFC 2852 section 4). */
function deliverByParameter({ seconds, mode }: NonNullable<Envelope['deliverBy']>, session: Session): string {
  demand(session, 'DELIVERBY', 'envelope.deliverBy');
  const letter = oneOf(mode, { return: 'R', notify: 'N' }, 'envelope.deliverBy.mode');
  if (!Number.isInteger(seconds) || Math.abs(seconds) > 999_999_999)
    throw messageInvalid('envelope.deliverBy.seconds', 'is not a whole number of at most nine digits');
  if (mode === 'return' && seconds <= 0)
    throw messageInvalid('envelope.deliverBy.seconds', "must be above 0 with mode 'return'");
  const least = Number(session.extensions.get('DELIVERBY')?.[0] ?? 0);
  if (mode === 'return' && seconds < least)
    throw messageInvalid('envelope.deliverBy.seconds', `is below ${least}, the minimum of the server`);
  return `BY=${seconds};${letter}`;
}

/** HOLDUNTIL (RFC 4865 section 5). */
function holdUntilParameter(date: Date, session: Session): string {
  demand(session, 'FUTURERELEASE', 'envelope.holdUntil');
  if (!isValidDate(date)) throw messageInvalid('envelope.holdUntil', 'is not a date');
  const latest = Date.parse(session.extensions.get('FUTURERELEASE')?.[1] ?? '');
  if (date.getTime() > latest)
    throw messageInvalid(
      'envelope.holdUntil',
      `is later than ${new Date(latest).toISOString()}, the latest that the server accepts`,
    );
  return `HOLDUNTIL=${date.toISOString().replace(/\.\d{3}Z$/, 'Z')}`;
}

/** NOTIFY and ORCPT (RFC 3461 section 4). */
function recipientParameters(dsn: DsnRequest, address: string, utf8: boolean): string {
  const own =
    dsn.recipients !== undefined && Object.hasOwn(dsn.recipients, address) ? dsn.recipients[address] : undefined;
  const notify = own?.notify ?? dsn.notify;
  return `${notify === undefined ? '' : ` NOTIFY=${notifyValue(notify)}`} ORCPT=${originalRecipient(own, address, utf8)}`;
}

function originalRecipient(own: DsnRecipient | undefined, recipient: string, utf8: boolean): string {
  const path = `envelope.dsn.recipients.${recipient}.originalRecipient`;
  const { type, address } =
    own?.originalRecipient === undefined
      ? { type: isAscii(recipient) ? 'rfc822' : 'utf-8', address: recipient }
      : parseOriginalRecipient(own.originalRecipient, path);
  if (!isAscii(address) && !utf8)
    throw messageInvalid(path, 'has characters other than ASCII, in an envelope without SMTPUTF8');
  return `${type};${type === 'utf-8' ? utf8AddressXtext(address) : xtext(address)}`;
}

const outcomes = { success: 'SUCCESS', failure: 'FAILURE', delay: 'DELAY' } as const;

function notifyValue(notify: DsnNotify): string {
  if (notify === 'never') return 'NEVER';
  if (!Array.isArray(notify) || notify.length === 0)
    throw messageInvalid('envelope.dsn.notify', "is neither 'never' nor a list of 'success', 'failure' and 'delay'");
  return [...new Set(notify)]
    .map((outcome) => oneOf(outcome as keyof typeof outcomes, outcomes, 'envelope.dsn.notify'))
    .join(',');
}

function envelopeId(id: string): string {
  // At most 100 printable characters before encoding (RFC 3461 section 4.4).
  if (!/^[\x20-\x7e]{1,100}$/.test(id))
    throw messageInvalid('envelope.dsn.envelopeId', 'is not 1 to 100 printable ASCII characters');
  return xtext(id);
}

function oneOf<K extends string>(value: K, words: Readonly<Record<K, string>>, field: string): string {
  if (!Object.hasOwn(words, value))
    throw messageInvalid(
      field,
      `is not one of ${Object.keys(words)
        .map((word) => `'${word}'`)
        .join(', ')}`,
    );
  return words[value];
}
