/**
 * S/MIME for whole messages and entities: sign, encrypt, verify, decrypt (RFC 8551).
 *
 * @packageDocumentation
 */
export { decrypt, encrypt, sign, verify } from './smime/operations.js';
export type { DecryptResult, VerifyOptions, VerifyResult } from './smime/operations.js';
export type { SignatureResult } from './smime/verify/signature-check.js';
export { loadCertificate, openCertificateStore } from './pki/entry.js';
