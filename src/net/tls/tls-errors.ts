/**
 * TLS errors: they name the fault of a certificate or a handshake, and the setting that helps.
 * @module
 */
import * as tls from 'node:tls';
import type { DetailedPeerCertificate } from 'node:tls';
import { createEmailError } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import { hasOwn } from '../../util/own.js';
import { showText } from '../../util/show.js';
import type { PeerSettings } from '../peer-settings.js';
import { hostNamesOf } from './certificate-info.js';
import { networkCodes, plainTextCodes } from './tls-answers.js';

/** The server whose certificate or handshake failed. */
export interface TlsPeer {
  /** The name for which the certificate must be valid. */
  readonly name: string;
  readonly names: PeerSettings;
  /** Host and port, if `name` is that of the setting `serverName`. */
  readonly renamed?: string | undefined;
}

/** The error of a refused certificate. `reason` is OpenSSL's code. */
export function certificateRefused(reason: string, certificate: DetailedPeerCertificate, peer: TlsPeer): EmailError {
  const [what, remedy] = explain(reason, certificate, peer);
  const name = (reason === 'ERR_TLS_CERT_ALTNAME_INVALID' ? peer.renamed : undefined) ?? peer.name;
  const message = `The certificate of ${peer.names.role}${name} was refused: ${what} (${reason}).`;
  return createEmailError('ERR_TLS', message, { phase: 'tls', remedy });
}

function explain(
  reason: string,
  certificate: DetailedPeerCertificate,
  { name, names: { tls: setting, host }, renamed }: TlsPeer,
): readonly [what: string, remedy: string] {
  const subject = showName(certificate.subject);
  const issuer = showName(certificate.issuer);
  const trustRemedy = howToTrust(certificate, setting);
  switch (reason) {
    case 'CERT_HAS_EXPIRED':
      return [
        `it, or a certificate above it, has expired; that of ${subject} was valid until ${certificate.valid_to}`,
        `Tell the operator of the server to renew it. ${clockRemedy(certificate, 'valid_to')}`,
      ];
    case 'CERT_NOT_YET_VALID':
      return [
        `it, or a certificate above it, is not valid yet; that of ${subject} is valid from ${certificate.valid_from}`,
        clockRemedy(certificate, 'valid_from'),
      ];
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return renamed === undefined
        ? [
            `it is not for ${name} but for ${showNames(certificate.raw) || subject}`,
            `Correct ${host} to one of these names. If the host is certainly the right one, set ${setting}.serverName ` +
              'to one of them.',
          ]
        : [
            `it is for ${showNames(certificate.raw) || subject}, and ${setting}.serverName asks for ${name}`,
            `Remove ${setting}.serverName, or correct it to one of these names.`,
          ];
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return [
        `it is self-signed, by ${subject}`,
        `Check its fingerprint, and put it into ${setting}.pinnedFingerprints: ${certificate.fingerprint256}. Or put the ` +
          `certificate into ${setting}.ca.`,
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
        `the chain is incomplete, or its issuer unknown: the server sent ${chainLength(certificate)}, ` +
          `and ${issuerOfTop(certificate, issuer)} is not among the trust anchors`,
        `If ${issuer} is an intermediate authority, ask the operator of the server to send its certificate ` +
          `along. Otherwise: ${trustRemedy}`,
      ];
    case 'INVALID_PURPOSE':
      return [
        'it was not issued for a TLS server',
        'Tell the operator of the server to install one whose extended key usage has serverAuth.',
      ];
    case 'CERT_REVOKED':
      return ['it was revoked', 'Tell the operator of the server.'];
    default:
      return [`it does not pass the checks; it is that of ${subject}, issued by ${issuer}`, trustRemedy];
  }
}

/** The remedy for an untrusted issuer: its certificate, the system's list if this Node can read it, or a pin. */
function howToTrust({ fingerprint256 }: DetailedPeerCertificate, setting: string): string {
  const system = readsSystemAnchors()
    ? `if the system trusts it, set ${setting}.useSystemCa`
    : 'if the system trusts it, export it from there, because this version of Node cannot read the list of the system';
  return (
    `If the issuer is your own, put its certificate into ${setting}.ca; ${system}. To trust this one ` +
    `certificate, check its fingerprint and put it into ${setting}.pinnedFingerprints: ${fingerprint256}.`
  );
}

