/**
 * Words of other programs for the options of a mailer and of a call, and of logging; see `phrases.ts`.
 * @module
 */
import type { OtherWords } from '../../../schema/suggest.js';
import { inProfile, called, quoted } from './phrases.js';

/** Keys, by the object in which they may occur. */
export const otherKeys = {
  options: {
    host: inProfile,
    port: inProfile,
    secure: 'is server.security of the profile here',
    server: inProfile,
    auth: 'is authentication of the profile here',
    authentication: inProfile,
    proxy: inProfile,
    smime: inProfile,
    oauth2: inProfile,
    from: 'is sender of the profile here',
    sender: inProfile,
    headers: inProfile,
    maxconnections: 'belongs in pool',
    maxmessages: 'is pool.maxMessagesPerConnection here',
    maxmessagesperconnection: 'belongs in pool',
    idletimeoutms: 'belongs in pool',
    ratelimit: 'belongs in pool',
    ratedelta: 'is pool.rateLimit.perMs here',
    debug: called('logger'),
    log: called('logger'),
    disablefileaccess: 'is fileAccess: false here',
    disableurlaccess: 'is not a known key: nothing is ever fetched from URLs',
    store: called('profileStore'),
  },
  pool: {
    size: called('maxConnections'),
    max: called('maxConnections'),
    connections: called('maxConnections'),
    maxmessages: called('maxMessagesPerConnection'),
    ratedelta: 'is rateLimit.perMs here',
    idletimeout: called('idleTimeoutMs'),
  },
  call: {
    timeout: 'is signal: AbortSignal.timeout(milliseconds) here',
    timeoutms: 'is signal: AbortSignal.timeout(milliseconds) here',
    abortsignal: called('signal'),
  },
  logging: {
    path: 'is file here, or file.path',
    logfile: called('file'),
    logfilename: called('file'),
    enableeventloglogging: called('eventLog'),
    enablesmtpfilelogging: called('file'),
    windowseventlog: called('eventLog'),
    syslog: 'belongs in eventLog, as eventLog.syslog',
    verbosity: called('level'),
    maxbytes: 'belongs in file',
    maxfiles: 'belongs in file',
  },
} as const satisfies Readonly<Record<string, OtherWords>>;

/** Values, by the choice for which they may be given. */
export const otherValues = {
  level: { warn: quoted('warning'), fatal: quoted('error'), trace: quoted('debug'), verbose: quoted('debug') },
} as const satisfies Readonly<Record<string, OtherWords>>;
