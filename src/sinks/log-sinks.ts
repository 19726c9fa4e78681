/**
 * Makes the logs of a profile. Loaded with the first event.
 * @module
 */
import { resolve } from 'node:path';
import { hostName } from '../system/this-machine.js';
import type { LoggingSettings } from '../model/log.js';
import { LogDialer } from '../net/log-link.js';
import { showTarget } from '../net/connector.js';
import type { LoadClientIdentity } from '../net/tls-identity.js';
import { runProgram } from '../system/run-program.js';
import { emptyWithoutPrototype, withoutPrototype } from '../util/without-prototype.js';
import { FileSink } from './file-sink.js';
import type { Complain, LogSink } from './log-sink.js';
import { SyslogFormat } from './syslog-message.js';
import { SyslogSink } from './syslog-sink.js';
import { SystemLogSink } from './system-log.js';
import { unrefTimer } from '../util/timer.js';

/** The name of the program if the settings give none. */
const defaultSource = 'sealpost';
/** Number of full log files to keep if `maxFiles` is not set. */
const defaultMaxFiles = 5;
const defaultPorts = { udp: 514, tcp: 514, tls: 6514 } as const;
/** Every receiver of datagrams should accept this length (RFC 5426 section 3.2). */
const maxDatagramBytes = 2048;
const maxMessageBytes = 8192;

/** One sink for each log that the settings name. */
export function createLogSinks(
  settings: LoggingSettings,
  loadClientIdentity: LoadClientIdentity,
  complain: Complain,
): readonly LogSink[] {
  const sinks: LogSink[] = [];
  const { file, eventLog, level = 'info' } = settings;
  if (file !== undefined) {
    const {
      path,
      maxBytes = 0,
      maxFiles = defaultMaxFiles,
    } = withoutPrototype(typeof file === 'string' ? { path: file } : file);
    const rotation = maxBytes === 0 ? undefined : { maxBytes, maxFiles };
    sinks.push(new FileSink({ path: resolve(path), level, rotation }, complain));
  }
  if (eventLog === undefined || eventLog === false) return sinks;
  const { source = defaultSource, syslog } = withoutPrototype(eventLog === true ? {} : eventLog);
  if (syslog === undefined) {
    const now = (): number => performance.now();
    sinks.push(new SystemLogSink({ platform: process.platform, source, level, run: runProgram, now }, complain));
    return sinks;
  }
  const { host, protocol = 'udp', port = defaultPorts[protocol], tls = emptyWithoutPrototype() } = syslog;
  const dialer = new LogDialer({ host, port, protocol, tls, loadClientIdentity });
  sinks.push(
    new SyslogSink(
      {
        place: showTarget(host, port),
        level,
        maxMessageBytes: protocol === 'udp' ? maxDatagramBytes : maxMessageBytes,
        format: new SyslogFormat({ hostname: hostName(), source, processId: process.pid }),
        open: (events, signal) => dialer.open(events, signal),
        now: () => performance.now(),
        later: (act, ms) => unrefTimer(setTimeout(act, ms)),
      },
      complain,
    ),
  );
  return sinks;
}