/** Does this Node have `tls.getCACertificates` (22.15, 23.10, 24)? */
function readsSystemAnchors(): boolean {
  return hasOwn(tls, 'getCACertificates');
}

/**
 * If every certificate of a chain, including the root, is outside its dates, the clock of this machine is probably
 * wrong.
 */
function clockRemedy(leaf: DetailedPeerCertificate, bound: 'valid_from' | 'valid_to'): string {
  const now = new Date();
  const outside = (text: string): boolean => {
    const limit = Date.parse(text);
    return bound === 'valid_to' ? limit < now.getTime() : limit > now.getTime();
  };
  const chain = chainOf(leaf);
  const all = chain.length > 1 && chain.every((certificate) => outside(certificate[bound]));
  return all
    ? 'Every certificate of the chain is outside its validity period, so the clock of this machine is probably wrong: ' +
        `it says ${now.toISOString()}.`
    : `Check the clock of this machine too: it says ${now.toISOString()}.`;
}

/** The error of a server whose certificate is not pinned. */
export function pinMismatch(fingerprint: string, { name, names: { role, tls } }: TlsPeer): EmailError {
  return createEmailError(
    'ERR_TLS',
    `The certificate of ${role}${name} has the fingerprint ${fingerprint}, which is not in ${tls}.pinnedFingerprints.`,
    {
      phase: 'tls',
      remedy:
        'Ask the operator of the server for its fingerprint. If it is the same, put it into ' +
        'server.tls.pinnedFingerprints: the certificate is new, or the pin is mistyped. If it differs, ' +
        'another machine answers instead of the server: do not add it.',
    },
  );
}

/** The error of a failed handshake. */
export function handshakeFailed(error: NodeJS.ErrnoException, { name, names }: TlsPeer): EmailError {
  const code = error.code ?? '';
  const [what, remedy] = explainHandshake(code, names);
  return createEmailError(
    'ERR_TLS',
    `TLS with ${names.role}${name} failed: ${what ?? showText(error.message)}${code === '' ? '' : ` (${code})`}`,
    {
      phase: 'tls',
      cause: error,
      retryable: networkCodes.has(code),
      remedy,
    },
  );
}

function explainHandshake(
  code: string,
  { port, tls, plainTextRemedy, handshakeRemedy }: PeerSettings,
): readonly [what: string | undefined, remedy: string] {
  if (plainTextCodes.has(code)) return ['the server did not answer with TLS', plainTextRemedy];
  if (
    /CERTIFICATE_REQUIRED|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNKNOWN_CA|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED/.test(
      code,
    )
  ) {
    return [
      'the server requires a client certificate, or refused the one it got',
      `Set ${tls}.clientCertificate to a certificate that the server accepts.`,
    ];
  }
  if (/VERSION|PROTOCOL/.test(code))
    return [
      'the server supports no version of TLS that is allowed here',
      `TLS 1.2 is the minimum: tell the operator of the server. If ${tls}.minVersion is TLSv1.3, try TLSv1.2.`,
    ];
  if (/CIPHER|HANDSHAKE_FAILURE/.test(code))
    return [
      'client and server have no cipher suite in common, or the server requires a client certificate',
      `Check ${tls}.ciphers and ${tls}.clientCertificate.`,
    ];
  if (/EE_KEY_TOO_SMALL|CA_MD_TOO_WEAK|DH_KEY_TOO_SMALL/.test(code))
    return ['the keys of the server are too weak', 'Tell the operator of the server.'];
  if (networkCodes.has(code) || code === '') return ['the connection ended during the handshake', handshakeRemedy];
  return [undefined, `Check ${port} and ${tls}.`];
}

function showName(name: { readonly [part: string]: string | string[] | undefined } | undefined): string {
  const part = name?.['CN'] ?? name?.['O'] ?? Object.values(name ?? {})[0];
  return showText(Array.isArray(part) ? part.join(' ') : (part ?? 'an unnamed one'), 200);
}

function showNames(der: Uint8Array): string {
  return showText(hostNamesOf(der).join(', '), 300);
}

/** The chain as the peer sent it. Node ends it with a certificate that is its own issuer. */
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
  return length === 1 ? 'only its own certificate' : `${length} certificates`;
}

function issuerOfTop(leaf: DetailedPeerCertificate, fallback: string): string {
  return showName(topOf(leaf).issuer) || fallback;
}
