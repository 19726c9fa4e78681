/**
 * Reads ticket caches in files (MIT's formats 3 and 4).
 * @module
 */
import { showText } from '../../util/show.js';
import { encryptionType } from '../crypto/encryption-types.js';
import { kerberosError, MalformedError, readingFrom } from '../errors.js';
import { samePrincipal } from '../protocol/principal.js';
import type { Principal } from '../protocol/principal.js';
import { readTicket } from '../protocol/replies.js';
import { readKerberosFile } from '../read-file.js';
import { ByteReader } from './byte-reader.js';
import { cacheFiles } from './cache-files.js';
import type { KerberosTicket } from './ticket.js';

/** A ticket cache: its client, and its usable tickets. */
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
 * Reads a ticket cache: `name`, else `$KRB5CCNAME`, else /tmp/krb5cc_<uid>; FILE caches of version 3 or 4, alone or in
 * a DIR collection. In a collection it is the cache of `principal`, if that is given, else the primary one.
 * ERR_KERBEROS says why none can be read; KCM, KEYRING, API, MSLSA and MEMORY caches are out of reach without native
 * code, and named.
 */
export async function readCredentialCache(name: string | undefined, principal?: Principal): Promise<CredentialCache> {
  const { files, collection } = await cacheFiles(name);
  const what = `ticket cache${name === undefined ? '' : ' (authentication.credentialCache)'}`;
  let first: CredentialCache | undefined;
  for (const file of files) {
    const cache = await readCacheFile(file, what);
    if (principal === undefined || samePrincipal(cache.principal, principal)) return cache;
    first ??= cache;
  }
  // Without a principal, any cache will do.
  if (first !== undefined) return first;
  throw kerberosError(`The collection of ticket caches ${showText(collection ?? '', 200)} is empty`, {
    remedy: 'Get a ticket with kinit, or set authentication.keytabFile or password.',
  });
}

async function readCacheFile(file: string, what: string): Promise<CredentialCache> {
  const remedy =
    `Get a ticket with kinit -c FILE:${showText(file, 200)}, or set authentication.credentialCache, keytabFile ` +
    'or password.';
  const bytes = await readKerberosFile({ path: file, limit: maxFileBytes, what, remedy });
  const cache = readingFrom(`The ticket cache ${showText(file, 200)}`, () => parseCredentialCache(bytes), remedy);
  return { file, ...cache };
}

/** Parses a FILE cache. A MalformedError names the byte. */
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

/** Reads a credential. Undefined for settings, for user-to-user tickets, and for keys of unsupported types. */
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
    // Each entry takes at least six bytes.
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
