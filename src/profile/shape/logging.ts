/**
 * `logging` of a profile.
 * @module
 */
import type { EventLogSettings, LogFileSettings, LoggingSettings, SyslogSettings } from '../../model/log.js';
import { choice, choiceAmong, flag, variant, wholeNumber } from '../../schema/combine.js';
import { object, optional, required } from '../../schema/object.js';
import { isPlainObject, mayRefer, problem } from '../../schema/schema.js';
import type { Schema } from '../../schema/schema.js';
import { host, path, text } from '../../schema/text.js';
import { otherKeys, otherValues } from './other-words/mailer.js';
import { port, tlsSettings } from './server.js';

/** The limit exists because renamed files are shifted one by one. */
const maxFiles = 1_000;

const filePath = path('a log file');

const fileSettings = object<LogFileSettings>(
  {
    path: required(filePath),
    maxBytes: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
    maxFiles: optional(wholeNumber(1, maxFiles)),
  },
  {
    verify(value, given, at, report) {
      if (given('maxFiles') && !value.maxBytes)
        problem(report, `${at}.maxFiles`, 'has no effect without maxBytes: a file without a limit is not rotated');
    },
  },
);

const file = variant<string | LogFileSettings>('the path of a log file, or { path, maxBytes, maxFiles }', (value) =>
  typeof value === 'string' ? filePath : isPlainObject(value) ? fileSettings : undefined,
);

const syslog = object<SyslogSettings>(
  {
    host: required(host),
    port: optional(port),
    protocol: optional(choice('udp', 'tcp', 'tls')),
    tls: optional(tlsSettings),
  },
  {
    verify(value, given, at, report) {
      if (given('tls') && value.protocol !== 'tls')
        problem(report, `${at}.tls`, "has no effect without protocol: 'tls'");
    },
  },
);

/** At most 48 printable characters (RFC 5424 section 6.2.5); in other logs `[` would end the name. */
const source = text({
  expected: 'a name of printable ASCII without spaces and brackets',
  max: 48,
  fault: (value) =>
    /^[!-Z^-~]+$/.test(value) && !value.includes('\\')
      ? undefined
      : 'expected a name of printable ASCII without spaces and brackets, got other characters',
});

const eventLogSettings = object<EventLogSettings>({ source: optional(source), syslog: optional(syslog) });

const eventLog = variant<boolean | EventLogSettings>('true, false or { source, syslog }', (value, at, report) => {
  if (value === false) return flag;
  if (value !== true && !isPlainObject(value)) return undefined;
  if (report !== undefined && !mayRefer(report, at, 'writes to a log of this machine')) return undefined;
  return value === true ? flag : eventLogSettings;
});

/** `LoggingSettings`. */
export const logging: Schema<LoggingSettings> = object<LoggingSettings>(
  {
    eventLog: optional(eventLog),
    file: optional(file),
    level: optional(choiceAmong(['error', 'warning', 'info', 'debug'], otherValues.level)),
  },
  { others: otherKeys.logging },
);
