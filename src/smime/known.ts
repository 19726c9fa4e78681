/**
 * The cache of the functions of `sealpost/smime`, from one call to the next. It is the only state of this folder that
 * outlives a call. The reason: these functions have no object that could keep an opened key, and opening one costs ten
 * times the time of a signature, or seconds if a PKCS#12 file requires many rounds. Forgetting any of it costs time
 * and changes nothing. All of it is bounded, and none of it is the text of a secret: a keyed digest tells whether a key
 * or a password is still the same.
 * @module
 */
import { hash, randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { BoundedMap } from '../async/bounded-map.js';
import type { CertificateSource } from '../model/certificate.js';
import type { Secret } from '../model/settings/secret.js';
import type { SmimeSignSettings } from '../model/settings/smime.js';
import type { IdentityCandidate } from '../pki/identities.js';
import type { Certificate } from '../pki/x509/certificate.js';
import { withoutPrototype } from '../util/without-prototype.js';
import type { EncryptionSettings, EntityEncrypter } from './encrypt/encrypter.js';
import type { EntitySigner } from './sign/signer.js';

/** The most texts of recipients' certificates, and their maximum length. */
const certificateTexts = { count: 64, characters: 1 << 16 } as const;

/** One encrypter for each combination of settings. */
const encrypterCount = 16;

/** The most identities of files. */
const fileCount = 16;

/** An opened identity, and the digest of its source. */
interface Opened<T> {
  readonly origin: string;
  readonly value: Promise<T>;
}

/** Objects made from identities, kept while those do not change. */
class Identities<T> {
  /** An identity in an object of the caller is kept as long as that object. */
  readonly #ofObjects = new WeakMap<CertificateSource, Opened<T>>();
  /** An identity in a file is kept while size and times of the file do not change. */
  readonly #ofFiles = new BoundedMap<string, Promise<T>>(fileCount);
  readonly #digest: (parts: readonly unknown[]) => string;

  constructor(digest: (parts: readonly unknown[]) => string) {
    this.#digest = digest;
  }

  /**
   * Returns the result of `open`, cached if possible. It is opened each time if its source cannot be compared: secrets
   * by function, stores.
   */
  async get(source: CertificateSource, settings: readonly unknown[], open: () => Promise<T>): Promise<T> {
    const texts = textsOf(source);
    if (texts !== undefined) return this.#fromObject(source, this.#digest([...texts, ...settings]), open);
    const states = await fileStatesOf(source);
    return states === undefined ? open() : this.#ofFiles.getOrMake(this.#digest([...states, ...settings]), open);
  }

  #fromObject(source: CertificateSource, origin: string, open: () => Promise<T>): Promise<T> {
    const known = this.#ofObjects.get(source);
    if (known?.origin === origin) return known.value;
    const value = open();
    this.#ofObjects.set(source, { origin, value });
    value.catch(() => this.#ofObjects.delete(source));
    return value;
  }
}

/** The cache of `sign`, `encrypt` and `decrypt`. */
export class Known {
  /** Made with the first digest: Cloudflare Workers allow no random values while a module is loaded. */
  #digestKey: string | undefined;
  readonly #signers = new Identities<EntitySigner>((parts) => this.#digest(parts));
  readonly #candidates = new Identities<readonly IdentityCandidate[]>((parts) => this.#digest(parts));
  readonly #certificates = new BoundedMap<string, Promise<readonly Certificate[]>>(certificateTexts.count);
  readonly #encrypters = new BoundedMap<string, EntityEncrypter>(encrypterCount);

  /** The signer of these settings, opened if it is not cached. */
  signer(settings: SmimeSignSettings, open: () => Promise<EntitySigner>): Promise<EntitySigner> {
    // Invalid settings are refused by `open`.
    const { certificate, hashAlgorithm, scheme, includeCertificate, format }: Partial<SmimeSignSettings> =
      Object(settings);
    if (typeof certificate !== 'object') return open();
    return this.#signers.get(certificate, [hashAlgorithm, scheme, includeCertificate, format], open);
  }

  /** The identities of a source that `decrypt` chooses among. */
  candidates(
    source: CertificateSource,
    open: () => Promise<readonly IdentityCandidate[]>,
  ): Promise<readonly IdentityCandidate[]> {
    return this.#candidates.get(source, [], open);
  }

  /** The certificates in a text, read if they are not cached. */
  certificates(text: string, read: () => Promise<readonly Certificate[]>): Promise<readonly Certificate[]> {
    const isPublic = text.length <= certificateTexts.characters && !text.includes('PRIVATE KEY');
    return isPublic ? this.#certificates.getOrMake(text, read) : read();
  }

  /** The encrypter of these settings. */
  encrypter({ algorithm, keyTransport }: EncryptionSettings, prepare: () => EntityEncrypter): EntityEncrypter {
    return this.#encrypters.getOrMake(`${algorithm}/${keyTransport}`, prepare);
  }

  #digest(parts: readonly unknown[]): string {
    const texts = parts.map((part) => `${typeof part} ${String(part)}`);
    this.#digestKey ??= randomBytes(32).toString('hex');
    return hash('sha256', `${this.#digestKey} ${texts.map(({ length }) => length).join()} ${texts.join('')}`);
  }
}

/** The cache of the process. */
export const known = new Known();

/** The whole source if it consists of texts, which cannot change; else undefined. */
function textsOf({
  data,
  key,
  password,
  keyPassword,
}: Partial<Record<'data' | 'key' | 'password' | 'keyPassword', unknown>>): readonly unknown[] | undefined {
  const secrets = [key, password, keyPassword];
  const areTexts =
    typeof data === 'string' && secrets.every((secret) => secret === undefined || typeof secret === 'string');
  return areTexts ? [data, ...secrets] : undefined;
}

/** The current state of the files in the source and of its secrets; undefined if one cannot be compared. */
async function fileStatesOf(source: CertificateSource): Promise<readonly unknown[] | undefined> {
  if (typeof source.file !== 'string') return undefined;
  const { file, keyFile, password, keyPassword } = source;
  const states = await Promise.all([
    stateOf(file),
    keyFile === undefined ? 'none' : stateOf(keyFile),
    secretState(password),
    secretState(keyPassword),
  ]);
  return states.includes(undefined) ? undefined : states;
}

/** Path, size and times of a file; undefined if there is none. Opening it reports the reason. */
async function stateOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [path, dev, ino, size, mtimeNs, ctimeNs].join();
  } catch {
    return undefined;
  }
}

/** A text that changes whenever the secret does; undefined if that cannot be determined. */
async function secretState(secret: Secret | undefined): Promise<string | undefined> {
  if (secret === undefined) return 'none';
  if (typeof secret === 'string') return `text ${secret}`;
  if (typeof secret !== 'object') return undefined;
  const { file, env = '' }: { readonly file?: string; readonly env?: string } = withoutPrototype(secret);
  if (file !== undefined) return stateOf(file);
  const value = process.env[env];
  return value === undefined ? undefined : `text ${value}`;
}
