/**
 * TLS over any byte stream. This is the only place where a server's certificate is checked.
 * @module
 */
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { onAbort } from '../../async/on-abort.js';
import { abortError } from '../../errors/abort.js';
import { asError, isEmailError } from '../../errors/email-error.js';
import type { CertificateInfo } from '../../model/certificate.js';
import type { EmailError } from '../../model/error.js';
import type { TlsReport } from '../../model/report.js';
import type { TlsSettings } from '../../model/settings/server.js';
import { showTarget } from '../connector.js';
import { mailServerSettings } from '../peer-settings.js';
import type { PeerSettings } from '../peer-settings.js';
import { describeCertificate, hostNamesOf } from './certificate-info.js';
import type { KnownSession, TlsMaterial } from './tls-contexts.js';
import { certificateRefused, handshakeFailed, pinMismatch } from './tls-errors.js';
import type { TlsPeer } from './tls-errors.js';
import { withoutCertificate } from './tls-session.js';

/** A stream under TLS. Folders that may not import `node:tls` use this name for its type. */
export type TlsStream = TLSSocket;

/** The server and the settings by which its certificate is checked. */
export interface TlsTarget {
  /** The name of the server as the caller gave it, even inside a tunnel. */
  readonly host: string;
  readonly port: number;
  readonly settings: TlsSettings;
  readonly material: TlsMaterial;
  /** Names of the server and its settings in errors; default: the mail server's. */
  readonly names?: PeerSettings | undefined;
}

/** A stream under TLS. */
export interface SecuredStream {
  readonly stream: TLSSocket;
  readonly report: TlsReport;
  /** The server's certificate in DER. */
  readonly certificate: Buffer;
  /** Was an earlier session resumed? */
  readonly resumed: boolean;
}

/** Options that Node would inherit from Object.prototype, because it copies the options into an object of its own. */
const nothingInherited = {
  path: undefined,
  timeout: undefined,
  lookup: undefined,
  pskCallback: undefined,
  ALPNProtocols: undefined,
  requestOCSP: undefined,
  enableTrace: undefined,
} as const;

/**
 * Performs the handshake and checks the certificate. ERR_TLS if either fails, or the signal's reason; the stream is
 * then destroyed.
 */
export function secure(stream: Duplex, target: TlsTarget, signal: AbortSignal): Promise<SecuredStream> {
  const { host, port, settings, material } = target;
  const name = settings.serverName ?? host;
  const renamed = settings.serverName === undefined ? undefined : showTarget(host, port);
  const peer: TlsPeer = { name, names: target.names ?? mailServerSettings, renamed };
  const sessionKey = `${showTarget(host, port)}:${name}`;
  const known = stillValid(material.sessions.get(sessionKey));
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...nothingInherited,
      socket: stream,
      secureContext: material.context,
      // An address is not a server name (RFC 6066 section 3). '' keeps Node from sending one.
      servername: isIP(name) === 0 ? name : '',
      session: known && withoutCertificate(known.session),
      // judge() below checks the certificate before any byte is sent. It has the certificate and can explain a failure.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    let stop = (): void => {};
    const fail = (error: EmailError): void => {
      stop();
      socket.removeAllListeners().on('error', () => {});
      stream.removeListener('error', onError).on('error', () => {});
      socket.destroy();
      stream.destroy();
      reject(error);
    };
    const onError = (error: NodeJS.ErrnoException): void => {
      material.sessions.delete(sessionKey);
      fail(handshakeFailed(error, peer));
    };
    const onEnd = (): void => onError(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }));
    // TLS 1.2 provides the session before the end of the handshake, TLS 1.3 after it. It is kept once the certificate
    // was accepted.
    let early: Buffer | undefined;
    const onEarlySession = (session: Buffer): void => void (early = session);
    if (signal.aborted) return fail(abortError(signal));
    // A stream that closed earlier does not notify the TLS socket.
    if (stream.destroyed) return stream.errored ? onError(stream.errored) : onEnd();
    stop = onAbort(signal, () => fail(abortError(signal)));
    socket.on('session', onEarlySession);
    stream.on('error', onError);
    socket.on('error', onError);
    socket.on('close', onEnd);
    socket.once('secureConnect', () => {
      let judged: Judgement | EmailError;
      try {
        judged = known !== undefined && socket.isSessionReused() ? known : judge(socket, peer, settings);
      } catch (error) {
        return fail(handshakeFailed(asError(error), peer));
      }
      if (isEmailError(judged)) return fail(judged);
      stop();
      // From here on errors of the underlying stream reach the user through the TLS socket, which may emit one more
      // after it was destroyed.
      socket
        .removeListener('close', onEnd)
        .removeListener('error', onError)
        .on('error', () => {});
      stream.removeListener('error', onError).on('error', () => {});
      const keep = (session: Buffer): void => material.sessions.set(sessionKey, { ...(judged as Judgement), session });
      if (early !== undefined) keep(early);
      socket.removeListener('session', onEarlySession).on('session', keep);
      resolve({
        stream: socket,
        report: reportOf(socket, judged),
        certificate: judged.certificate,
        resumed: socket.isSessionReused(),
      });
    });
  });
}

