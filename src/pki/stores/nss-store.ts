/**
 * NSS databases (Firefox, Thunderbird, and the shared one of Linux), through `certutil` and `pk12util` of the NSS
 * tools.
 * @module
 */
import { withPrivateDirectory } from '../../system/private-directory.js';
import { showText } from '../../util/show.js';
import { certificateError } from '../certificate-error.js';
import type { ContainedCertificate } from '../formats/contents.js';
import { parsePem } from '../formats/pem.js';
import { identitiesOf } from '../identities.js';
import type { Identity, OpenedKey } from '../identities.js';
import { readCertificateFile } from '../read-file.js';
import type { StoreAccess, StoreDriver } from './driver.js';
import { openExported, withOpener } from './exported-key.js';
import { oneTimePassword } from './one-time-password.js';
import type { CommandResult, CommandRunner } from './run-command.js';

/** More names than any person's or server's database has. */
const maxNames = 1_000;

/** A database; `location` is its directory, with or without `sql:`. */
export function nssStore(location: string, run: CommandRunner): StoreDriver {
  const database = /^(?:sql|dbm):/.test(location) ? location : `sql:${location}`;
  return {
    place: `the NSS database ${showText(location, 300)}`,
    entries: (access) => listEntries(database, run, access),
  };
}

async function listEntries(
  database: string,
  run: CommandRunner,
  access: StoreAccess,
): ReturnType<StoreDriver['entries']> {
  const { signal } = access;
  const listing = succeeded(await run({ program: 'certutil', args: ['-L', '-d', database], signal }), 'certutil');
  const names = namesOf(listing);
  if (names.size > maxNames)
    throw certificateError(
      `it has more than ${maxNames} names`,
      'Use a database with only the necessary certificates.',
    );
  const certificates: ContainedCertificate[] = [];
  const own = new Set<string>();
  for (const [alias, isOwn] of names) {
    const pem = succeeded(
      await run({ program: 'certutil', args: ['-L', '-d', database, '-n', alias, '-a'], signal }),
      'certutil',
    );
    for (const { bytes } of parsePem(pem)) certificates.push({ der: bytes, alias });
    if (isOwn) own.add(alias);
  }
  const found = await identitiesOf({ certificates, keys: [] });
  const marked = found.identities.map((entry) =>
    own.has(entry.info.alias ?? '') ? withOpener(entry, (opened) => exportKey(database, run, opened, access)) : entry,
  );
  return { ...found, identities: marked };
}

/** Reads nicknames. The flag `u` says that the key is present. */
function namesOf(listing: string): ReadonlyMap<string, boolean> {
  const names = new Map<string, boolean>();
  for (const line of listing.split('\n')) {
    const [, name, flags] = /^(.*\S)\s+([A-Za-z]*,[A-Za-z]*,[A-Za-z]*)\s*$/.exec(line.slice(0, 2_000)) ?? [];
    if (name === undefined || flags === undefined || flags === 'SSL,S/MIME,JAR/XPI') continue;
    names.set(name, (names.get(name) ?? false) || flags.includes('u'));
  }
  return names;
}

async function exportKey(
  database: string,
  run: CommandRunner,
  entry: Identity,
  { passwords, signal }: StoreAccess,
): Promise<OpenedKey> {
  const password = (await passwords.file()) ?? '';
  return withPrivateDirectory(async (directory) => {
    const oneTime = oneTimePassword();
    const file = directory.path('export.p12');
    const databasePassword = await directory.write('database', `${password}\n`);
    const filePassword = await directory.write('file', `${oneTime}\n`);
    const args = ['-o', file, '-n', entry.info.alias ?? '', '-d', database, '-k', databasePassword, '-w', filePassword];
    const result = await run({ program: 'pk12util', args, signal });
    if (/SEC_ERROR_BAD_PASSWORD|Incorrect password/.test(result.stderr)) {
      throw certificateError(
        'the password of the NSS database is missing or wrong',
        `Give it in \`${passwords.fileField}\`.`,
      );
    }
    succeeded(result, 'pk12util');
    const opened = await openExported(entry, await readCertificateFile(file), oneTime, { passwords, signal });
    if (opened === undefined)
      throw certificateError(
        'pk12util exported no private key for it',
        'The key may be on a token that does not export it: use a signer.',
      );
    // The database has more of the chain than the export.
    const known = entry.chain();
    return known.length > (opened.chain?.length ?? 0) ? { ...opened, chain: known } : opened;
  });
}

function succeeded(result: CommandResult, program: string): string {
  if (result.code === 0) return result.stdout;
  const said = showText(result.stderr.trim() || result.stdout.trim(), 300);
  const isBad = /SEC_ERROR_BAD_DATABASE|SEC_ERROR_LEGACY_DATABASE/.test(said);
  throw certificateError(
    isBad ? 'it is not an NSS database' : `${program} failed: ${said}`,
    isBad
      ? "Name the directory that contains cert9.db and key4.db. On Linux 'user' is ~/.pki/nssdb and 'machine' is /etc/pki/nssdb."
      : 'Run the program manually on the same database.',
  );
}
