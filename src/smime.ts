/**
 * S/MIME for whole messages and entities: sign, encrypt, verify, decrypt (RFC 8551).
 *
 * @packageDocumentation
 */
export { decrypt, encrypt, sign, verify } from './smime/operations.js';
export type { DecryptOptions, DecryptResult } from './smime/decrypt/decrypt-message.js';
export type { VerifyOptions, VerifyResult } from './smime/verify/verify-message.js';
export type { SignatureResult } from './smime/verify/signature-check.js';
export { loadCertificate, openCertificateStore } from './pki/entry.js';
