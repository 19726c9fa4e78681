/**
 * MAIL and RCPT with the parameters of their extensions. An extension that the server lacks is an error here, before
 * MAIL.
 * @module
 */
import { parseOriginalRecipient } from '../../address/original-recipient.js';
import { createEmailError, messageInvalid } from '../../errors/email-error.js';
import type { DsnNotify, DsnRecipient, DsnRequest, Envelope } from '../../model/envelope.js';
import type { EmailError } from '../../model/error.js';
import type { OutgoingContent } from '../../model/transport.js';
import { isAscii, isValidDate } from '../../util/bytes.js';
import { createCommand, maxEnvelopeLine, type Command } from '../command.js';
import { sizeLimit } from '../extensions.js';
import { formatPath } from '../path.js';
import type { Session } from '../session.js';
import { utf8AddressXtext, xtext } from '../xtext.js';

/** The commands of an envelope. */
export interface EnvelopeCommands {
  readonly mail: Command;
  /** The RCPT commands, in the order of the envelope. */
  readonly recipients: readonly Command[];
}

/** The properties of the content that MAIL states. */
export type ContentNeeds = Pick<OutgoingContent, 'body' | 'smtpUtf8' | 'size'>;

/**
 * Makes the commands of an envelope. ERR_EXTENSION_MISSING, ERR_MESSAGE_TOO_LARGE or ERR_MESSAGE_INVALID if the server
 * cannot take it.
 */
export function createEnvelopeCommands(envelope: Envelope, content: ContentNeeds, session: Session): EnvelopeCommands {
  if (envelope.to.length === 0) throw messageInvalid('envelope.to', 'names no recipient');
  const utf8 = content.smtpUtf8 || !isAscii(envelope.from) || envelope.to.some((address) => !isAscii(address));
  const options = { utf8, maxOctets: maxEnvelopeLine };
  const parameters = contentParameters(content, utf8, session) + envelopeParameters(envelope, session);
  const mail = createCommand(
    `MAIL FROM:${formatPath(envelope.from, 'envelope.from', true)}${parameters}`,
    'envelope.from',
    options,
  );
  const dsn = envelope.dsn;
  const recipients = envelope.to.map((address, index) => {
    const field = `envelope.to.${index}`;
    const path = formatPath(address, field);
    return createCommand(
      `RCPT TO:${path}${dsn === undefined ? '' : recipientParameters(dsn, address, utf8)}`,
      field,
      options,
    );
  });
  return { mail, recipients };
}

/** SIZE, BODY and SMTPUTF8, each preceded by a blank. */
function contentParameters(content: ContentNeeds, utf8: boolean, session: Session): string {
  const { extensions } = session;
  let parameters = '';
  const { size } = content;
  if (size !== undefined) {
    if (!Number.isSafeInteger(size) || size < 0) throw messageInvalid('content.size', 'is not a number of octets');
    const limit = sizeLimit(extensions);
    if (limit !== undefined && size > limit) {
      throw createEmailError(
        'ERR_MESSAGE_TOO_LARGE',
        `The message has ${size} octets; the server takes at most ${limit}.`,
        {
          phase: 'transaction',
          remedy: 'Send less, or send large attachments another way.',
        },
      );
    }
    if (extensions.has('SIZE')) parameters += ` SIZE=${size}`;
  }
  if (content.body === '8bitmime') {
    demand(session, '8BITMIME', 'content with 8-bit characters');
    parameters += ' BODY=8BITMIME';
  } else if (content.body === 'binarymime') {
    demand(session, 'BINARYMIME', 'binary content');
    demand(session, 'CHUNKING', 'binary content');
    parameters += ' BODY=BINARYMIME';
  }
  if (utf8) {
    demand(session, 'SMTPUTF8', 'an address or a header field with characters other than ASCII');
    parameters += ' SMTPUTF8';
  }
  return parameters;
}

function envelopeParameters(envelope: Envelope, session: Session): string {
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
    throw messageInvalid('envelope.deliverBy.seconds', `is below ${least}, the least that the server takes`);
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
      `is later than ${new Date(latest).toISOString()}, the latest that the server takes`,
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

function demand(session: Session, extension: string, what: string): void {
  if (!session.extensions.has(extension)) throw missing(extension, what, session);
}

function missing(extension: string, what: string, { ignored }: Session): EmailError {
  if (ignored.includes(extension)) {
    return createEmailError(
      'ERR_EXTENSION_MISSING',
      `server.ignoreExtensions leaves out ${extension}, which ${what} needs. Nothing was sent.`,
      {
        phase: 'transaction',
        remedy: `Leave it out for this server, or take ${extension} from server.ignoreExtensions.`,
      },
    );
  }
  return createEmailError(
    'ERR_EXTENSION_MISSING',
    `The server does not offer ${extension}, which ${what} needs. Nothing was sent.`,
    {
      phase: 'transaction',
      remedy: `Leave it out for this server, or send through one that offers ${extension}.`,
    },
  );
}
