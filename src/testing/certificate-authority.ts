/**
 * A certificate authority for one test server. It is EC P-256, made in a few milliseconds and never stored.
 * @module
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import * as der from '../util/der.js';
import { ecdsaSignatureOids, extensionOids, keyPurposeOids, nameOids } from '../util/oids.js';

/** A certificate with its private key, both PEM. */
export interface TestIdentity {
  /** The certificate. */
  readonly certificate: string;
  /** The private key, as PKCS#8. */
  readonly key: string;
}

/** Issues certificates for tests. Only programs that were given `certificate` trust them. */
export interface TestCertificateAuthority {
  /** PEM of the authority's own certificate. */
  readonly certificate: string;
  /** Issues a certificate for localhost, 127.0.0.1 and ::1. */
  issueServer(): TestIdentity;
  /** Issues a certificate for TLS client authentication; the name is the CN. */
  issueClient(commonName: string): TestIdentity;
  /** Issues a certificate for S/MIME: for signing, and for encryption by key agreement. */
  issueEmail(address: string): TestIdentity;
}

const day = 86_400_000;
const ecdsaWithSha256 = der.sequence(der.oid(ecdsaSignatureOids.sha256));
/** KeyUsage: digitalSignature, and with keyAgreement. */
const signatureUsage = der.bitString(Buffer.of(0x80), 7);
const mailUsage = der.bitString(Buffer.of(0x88), 3);
const localhostNames = [
  der.contextPrimitive(2, Buffer.from('localhost')),
  der.contextPrimitive(7, Buffer.of(127, 0, 0, 1)),
  der.contextPrimitive(7, Buffer.concat([Buffer.alloc(15), Buffer.of(1)])),
];

/** Makes an authority with a new key. */
export function createTestCertificateAuthority(): TestCertificateAuthority {
  const { publicKey, privateKey } = newKeyPair();
  const name = distinguishedName('Throwaway test CA');
  const keyUsageCertSign = extension(extensionOids.keyUsage, true, der.bitString(Buffer.of(0x06), 1));
  const authority = { name, privateKey, keyId: keyIdentifier(publicKey) };
  const own = issue(authority, name, publicKey, [
    extension(extensionOids.basicConstraints, true, der.sequence(der.boolean(true))),
    keyUsageCertSign,
    extension(extensionOids.subjectKeyIdentifier, false, der.octetString(authority.keyId)),
  ]);
  const leaf = (subject: string, purpose: string, more: readonly Buffer[], keyUsage = signatureUsage): TestIdentity => {
    const pair = newKeyPair();
    const certificate = issue(authority, distinguishedName(subject), pair.publicKey, [
      extension(extensionOids.keyUsage, true, keyUsage),
      extension(extensionOids.extendedKeyUsage, false, der.sequence(der.oid(purpose))),
      extension(extensionOids.authorityKeyIdentifier, false, der.sequence(der.contextPrimitive(0, authority.keyId))),
      ...more,
    ]);
    return { certificate, key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  };
  return {
    certificate: own,
    issueServer: () =>
      leaf('localhost', keyPurposeOids.serverAuth, [
        extension(extensionOids.subjectAltName, false, der.sequence(...localhostNames)),
      ]),
    issueClient: (commonName) => leaf(commonName, keyPurposeOids.clientAuth, []),
    issueEmail: (address) => {
      const names = der.sequence(der.contextPrimitive(1, Buffer.from(address, 'ascii')));
      return leaf(
        address,
        keyPurposeOids.emailProtection,
        [extension(extensionOids.subjectAltName, false, names)],
        mailUsage,
      );
    },
  };
}

interface Issuer {
  readonly name: Buffer;
  readonly privateKey: KeyObject;
  readonly keyId: Buffer;
}

function newKeyPair(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function distinguishedName(commonName: string): Buffer {
  return der.sequence(der.setOf(der.sequence(der.oid(nameOids.commonName), der.text(der.tag.utf8String, commonName))));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return critical
    ? der.sequence(der.oid(id), der.boolean(true), der.octetString(value))
    : der.sequence(der.oid(id), der.octetString(value));
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

/** Issues a certificate as PEM. It is valid from yesterday, so that a slow clock does no harm. */
function issue(issuer: Issuer, subject: Buffer, publicKey: KeyObject, extensions: readonly Buffer[]): string {
  const now = Date.now();
  const toBeSigned = der.sequence(
    der.context(0, der.integer(2)),
    der.integer(Buffer.concat([Buffer.of(0x01), randomBytes(15)])),
    ecdsaWithSha256,
    issuer.name,
    der.sequence(der.time(new Date(now - day)), der.time(new Date(now + 365 * day))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.context(3, der.sequence(...extensions)),
  );
  const certificate = der.sequence(
    toBeSigned,
    ecdsaWithSha256,
    der.bitString(sign('sha256', toBeSigned, issuer.privateKey)),
  );
  const lines = certificate.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
