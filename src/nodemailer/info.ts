/**
 * The result of a send, in nodemailer's form.
 * @module
 */
import type { SendResult } from '../model/mailer.js';
import { recipientError, replyText } from './errors.js';
import type { NodemailerError } from './errors.js';

/** The result of `sendMail`. */
export interface SentMessageInfo {
  /** Message-ID in brackets. */
  messageId: string;
  /** Sender and recipients as sent to the server. */
  envelope: {
    /** Reverse path; '' is `<>`. */
    from: string;
    /** Recipients. */
    to: string[];
  };
  /** Recipients for whom the server took the message. */
  accepted: string[];
  /** Recipients that the server refused. */
  rejected: string[];
  /** An error for each of them; absent if there are none. */
  rejectedErrors?: NodemailerError[] | undefined;
  /** Always empty, as with nodemailer's SMTP transport. */
  pending: string[];
  /** The reply to the message. */
  response: string;
  /** Octets of content. */
  messageSize: number;
  /** Milliseconds from the call to the reply. */
  messageTime: number;
  /** Not in nodemailer: the result in sealpost's form, with its warnings. */
  sealpost: SendResult;
}

export function infoOf(result: SendResult): SentMessageInfo {
  const { envelope, rejected } = result;
  return {
    messageId: `<${result.messageId}>`,
    envelope: { from: envelope.from, to: [...envelope.to] },
    accepted: [...result.accepted],
    rejected: rejected.map(({ recipient }) => recipient),
    ...(rejected.length === 0 ? {} : { rejectedErrors: rejected.map((one) => recipientError(one)) }),
    pending: [],
    response: replyText(result.reply),
    messageSize: result.bytes,
    messageTime: Math.round(result.durationMs),
    sealpost: result,
  };
}
