/**
 * Options of nodemailer that are refused, each with what to do in its place.
 * @module
 */
import type { OtherWords } from '../../schema/suggest.js';

const noOtherTransport =
  'is not taken: sealpost sends by SMTP and LMTP; for tests it has TestSmtpServer and MemoryTransport';
const ownSocket = 'is not taken: give createMailer a connector, or use proxy';
const chosenEncoding = 'is not taken: the transfer encoding follows from the content and from what the server offers';
const chosenBoundary = 'is not taken: boundaries are made so that no content holds them';
const partHeaders = 'is not taken: a part has the fields that its content, name, type and cid need';
const noFetch = 'is not taken: nothing is fetched; give the body of a fetch as content';

export const refusedOptions: OtherWords = {
  opportunistictls:
    'is not taken: STARTTLS that is offered and fails is an error, never plain text; leave it out, or set ignoreTLS',
  dnstimeout: 'is not taken: connectionTimeout covers the look-up',
  dnsttl: 'is not taken: look-ups are left to the system',
  forceauth: 'is not taken: AUTH is used where the server offers it; an offer that is missing is EAUTH',
  customauth: "is not taken: authentication: { method: 'custom', createMechanism } of a profile does it",
  getsocket: ownSocket,
  socket: ownSocket,
  connection: ownSocket,
  secured: ownSocket,
  maxresponsesize: 'is not taken: the limit of a reply is fixed',
  socketclosetimeout: 'is not taken: leave it out',
  allowinternalnetworkinterfaces: 'is not taken: leave it out, loopback addresses need no option',
  maxrequeues:
    'is not taken: a message goes to another connection only where the server certainly has not got it; for ' +
    'the rest see docs/guide/again-later.md',
  normalizeheaderkey: 'is not taken: fields are written as you name them',
  sendmail: noOtherTransport,
  path: noOtherTransport,
  args: noOtherTransport,
  newline: noOtherTransport,
  streamtransport: noOtherTransport,
  jsontransport: noOtherTransport,
  ses: noOtherTransport,
  direct: noOtherTransport,
  send: 'is not taken: a transport of another library needs nodemailer itself',
};

export const refusedTls: OtherWords = {
  maxversion: 'is not taken: the newest version that both sides have is used',
  secureprotocol: 'is not taken: set minVersion',
  securecontext: 'is not taken: give ca, cert and key',
  checkserveridentity:
    'is not taken: tls.pinnedFingerprints of a profile accepts a certificate that does not name the server',
  timeout: 'is not taken: set connectionTimeout',
  host: 'is not taken: set servername',
};

export const refusedAuth: OtherWords = {
  username: 'is called user here',
  password: 'is called pass here',
  options: "is not taken: authentication: { method: 'custom', createMechanism } of a profile does it",
  credentials: 'is not taken: set user and pass',
  timeout: 'is not taken: set expires',
  provisioncallback: 'is not taken: authentication.token of a profile may be a function',
  customheaders: 'is not taken: give createMailer a fetch',
  requesttimeout: 'is not taken: leave it out',
  servicerequesttimeout: 'is not taken: leave it out',
  tls: 'is not taken: token requests trust tls.ca of the transport',
  component: 'is not taken: leave it out',
};

export const refusedDkim: OtherWords = {
  skipfields: 'is not taken: name the fields to sign in headerFieldNames',
  cachedir: 'is not taken: content that is needed twice is kept in a private temporary file',
  cachetreshold: 'is not taken: content that is needed twice is kept in memory up to 1 MiB',
};

export const refusedFields: OtherWords = {
  encoding: chosenEncoding,
  textencoding: 'is not taken: encoded-words are in the shorter of both forms',
  boundaryprefix: chosenBoundary,
  baseboundary: chosenBoundary,
  newline: 'is not taken: SMTP has CRLF line ends',
  normalizeheaderkey: 'is not taken: fields are written as you name them',
  otp: 'is not taken: write the field by headers',
  auth: 'is not taken: make a transport for each account',
  ses: noOtherTransport,
  dkimoptions: 'is called dkim here',
  template: 'is of a plug-in for nodemailer: render the template first',
  context: 'is of a plug-in for nodemailer: render the template first',
};

export const refusedParts: OtherWords = {
  href: noFetch,
  httpheaders: noFetch,
  tls: noFetch,
  raw: 'is not taken: give the part by content and contentType',
  headers: partHeaders,
  contenttransferencoding: chosenEncoding,
  contentid: 'is called cid here',
  disposition: 'is called contentDisposition here',
};
