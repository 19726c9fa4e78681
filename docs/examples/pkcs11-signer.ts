/**
 * A custom signer. The key is in a smart card or HSM, and `pkcs11-tool` of OpenSC signs with it.
 * @module
 */
import { spawn } from 'node:child_process';
import type {
  CertificateStore,
  HashAlgorithm,
  LoadedCertificate,
  PrivateKeySigner,
  SignatureAlgorithm,
} from 'sealpost';

/** The place of the key. */
export interface Pkcs11Key {
  /** The PKCS#11 module, a shared library from the manufacturer of the device. */
  readonly module: string;
  readonly tokenLabel: string;
  /** CKA_ID in hexadecimal. */
  readonly id: string;
  readonly pin: () => string;
}

/**
 * A store with one certificate whose key is in the device. `certificate` comes from `loadCertificate` in
 * `sealpost/smime`, for example from a PEM file. Use the store as `{ store: createPkcs11Store(…), select: { email: … }
 * }`.
 */
export function createPkcs11Store(certificate: LoadedCertificate, key: Pkcs11Key): CertificateStore {
  const entry: LoadedCertificate = {
    ...certificate,
    info: { ...certificate.info, hasPrivateKey: true },
    privateKey: createPkcs11Signer(key),
  };
  return { list: () => Promise.resolve([entry.info]), load: () => Promise.resolve(entry) };
}

/** The signer. It sends digests, because tokens differ in the messages that they can hash themselves. */
export function createPkcs11Signer(key: Pkcs11Key): PrivateKeySigner {
  return {
    async sign({ algorithm, digest, signal }) {
      if (digest === undefined || algorithm.hash === undefined)
        throw new Error(`${algorithm.name} is not supported by this example`);
      const { mechanism, input } = mechanismFor(algorithm, algorithm.hash, digest);
      return run(key, ['--sign', '--id', key.id, ...mechanism, '--signature-format', 'openssl'], input, signal);
    },
  };
}

function mechanismFor(
  algorithm: SignatureAlgorithm,
  hash: HashAlgorithm,
  digest: Uint8Array,
): { mechanism: string[]; input: Uint8Array } {
  const name = hash.toUpperCase();
  switch (algorithm.name) {
    case 'ECDSA':
      return { mechanism: ['--mechanism', 'ECDSA'], input: digest };
    case 'RSA-PSS': {
      const hashName = name === 'SHA1' ? 'SHA-1' : name;
      return {
        mechanism: [
          '--mechanism',
          'RSA-PKCS-PSS',
          '--hash-algorithm',
          hashName,
          '--mgf',
          `MGF1-${name}`,
          '--salt-len',
          `${digest.length}`,
        ],
        input: digest,
      };
    }
    default:
      // PKCS#1 v1.5 signs a DigestInfo, and RSA-PKCS expects the whole of it (RFC 8017 section 9.2).
      return {
        mechanism: ['--mechanism', 'RSA-PKCS'],
        input: Buffer.concat([Buffer.from(digestInfo[hash], 'hex'), digest]),
      };
  }
}

const digestInfo: Readonly<Record<HashAlgorithm, string>> = {
  sha1: '3021300906052b0e03021a05000414',
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
};

function run(key: Pkcs11Key, args: readonly string[], input: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // The PIN goes through the environment of this process, because every user of the machine can read arguments.
    const all = [
      '--module',
      key.module,
      '--token-label',
      key.tokenLabel,
      '--login',
      '--pin',
      'env:PKCS11_PIN',
      ...args,
    ];
    const tool = spawn('pkcs11-tool', all, { env: { ...process.env, PKCS11_PIN: key.pin() }, signal });
    const output: Buffer[] = [];
    let complaint = '';
    tool.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    tool.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)));
    tool.on('error', reject);
    tool.on('close', (code) =>
      code === 0
        ? resolve(Buffer.concat(output))
        : reject(new Error(`pkcs11-tool ended with ${code}: ${complaint.trim()}`)),
    );
    tool.stdin.on('error', () => undefined);
    tool.stdin.end(input);
  });
}
