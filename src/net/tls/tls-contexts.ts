/**
 * State shared by connections with the same TLS settings: a SecureContext, and the sessions that can be resumed with
 * it.
 * @module
 */
import * as tls from 'node:tls';
import { BoundedMap } from '../../async/bounded-map.js';
import { createEmailError, profileInvalid, reasonOf } from '../../errors/email-error.js';
import type { CertificateInfo } from '../../model/certificate.js';
import type { TlsSettings } from '../../model/settings/server.js';
import { errorCode } from '../../util/error-code.js';
import { loadIdentity } from '../tls-identity.js';
import type { LoadClientIdentity } from '../tls-identity.js';
import { trustAnchors } from '../tls-trust-anchors.js';
import { withoutPrototype } from '../../util/without-prototype.js';

/** State shared by connections with the same settings. */
export interface TlsMaterial {
  readonly context: tls.SecureContext;
  readonly sessions: SessionCache;
}

/**
 * Keeps one SecureContext and one session cache for each settings object, so that no session is resumed that was
 * checked by other rules. One instance serves all connections of a mailer.
 */
export class TlsContexts {
  readonly #material = new WeakMap<TlsSettings, Promise<TlsMaterial>>();

  /**
   * The context of these settings (by identity); files are read on first use. A failure, which names `field`, is not
   * cached.
   */
  get(settings: TlsSettings, loadClientIdentity?: LoadClientIdentity, field = 'server.tls'): Promise<TlsMaterial> {
    const known = this.#material.get(settings);
    if (known !== undefined) return known;
    const made = createMaterial(settings, loadClientIdentity, field);
    this.#material.set(settings, made);
    made.catch(() => this.#material.delete(settings));
    return made;
  }
}

/** A session and the server's proven identity. A resumed session shows no certificate again. */
export interface KnownSession {
  readonly session: Buffer;
  readonly certificate: Buffer;
  readonly info: CertificateInfo;
  readonly authorized: boolean;
  readonly issuers: readonly Buffer[];
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
      : await loadIdentity(settings.clientCertificate, loadClientIdentity, `${field}.clientCertificate`);
  try {
    // Without a prototype: an inherited `ca` would be trusted.
    const context = tls.createSecureContext(
      withoutPrototype({
        minVersion: settings.minVersion ?? 'TLSv1.2',
        ...(settings.ciphers === undefined ? {} : { ciphers: settings.ciphers }),
        ...(ca === undefined ? {} : { ca }),
        ...identity,
      }),
    );
    return { context, sessions: new BoundedMap(maxSessions) };
  } catch (cause) {
    const code = errorCode(cause);
    if (/CIPHER/i.test(code) || /cipher/i.test(reasonOf(cause)))
      throw profileInvalid(`${field}.ciphers`, `is not a cipher list that OpenSSL accepts (${reasonOf(cause)})`);
    throw createEmailError('ERR_CERTIFICATE', `${field}.clientCertificate cannot be used: ${reasonOf(cause)}`, {
      cause,
      phase: 'tls',
      remedy: 'Check that the certificate and its key belong together.',
    });
  }
}
