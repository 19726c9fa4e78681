/**
 * Passes events to a logger of nodemailer's kind.
 * @module
 */
import { formatLogEvent, formatLogText } from '../../logging/format.js';
import type { LogEvent, LogLevel } from '../../model/log.js';
import type { Fields } from './fields.js';

const methods: Readonly<Record<LogLevel, string>> = { error: 'error', warning: 'warn', info: 'info', debug: 'debug' };

/** Reads `logger`, `debug`, `transactionLog` and `component`. */
export function loggerOf(fields: Fields): ((event: LogEvent) => void) | undefined {
  const given = fields.any('logger');
  const dialogue = [fields.flag('debug'), fields.flag('transactionLog')].includes(true);
  const component = fields.text('component') ?? 'smtp-transport';
  if (given === undefined || given === false) return undefined;
  const isLogger = (typeof given === 'object' && given !== null) || typeof given === 'function';
  if (given !== true && !isLogger)
    return fields.refuse('logger', 'expected true, false, or an object with debug, info, warn and error');
  return (event) => {
    if (event.level === 'debug' && !dialogue) return;
    if (given === true) console.log(formatLogEvent(event));
    else callLogger(Object(given), event, component);
  };
}

/** A method that a logger lacks is replaced by a quieter one, as nodemailer does. */
function callLogger(logger: Record<string, unknown>, event: LogEvent, component: string): void {
  const wanted = methods[event.level];
  const name = [wanted, 'info', 'debug', 'log', 'warn', 'error'].find((key) => typeof logger[key] === 'function');
  const method = name === undefined ? undefined : logger[name];
  if (typeof method !== 'function') return;
  const entry = { component, tnx: event.type, ...(event.connection === 0 ? {} : { cid: event.connection }) };
  Reflect.apply(method, logger, [
    event.type === 'error' ? { ...entry, err: event.error } : entry,
    formatLogText(event),
  ]);
}
