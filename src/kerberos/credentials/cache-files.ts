/**
 * Finds the files of a ticket cache name: a FILE cache, or the caches of a DIR collection, whose `primary` file names
 * the first one.
 * @module
 */
import { join } from 'node:path';
import { errorCode } from '../../util/error-code.js';
import { showText } from '../../util/show.js';
import { kerberosError } from '../errors.js';
import { readIfThere } from '../read-file.js';
import { listDirectory } from '../../system/list-directory.js';

/** The files to search, in order. */
export interface CacheFiles {
  readonly files: readonly string[];
  /** The directory of a collection. */
  readonly collection?: string | undefined;
}

/** The most caches of one collection that are searched. */
const maxCaches = 100;
/** Limit of `primary`, which contains a file name and a line end. */
const maxPrimaryBytes = 1_024;

/**
 * The files of `name`, else of `$KRB5CCNAME`, else /tmp/krb5cc_<uid>. ERR_KERBEROS if this kind of cache is not
 * supported.
 */
export async function cacheFiles(name: string | undefined): Promise<CacheFiles> {
  const given = name ?? process.env['KRB5CCNAME'];
  if (given === undefined || given === '') {
    const uid = process.getuid?.();
    if (uid !== undefined) return { files: [`/tmp/krb5cc_${uid}`] };
    throw kerberosError('This system has no default ticket cache', {
      remedy: 'Set authentication.credentialCache, keytabFile or password.',
    });
  }
  // A single letter and a colon is a drive, not a kind.
  const kind = /^([A-Za-z][A-Za-z0-9]+):/.exec(given)?.[1];
  if (kind === undefined) return { files: [given] };
  const residual = given.slice(kind.length + 1);
  if (kind === 'FILE' || kind === 'WRFILE') return { files: [residual] };
  // DIR::/path/tktx is a single cache of a collection, by its file.
  if (kind === 'DIR' && residual.startsWith(':')) return { files: [residual.slice(1)] };
  if (kind === 'DIR') return await collectionFiles(residual);
  throw kerberosError(
    `The ticket cache ${showText(given, 200)} is of the kind ${kind}, which only the Kerberos of the system can read`,
    {
      remedy:
        'Use a FILE cache: kinit -c FILE:/path, and that path in authentication.credentialCache; or a keytab, or a password.',
    },
  );
}

/** The primary cache (`tkt` if no file names it), then the others. */
async function collectionFiles(directory: string): Promise<CacheFiles> {
  const what = `directory of ticket caches ${showText(directory, 200)}`;
  let names: string[];
  try {
    names = (await listDirectory(directory)).filter(isCacheName).sort();
  } catch (cause) {
    const code = errorCode(cause) || 'unknown';
    throw kerberosError(`The ${what} cannot be read (${code})`, {
      cause,
      remedy:
        `Get a ticket with kinit -c DIR:${showText(directory, 200)}, or set authentication.credentialCache, ` +
        'keytabFile or password.',
    });
  }
  const bytes = await readIfThere({
    path: join(directory, 'primary'),
    limit: maxPrimaryBytes,
    what: `file primary of the ${what}`,
    remedy: 'Choose the primary cache with kswitch.',
  });
  const primary = bytes === undefined ? 'tkt' : bytes.toString('utf8').replace(/\r?\n[^]*$/, '');
  if (!isCacheName(primary)) {
    throw kerberosError(`The file primary of the ${what} names ${JSON.stringify(showText(primary, 100))}`, {
      remedy: 'Choose the primary cache with kswitch: its name begins with tkt.',
    });
  }
  const ordered = [...names.filter((name) => name === primary), ...names.filter((name) => name !== primary)];
  return { files: ordered.slice(0, maxCaches).map((name) => join(directory, name)), collection: directory };
}

/** Names begin with `tkt`, and cannot lead out of the directory. */
function isCacheName(name: string): boolean {
  return /^tkt[^/\\\0]*$/.test(name);
}
