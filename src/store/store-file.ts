/**
 * The file of a store. It is read with all checks and without a lock, and replaced as a whole under the lock.
 * @module
 */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { joinSignals } from '../async/deadline-signal.js';
import type { EmailError } from '../model/error.js';
import { ProcessLock } from '../system/lock.js';
import { networkFileSystem } from '../system/network-file-system.js';
import { makePrivateDirectory, readPrivateFile } from '../system/read-private-file.js';
import { NotFlushed, removeLeftovers, stageFile, writeFileAtomically } from '../system/write-file.js';
import { showText } from '../util/show.js';
import { withoutPrototype } from '../util/without-prototype.js';
import { emptyContent } from './content.js';
import type { Content, SealContext } from './content.js';
import { currentFormat, fileBytes, headerOf, parseFile, reseal, Sealer, verifiedContent } from './file-format.js';
import type { Format, RawFile } from './file-format.js';
import { directoryError, fileError } from './file-faults.js';
import { storeError, storeFailure, writtenUnsafely } from './store-error.js';
import { deriveKeys, newDerivation } from './store-key.js';
import type { KeyDerivation, KeyMaterial, StoreKeys } from './store-key.js';

/** Resolves the key when it is needed: it may be in a file or a variable. */
export type KeySource = () => Promise<KeyMaterial>;

/** A file that passed all checks. */
export interface OpenedFile {
  readonly content: Content;
  readonly sealer: Sealer;
  readonly keys: StoreKeys;
  readonly derivation: KeyDerivation;
}

/** The result of a change; without content, nothing is written. */
export interface Change<T> {
  readonly content?: Content | undefined;
  readonly result: T;
}

/** The most bytes of a store's file, and of the file with its revision. */
const maxFileBytes = 64 << 20;
const maxNoteBytes = 100;
/** The longest wait for another process that writes. */
const lockWaitMs = 30_000;

export class StoreFile {
  readonly file: string;
  readonly #format: Format;
  readonly #state: string;
  /** The path of a second copy of the revision. */
  readonly #note: string;
  readonly #writing: ProcessLock;
  readonly #tokenLocks = new Map<string, ProcessLock>();
  /** The key; during a change of it, the new one first. */
  #sources: readonly KeySource[];
  /** The keys that were derived last. */
  #derived: { readonly salt: string; readonly keys: StoreKeys } | undefined;
  /** The highest revision that this process has seen. */
  #seen = 0;
  /** May there be temporary files of killed processes? */
  #littered = true;

  private constructor(file: string, source: KeySource, format: Format) {
    this.file = file;
    this.#format = format;
    this.#sources = [source];
    this.#state = `${file}.state`;
    this.#note = join(this.#state, 'revision');
    this.#writing = new ProcessLock(join(this.#state, 'write'));
  }

