/** The TLS client certificate of a profile, read when a connection first needs it. */
import type { MailerOptions } from '../model/mailer.js';
import type { LoadClientIdentity } from '../net/tls-contexts.js';

/** pki is loaded only where a profile names a client certificate. */
export function loadIdentity(profileName: string, slot: string, store: MailerOptions['profileStore']): LoadClientIdentity {
  return async (source) => {
    if (source.cache && store) {
      const [{ loadCertificateCached }, { tlsIdentityOf }] = await Promise.all([import('../pki/cached.js'), import('../pki/tls-identity.js')]);
      return tlsIdentityOf(await loadCertificateCached(source, { profileName, slot, store, purpose: 'client-auth' }), slot);
    }
    const { loadTlsIdentity } = await import('../pki/tls-identity.js');
    return loadTlsIdentity(source, { slot });
  };
}
