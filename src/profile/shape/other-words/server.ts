/**
 * Words of other programs for a server, its TLS and its timeouts, and of a proxy; see `phrases.ts`.
 * @module
 */
import type { OtherWords } from '../../../schema/suggest.js';
import { called, inOptions, inPool, quoted, service } from './phrases.js';

const acceptAny =
  "has other names here: the server's CA in ca, or its fingerprint in pinnedFingerprints; " +
  'dangerouslyAcceptAnyCertificate checks nothing';

/** Keys, by the object in which they may occur. */
export const otherKeys = {
  server: {
    address: called('host'),
    server: called('host'),
    smtpserver: called('host'),
    servername: 'is host here; a name for the certificate alone is tls.serverName',
    outgoingsmtpservername: called('host'),
    url: 'is host, port and security here',
    name: called('localName'),
    secure: "is security here: 'implicit' for true, 'automatic' for false",
    requiretls: "is security: 'explicit' here",
    ignoretls: "is security: 'none' here",
    opportunistictls: "is security: 'automatic' here",
    starttls: "is security: 'explicit' here",
    ssl: "is security here: 'implicit', or 'explicit' for STARTTLS",
    ssltls: "is security here: 'implicit', or 'explicit' for STARTTLS",
    encryption: "is security here: 'implicit', or 'explicit' for STARTTLS",
    channelencryption: called('security'),
    ssltlschannelencryption: called('security'),
    service,
    lmtp: "is protocol: 'lmtp' here",
    timeout: 'is timeouts.totalMs here, in milliseconds',
    servertimeout: 'is timeouts.totalMs here, in milliseconds',
    connectiontimeout: 'is timeouts.connectMs here',
    dnstimeout: 'is timeouts.connectMs here',
    greetingtimeout: 'is timeouts.greetingMs here',
    sockettimeout: 'is timeouts.stallMs here, and timeouts.replyMs for a reply',
    ca: 'belongs in tls',
    rejectunauthorized: 'is tls.ca, tls.pinnedFingerprints or tls.dangerouslyAcceptAnyCertificate here',
    clientcertificate: 'belongs in tls',
    pinnedfingerprints: 'belongs in tls',
    minversion: 'belongs in tls',
    ciphers: 'belongs in tls',
    auth: 'is authentication of the profile here, next to server',
    authentication: 'belongs in the profile, next to server',
    authenticationmethod: 'is authentication.method of the profile here',
    user: 'is authentication.username of the profile here',
    username: 'belongs in authentication of the profile',
    pass: 'is authentication.password of the profile here',
    password: 'belongs in authentication of the profile',
    proxy: 'belongs in the profile, next to server',
    pool: inOptions,
    maxconnections: inPool,
    logger: inOptions,
  },
  tls: {
    rejectunauthorized: acceptAny,
    insecure: acceptAny,
    verify: acceptAny,
    checkserveridentity: 'is serverName here if the certificate is for another name, or pinnedFingerprints',
    cafile: 'is ca: { file } here',
    cert: 'is clientCertificate here',
    key: 'is clientCertificate here, which contains certificate and key',
    pfx: 'is clientCertificate here',
    passphrase: 'is clientCertificate.password here',
    usercertificatefile: 'is clientCertificate: { file } here',
    usercertificatepassword: 'is clientCertificate.password here',
    fingerprint: called('pinnedFingerprints'),
    fingerprints: called('pinnedFingerprints'),
    secureprotocol: called('minVersion'),
  },
  timeouts: {
    connectiontimeout: called('connectMs'),
    dns: called('connectMs'),
    dnstimeout: called('connectMs'),
    socket: 'is stallMs here, and replyMs for a reply',
    sockettimeout: 'is stallMs here, and replyMs for a reply',
    read: called('replyMs'),
    write: called('stallMs'),
    send: called('totalMs'),
    timeout: called('totalMs'),
    servertimeout: called('totalMs'),
  },
  proxy: {
    protocol: called('type'),
    scheme: called('type'),
    firewalltype: called('type'),
    server: called('host'),
    address: called('host'),
    url: "is the text itself here: proxy: 'socks5://host:port'",
    auth: 'is username and password here',
    autodetectfirewall: "is type: 'auto' here",
    dns: called('resolve'),
  },
} as const satisfies Readonly<Record<string, OtherWords>>;

/** Values, by the choice for which they may be given. */
export const otherValues = {
  /** 'tls' is left out: it means implicit TLS in some programs, STARTTLS in others. */
  security: {
    starttls: quoted('explicit'),
    ssl: quoted('implicit'),
    'ssl/tls': quoted('implicit'),
    ssltls: quoted('implicit'),
    smtps: quoted('implicit'),
    plain: quoted('none'),
    plaintext: quoted('none'),
    opportunistic: quoted('automatic'),
  },
  proxyType: {
    http: quoted('http-connect'),
    https: "is called 'http-connect' here, with tls: true",
    tunnel: quoted('http-connect'),
    connect: quoted('http-connect'),
    socks: quoted('socks5'),
    socks5h: "is called 'socks5' here: the proxy resolves names unless resolve is 'local'",
    autodetect: quoted('auto'),
    none: 'is the default here: leave proxy out',
  },
} as const satisfies Readonly<Record<string, OtherWords>>;
