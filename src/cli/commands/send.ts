/**
 * `sealpost send`: sends one message.
 * @module
 */
import {
  createMailer,
  formatLogEvent,
  isEmailError,
  type EmailError,
  type LogEvent,
  type SendResult,
} from '../../index.js';
import { showText } from '../../util/show.js';
import type { Command } from '../command.js';
import { messageOf, messageOptions } from '../message.js';
import { hostOf, profileOf, profileOptions } from '../profile.js';
import { reportError } from '../report.js';
import { note, print, printJson, startProgress, styled } from '../terminal.js';

/** The status of a send that failed, by what the server may have. */
export const deliveryStatus: Readonly<Record<EmailError['delivery'], number>> = {
  'not-delivered': 1,
  'partly-delivered': 2,
  unknown: 3,
};

export const send: Command = {
  name: 'send',
  summary: 'Sends a message from options or standard input, or a complete message from a file.',
  usage: '--profile FILE | --url-env NAME | --server HOST [options]',
  options: {
    ...profileOptions,
    ...messageOptions,
    all: { type: 'boolean', help: 'send nothing if one recipient is refused' },
    transcript: { type: 'boolean', help: 'show the dialogue, with secrets hidden' },
    json: { type: 'boolean', help: 'one JSON document instead of text' },
  },
  notes: [
    'Exit status: 0 sent to every recipient; 1 not delivered; 2 delivered to some recipients; 3 unknown: the connection',
    'was lost before the last reply, and sending again may send twice; 64 wrong arguments or profile.',
    '',
    "Examples: sealpost send --profile mail.json --to ann@example.com --subject Hello --text 'Hello Ann'",
    '          df -h | sealpost send --url-env MAIL_URL --to ops@example.com --subject Disks',
    '          sealpost send --profile mail.json --eml message.eml --transcript',
  ],
  async run(given) {
    given.none();
    const [message, profile] = [await messageOf(given), await profileOf(given)];
    const isJson = given.flag('json');
    const logger = given.flag('transcript') ? (event: LogEvent) => note(formatLogEvent(event)) : undefined;
    await using mailer = createMailer(profile, { logger });
    const progress = startProgress();
    const abort = new AbortController();
    const interrupted = (): void => abort.abort();
    process.once('SIGINT', interrupted);
    progress.show(`Connecting to ${hostOf(profile)} …`);
    try {
      const result = await mailer.send(message, {
        signal: abort.signal,
        requireAllRecipients: given.flag('all'),
        onProgress: ({ bytesSent, totalBytes }) =>
          progress.show(`Sent ${bytesSent}${totalBytes === undefined ? '' : ` of ${totalBytes}`} bytes …`),
      });
      progress.end();
      if (isJson) printJson({ ok: true, ...result });
      else print(resultText(result));
      return result.rejected.length > 0 ? deliveryStatus['partly-delivered'] : 0;
    } catch (error) {
      progress.end();
      if (!isEmailError(error) || error.code === 'ERR_PROFILE_INVALID') throw error;
      reportError(error, isJson);
      return deliveryStatus[error.delivery];
    } finally {
      process.removeListener('SIGINT', interrupted);
    }
  },
};

function resultText({
  accepted,
  rejected,
  reply,
  queueId,
  messageId,
  bytes,
  durationMs,
  warnings,
}: SendResult): string {
  // A finished message may have no Message-ID.
  const id = messageId === '' ? 'no Message-ID' : showText(messageId);
  const queued = queueId === undefined ? '' : `, queue id ${showText(queueId)}`;
  return [
    ...accepted.map((address) => `${styled('green', 'accepted')}  ${showText(address)}`),
    ...rejected.map(
      ({ recipient, reply: refusal }) =>
        `${styled('red', 'refused')}   ${showText(recipient)}: ${refusal.code} ${showText(refusal.lines.join(' '))}`,
    ),
    `${reply.code} ${showText(reply.lines.join(' '))}`,
    styled('dim', `${id}${queued}, ${bytes} bytes in ${durationMs} ms`),
    ...warnings.map(({ code, message }) => `${styled('yellow', 'warning')}   ${code}: ${showText(message)}`),
  ].join('\n');
}
