/**
 * The `ProfileStore` of one file: profiles, one of them active, with their tokens and cached certificates.
 * @module
 */
import { resolve } from 'node:path';
import { types } from 'node:util';
import { createEmailError, reasonOf } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { EmailProfile } from '../model/settings/profile.js';
import type { Secret } from '../model/settings/secret.js';
import type {
  EmbeddedProfileStore,
  LockOptions,
  OAuth2Tokens,
  OpenProfileStoreOptions,
  ProfileSummary,
} from '../model/store.js';
import { defineProfile } from '../profile/define.js';
import { resolveSecret } from '../system/secret.js';
import { showText } from '../util/show.js';
import { withoutPrototype } from '../util/without-prototype.js';
import { checkCertificate, checkKey, checkSlot, checkTokens, checkTokensKey } from './arguments.js';
import { certificateContext, put, secretContext, tokensContext, withoutProfile } from './content.js';
import type { Content, Json, StoredProfile } from './content.js';
import { joinProfile, profileOfJson, splitProfile, valueAt } from './sealed-profile.js';
import { storeError } from './store-error.js';
import { StoreFile } from './store-file.js';
import type { KeySource, OpenedFile } from './store-file.js';
import { jsonText } from '../util/own.js';

/** Opens the store of checked options. */
export async function openFileStore({ file, key }: OpenProfileStoreOptions): Promise<EmbeddedProfileStore> {
  return new FileProfileStore(await StoreFile.open(resolve(file), keySource(key)));
}

function keySource(key: Secret | Uint8Array): KeySource {
  return () => (types.isUint8Array(key) ? Promise.resolve(key) : resolveSecret(key, 'key'));
}

class FileProfileStore implements EmbeddedProfileStore {
  readonly #file: StoreFile;

  constructor(file: StoreFile) {
    this.#file = file;
  }

  async list(): Promise<readonly ProfileSummary[]> {
    const { content } = await this.#file.read();
    return content.profiles.map(({ name, profile }) => {
      const description = valueAt(profile, 'description');
      return { name, active: name === content.active, ...(typeof description === 'string' ? { description } : {}) };
    });
  }

  async get(name: string): Promise<EmailProfile | undefined> {
    return this.#profile(await this.#file.read(), name);
  }

  async active(): Promise<EmailProfile | undefined> {
    const opened = await this.#file.read();
    return opened.content.active === null ? undefined : this.#profile(opened, opened.content.active);
  }

