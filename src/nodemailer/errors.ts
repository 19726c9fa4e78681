/**
 * Errors in nodemailer's form: its `code`, `response`, `responseCode` and `command`, with the library's own error as
 * `cause`.
 * @module
 */
import { isEmailError } from '../errors/email-error.js';
import type { EmailError, EmailErrorCode, RecipientFailure } from '../model/error.js';
import type { SmtpReply } from '../model/reply.js';

/** An error of `sendMail`, `verify` or `createTransport`. Its message is that of the EmailError in `cause`. */
export interface NodemailerError extends Error {
  /** nodemailer's code, such as 'EAUTH'. */
  code?: string | undefined;
  /** The command that was refused, such as 'RCPT TO'; 'CONN' while connecting, 'API' before that. */
  command?: string | undefined;
  /** The server's reply. */
  response?: string | undefined;
  /** The code of the reply. */
  responseCode?: number | undefined;
  /** Beside `responseCode`: would the server refuse the same message again? */
  permanent?: boolean | undefined;
  /** The recipient that was refused, in an error of `rejectedErrors`. */
  recipient?: string | undefined;
  /** Recipients that were refused. */
  rejected?: string[] | undefined;
  /** An error for each of them. */
  rejectedErrors?: NodemailerError[] | undefined;
  /** The EmailError. */
  cause?: unknown;
}

/** Codes by the library's own. Those of replies depend on the phase too. */
const codes: Readonly<Record<EmailErrorCode, string>> = {
  ERR_PROFILE_INVALID: 'ECONFIG',
  ERR_MESSAGE_INVALID: 'EMESSAGE',
  ERR_SECRET: 'ECONFIG',
  ERR_CONTENT: 'ESTREAM',
  ERR_DNS: 'EDNS',
  ERR_CONNECT: 'ECONNECTION',
  ERR_PROXY: 'EPROXY',
  ERR_TLS: 'ESOCKET',
  ERR_TLS_REQUIRED: 'ETLS',
  ERR_TIMEOUT: 'ETIMEDOUT',
  ERR_ABORTED: 'EABORT',
  ERR_CLOSED: 'ECONNECTION',
  ERR_SMTP_PROTOCOL: 'EPROTOCOL',
  ERR_SMTP_REPLY: 'EPROTOCOL',
  ERR_EXTENSION_MISSING: 'EENVELOPE',
  ERR_RECIPIENT_NOT_ALLOWED: 'EENVELOPE',
  ERR_RECIPIENTS_REJECTED: 'EENVELOPE',
  ERR_MESSAGE_TOO_LARGE: 'EMESSAGE',
  ERR_AUTH_REQUIRED: 'EENVELOPE',
  ERR_AUTH_REJECTED: 'EAUTH',
  ERR_AUTH_UNAVAILABLE: 'EAUTH',
  ERR_AUTH_PLAINTEXT: 'EAUTH',
  ERR_KERBEROS: 'EAUTH',
  ERR_OAUTH2: 'EAUTH',
  ERR_CERTIFICATE: 'ETLS',
  ERR_CERTIFICATE_MISSING: 'EMESSAGE',
  ERR_SMIME: 'EMESSAGE',
  ERR_STORE: 'ECONFIG',
};

const envelopePaths = /^(?:from|sender|to|cc|bcc|envelope|dsn)(?:\.|$)/;
/** Codes of Node for a connection that did not come about. */
const socketCodes = /^E(?:CONNREFUSED|HOSTUNREACH|NETUNREACH|ADDRNOTAVAIL|CONNRESET|PIPE|ACCES)$/;

/** The error for a failure. `code` replaces the one that follows from it. */
export function nodemailerError(failure: unknown, code?: string): NodemailerError {
  if (!isEmailError(failure)) return Object.assign(new Error(String(failure)), { cause: failure });
  const { reply, recipients = [] } = failure;
  const error: NodemailerError = Object.assign(new Error(failure.message, { cause: failure }), {
    code: code ?? codeOf(failure),
  });
  if (failure.code === 'ERR_ABORTED') error.name = 'AbortError';
  const first = reply ?? recipients.find((one) => one.reply !== undefined)?.reply;
  const command = failure.code === 'ERR_RECIPIENTS_REJECTED' ? 'RCPT TO' : commandOf(failure);
  Object.assign(error, { command }, first === undefined ? {} : replyFields(first));
  if (failure.code === 'ERR_RECIPIENTS_REJECTED') {
    error.rejected = recipients.map(({ recipient }) => recipient);
    error.rejectedErrors = recipients.map((one) => recipientError(one));
  }
  return error;
}

/** The error of one refused recipient. */
export function recipientError({ recipient, reply, reason }: RecipientFailure): NodemailerError {
  const text = reply === undefined ? (reason ?? 'refused') : replyText(reply);
  return Object.assign(
    new Error(`The server refused the recipient ${recipient}: ${text}`),
    { code: 'EENVELOPE', command: 'RCPT TO', recipient },
    reply === undefined ? {} : replyFields(reply),
  );
}

/** A reply as it came, lines joined by LF. */
export function replyText({ code, enhancedCode, lines }: SmtpReply): string {
  const status = enhancedCode === undefined ? '' : `${enhancedCode} `;
  return lines.map((line, i) => `${code}${i < lines.length - 1 ? '-' : ' '}${status}${line}`).join('\n');
}

function replyFields(reply: SmtpReply): Pick<NodemailerError, 'response' | 'responseCode' | 'permanent'> {
  const { code } = reply;
  return { response: replyText(reply), responseCode: code, permanent: code >= 500 && code !== 503 };
}

function codeOf(failure: EmailError): string {
  const { code, phase, problems = [], cause } = failure;
  if (code === 'ERR_MESSAGE_INVALID' && problems.some(({ path }) => envelopePaths.test(path))) return 'EENVELOPE';
  // A refusal of the command DATA has the phase 'content'.
  if (code === 'ERR_SMTP_REPLY' && (phase === 'transaction' || phase === 'content')) return 'EENVELOPE';
  if (code === 'ERR_SMTP_REPLY' && phase === 'acceptance') return 'EMESSAGE';
  if (code === 'ERR_TLS' && phase === 'starttls') return 'ETLS';
  if (code === 'ERR_CONNECT' && socketCodes.test(systemCode(cause))) return 'ESOCKET';
  return codes[code];
}

function systemCode(cause: unknown): string {
  const { code }: { readonly code?: unknown } = Object(cause);
  return typeof code === 'string' ? code : '';
}

function commandOf({ phase }: EmailError): string {
  switch (phase) {
    case undefined:
      return 'API';
    case 'ehlo':
      return 'EHLO';
    case 'starttls':
      return 'STARTTLS';
    case 'authenticate':
      return 'AUTH';
    case 'transaction':
      return 'MAIL FROM';
    case 'content':
    case 'acceptance':
      return 'DATA';
    case 'quit':
      return 'QUIT';
    default:
      return 'CONN';
  }
}
