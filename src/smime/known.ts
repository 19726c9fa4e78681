/**
 * What the functions of `sealpost/smime` remember from one call to the next. It is the only state of this folder that outlives a call,
 * and there for one reason: these functions have no object that could keep an opened key, and to open one costs ten times what a
 * signature costs. Forgetting any of it costs time and changes nothing. All of it is bounded, and none of it is the text of a secret:
 * whether a key or a password is still the same is told by a digest with a key of its own.
 */
import { BoundedMap } from '../async/bounded-map.js';
import { hash, randomBytes } from 'node:crypto';
import type { CertificateSource } from '../model/certificate.js';
import type { SmimeSignSettings } from '../model/smime.js';
import type { Certificate } from '../pki/x509/certificate.js';
import type { EncryptionSettings, EntityEncrypter } from './encrypt/encrypter.js';
import type { EntitySigner } from './sign/signer.js';

/** Texts of recipients' certificates, and the longest that is remembered. */
const certificateTexts = { count: 64, characters: 1 << 16 } as const;

/** One for each combination of settings. */
const encrypterCount = 16;

/** A signer, and the digest of what it was made from. */
interface KnownSigner {
  readonly origin: Buffer;
  readonly signer: Promise<EntitySigner>;
}

/** See the file's head. */
export class Known {
  /** An identity that stands in an object of the caller's is kept for as long as that object. */
  readonly #signers = new WeakMap<CertificateSource, KnownSigner>();
  readonly #certificates = new BoundedMap<string, Promise<readonly Certificate[]>>(certificateTexts.count);
  readonly #encrypters = new BoundedMap<string, EntityEncrypter>(encrypterCount);
  readonly #digestKey = randomBytes(32).toString('hex');

  /** The signer of these settings, opened where it is not known; each time where not all of it stands in the object itself. */
  signer(settings: SmimeSignSettings, open: () => Promise<EntitySigner>): Promise<EntitySigner> {
    const texts = textsOf(settings);
    if (texts === undefined) return open();
    const { certificate: source, hashAlgorithm, scheme, includeCertificate, format } = settings;
    const origin = this.#digest([...texts, hashAlgorithm, scheme, includeCertificate, format]);
    const known = this.#signers.get(source);
    if (known?.origin.equals(origin) === true) return known.signer;
    const signer = open();
    this.#signers.set(source, { origin, signer });
    signer.catch(() => this.#signers.delete(source));
    return signer;
  }

  /** The certificates in a text, read where they are not known. */
  certificates(text: string, read: () => Promise<readonly Certificate[]>): Promise<readonly Certificate[]> {
    const isPublic = text.length <= certificateTexts.characters && !text.includes('PRIVATE KEY');
    return isPublic ? this.#certificates.getOrMake(text, read) : read();
  }

  /** The encrypter of these settings. */
  encrypter({ algorithm, keyTransport }: EncryptionSettings, prepare: () => EntityEncrypter): EntityEncrypter {
    return this.#encrypters.getOrMake(`${algorithm}/${keyTransport}`, prepare);
  }

  #digest(parts: readonly unknown[]): Buffer {
    const texts = parts.map((part) => `${typeof part} ${String(part)}`);
    return hash('sha256', `${this.#digestKey} ${texts.map(({ length }) => length).join()} ${texts.join('')}`, 'buffer');
  }
}

/** All of the source, where it is given as texts, which cannot change; else undefined, also where the settings are not such. */
function textsOf(settings: Partial<SmimeSignSettings> | undefined): readonly unknown[] | undefined {
  const {
    data,
    key,
    password,
    keyPassword,
  }: { data?: unknown; key?: unknown; password?: unknown; keyPassword?: unknown } = settings?.certificate ?? {};
  const secrets = [key, password, keyPassword];
  const areTexts =
    typeof data === 'string' && secrets.every((secret) => secret === undefined || typeof secret === 'string');
  return areTexts ? [data, ...secrets] : undefined;
}