  /** Opens the file, and makes it if there is none. */
  static async open(path: string, source: KeySource, format: Format = currentFormat): Promise<StoreFile> {
    const directory = dirname(path);
    try {
      const fault = await makePrivateDirectory(await existing(directory));
      if (fault !== undefined) throw directoryError(path, directory, fault);
      const network = await networkFileSystem(directory);
      if (network !== undefined)
        throw storeError(
          path,
          `is on a network file system (${network}), where several machines could write at once`,
          'Keep it on a local disk, or implement ProfileStore over a database.',
        );
      const file = new StoreFile(join(await realpath(directory), basename(path)), source, format);
      await file.#makeState();
      if ((await file.#load()) === undefined) await file.#create();
      return file;
    } catch (cause) {
      throw storeFailure(path, 'opened', cause);
    }
  }

  /** The content as of the last write that was completed. Takes no lock. */
  async read(): Promise<OpenedFile> {
    try {
      return (await this.#load()) ?? this.#missing();
    } catch (cause) {
      throw storeFailure(this.file, 'read', cause);
    }
  }

  /** Reads, calls `work` for the change, and writes, while no other process does. */
  async change<T>(work: (opened: OpenedFile) => Change<T>): Promise<T> {
    return await this.#locked(async () => {
      const opened = (await this.#load()) ?? this.#missing();
      const { content, result } = withoutPrototype(work(opened));
      if (content !== undefined) await this.#write(content, opened.keys, opened.derivation);
      return result;
    });
  }

  /** Writes everything again, encrypted with another key, which this store uses from then on. */
  async changeKey(source: KeySource): Promise<void> {
    const material = await source();
    await this.#locked(async () => {
      const opened = (await this.#load()) ?? this.#missing();
      const before = this.#sources;
      const derivation = newDerivation(material);
      const keys = await this.#derive(derivation, material);
      const sealer = new Sealer(keys, this.#format.version);
      const content = reseal(opened.content, opened.sealer, sealer, (context) => this.#damaged(context));
      // Concurrent reads may find a file with the old key or with the new one.
      this.#sources = [source, ...before];
      try {
        await this.#write(content, keys, derivation);
        this.#sources = [source];
      } catch (error) {
        // The file may have been replaced although an error followed (`writtenUnsafely`), so both keys are tried.
        this.#sources = [...before, source];
        throw error;
      }
    });
  }

  /** Runs `work` while no other process holds the lock of this key. */
  async lock<T>(key: string, work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const name = createHash('sha256').update(key).digest('hex').slice(0, 32);
    const lock = this.#tokenLocks.get(name) ?? new ProcessLock(join(this.#state, `tokens-${name}`));
    this.#tokenLocks.set(name, lock);
    let begun = false;
    try {
      await this.#makeState();
      return await lock.run(async () => {
        begun = true;
        return await work();
      }, signal);
    } catch (cause) {
      // An error of `work` is passed on unchanged.
      throw begun ? cause : storeFailure(this.file, 'locked', cause);
    }
  }

  /** Decrypts a value. ERR_STORE if it was not encrypted for this place. */
  open({ sealer }: OpenedFile, sealed: string, context: SealContext): Buffer {
    return sealer.open(sealed, context) ?? this.#damaged(context);
  }

  /** The contents with renamed profiles. */
  renamed({ content, sealer }: OpenedFile, names: (name: string) => string): Content {
    return reseal(content, sealer, sealer, (context) => this.#damaged(context), names);
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const waiting = joinSignals([], { ms: lockWaitMs, passed: () => this.#busy() });
    try {
      await this.#makeState();
      return await this.#writing.run(async () => {
        waiting.dispose();
        if (this.#littered) for (const path of [this.file, this.#note]) await removeLeftovers(path);
        this.#littered = false;
        return await work();
      }, waiting.signal);
    } catch (cause) {
      throw storeFailure(this.file, 'written', cause);
    } finally {
      waiting.dispose();
    }
  }

  /** Makes the directory beside the file, which people or programs may have removed. */
  async #makeState(): Promise<void> {
    const fault = await makePrivateDirectory(this.#state);
    if (fault !== undefined) throw directoryError(this.file, this.#state, fault);
  }

  async #create(): Promise<void> {
    await this.#locked(async () => {
      if ((await this.#load()) !== undefined) return;
      const [source] = this.#sources;
      const material = source === undefined ? '' : await source();
      const derivation = newDerivation(material);
      await this.#write(emptyContent, await this.#derive(derivation, material), derivation);
    });
  }

  async #write(content: Content, keys: StoreKeys, derivation: KeyDerivation): Promise<void> {
    const revision = this.#seen + 1;
    const header = headerOf(keys, derivation, this.#format);
    const bytes = fileBytes(header, { ...content, revision }, keys);
    if (bytes.length > maxFileBytes)
      throw storeError(
        this.file,
        `would become longer than ${maxFileBytes} bytes`,
        'Delete profiles, or implement ProfileStore over a database.',
      );
    // Both files are written before the first is renamed: with a full disk neither is.
    const note = await stageFile(this.#note, Buffer.from(`${revision}\n`));
    let unflushed: unknown;
    try {
      await writeFileAtomically(this.file, bytes);
    } catch (error) {
      if (!(error instanceof NotFlushed)) {
        await note.discard();
        throw error;
      }
      unflushed = error.cause;
    }
    this.#seen = revision;
    this.#derived = { salt: derivation.salt, keys };
    try {
      await note.commit();
    } catch (error) {
      unflushed ??= error instanceof NotFlushed ? error.cause : error;
    }
    if (unflushed !== undefined) throw writtenUnsafely(this.file, unflushed);
  }

  /** The file, or undefined if there never was one. */
  async #load(): Promise<OpenedFile | undefined> {
    // In this order: a write between the two can only raise the revision that is found.
    const floor = Math.max(this.#seen, await this.#keptRevision());
    const bytes = await readPrivateFile(this.file, maxFileBytes);
    if (!Buffer.isBuffer(bytes)) {
      if (bytes.fault === 'missing') return floor === 0 ? undefined : this.#missing();
      throw fileError(this.file, bytes, maxFileBytes);
    }
    const raw = parseFile(bytes);
    if (raw === undefined) throw this.#altered('is not the file of a profile store, or its first lines are damaged');
    if (raw.header.version > this.#format.version)
      throw storeError(
        this.file,
        `was written by a newer version of this library (format ${raw.header.version}, this one reads up ` +
          `to ${this.#format.version})`,
        'Update this process.',
      );
    const keys = await this.#keysFor(raw);
    const content = verifiedContent(raw, keys, this.#format);
    if (content === undefined) throw this.#altered('was changed or damaged: its authentication code is wrong');
    if (content.revision < floor)
      throw storeError(
        this.file,
        `is older than before (revision ${content.revision}; revision ${floor} was seen before)`,
        `Put the newer file back. If an old one was restored on purpose, delete ${this.#note} and restart the ` +
          'processes that use the store.',
      );
    this.#seen = Math.max(this.#seen, content.revision);
    return this.#current(
      { content, sealer: new Sealer(keys, raw.header.version), keys, derivation: raw.header.key },
      raw,
    );
  }

  /** Converts the contents of an older version. */
  #current(opened: OpenedFile, { header }: RawFile): OpenedFile {
    if (header.version === this.#format.version) return opened;
    const sealer = new Sealer(opened.keys, this.#format.version);
    const content = reseal(opened.content, opened.sealer, sealer, (context) => this.#damaged(context));
    return { ...opened, content, sealer };
  }

  async #keysFor({ header }: RawFile): Promise<StoreKeys> {
    if (this.#derived?.salt === header.key.salt && this.#derived.keys.check === header.check) return this.#derived.keys;
    for (const source of this.#sources) {
      const keys = await this.#derive(header.key, await source());
      if (keys.check !== header.check) continue;
      this.#derived = { salt: header.key.salt, keys };
      return keys;
    }
    throw storeError(
      this.file,
      'cannot be read with this key, or its first line was changed',
      'Open it with the key with which it was last written; changeKey() may have changed it.',
    );
  }

  async #derive(derivation: KeyDerivation, material: KeyMaterial): Promise<StoreKeys> {
    const keys = await deriveKeys(derivation, material);
    if (typeof keys !== 'string') return keys;
    if (keys === 'unknown-derivation') throw this.#altered('specifies a key derivation that is weak or unknown');
    throw storeError(
      this.file,
      keys === 'not-a-key'
        ? 'was written with a passphrase, but a key of 32 bytes was given'
        : 'was written with a key of 32 bytes, but a passphrase was given',
      keys === 'not-a-key' ? 'Give the passphrase as a string.' : 'Give the key as a Uint8Array.',
    );
  }

  /** The revision in the file beside the store. */
  async #keptRevision(): Promise<number> {
    const path = this.#note;
    const bytes = await readPrivateFile(path, maxNoteBytes);
    if (!Buffer.isBuffer(bytes)) {
      if (bytes.fault === 'missing') return 0;
      throw fileError(path, bytes, maxNoteBytes);
    }
    const text = bytes.toString('latin1');
    if (/^\d{1,15}\n$/.test(text)) return Number(text);
    throw storeError(this.file, `has a damaged companion file: ${showText(path, 200)}`, 'Delete that file.');
  }

  #missing(): never {
    throw storeError(
      this.file,
      'is missing, but existed before',
      `Restore the file. To begin with an empty store, delete the directory ${this.#state} too.`,
    );
  }

  #altered(what: string): EmailError {
    return storeError(this.file, what, 'Restore the file from a backup.');
  }

  #damaged([kind, ...place]: SealContext): never {
    throw this.#altered(
      `contains a ${String(kind)} that was moved from another place: ${showText(place.join(', '), 200)}`,
    );
  }

  #busy(): EmailError {
    return storeError(
      this.file,
      `was locked for ${lockWaitMs / 1000} s, by another process or by earlier changes of this one`,
      'Find the process that hangs while it writes the store, or make fewer changes at once.',
      { retryable: true },
    );
  }
}

/** A directory that may be a link is identified by its target. */
async function existing(directory: string): Promise<string> {
  return await realpath(directory).catch(() => directory);
}
