/**
 * MAIL and RCPT with the parameters of their extensions. An extension that the server lacks is an error here, before
 * MAIL. The parameters of requests, which few envelopes have, are in requests.ts.
 * @module
 */
import { createEmailError, messageInvalid } from '../../errors/email-error.js';
import type { DsnRequest, Envelope } from '../../model/envelope.js';
import type { EmailError } from '../../model/error.js';
import type { OutgoingContent } from '../../model/transport.js';
import { isAscii } from '../../util/bytes.js';
import { createCommand, maxEnvelopeLine, type Command } from '../command.js';
import { sizeLimit } from '../extensions.js';
import { formatPath } from '../path.js';
import type { Session } from '../session.js';

/** The commands of an envelope. */
export interface EnvelopeCommands {
  readonly mail: Command;
  /** The RCPT commands, in the order of the envelope. */
  readonly recipients: readonly Command[];
}

/** The properties of the content that MAIL states. */
export type ContentNeeds = Pick<OutgoingContent, 'body' | 'smtpUtf8' | 'size'>;

/** Writes the requests of an envelope as parameters, each preceded by a blank. */
export interface RequestWriter {
  ofMail(envelope: Envelope, session: Session): string;
  ofRecipient(dsn: DsnRequest, address: string, utf8: boolean): string;
}

/** Has the envelope requests, so that its commands need a `RequestWriter`? */
export function hasRequests({ dsn, requireTls, deliverBy, holdUntil, mtPriority }: Envelope): boolean {
  return (
    dsn !== undefined ||
    requireTls !== undefined ||
    deliverBy !== undefined ||
    holdUntil !== undefined ||
    mtPriority !== undefined
  );
}

/**
 * Makes the commands of an envelope. ERR_EXTENSION_MISSING, ERR_MESSAGE_TOO_LARGE or ERR_MESSAGE_INVALID if the server
 * cannot take it.
 */
export function createEnvelopeCommands(
  envelope: Envelope,
  content: ContentNeeds,
  session: Session,
  requests?: RequestWriter,
): EnvelopeCommands {
  if (requests === undefined && hasRequests(envelope)) throw new TypeError('the writer of requests is not loaded');
  if (envelope.to.length === 0) throw messageInvalid('envelope.to', 'has no recipient');
  const utf8 = content.smtpUtf8 || !isAscii(envelope.from) || envelope.to.some((address) => !isAscii(address));
  const options = { utf8, maxOctets: maxEnvelopeLine };
  const parameters = contentParameters(content, utf8, session) + (requests?.ofMail(envelope, session) ?? '');
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
      `RCPT TO:${path}${dsn === undefined ? '' : (requests?.ofRecipient(dsn, address, utf8) ?? '')}`,
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
        `The message has ${size} octets; the server accepts at most ${limit}.`,
        {
          phase: 'transaction',
          remedy: 'Send a smaller message, or provide large attachments in another way.',
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

/** Throws ERR_EXTENSION_MISSING if the server does not offer the extension that `what` needs. */
export function demand(session: Session, extension: string, what: string): void {
  if (!session.extensions.has(extension)) throw missing(extension, what, session);
}

function missing(extension: string, what: string, { ignored }: Session): EmailError {
  if (ignored.includes(extension)) {
    return createEmailError(
      'ERR_EXTENSION_MISSING',
      `server.ignoreExtensions leaves out ${extension}, which ${what} needs. Nothing was sent.`,
      {
        phase: 'transaction',
        remedy: `Leave it out for this server, or remove ${extension} from server.ignoreExtensions.`,
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
