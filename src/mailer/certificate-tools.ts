/**
 * What certificates and S/MIME need, imported on first use and as one: each import of a part of it would take code that the main entry
 * needs too into a file of its own, and many small files are slower to load than few.
 */
export { Protector } from '../compose/protector.js';
export { loadCertificateCached } from '../pki/cached.js';
export { loadBundleCached } from '../pki/cached-bundle.js';
export { parseCertificate } from '../pki/x509/certificate.js';
export { loadCertificate } from '../pki/load-certificate.js';
export { RecipientCache } from '../pki/recipients/cache.js';
export { findRecipientCertificates, lookUpRecipients, sourceWarningsOf } from '../pki/recipients/find.js';
export { loadTlsIdentity, tlsIdentityOf } from '../pki/tls-identity.js';
export { checkEncryption, checkSigning } from '../smime/report.js';
export { createSmimeReport } from '../smime/report-text.js';
