/**
 * Reads krb5.conf and the files that it includes.
 * @module
 */
import type { Dirent } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { errorCode } from '../../util/error-code.js';
import { showText } from '../../util/show.js';
import { kerberosError, MalformedError } from '../errors.js';
import { readIfThere, readKerberosFile } from '../read-file.js';
import type { KerberosFile } from '../read-file.js';
import { parseProfile } from './profile-tree.js';
import type { Section } from './profile-tree.js';
import { listEntries } from '../../system/list-directory.js';

const maxFileBytes = 1024 * 1024;
/** The most files in all, including those of an included directory. */
const maxFiles = 200;
const maxIncludeDepth = 10;
const remedy = 'Correct krb5.conf, or name another in authentication.krb5ConfFile.';

/**
 * Reads krb5.conf into a tree: `file`, else the files of `$KRB5_CONFIG`, else /etc/krb5.conf. Only the latter may be
 * missing. ERR_KERBEROS names the file and the faulty line.
 */
export async function readKrb5Conf(file: string | undefined): Promise<Section> {
  const root: Section = new Map();
  const reader = new Reader(root);
  if (file !== undefined) {
    await reader.read(file, 0, ' (authentication.krb5ConfFile)');
    return root;
  }
  const named = process.env['KRB5_CONFIG'];
  const candidates = named ? named.split(delimiter).filter((entry) => entry !== '') : ['/etc/krb5.conf'];
  let found = 0;
  for (const candidate of candidates) if (await reader.readIfThere(candidate)) found++;
  if (found === 0 && named) {
    throw kerberosError(`None of the files named in $KRB5_CONFIG exists: ${showText(named, 300)}`, {
      remedy: 'Correct $KRB5_CONFIG.',
    });
  }
  return root;
}

function configuration(path: string, setting = ''): KerberosFile {
  return { path, limit: maxFileBytes, what: `Kerberos configuration${setting}`, remedy };
}

class Reader {
  readonly #root: Section;
  #files = 0;

  constructor(root: Section) {
    this.#root = root;
  }

  async readIfThere(file: string): Promise<boolean> {
    const bytes = await readIfThere(configuration(file));
    if (bytes !== undefined) await this.#parse(bytes, file, 0);
    return bytes !== undefined;
  }

  async read(file: string, depth: number, setting = ''): Promise<void> {
    await this.#parse(await readKerberosFile(configuration(file, setting)), file, depth);
  }

  async #parse(bytes: Buffer, file: string, depth: number): Promise<void> {
    if (++this.#files > maxFiles || depth > maxIncludeDepth) {
      throw kerberosError(
        `krb5.conf includes too much, at ${showText(file, 200)}: at most ${maxFiles} files, ${maxIncludeDepth} deep`,
        { remedy },
      );
    }
    try {
      const text = bytes.toString('utf8');
      await parseProfile(this.#root, { text, include: (directive, path) => this.#include(directive, path, depth + 1) });
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      throw kerberosError(`The Kerberos configuration ${showText(file, 200)} is malformed: ${error.message}`, {
        remedy,
      });
    }
  }

  async #include(directive: 'include' | 'includedir', path: string, depth: number): Promise<void> {
    if (!isAbsolute(path)) throw new MalformedError(`${directive} needs an absolute path, not ${showText(path, 200)}`);
    if (directive === 'include') return this.read(path, depth);
    let entries: readonly Dirent[];
    try {
      entries = await listEntries(path);
    } catch (error) {
      const code = errorCode(error) || 'unknown error';
      throw kerberosError(`The directory ${showText(path, 200)} that krb5.conf includes cannot be read: ${code}`, {
        remedy,
      });
    }
    // Like libkrb5: plain names and *.conf, so that backups of an editor are not read; subdirectories are skipped.
    const names = entries.flatMap((entry) => (entry.isDirectory() ? [] : [entry.name]));
    const chosen = names.filter((name) => /^[A-Za-z0-9_-]+$/.test(name) || /^[^.].*\.conf$/.test(name)).sort();
    for (const name of chosen) await this.read(join(path, name), depth);
  }
}
