/**
 * A custom signer. The key is in the key service of a cloud, and the service signs digests.
 * @module
 */
import type {
  CertificateStore,
  HashAlgorithm,
  LoadedCertificate,
  PrivateKeySigner,
  SignatureAlgorithm,
} from 'sealpost';

/**
 * The call of the key service's SDK that signs a digest: AWS KMS `Sign` with MessageType DIGEST, Google Cloud KMS
 * `asymmetricSign` or Azure Key Vault `sign`.
 */
export type SignDigest = (request: {
  readonly algorithm: SignatureAlgorithm['name'];
  readonly hash: HashAlgorithm;
  readonly digest: Uint8Array;
  readonly signal: AbortSignal;
}) => Promise<Uint8Array>;

/**
 * A store with one certificate whose key is in the service. `certificate` comes from `loadCertificate` in
 * `sealpost/smime`, for example from a PEM file. `ecdsaForm` is the service's form of an ECDSA signature: 'der' (AWS,
 * Google) or 'p1363', r and s side by side (Azure).
 */
export function createKmsStore(
  certificate: LoadedCertificate,
  signDigest: SignDigest,
  ecdsaForm: 'der' | 'p1363' = 'der',
): CertificateStore {
  const privateKey: PrivateKeySigner = {
    async sign({ algorithm, digest, signal }) {
      if (digest === undefined || algorithm.hash === undefined)
        throw new Error(`${algorithm.name} is not supported by this example`);
      const signature = await signDigest({ algorithm: algorithm.name, hash: algorithm.hash, digest, signal });
      return algorithm.name === 'ECDSA' && ecdsaForm === 'p1363' ? toDer(signature) : signature;
    },
  };
  const entry: LoadedCertificate = { ...certificate, info: { ...certificate.info, hasPrivateKey: true }, privateKey };
  return { list: () => Promise.resolve([entry.info]), load: () => Promise.resolve(entry) };
}

/** SEQUENCE { r INTEGER, s INTEGER } of P-256, P-384 and P-521. */
function toDer(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2;
  const numbers = [signature.subarray(0, half), signature.subarray(half)].map((octets) => {
    const first = octets.findIndex((octet) => octet !== 0);
    const magnitude = first < 0 ? [0] : [...octets.subarray(first)];
    const content = (magnitude[0] ?? 0) >= 0x80 ? [0, ...magnitude] : magnitude;
    return [0x02, content.length, ...content];
  });
  const content = numbers.flat();
  return Uint8Array.from([0x30, ...(content.length < 0x80 ? [content.length] : [0x81, content.length]), ...content]);
}
