/**
 * The long-term keys of a client: made from its password, or read from its keytab.
 * @module
 */
import { Secrets } from '../../util/secrets.js';
import { showText } from '../../util/show.js';
import type { KeytabEntry } from '../credentials/keytab.js';
import type { EncryptionKey } from '../crypto/encryption-type.js';
import { describeType, encryptionType } from '../crypto/encryption-types.js';
import { kerberosError } from '../errors.js';
import { formatPrincipal, type Principal } from '../protocol/principal.js';
import type { KeyInfo } from '../protocol/replies.js';

/** The secret of a client: its password, or keys made from it. */
export type ClientSecret =
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'keytab'; readonly file: string; readonly entries: readonly KeytabEntry[] };

/** The exchange that needs a key. */
export interface KeyRequest {
  readonly client: Principal;
  /** The KDC in errors. */
  readonly sender: string;
  /** The KDC's instructions for making keys; otherwise the defaults. */
  readonly keyInfo: readonly KeyInfo[];
}

/**
 * Limits of the iteration count from a KDC that is not authenticated. With fewer iterations the password could be
 * guessed; more would waste this machine's time.
 */
const minIterations = 4096;
const maxIterations = 1_000_000;

export class ClientKeys {
  readonly #secret: ClientSecret;
  /** Types to request. Those with a key come first, so that the KDC chooses one of them for its reply. */
  readonly types: readonly number[];
  /** Types for which there is a key, or for which a key can be made from the password. */
  readonly #ownTypes: ReadonlySet<number>;

  /** `permitted` are the types that krb5.conf permits. ERR_KERBEROS if a keytab has none of them. */
  constructor(secret: ClientSecret, permitted: readonly number[]) {
    this.#secret = secret;
    const own = permitted.filter(
      (type) => secret.kind === 'password' || secret.entries.some((entry) => entry.key.type === type),
    );
    this.#ownTypes = new Set(own);
    // The other types are for the session key and the ticket, for which the KDC may have no key of these types (RFC
    // 4120 section 3.1.3).
    this.types = [...own, ...permitted.filter((type) => !this.#ownTypes.has(type))];
    if (own.length > 0) return;
    const has = secret.kind === 'keytab' ? secret.entries.map(({ key }) => describeType(key.type)).join(', ') : '';
    throw kerberosError(`${this.source} has no key of a type that krb5.conf permits, only ${has}`, {
      remedy:
        `Export the keytab again with a key of ${permitted.map(describeType).join(' or ')}, or name its types in ` +
        'permitted_enctypes of krb5.conf (RC4: allow_rc4 = true).',
    });
  }

  /** The secret in errors. */
  get source(): string {
    return this.#secret.kind === 'password' ? 'the password' : `the keytab ${showText(this.#secret.file, 200)}`;
  }

  /** A text of a KDC, hidden if it repeats the password: a KDC may know the password, or may have guessed it from keys. */
  hidden(text: string | undefined): string | undefined {
    const secrets = new Secrets(this.#secret.kind === 'password' ? [this.#secret.password] : []);
    return text === undefined ? undefined : secrets.shown(text);
  }

  /** True for a keytab, which may lack keys that the KDC has. */
  get isKeytab(): boolean {
    return this.#secret.kind === 'keytab';
  }

  /** The type for pre-authentication, out of the KDC's list; the first of our own if it gives none. */
  typeFor(offered: readonly KeyInfo[]): number | undefined {
    if (offered.length === 0) return this.types[0];
    return offered.find(({ type }) => this.#ownTypes.has(type))?.type;
  }

  /** The client's key of this type, from the password by the KDC's instructions, or from the keytab. */
  async keyOf(type: number, request: KeyRequest): Promise<EncryptionKey> {
    const { client, sender, keyInfo } = request;
    if (this.#secret.kind === 'keytab') {
      const entry = this.#secret.entries.find(({ key }) => key.type === type);
      if (entry !== undefined) return entry.key;
      throw this.missing(type, request);
    }
    const algorithm = encryptionType(type);
    if (algorithm === undefined) throw kerberosError(`${sender} uses ${describeType(type)}, which is not supported`);
    const info = keyInfo.find((entry) => entry.type === type);
    const salt = info?.salt ?? Buffer.from(client.realm + client.components.join(''), 'utf8');
    const iterations = checkedIterations(algorithm.defaultIterations, info?.parameters, sender);
    return { type, value: await algorithm.stringToKey(this.#secret.password, salt, iterations) };
  }

  /** The error for a key that the KDC uses and the keytab lacks. */
  missing(type: number, { client, sender }: KeyRequest): Error {
    return kerberosError(`${this.source} has no key of ${describeType(type)}, which ${sender} uses`, {
      remedy: `Export the keytab again, with all keys of ${formatPrincipal(client)} (ktadd, or ktpass with /crypto All).`,
    });
  }
}

function checkedIterations(otherwise: number | undefined, parameters: Buffer | undefined, sender: string): number {
  if (otherwise === undefined || parameters === undefined) return otherwise ?? 0;
  const count = parameters.length === 4 ? parameters.readUInt32BE() : 0;
  if (count >= minIterations && count <= maxIterations) return count;
  throw kerberosError(
    `${sender} requires a key made with ${count} iterations; ` +
      `between ${minIterations} and ${maxIterations} are accepted`,
    { remedy: 'Set the password again on the KDC, with its default string-to-key parameters.' },
  );
}