  async save(profile: EmailProfile): Promise<void> {
    const checked = defineProfile(profile);
    const { plain, secrets } = splitProfile(checked);
    const { name } = checked;
    await this.#file.change((opened) => {
      const { content, sealer } = opened;
      const stored: StoredProfile = {
        name,
        profile: plain,
        secrets: secrets.map(({ path, value }) => ({
          path,
          sealed: sealer.seal(jsonText(value), secretContext(name, path)),
        })),
      };
      const before = find(content, name);
      const kept = before === undefined ? content : this.#withoutStale(opened, before, joinProfile({ plain, secrets }));
      return {
        content: { ...kept, profiles: put(kept.profiles, stored, (other) => other.name === name) },
        result: undefined,
      };
    });
  }

  async delete(name: string): Promise<boolean> {
    return await this.#file.change(({ content }) =>
      find(content, name) === undefined ? { result: false } : { content: withoutProfile(content, name), result: true },
    );
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#file.change((opened) => {
      const profile = this.#profile(opened, from);
      if (profile === undefined) throw this.#unknown(from);
      if (from === to) return { result: undefined };
      // The new name must follow the same rules as that of a saved profile.
      defineProfile({ ...profile, name: to });
      if (find(opened.content, to) !== undefined)
        throw storeError(
          this.#file.file,
          `already has a profile named ${showText(to, 200)}`,
          'Choose another name, or delete that profile first.',
        );
      // Remains of a deleted profile with this name would otherwise mix with the renamed one.
      const content = withoutProfile(opened.content, to);
      const renamed = this.#file.renamed({ ...opened, content }, (name) => (name === from ? to : name));
      return { content: withInnerName(renamed, to), result: undefined };
    });
  }

  async activate(name: string): Promise<void> {
    await this.#file.change(({ content }) => {
      if (find(content, name) === undefined) throw this.#unknown(name);
      return content.active === name
        ? { result: undefined }
        : { content: { ...content, active: name }, result: undefined };
    });
  }

  async loadCached(profile: string, slot: string): Promise<Uint8Array | undefined> {
    const opened = await this.#file.read();
    const found = opened.content.certificates.find((entry) => entry.profile === profile && entry.slot === slot);
    return found && new Uint8Array(this.#file.open(opened, found.sealed, certificateContext(profile, slot)));
  }

  async saveCached(profile: string, slot: string, data: Uint8Array | undefined): Promise<void> {
    checkSlot(profile, slot);
    if (data !== undefined) checkCertificate(data);
    await this.#file.change(({ content, sealer }) => {
      const isThis = (entry: { profile: string; slot: string }): boolean =>
        entry.profile === profile && entry.slot === slot;
      const certificates =
        data === undefined
          ? content.certificates.filter((entry) => !isThis(entry))
          : put(
              content.certificates,
              { profile, slot, sealed: sealer.seal(data, certificateContext(profile, slot)) },
              isThis,
            );
      return { content: { ...content, certificates }, result: undefined };
    });
  }

  async loadTokens(key: string): Promise<OAuth2Tokens | undefined> {
    const opened = await this.#file.read();
    const found = opened.content.tokens.find((entry) => entry.key === key);
    if (found === undefined) return undefined;
    const text = this.#file.open(opened, found.sealed, tokensContext(key)).toString('utf8');
    type Stored = Omit<OAuth2Tokens, 'expiresAt'> & { readonly expiresAt?: string };
    // A field that is absent stays absent, and is not read from a polluted Object.prototype.
    const { expiresAt, ...tokens } = withoutPrototype(JSON.parse(text) as Stored);
    return expiresAt === undefined ? tokens : { ...tokens, expiresAt: new Date(expiresAt) };
  }

  async saveTokens(key: string, tokens: OAuth2Tokens): Promise<void> {
    checkTokensKey(key);
    const json = jsonText(checkTokens(tokens));
    await this.#file.change(({ content, sealer }) => ({
      content: {
        ...content,
        tokens: put(
          content.tokens,
          { key, sealed: sealer.seal(json, tokensContext(key)) },
          (other) => other.key === key,
        ),
      },
      result: undefined,
    }));
  }

  async lock<T>(key: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
    return await this.#file.lock(key, work, options.signal);
  }

  async changeKey(key: Secret | Uint8Array): Promise<void> {
    await this.#file.changeKey(keySource(checkKey(key)));
  }

  #profile(opened: OpenedFile, name: string): EmailProfile | undefined {
    const stored = find(opened.content, name);
    if (stored === undefined) return undefined;
    const json = this.#json(opened, stored);
    try {
      return profileOfJson(json);
    } catch (cause) {
      throw storeError(
        this.#file.file,
        `contains a profile that this version does not accept: ${reasonOf(cause)}`,
        'Use the version of this library that saved it, or save it again.',
        { cause },
      );
    }
  }

  #json(opened: OpenedFile, { name, profile, secrets }: StoredProfile): Json {
    return joinProfile({
      plain: profile,
      secrets: secrets.map(({ path, sealed }) => ({
        path,
        value: JSON.parse(this.#file.open(opened, sealed, secretContext(name, path)).toString('utf8')),
      })),
    });
  }

  /**
   * Drops copies of certificates whose source has changed: after a change of the file name, the old certificate must
   * not be used.
   */
  #withoutStale(opened: OpenedFile, before: StoredProfile, after: Json): Content {
    const old = this.#json(opened, before);
    const isStale = (slot: string): boolean => jsonText(valueAt(old, slot)) !== jsonText(valueAt(after, slot));
    return {
      ...opened.content,
      certificates: opened.content.certificates.filter(
        ({ profile, slot }) => profile !== before.name || !isStale(slot),
      ),
    };
  }

  #unknown(name: string): EmailError {
    return createEmailError('ERR_STORE', `The profile store has no profile named ${showText(name, 200)}`, {
      remedy: 'See list() for the names.',
    });
  }
}

function find(content: Content, name: string): StoredProfile | undefined {
  return content.profiles.find((profile) => profile.name === name);
}

/** A profile's JSON contains its name too. */
function withInnerName(content: Content, name: string): Content {
  return {
    ...content,
    profiles: content.profiles.map((stored) =>
      stored.name === name ? { ...stored, profile: { ...Object(stored.profile), name } as Json } : stored,
    ),
  };
}
