import { showText } from '../../util/show.js';
import { encryptionType } from '../crypto/encryption-types.js';
import { kerberosError, MalformedError, readingFrom } from '../errors.js';
import type { Principal } from '../protocol/principal.js';
import { readTicket } from '../protocol/replies.js';
import { readKerberosFile } from '../read-file.js';
import { ByteReader } from './byte-reader.js';
import type { KerberosTicket } from './ticket.js';

/** A ticket cache: whose it is, and the tickets that can be used. */
export interface CredentialCache {
  readonly file: string;
  readonly principal: Principal;
  readonly tickets: readonly KerberosTicket[];
  /** How far the KDC's clock was ahead of this machine's when the cache was filled. */
  readonly clockOffsetMs: number;
}

const maxFileBytes = 16 * 1024 * 1024;
const maxComponents = 100;

/**
 * Reads a FILE cache of version 3 or 4: `name`, else `$KRB5CCNAME`, else /tmp/krb5cc_<uid>. ERR_KERBEROS says why it cannot be
 * read; caches of other kinds (KCM, KEYRING, DIR, API, MSLSA, MEMORY) are out of reach without native code, and named.
 */
export async function readCredentialCache(name: string | undefined): Promise<CredentialCache> {
  const file = cacheFile(name);
  const what = `ticket cache${name === undefined ? '' : ' (authentication.credentialCache)'}`;
  const remedy = `Get a ticket with kinit -c FILE:${showText(file, 200)}, or set authentication.credentialCache, keytabFile or password.`;
  const bytes = await readKerberosFile({ path: file, limit: maxFileBytes, what, remedy });
  const cache = readingFrom(`The ticket cache ${showText(file, 200)}`, () => parseCredentialCache(bytes), remedy);
  return { file, ...cache };
}

function cacheFile(name: string | undefined): string {
  const given = name ?? process.env['KRB5CCNAME'];
  if (given === undefined || given === '') {
    const uid = process.getuid?.();
    if (uid !== undefined) return `/tmp/krb5cc_${uid}`;
    throw kerberosError('This system has no default ticket cache', {
      remedy: 'Set authentication.credentialCache, keytabFile or password.',
    });
  }
  // A letter and a colon is a drive.
  const kind = /^([A-Za-z][A-Za-z0-9]+):/.exec(given)?.[1];
  if (kind === undefined) return given;
  if (kind === 'FILE' || kind === 'WRFILE') return given.slice(kind.length + 1);
  throw kerberosError(
    `The ticket cache ${showText(given, 200)} is of the kind ${kind}, which only the Kerberos of the system can read`,
    {
      remedy:
        'Use a FILE cache: kinit -c FILE:/path, and that path in authentication.credentialCache; or a keytab, or a password.',
    },
  );
}

/** The contents of a FILE cache. MalformedError names the byte. */
export function parseCredentialCache(bytes: Buffer): Omit<CredentialCache, 'file'> {
  const reader = new ByteReader(bytes);
  const version = reader.u16();
  if (version !== 0x0503 && version !== 0x0504)
    throw new MalformedError(`its version is 0x${version.toString(16)}, not 0x503 or 0x504`);
  const clockOffsetMs = version === 0x0504 ? readHeader(reader) : 0;
  const principal = readPrincipal(reader);
  const tickets: KerberosTicket[] = [];
  while (reader.remaining > 0) {
    const ticket = readCredential(reader, version);
    if (ticket !== undefined) tickets.push(ticket);
  }
  return { principal, tickets, clockOffsetMs };
}

/** The header of version 4: tagged fields, of which tag 1 is the KDC's time offset. */
function readHeader(reader: ByteReader): number {
  let offset = 0;
  const fields = reader.part(reader.u16());
  while (fields.remaining > 0) {
    const tag = fields.u16();
    const field = fields.part(fields.u16());
    if (tag === 1 && field.remaining === 8) offset = field.i32() * 1000 + field.i32() / 1000;
  }
  return offset;
}

function readPrincipal(reader: ByteReader): Principal {
  const type = reader.i32();
  const count = reader.u32();
  if (count > maxComponents) throw new MalformedError(`a name has ${count} components, before byte ${reader.position}`);
  const realm = reader.take(reader.u32()).toString('utf8');
  const components: string[] = [];
  for (let i = 0; i < count; i++) components.push(reader.take(reader.u32()).toString('utf8'));
  return { type, components, realm };
}

/** One credential; undefined for settings, for user-to-user tickets, and for keys of unsupported types. */
function readCredential(reader: ByteReader, version: number): KerberosTicket | undefined {
  const client = readPrincipal(reader);
  const server = readPrincipal(reader);
  const keyType = reader.u16();
  if (version === 0x0503) reader.u16();
  const value = reader.take(reader.u32());
  const [authTime, startTime, endTime, renewTill] = [reader.u32(), reader.u32(), reader.u32(), reader.u32()];
  const isUserToUser = reader.u8() !== 0;
  const flags = reader.u32();
  for (const list of ['addresses', 'authorization data']) {
    const count = reader.u32();
    // Each entry takes six bytes at least.
    if (count > reader.remaining / 6)
      throw new MalformedError(`it announces ${count} ${list} before byte ${reader.position}`);
    for (let i = 0; i < count; i++) {
      reader.u16();
      reader.take(reader.u32());
    }
  }
  const der = reader.take(reader.u32());
  reader.take(reader.u32());
  if (server.realm === 'X-CACHECONF:' || isUserToUser || encryptionType(keyType)?.keyBytes !== value.length)
    return undefined;
  return {
    client,
    server,
    der,
    key: { type: keyType, value },
    startTime: (startTime || authTime) * 1000,
    endTime: endTime * 1000,
    renewTill: renewTill === 0 ? undefined : renewTill * 1000,
    flags,
    encryptionTypes: [keyType, readTicket(der).encryptionType],
  };
}
