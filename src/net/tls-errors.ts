import type { DetailedPeerCertificate } from 'node:tls';
import { createEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import { showText } from '../util/show.js';
import { hostNamesOf } from './certificate-info.js';

/** What can be wrong with TLS, in words that say what to do. */

/** A certificate that does not pass. `reason` is OpenSSL's code for it. */
export function certificateRefused(reason: string, certificate: DetailedPeerCertificate, name: string): EmailError {
  const subject = showName(certificate.subject);
  const issuer = showName(certificate.issuer);
  const [what, remedy] = explain(reason, certificate, subject, issuer, name);
  return createEmailError('ERR_TLS', `The certificate of ${name} was refused: ${what} (${reason}).`, {
    phase: 'tls',
    remedy,
  });
}

function explain(
  reason: string,
  certificate: DetailedPeerCertificate,
  subject: string,
  issuer: string,
  name: string,
): readonly [what: string, remedy: string] {
  switch (reason) {
    case 'CERT_HAS_EXPIRED':
      return [
        `it, or one above it, expired; that of ${subject} was valid until ${certificate.valid_to}`,
        'Tell who runs the server to renew it, and check the clock of this machine.',
      ];
    case 'CERT_NOT_YET_VALID':
      return [
        `it, or one above it, is not valid yet; that of ${subject} is from ${certificate.valid_from} on`,
        'Check the clock of this machine.',
      ];
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return [
        `it is not for ${name} but for ${showNames(certificate.raw) || subject}`,
        'Use a host name that the certificate has, or set server.tls.serverName to it where the host is known to be the right one.',
      ];
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return [
        `it is self-signed, by ${subject}`,
        `Put its fingerprint into server.tls.pinnedFingerprints, once you have checked it: ${certificate.fingerprint256}; or the certificate into server.tls.ca.`,
      ];
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return [
        `its chain ends in ${showName(topOf(certificate).subject)}, a self-signed issuer that is not trusted here`,
        trustRemedy,
      ];
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return [
        `the chain is incomplete, or its issuer unknown: the server sent ${chainLength(certificate)}, and ${issuerOfTop(certificate, issuer)} is not among the trust anchors`,
        `If ${issuer} is an intermediate authority, tell who runs the server to send its certificate along. Otherwise: ${trustRemedy}`,
      ];
    case 'CERT_REVOKED':
      return ['it was revoked', 'Tell who runs the server.'];
    default:
      return [`it does not pass the checks; it is that of ${subject}, issued by ${issuer}`, trustRemedy];
  }
}

const trustRemedy =
  'Where the issuer is your own, put its certificate into server.tls.ca; where the system trusts it, set server.tls.useSystemCa.';

/** A server that is none of those pinned. */
export function pinMismatch(fingerprint: string, name: string): EmailError {
  return createEmailError(
    'ERR_TLS',
    `The certificate of ${name} has the fingerprint ${fingerprint}, which is not in server.tls.pinnedFingerprints.`,
    {
      phase: 'tls',
      remedy: 'If the server has a new certificate, check its fingerprint with who runs the server, and add it.',
    },
  );
}

/** A handshake that failed. */
export function handshakeFailed(error: NodeJS.ErrnoException, name: string): EmailError {
  const code = error.code ?? '';
  const [what, remedy] = explainHandshake(code);
  return createEmailError(
    'ERR_TLS',
    `TLS with ${name} failed: ${what ?? showText(error.message)}${code === '' ? '' : ` (${code})`}`,
    {
      phase: 'tls',
      cause: error,
      retryable: networkCodes.has(code),
      remedy,
    },
  );
}

const networkCodes = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT']);
const plainTextCodes = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_RECORD_LAYER_FAILURE',
  'ERR_SSL_HTTP_REQUEST',
]);

/** Did a handshake fail because the other side speaks plain text? */
export function answeredInPlainText(error: EmailError): boolean {
  return error.code === 'ERR_TLS' && plainTextCodes.has((error.cause as NodeJS.ErrnoException | undefined)?.code ?? '');
}

/** Did it fail although the other side speaks TLS? Its certificate was judged, or it said why. */
export function answeredInTls({ code, cause }: EmailError): boolean {
  return (
    code === 'ERR_TLS' &&
    (cause === undefined || /_ALERT_|UNSUPPORTED_PROTOCOL/.test((cause as NodeJS.ErrnoException).code ?? ''))
  );
}

function explainHandshake(code: string): readonly [what: string | undefined, remedy: string] {
  if (plainTextCodes.has(code))
    return [
      'the server answered with what is not TLS',
      "It speaks plain text first on this port: set server.security to 'explicit' for STARTTLS, or use port 465.",
    ];
  if (
    /CERTIFICATE_REQUIRED|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNKNOWN_CA|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED/.test(
      code,
    )
  ) {
    return [
      'the server wants a client certificate, or refused the one it got',
      'Set server.tls.clientCertificate to a certificate that the server accepts.',
    ];
  }
  if (/VERSION|PROTOCOL/.test(code))
    return [
      'the server knows no version of TLS that is allowed here',
      'TLS 1.2 is the least: tell who runs the server. With server.tls.minVersion TLSv1.3 try TLSv1.2.',
    ];
  if (/CIPHER|HANDSHAKE_FAILURE/.test(code))
    return [
      'client and server have no cipher suite in common, or the server wants a client certificate',
      'Check server.tls.ciphers and server.tls.clientCertificate.',
    ];
  if (/EE_KEY_TOO_SMALL|CA_MD_TOO_WEAK|DH_KEY_TOO_SMALL/.test(code))
    return ['the keys of the server are too weak', 'Tell who runs the server.'];
  if (networkCodes.has(code) || code === '')
    return [
      'the connection ended during the handshake',
      "Check that the port expects TLS at this point: 465 is for 'implicit', 587 and 25 for 'explicit'.",
    ];
  return [undefined, 'Check server.port, server.security and server.tls.'];
}

function showName(name: { readonly [part: string]: string | string[] | undefined } | undefined): string {
  const part = name?.['CN'] ?? name?.['O'] ?? Object.values(name ?? {})[0];
  return showText(Array.isArray(part) ? part.join(' ') : (part ?? 'an unnamed one'), 200);
}

function showNames(der: Uint8Array): string {
  return showText(hostNamesOf(der).join(', '), 300);
}

/** The chain as the peer sent it; Node ends it with a certificate that names itself as its issuer. */
function chainOf(leaf: DetailedPeerCertificate): readonly DetailedPeerCertificate[] {
  const chain = [leaf];
  for (
    let next = leaf.issuerCertificate;
    next !== undefined && !chain.includes(next) && chain.length < 20;
    next = next.issuerCertificate
  )
    chain.push(next);
  return chain;
}

function topOf(leaf: DetailedPeerCertificate): DetailedPeerCertificate {
  return chainOf(leaf).at(-1) ?? leaf;
}

function chainLength(leaf: DetailedPeerCertificate): string {
  const { length } = chainOf(leaf);
  return length === 1 ? 'no certificate but its own' : `${length} certificates`;
}

function issuerOfTop(leaf: DetailedPeerCertificate, fallback: string): string {
  return showName(topOf(leaf).issuer) || fallback;
}
