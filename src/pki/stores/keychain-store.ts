/**
 * Reads macOS keychains through the program `security`. macOS may prompt its user before a key is exported.
 * @module
 */
import { createHash } from 'node:crypto';
import { withPrivateDirectory } from '../../system/private-directory.js';
import { showText } from '../../util/show.js';
import { certificateError } from '../certificate-error.js';
import { parsePem } from '../formats/pem.js';
import { identitiesOf } from '../identities.js';
import type { Identity, OpenedKey } from '../identities.js';
import { readCertificateFile } from '../read-file.js';
import type { StoreAccess, StoreDriver } from './driver.js';
import { openExported, withOpener } from './exported-key.js';
import { oneTimePassword } from './one-time-password.js';
import type { CommandRunner } from './run-command.js';

/** A keychain by its path; undefined stands for the user's search list. */
export function keychainStore(location: string | undefined, run: CommandRunner): StoreDriver {
  if (location?.startsWith('-') === true)
    throw certificateError('the path of the keychain begins with a hyphen', 'Give the whole path.');
  const place = location === undefined ? "the user's keychain" : `the keychain ${showText(location, 300)}`;
  const keychain = location === undefined ? [] : [location];
  const security = async (args: readonly string[], signal: AbortSignal | undefined): Promise<string> => {
    const { code, stdout, stderr } = await run({ program: 'security', args, signal });
    if (code === 0) return stdout;
    throw certificateError(
      `security ${args[0]} failed: ${showText(stderr.trim(), 300)}`,
      'Unlock the keychain, and allow this program to use its keys.',
    );
  };
  /**
   * `security` takes the password only as an argument, which other processes can see. It protects nothing here: the
   * file is in a private directory.
   */
  const exportTo = async (file: string, password: string, signal: AbortSignal | undefined): Promise<void> => {
    const from = location === undefined ? [] : ['-k', location];
    await security(['export', ...from, '-t', 'identities', '-f', 'pkcs12', '-P', password, '-o', file], signal);
  };
  return {
    place,
    async entries(access) {
      const { signal } = access;
      const pem = await security(['find-certificate', '-a', '-p', ...keychain], signal);
      const own = thumbprintsOf(await security(['find-identity', ...keychain], signal));
      const certificates = parsePem(pem).map(({ bytes }) => ({ der: bytes }));
      const found = await identitiesOf({ certificates, keys: [] }, { signal });
      const identities = found.identities.map((entry) =>
        own.has(thumbprint(entry)) ? withOpener(entry, (opened) => exportKey(opened, access, exportTo)) : entry,
      );
      return { ...found, identities };
    },
  };
}

function thumbprint({ certificate }: Identity): string {
  return createHash('sha1').update(certificate.der).digest('hex').toUpperCase();
}

/** `  1) <SHA-1> "name"` */
function thumbprintsOf(listing: string): ReadonlySet<string> {
  return new Set(
    [...listing.matchAll(/^\s*\d+\)\s+([0-9A-Fa-f]{40})\s/gm)].map(([, digits = '']) => digits.toUpperCase()),
  );
}

async function exportKey(
  entry: Identity,
  { passwords, signal }: StoreAccess,
  exportTo: (file: string, password: string, signal: AbortSignal | undefined) => Promise<void>,
): Promise<OpenedKey> {
  return withPrivateDirectory(async (directory) => {
    const file = directory.path('export.p12');
    const password = oneTimePassword();
    await exportTo(file, password, signal);
    const opened = await openExported(entry, await readCertificateFile(file), password, { passwords, signal });
    if (opened !== undefined) return { ...opened, chain: entry.chain() };
    throw certificateError(
      'the keychain does not export its private key',
      'Import the key as extractable, or use a signer.',
    );
  });
}
