/**
 * Windows certificate stores through PowerShell. Exportable keys are exported; the others sign and decrypt in place.
 * @module
 */
import { createHash } from 'node:crypto';
import type { PrivateKeyDecryptor, PrivateKeySigner } from '../../model/certificate.js';
import { showText } from '../../util/show.js';
import { certificateError } from '../certificate-error.js';
import { identitiesOf } from '../identities.js';
import type { Identity, OpenedKey } from '../identities.js';
import { ecdsaToDer } from '../x509/ecdsa.js';
import type { StoreAccess, StoreDriver } from './driver.js';
import { openExported, withOpener } from './exported-key.js';
import { oneTimePassword } from './one-time-password.js';
import type { CommandRunner } from './run-command.js';
import { windowsArguments } from './windows-script.js';
import { jsonText } from '../../util/own.js';

/** A request to the script; `location` and `store` are added. */
type Request = Readonly<Record<string, string>> & { readonly action: 'list' | 'export' | 'sign' | 'decrypt' };

type Ask = (request: Request, signal: AbortSignal | undefined) => Promise<Readonly<Record<string, unknown>>>;

/** A store by its path, such as `CurrentUser\My`. */
export function windowsStore(path: string, run: CommandRunner): StoreDriver {
  const [, location, store] = /^(?:Cert:\\)?(CurrentUser|LocalMachine)\\([A-Za-z]{1,40})$/i.exec(path) ?? [];
  if (location === undefined || store === undefined) {
    throw certificateError(
      `${JSON.stringify(showText(path, 100))} is not a Windows certificate store`,
      'Give `CurrentUser\\My` or `LocalMachine\\My`.',
    );
  }
  const ask: Ask = async (request, signal) => {
    const result = await run({
      program: 'powershell.exe',
      args: windowsArguments,
      input: asciiJson({ location, store, ...request }),
      signal,
    });
    return answerOf(result.stdout, result.stderr);
  };
  return {
    place: `the Windows store ${location}\\${store}`,
    entries: (access) => listEntries(ask, access),
  };
}

/** Escapes JSON as ASCII, which every console code page preserves. */
function asciiJson(value: object): string {
  return jsonText(value).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function answerOf(stdout: string, stderr: string): Readonly<Record<string, unknown>> {
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(stdout.trim(), 'base64').toString('utf8'));
  } catch (error) {
    throw certificateError(
      `PowerShell returned no answer: ${showText(stderr.trim(), 300)}`,
      'Windows PowerShell 5.1 or later is needed, in full language mode.',
      error,
    );
  }
  if (typeof answer !== 'object' || answer === null)
    throw certificateError(
      'PowerShell returned an answer in an unknown form',
      'Windows PowerShell 5.1 or later is needed.',
    );
  const { error }: { error?: unknown } = Object(answer);
  if (error !== undefined)
    throw certificateError(
      `Windows reports: ${showText(String(error), 300)}`,
      'Check that this user may open the store and use the key.',
    );
  return answer as Readonly<Record<string, unknown>>;
}

async function listEntries(ask: Ask, access: StoreAccess): ReturnType<StoreDriver['entries']> {
  const { entries } = await ask({ action: 'list' }, access.signal);
  const listed = (Array.isArray(entries) ? entries : []) as readonly { der?: unknown; name?: unknown; key?: unknown }[];
  const certificates = listed.map(({ der, name }) => ({
    der: Buffer.from(String(der), 'base64'),
    ...(typeof name === 'string' && name !== '' ? { alias: name } : {}),
  }));
  const own = new Set(listed.filter(({ key }) => key === true).map(({ der }) => String(der)));
  const found = await identitiesOf({ certificates, keys: [] });
  const identities = found.identities.map((entry) =>
    own.has(Buffer.from(entry.certificate.der).toString('base64'))
      ? withOpener(entry, (opened) => takeKey(ask, opened, access))
      : entry,
  );
  return { ...found, identities };
}

async function takeKey(ask: Ask, entry: Identity, { passwords, signal }: StoreAccess): Promise<OpenedKey> {
  const thumbprint = createHash('sha1').update(entry.certificate.der).digest('hex').toUpperCase();
  const password = oneTimePassword();
  const { pfx, chain } = await ask({ action: 'export', thumbprint, password }, signal);
  const issuers = (Array.isArray(chain) ? chain : []).map((der) => Buffer.from(String(der), 'base64'));
  const known = issuers.length > 0 ? issuers : entry.chain();
  if (typeof pfx !== 'string' || pfx === '') return { privateKey: keyInPlace(ask, thumbprint, entry), chain: known };
  const opened = await openExported(entry, Buffer.from(pfx, 'base64'), password, { passwords, signal });
  if (opened === undefined)
    throw certificateError('Windows exported no private key for it', 'Import the certificate with its key again.');
  return { ...opened, chain: known };
}

/** A key that stays in Windows. It has no `agree`: Windows PowerShell cannot return the raw secret of an ECDH key. */
function keyInPlace(
  ask: Ask,
  thumbprint: string,
  { certificate }: Identity,
): PrivateKeySigner & Pick<PrivateKeyDecryptor, 'rsaDecrypt'> {
  const valueOf = async (request: Request, signal: AbortSignal): Promise<Buffer> => {
    const { value } = await ask({ ...request, thumbprint }, signal);
    if (typeof value !== 'string' || value === '')
      throw certificateError('Windows returned an empty answer', 'Check that this user may use the key.');
    return Buffer.from(value, 'base64');
  };
  return {
    async sign({ algorithm, digest, signal }) {
      const scheme = schemes.get(algorithm.name);
      if (scheme === undefined || digest === undefined)
        throw certificateError(
          `a key in Windows cannot sign with ${algorithm.name}`,
          'Use an RSA or ECDSA certificate.',
        );
      const value = await valueOf(
        {
          action: 'sign',
          scheme,
          hash: (algorithm.hash ?? 'sha256').toUpperCase(),
          digest: Buffer.from(digest).toString('base64'),
        },
        signal,
      );
      return scheme === 'ecdsa' ? ecdsaToDer(value) : value;
    },
    async rsaDecrypt({ ciphertext, scheme, hash, signal }) {
      if (certificate.key.kind !== 'rsa')
        throw certificateError('the key in Windows is not an RSA key', 'Use an RSA certificate.');
      return valueOf(
        {
          action: 'decrypt',
          scheme,
          hash: (hash ?? 'sha1').toUpperCase(),
          ciphertext: Buffer.from(ciphertext).toString('base64'),
        },
        signal,
      );
    },
  };
}

const schemes: ReadonlyMap<string, string> = new Map([
  ['RSASSA-PKCS1-v1_5', 'pkcs1'],
  ['RSA-PSS', 'pss'],
  ['ECDSA', 'ecdsa'],
]);
