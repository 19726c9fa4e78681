/** The TLS client certificate of a profile, read when a connection first needs it. */
import type { MailerOptions } from '../model/mailer.js';
import type { LoadClientIdentity } from '../net/tls-contexts.js';

/** pki is loaded only where a profile names a client certificate. `refresh` makes a copy that is kept in the store anew. */
export function loadIdentity(
  profileName: string,
  slot: string,
  store: MailerOptions['profileStore'],
  refresh: boolean,
): LoadClientIdentity {
  return async (source) => {
    const { loadCertificateCached, loadTlsIdentity, tlsIdentityOf } = await import('./certificate-tools.js');
    if (source.cache && store) {
      return tlsIdentityOf(
        await loadCertificateCached(source, { profileName, slot, store, refresh, purpose: 'client-auth' }),
        slot,
      );
    }
    return loadTlsIdentity(source, { slot });
  };
}
