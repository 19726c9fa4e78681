/**
 * Log events as text.
 * @module
 */
import type { LogEvent } from '../model/log.js';
import type { SmtpReply } from '../model/reply.js';
import { showText } from '../util/show.js';

/** One event is one line of at most about this many characters; a server's text is cut before. */
const maxText = 1000;

/**
 * An event as one line of text: time in ISO 8601 (UTC), level, `#` and the number of the connection (`-` where there is none), and
 * what happened. Control characters from outside are escaped. Events hold no secret, so the line holds none.
 */
export function formatLogEvent(event: LogEvent): string {
  return `${timeOf(event.time)} ${event.level} ${formatLogText(event)}`;
}

/** The end of that line, without time and level: for logs that have fields for these. */
export function formatLogText(event: LogEvent): string {
  const connection = event.connection === 0 ? '-' : `#${event.connection}`;
  return `${connection} ${showText(describe(event), 2 * maxText)}`;
}

function describe(event: LogEvent): string {
  switch (event.type) {
    case 'command':
      return `> ${cut(event.display)}`;
    case 'reply':
      return `< ${replyText(event.reply)}`;
    case 'connection':
      return `${event.state}${event.detail === '' ? '' : `: ${cut(event.detail)}`}`;
    case 'message':
      return `message ${cut(event.messageId)} ${event.state}, ${event.bytes} bytes, ${Math.round(event.durationMs)} ms`;
    case 'warning':
      return `${event.warning.code}: ${cut(event.warning.message)}`;
    case 'error': {
      const { code, message, phase, delivery } = event.error;
      const facts = [
        ...(phase === undefined ? [] : [`phase ${phase}`]),
        ...(delivery === 'not-delivered' ? [] : [`delivery ${delivery}`]),
      ];
      return `${code}: ${cut(message)}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
    }
  }
}

function replyText({ code, enhancedCode, lines }: SmtpReply): string {
  const text = cut(lines.join(' | '));
  return `${code}${enhancedCode === undefined ? '' : ` ${enhancedCode}`}${text === '' ? '' : ` ${text}`}`;
}

/** Shortened, so that what stands after it is still on the line. */
function cut(text: string): string {
  return text.length > maxText ? `${text.slice(0, maxText)}…` : text;
}

/** An invalid date must not break a logger. */
function timeOf(time: Date): string {
  return Number.isNaN(time.getTime()) ? '-' : time.toISOString();
}
