/**
 * Options of nodemailer that are refused, each with what to do in its place.
 * @module
 */
import type { OtherWords } from '../../schema/suggest.js';

const noOtherTransport =
  'is not supported: sealpost sends by SMTP and LMTP; for tests it has TestSmtpServer and MemoryTransport';
const ownSocket = 'is not supported: give createMailer a connector, or use proxy';
const chosenEncoding =
  'is not supported: the transfer encoding follows from the content and from what the server offers';
const chosenBoundary = 'is not supported: boundaries are made so that they do not occur in content';
const partHeaders = 'is not supported: a part has the fields that its content, name, type and cid need';
const noFetch = 'is not supported: nothing is fetched; give the body of a fetch as content';

export const refusedOptions: OtherWords = {
  opportunistictls:
    'is not supported: STARTTLS that is offered and fails is an error, never plain text; leave it out, or set ignoreTLS',
  dnstimeout: 'is not supported: connectionTimeout covers the look-up',
  dnsttl: 'is not supported: look-ups are left to the system',
  forceauth: 'is not supported: AUTH is used if the server offers it; otherwise the error is EAUTH',
  customauth: "is not supported: authentication: { method: 'custom', createMechanism } of a profile does it",
  getsocket: ownSocket,
  socket: ownSocket,
  connection: ownSocket,
  secured: ownSocket,
  maxresponsesize: 'is not supported: the limit of a reply is fixed',
  socketclosetimeout: 'is not supported: leave it out',
  allowinternalnetworkinterfaces: 'is not supported: leave it out, loopback addresses need no option',
  maxrequeues:
    'is not supported: a message goes to another connection only if the server certainly does not have it; for ' +
    'the rest see docs/guide/again-later.md',
  normalizeheaderkey: 'is not supported: fields are written as you name them',
  sendmail: noOtherTransport,
  path: noOtherTransport,
  args: noOtherTransport,
  newline: noOtherTransport,
  streamtransport: noOtherTransport,
  jsontransport: noOtherTransport,
  ses: noOtherTransport,
  direct: noOtherTransport,
  send: 'is not supported: a transport of another library needs nodemailer itself',
};

export const refusedTls: OtherWords = {
  maxversion: 'is not supported: the newest version that both sides have is used',
  secureprotocol: 'is not supported: set minVersion',
  securecontext: 'is not supported: give ca, cert and key',
  checkserveridentity:
    'is not supported: tls.pinnedFingerprints of a profile accepts a certificate that does not name the server',
  timeout: 'is not supported: set connectionTimeout',
  host: 'is not supported: set servername',
};

export const refusedAuth: OtherWords = {
  username: 'is called user here',
  password: 'is called pass here',
  options: "is not supported: authentication: { method: 'custom', createMechanism } of a profile does it",
  credentials: 'is not supported: set user and pass',
  timeout: 'is not supported: set expires',
  provisioncallback: 'is not supported: authentication.token of a profile may be a function',
  customheaders: 'is not supported: give createMailer a fetch',
  requesttimeout: 'is not supported: leave it out',
  servicerequesttimeout: 'is not supported: leave it out',
  tls: 'is not supported: token requests trust tls.ca of the transport',
  component: 'is not supported: leave it out',
};

export const refusedDkim: OtherWords = {
  skipfields: 'is not supported: name the fields to sign in headerFieldNames',
  cachedir: 'is not supported: content that is needed twice is kept in a private temporary file',
  cachetreshold: 'is not supported: content that is needed twice is kept in memory up to 1 MiB',
};

export const refusedFields: OtherWords = {
  encoding: chosenEncoding,
  textencoding: 'is not supported: encoded-words are in the shorter of both forms',
  boundaryprefix: chosenBoundary,
  baseboundary: chosenBoundary,
  newline: 'is not supported: SMTP has CRLF line ends',
  normalizeheaderkey: 'is not supported: fields are written as you name them',
  otp: 'is not supported: write the field by headers',
  auth: 'is not supported: make a transport for each account',
  ses: noOtherTransport,
  dkimoptions: 'is called dkim here',
  template: 'is of a plug-in for nodemailer: render the template first',
  context: 'is of a plug-in for nodemailer: render the template first',
};

export const refusedParts: OtherWords = {
  href: noFetch,
  httpheaders: noFetch,
  tls: noFetch,
  raw: 'is not supported: give the part by content and contentType',
  headers: partHeaders,
  contenttransferencoding: chosenEncoding,
  contentid: 'is called cid here',
  disposition: 'is called contentDisposition here',
};
