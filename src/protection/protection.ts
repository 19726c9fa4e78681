/**
 * The one lazily loaded entry to certificates and S/MIME. Import this file, not its parts: further dynamic imports make
 * the bundler split shared code into many small files, which load more slowly.
 * @module
 */
export { ProfileCertificates } from './certificates.js';
export { ProfileProtection } from './profile-protection.js';
