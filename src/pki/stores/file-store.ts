/**
 * Stores in files: a PKCS#12 or JKS file with several identities, or a directory of files in any format.
 * @module
 */
import { join } from 'node:path';
import { throwIfAborted } from '../../errors/abort.js';
import { isEmailError } from '../../errors/email-error.js';
import { errorCode } from '../../util/error-code.js';
import { showText } from '../../util/show.js';
import { atPlace, certificateError } from '../certificate-error.js';
import type { Contents } from '../formats/contents.js';
import { readContents } from '../formats/read-contents.js';
import { directoryMs, WorkBudget } from '../formats/work-budget.js';
import { identitiesOf } from '../identities.js';
import { readCertificateFile } from '../read-file.js';
import type { StoreAccess, StoreDriver } from './driver.js';
import { listDirectory } from '../../system/list-directory.js';

/** One file. `format` is the expected format; another one is read too, because files are often replaced. */
export function fileStore(location: string, format: 'PKCS#12' | 'JKS'): StoreDriver {
  return {
    place: `the ${format} store ${showText(location, 300)}`,
    async entries({ passwords, signal, purpose }) {
      const options = { passwords, signal, wantKeys: purpose !== 'encrypt' };
      return identitiesOf(await readContents(await readCertificateFile(location), options), { signal });
    },
  };
}

const extensions = /\.(?:cer|crt|der|pem|p7b|p7c|key|p8|p12|pfx|jks)$/i;
const maxFiles = 5_000;
const maxTotalBytes = 64 << 20;

/** A directory: combines its certificates and keys, even from different files. Not recursive. */
export function directoryStore(location: string): StoreDriver {
  return {
    place: `the directory ${showText(location, 300)}`,
    async entries(access) {
      const { contents, skipped } = await readDirectory(location, extensions, access);
      const found = await identitiesOf(contents, { signal: access.signal });
      return { ...found, skipped: [...skipped, ...found.skipped] };
    },
  };
}

/** The contents of all files of a directory, within one budget. An unreadable file is skipped. */
export async function readDirectory(
  location: string,
  pattern: RegExp,
  { passwords, signal, purpose }: StoreAccess,
  budget = new WorkBudget(signal, directoryMs),
  field = 'the path',
): Promise<{ contents: Contents; skipped: Error[] }> {
  const skipped: Error[] = [];
  const all: Contents[] = [];
  let total = 0;
  for (const name of await filesOf(location, pattern, field)) {
    throwIfAborted(signal);
    try {
      const bytes = await readCertificateFile(join(location, name));
      total += bytes.length;
      if (total > maxTotalBytes) break;
      all.push(from(name, await readContents(bytes, { passwords, signal, budget, wantKeys: purpose !== 'encrypt' })));
    } catch (error) {
      if (!isEmailError(error) || error.code !== 'ERR_CERTIFICATE') throw error;
      skipped.push(atPlace(error, showText(name, 200)));
    }
  }
  if (total > maxTotalBytes)
    throw certificateError(
      `its files have more than ${maxTotalBytes} bytes`,
      'Name a directory that contains only certificates.',
    );
  const contents: Contents = {
    format: 'directory',
    certificates: all.flatMap(({ certificates }) => certificates),
    keys: all.flatMap(({ keys }) => keys),
    crls: all.flatMap(({ crls }) => crls),
  };
  return { contents, skipped };
}

function from(name: string, contents: Contents): Contents {
  const origin = showText(name, 200);
  return { ...contents, certificates: contents.certificates.map((each) => ({ ...each, origin })) };
}

async function filesOf(location: string, pattern: RegExp, field: string): Promise<readonly string[]> {
  let names: string[];
  try {
    names = (await listDirectory(location)).filter((name) => pattern.test(name)).sort();
  } catch (error) {
    const code = errorCode(error) || 'unknown';
    if (code === 'ENOENT')
      throw certificateError('there is no such directory', `Correct ${field}, or create the directory.`, error);
    throw certificateError(
      `the directory cannot be read (${code})`,
      `Check ${field}, and that this process may read it.`,
      error,
    );
  }
  if (names.length > maxFiles)
    throw certificateError(
      `it has more than ${maxFiles} certificate files`,
      'Name a directory with only the necessary certificates.',
    );
  return names;
}
