/**
 * Formats log events as text.
 * @module
 */
import type { LogEvent } from '../model/log.js';
import type { SmtpReply } from '../model/reply.js';
import { showText } from '../util/show.js';

/** About the longest line of an event; longer text of a server is cut. */
const maxText = 1000;

/**
 * Formats an event as one line: time in ISO 8601 (UTC), level, `#` and the number of the connection (`-` if there is
 * none), and the event. Control characters are escaped. Events contain no secrets, so the line contains none.
 */
export function formatLogEvent(event: LogEvent): string {
  return `${timeOf(event.time)} ${event.level} ${formatLogText(event)}`;
}

/** The end of that line, without time and level: for logs with separate fields for these. */
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

/** Cuts a text, so that the text after it still fits the line. */
function cut(text: string): string {
  return text.length > maxText ? `${text.slice(0, maxText)}…` : text;
}

/** An invalid date must not break a logger. */
function timeOf(time: Date): string {
  return Number.isNaN(time.getTime()) ? '-' : time.toISOString();
}