/** The result of checking a server's certificate. */
interface Judgement {
  readonly certificate: Buffer;
  /** The fields of the certificate, read once for all sessions that began with it. */
  readonly info: CertificateInfo;
  readonly authorized: boolean;
  /** DER of the issuers that the server sent or Node knows, in order. */
  readonly issuers: readonly Buffer[];
}

/** Drops a session when the settings would no longer accept the server's certificate. */
function stillValid(known: KnownSession | undefined): KnownSession | undefined {
  if (known === undefined) return undefined;
  // If any certificate is accepted, an expired one is too.
  if (!known.authorized) return known;
  return known.info.validTo.getTime() > Date.now() ? known : undefined;
}

/** Checks path, dates and name, or only the pin if there is one. */
function judge(socket: TLSSocket, server: TlsPeer, settings: TlsSettings): Judgement | EmailError {
  const peer = socket.getPeerCertificate(true);
  const certificate = peer.raw;
  const issuers = issuersOf(peer);
  const info = describeCertificate(certificate);
  const pins = settings.pinnedFingerprints;
  if (pins !== undefined && pins.length > 0) {
    const pinned = pins.some((pin) => plainHex(pin) === plainHex(peer.fingerprint256));
    if (pinned) return { certificate, info, authorized: true, issuers };
    if (settings.dangerouslyAcceptAnyCertificate !== true) return pinMismatch(peer.fingerprint256, server);
  }
  const pathProblem = socket.authorized ? undefined : String(socket.authorizationError);
  const problem =
    pathProblem ?? (checkServerIdentity(server.name, peer) === undefined ? undefined : 'ERR_TLS_CERT_ALTNAME_INVALID');
  if (problem === undefined) return { certificate, info, authorized: true, issuers };
  if (settings.dangerouslyAcceptAnyCertificate === true) return { certificate, info, authorized: false, issuers };
  return certificateRefused(problem, peer, server);
}

/** A chain is shorter, unless certificates name each other. */
const maxIssuers = 10;

function issuersOf(peer: DetailedPeerCertificate): readonly Buffer[] {
  const issuers: Buffer[] = [];
  for (let at = peer; issuers.length < maxIssuers; at = at.issuerCertificate) {
    const raw: Buffer | undefined = at.issuerCertificate?.raw;
    if (raw === undefined || raw.equals(at.raw)) break;
    issuers.push(raw);
  }
  return issuers;
}

function plainHex(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toUpperCase();
}

function reportOf(socket: TLSSocket, { certificate, info, authorized, issuers }: Judgement): TlsReport {
  const cipher = socket.getCipher();
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: cipher.standardName ?? cipher.name,
    certificate: info,
    authorized,
    // Only reports of tests need these.
    get names() {
      return hostNamesOf(certificate);
    },
    get chain() {
      return issuers.map(describeCertificate);
    },
  };
}
