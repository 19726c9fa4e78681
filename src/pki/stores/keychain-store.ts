/**
 * macOS keychains, through `security`. macOS may ask its user before a key leaves the keychain.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { showText } from '../../util/show.js';
import { certificateError } from '../certificate-error.js';
import { parsePem } from '../formats/pem.js';
import { readContents } from '../formats/read-contents.js';
import { identitiesOf } from '../identities.js';
import type { Identity } from '../identities.js';
import type { StoreAccess, StoreDriver } from './driver.js';
import { oneTimePassword } from './one-time-password.js';
import { withPrivateDirectory } from '../../system/private-directory.js';
import type { CommandRunner } from './run-command.js';

/** A keychain by its path; undefined: the user's search list. */
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
  return {
    place,
    async entries({ signal }) {
      const pem = await security(['find-certificate', '-a', '-p', ...keychain], signal);
      const own = thumbprintsOf(await security(['find-identity', ...keychain], signal));
      const found = await identitiesOf({ certificates: parsePem(pem).map(({ bytes }) => ({ der: bytes })), keys: [] });
      const identities = found.identities.map((entry) => ({
        ...entry,
        info: { ...entry.info, hasPrivateKey: own.has(thumbprint(entry)) },
      }));
      return { ...found, identities };
    },
    withKey: (entry, access) =>
      exportKey(entry, access, async (file, password) => {
        // `security` takes this password in its arguments only. It is of use to nobody: the file is in a directory of ours alone.
        await security(
          [
            'export',
            ...(location === undefined ? [] : ['-k', location]),
            '-t',
            'identities',
            '-f',
            'pkcs12',
            '-P',
            password,
            '-o',
            file,
          ],
          access.signal,
        );
      }),
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
  exportTo: (file: string, password: string) => Promise<void>,
): Promise<Identity> {
  return withPrivateDirectory(async (directory) => {
    const file = directory.path('export.p12');
    const password = oneTimePassword();
    await exportTo(file, password);
    const own = { ...passwords, file: () => Promise.resolve(password), key: () => Promise.resolve(password) };
    const { identities } = await identitiesOf(
      await readContents(await readFile(file), { passwords: own, wantKeys: true, signal }),
    );
    const opened = identities.find(({ info }) => info.fingerprint === entry.info.fingerprint);
    if (opened?.privateKey !== undefined) return { ...entry, privateKey: opened.privateKey };
    throw certificateError(
      'the keychain does not let its private key out',
      'Import the key as extractable, or use a signer.',
    );
  });
}
