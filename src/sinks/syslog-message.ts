/**
 * Events as syslog messages (RFC 5424).
 * @module
 */
import { formatLogText } from '../logging/format.js';
import type { LogEvent, LogLevel } from '../model/log.js';

/** Facility 2: mail system. */
const facility = 2;
/** RFC 5424 section 6.2.1: error, warning, informational, debug. */
const severities: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, info: 6, debug: 7 };
/** Sequence numbers restart at 1 after this one (RFC 5424 section 7.3.1). */
const maxSequence = 2_147_483_647;

/** The fields that are the same in all messages of a process. */
export interface SyslogOrigin {
  readonly hostname: string;
  readonly source: string;
  readonly processId: number;
}

/** Makes messages and counts them. */
export class SyslogFormat {
  readonly #origin: string;
  #sequence = 0;

  constructor({ hostname, source, processId }: SyslogOrigin) {
    this.#origin = `${field(hostname, 255)} ${field(source, 48)} ${processId}`;
  }

  /** One message, at most `maxBytes` long. */
  message(event: LogEvent, maxBytes: number): Buffer {
    return this.#message(event.level, event.time, event.type, formatLogText(event), maxBytes);
  }

  /** A message of the log itself. */
  notice(level: LogLevel, text: string): Buffer {
    return this.#message(level, new Date(), 'log', text, Infinity);
  }

  #message(level: LogLevel, time: Date, id: string, text: string, maxBytes: number): Buffer {
    this.#sequence = this.#sequence === maxSequence ? 1 : this.#sequence + 1;
    const priority = facility * 8 + severities[level];
    const timestamp = Number.isNaN(time.getTime()) ? '-' : time.toISOString();
    const data = `[meta sequenceId="${this.#sequence}"]`;
    // A BOM marks the text as UTF-8 (RFC 5424 section 6.4); ASCII needs none.
    const bom = /^[\x20-\x7e]*$/.test(text) ? '' : '\ufeff';
    const whole = Buffer.from(`<${priority}>1 ${timestamp} ${this.#origin} ${id} ${data} ${bom}${text}`);
    return whole.length <= maxBytes ? whole : cut(whole, maxBytes);
  }
}

/** A field of the header: printable ASCII without spaces. */
function field(text: string, maxLength: number): string {
  return text.replace(/[^\x21-\x7e]/g, '_').slice(0, maxLength) || '-';
}

/** Shortens without splitting a character. */
function cut(bytes: Buffer, maxBytes: number): Buffer {
  let end = maxBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
