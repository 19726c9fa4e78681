/**
 * Words of other programs for the profile, its sender, its addresses and its DKIM signature; see `phrases.ts`.
 * @module
 */
import type { OtherWords } from '../../../schema/suggest.js';
import { called, inOptions, inPool, inSmime, quoted, service } from './phrases.js';

const inServer = 'belongs in server';
const inAuthentication = 'belongs in authentication';
const asUsername = 'belongs in authentication, as authentication.username';
const asPassword = 'belongs in authentication, as authentication.password';
const inSender = 'belongs in sender';
const asEmail = 'belongs in sender, as sender.email';
const inOAuth2 = 'belongs in oauth2';
const inMessage = 'belongs in the message, the argument of send()';

/** Keys, by the object in which they may occur. */
export const otherKeys = {
  profile: {
    profilename: called('name'),
    host: inServer,
    hostname: 'belongs in server, as server.host',
    smtp: called('server'),
    smtpserver: called('server'),
    outgoingserver: called('server'),
    outgoingsmtpservername: 'belongs in server, as server.host',
    servername: 'belongs in server, as server.host',
    port: inServer,
    security: inServer,
    secure: "is server.security here: 'implicit' for true, 'automatic' for false",
    requiretls: "is server.security: 'explicit' here",
    ignoretls: "is server.security: 'none' here",
    opportunistictls: "is server.security: 'automatic' here",
    ssl: "is server.security here: 'implicit', or 'explicit' for STARTTLS",
    encryption: "is server.security here: 'implicit', or 'explicit' for STARTTLS",
    channelencryption: 'is server.security here',
    tls: inServer,
    rejectunauthorized:
      'is server.tls.ca, server.tls.pinnedFingerprints or server.tls.dangerouslyAcceptAnyCertificate here',
    service,
    lmtp: "is server.protocol: 'lmtp' here",
    protocol: inServer,
    localname: inServer,
    localaddress: inServer,
    timeouts: inServer,
    timeout: 'is server.timeouts.totalMs here, in milliseconds',
    servertimeout: 'is server.timeouts.totalMs here, in milliseconds',
    connectiontimeout: 'is server.timeouts.connectMs here',
    dnstimeout: 'is server.timeouts.connectMs here',
    greetingtimeout: 'is server.timeouts.greetingMs here',
    sockettimeout: 'is server.timeouts.stallMs here, and server.timeouts.replyMs for a reply',
    auth: called('authentication'),
    credentials: called('authentication'),
    method: inAuthentication,
    authmethod: 'is authentication.method here',
    authenticationmethod: 'is authentication.method here',
    user: asUsername,
    username: asUsername,
    login: asUsername,
    pass: asPassword,
    password: inAuthentication,
    from: called('sender'),
    email: asEmail,
    senderemail: asEmail,
    sendername: 'belongs in sender, as sender.name',
    fromemail: asEmail,
    fromaddress: asEmail,
    fromname: 'belongs in sender, as sender.name',
    organization: inSender,
    replyto: inSender,
    replytoemail: 'belongs in sender, as sender.replyTo',
    readreceiptto: inSender,
    readreceiptsemail: 'belongs in sender, as sender.readReceiptTo',
    returnreceiptto: inSender,
    returnreceipttoemail: 'belongs in sender, as sender.returnReceiptTo',
    customheaders: called('headers'),
    sign: inSmime,
    encrypt: inSmime,
    clientid: inOAuth2,
    clientsecret: inOAuth2,
    refreshtoken: inOAuth2,
    accesstoken: 'is authentication.token here',
    firewall: called('proxy'),
    autodetectfirewall: "is proxy: 'auto' here",
    socks: "is proxy: 'socks5://host:port' here",
    eventlog: 'belongs in logging',
    logfile: 'is logging.file here',
    logfilename: 'is logging.file here',
    pool: inOptions,
    maxconnections: inPool,
    maxmessages: 'is pool.maxMessagesPerConnection in the second argument of createMailer',
    ratelimit: inPool,
    ratedelta: 'is pool.rateLimit.perMs in the second argument of createMailer',
    logger: inOptions,
    debug: 'is logger in the second argument of createMailer',
    transactionlog: 'is logger in the second argument of createMailer',
    transport: inOptions,
    getsocket: 'is connector in the second argument of createMailer',
    disablefileaccess: 'is fileAccess: false in the second argument of createMailer',
    disableurlaccess: 'is not a known key: nothing is ever fetched from URLs',
    to: inMessage,
    subject: inMessage,
    text: inMessage,
    html: inMessage,
    attachments: inMessage,
  },
  sender: {
    address: called('email'),
    mail: called('email'),
    emailaddress: called('email'),
    senderemail: called('email'),
    sendername: called('name'),
    displayname: called('name'),
    company: called('organization'),
    organisation: called('organization'),
    returnpath: called('envelopeFrom'),
    bounces: called('envelopeFrom'),
    readreceiptsemail: called('readReceiptTo'),
    dispositionnotificationto: called('readReceiptTo'),
    deliveryreceiptto: called('returnReceiptTo'),
  },
  address: {
    address: called('email'),
    mail: called('email'),
    emailaddress: called('email'),
    mailbox: called('email'),
    displayname: called('name'),
    fullname: called('name'),
  },
  dkim: {
    domainname: called('domain'),
    keyselector: called('selector'),
    key: called('privateKey'),
    passphrase: called('password'),
    headerfieldnames: called('headers'),
    skipfields: 'is headers here, with the fields that are signed',
  },
} as const satisfies Readonly<Record<string, OtherWords>>;

/** Values, by the choice for which they may be given. */
export const otherValues = {
  priority: {
    high: "belongs in importance: importance: 'high'",
    low: "belongs in importance: importance: 'low'",
  },
  importance: { urgent: "belongs in priority: priority: 'urgent'", medium: quoted('normal') },
  sensitivity: { confidential: quoted('company-confidential') },
} as const satisfies Readonly<Record<string, OtherWords>>;
