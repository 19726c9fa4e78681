import { createPrivateKey, X509Certificate } from 'node:crypto';
import * as tls from 'node:tls';
import { BoundedMap } from '../async/bounded-map.js';
import { createEmailError, profileInvalid, reasonOf } from '../errors/email-error.js';
import type { CertificateData, CertificateInfo, CertificateSource } from '../model/certificate.js';
import type { EmailError } from '../model/error.js';
import type { TlsSettings } from '../model/server.js';
import { readFile } from '../system/read-file.js';
import { isBytes } from '../util/bytes.js';
import { withLineEnds } from '../util/line-ends.js';
import { showText } from '../util/show.js';

/** A client's certificate and key, as TLS takes them. */
export interface TlsIdentity {
  /** PEM, the leaf first, then its chain. */
  readonly cert: string;
  /** PEM, or PKCS#8 in DER. */
  readonly key: string | Buffer;
}

/** Reads a client certificate from wherever the profile keeps it. */
export type LoadClientIdentity = (source: CertificateSource) => Promise<TlsIdentity>;

/** What connections with the same settings share. */
export interface TlsMaterial {
  readonly context: tls.SecureContext;
  readonly sessions: SessionCache;
}

/**
 * One SecureContext for each settings, and the sessions that can be resumed with it. Held by whoever makes connections; sessions
 * are of one settings, so that none is resumed that was checked by other rules.
 */
export class TlsContexts {
  readonly #material = new WeakMap<TlsSettings, Promise<TlsMaterial>>();

  /** The context of these settings (by identity); files are read at its first use. A failure, which names `field`, is not kept. */
  get(settings: TlsSettings, loadClientIdentity?: LoadClientIdentity, field = 'server.tls'): Promise<TlsMaterial> {
    const known = this.#material.get(settings);
    if (known !== undefined) return known;
    const made = createMaterial(settings, loadClientIdentity, field);
    this.#material.set(settings, made);
    made.catch(() => this.#material.delete(settings));
    return made;
  }
}

/** A session, with what its server had proven: a resumed one shows no certificate again. */
export interface KnownSession {
  readonly session: Buffer;
  readonly certificate: Buffer;
  readonly info: CertificateInfo;
  readonly authorized: boolean;
}

/** The last session of each server, by the server's address and name. */
export type SessionCache = BoundedMap<string, KnownSession>;

const maxSessions = 100;

async function createMaterial(
  settings: TlsSettings,
  loadClientIdentity: LoadClientIdentity | undefined,
  field: string,
): Promise<TlsMaterial> {
  const ca = await trustAnchors(settings, field);
  const identity =
    settings.clientCertificate === undefined
      ? undefined
      : await loadIdentity(settings.clientCertificate, loadClientIdentity, field);
  try {
    const context = tls.createSecureContext({
      minVersion: settings.minVersion ?? 'TLSv1.2',
      ...(settings.ciphers === undefined ? {} : { ciphers: settings.ciphers }),
      ...(ca === undefined ? {} : { ca }),
      ...identity,
    });
    return { context, sessions: new BoundedMap(maxSessions) };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    if (/CIPHER/i.test(code) || /cipher/i.test(reasonOf(cause)))
      throw profileInvalid(`${field}.ciphers`, `is no cipher list that OpenSSL knows (${reasonOf(cause)})`);
    throw createEmailError('ERR_CERTIFICATE', `${field}.clientCertificate cannot be used: ${reasonOf(cause)}`, {
      cause,
      phase: 'tls',
      remedy: 'Check that the certificate and its key belong together.',
    });
  }
}

async function loadIdentity(
  source: CertificateSource,
  load: LoadClientIdentity | undefined,
  field: string,
): Promise<{ cert: string; key: string }> {
  if (load === undefined)
    throw profileInvalid(`${field}.clientCertificate`, 'cannot be read here: no reader of certificates was given');
  const { cert, key } = await load(source);
  if (typeof key === 'string') return { cert, key };
  try {
    return {
      cert,
      key: createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }).toString(),
    };
  } catch (cause) {
    throw createEmailError('ERR_CERTIFICATE', `The key of ${field}.clientCertificate cannot be read as PKCS#8.`, {
      cause,
      phase: 'tls',
    });
  }
}

/** PEM certificates that are trusted; undefined for Node's own list with what the environment adds to it. */
async function trustAnchors({ ca, useSystemCa }: TlsSettings, field: string): Promise<string[] | undefined> {
  const read = (data: CertificateData): Promise<string[]> => readCertificates(data, `${field}.ca`);
  const own = ca === undefined ? undefined : (await Promise.all((isList(ca) ? ca : [ca]).map(read))).flat();
  if (useSystemCa !== true) return own;
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default' | 'system') => string[] };
  if (getCACertificates === undefined)
    throw profileInvalid(
      `${field}.useSystemCa`,
      'needs Node 22.15 or later; this one cannot read the trust anchors of the system',
    );
  return [...(own ?? getCACertificates('default')), ...getCACertificates('system')];
}

function isList(ca: CertificateData | readonly CertificateData[]): ca is readonly CertificateData[] {
  return Array.isArray(ca);
}

/** As certificates elsewhere. */
const maxFileBytes = 16 << 20;

const pemCertificate =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/** Certificates as PEM, whatever they were given as. */
async function readCertificates(data: CertificateData, place: string): Promise<string[]> {
  if (typeof data === 'string') return readPem(data, place);
  if (isBytes(data)) return readBytes(data, place);
  if ('base64' in data) return readBytes(Buffer.from(data.base64, 'base64'), place);
  const file = `the file ${showText(data.file, 300)} of ${place}`;
  const bytes = await readFile(data.file, maxFileBytes);
  if (isBytes(bytes)) return readBytes(bytes, file);
  throw unreadable(file, bytes.reason, bytes.cause, 'Name a file of certificates that this process may read.');
}

function readBytes(bytes: Uint8Array, place: string): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return text.includes('-----BEGIN') ? readPem(text, place) : [toPem(bytes, place)];
}

function readPem(text: string, place: string): string[] {
  const found = withLineEnds(text).match(pemCertificate) ?? [];
  if (found.length === 0) throw unreadable(place, 'it holds no PEM certificate');
  return found.map((pem) => toPem(pem, place));
}

function toPem(certificate: string | Uint8Array, place: string): string {
  try {
    return new X509Certificate(certificate).toString();
  } catch (cause) {
    throw unreadable(place, reasonOf(cause), cause);
  }
}

function unreadable(
  place: string,
  reason: string,
  cause?: unknown,
  remedy = 'Give certificates as PEM text, as DER, or a file of either.',
): EmailError {
  return createEmailError('ERR_CERTIFICATE', `The trust anchors cannot be read from ${place}: ${reason}`, {
    phase: 'tls',
    cause,
    remedy,
  });
}
