/**
 * Reads keytabs (MIT's format 0x502), which contain the keys of principals.
 * @module
 */
import { showText } from '../../util/show.js';
import type { EncryptionKey } from '../crypto/encryption-type.js';
import { describeType, encryptionType } from '../crypto/encryption-types.js';
import { kerberosError, MalformedError, readingFrom } from '../errors.js';
import { formatPrincipal, samePrincipal } from '../protocol/principal.js';
import type { Principal } from '../protocol/principal.js';
import { readKerberosFile } from '../read-file.js';
import { ByteReader } from './byte-reader.js';

/** A key in a keytab. */
export interface KeytabEntry {
  readonly principal: Principal;
  readonly version: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly key: EncryptionKey;
}

const maxFileBytes = 4 * 1024 * 1024;
const remedy = 'Write a keytab of version 0x502 with ktutil, kadmin or ktpass.';

/** Parses a keytab. A MalformedError names the byte. */
export function parseKeytab(bytes: Buffer): KeytabEntry[] {
  const reader = new ByteReader(bytes);
  const version = reader.u16();
  if (version !== 0x0502) throw new MalformedError(`its version is 0x${version.toString(16)}, not 0x502`);
  const entries: KeytabEntry[] = [];
  while (reader.remaining > 0) {
    const size = reader.i32();
    // A negative size is a hole left by a deleted entry; libkrb5 may leave zeros at the end.
    if (size === 0) break;
    const part = reader.part(Math.abs(size));
    if (size > 0) entries.push(readEntry(part));
  }
  return entries;
}

function readEntry(reader: ByteReader): KeytabEntry {
  const counted = (): Buffer => reader.take(reader.u16());
  const count = reader.u16();
  const realm = counted().toString('utf8');
  const components: string[] = [];
  for (let i = 0; i < count; i++) components.push(counted().toString('utf8'));
  const type = reader.i32();
  const timestamp = reader.u32();
  const shortVersion = reader.u8();
  const keyType = reader.u16();
  const value = counted();
  const longVersion = reader.remaining >= 4 ? reader.u32() : 0;
  return {
    principal: { type, components, realm },
    version: longVersion || shortVersion,
    timestamp,
    key: { type: keyType, value },
  };
}

/**
 * The newest key of each supported encryption type for a principal. ERR_KERBEROS, which names the file, if it has none
 * or cannot be read.
 */
export async function readKeytab(file: string, principal: Principal): Promise<readonly KeytabEntry[]> {
  const source = `The keytab ${showText(file, 200)}`;
  const bytes = await readKerberosFile({
    path: file,
    limit: maxFileBytes,
    what: 'keytab (authentication.keytabFile)',
    remedy: 'Check authentication.keytabFile, and that this process may read it.',
  });
  const entries = readingFrom(source, () => parseKeytab(bytes), remedy);
  const newest = new Map<number, KeytabEntry>();
  const own = entries.filter((entry) => samePrincipal(entry.principal, principal));
  for (const entry of own) {
    if (encryptionType(entry.key.type)?.keyBytes !== entry.key.value.length) continue;
    const known = newest.get(entry.key.type);
    if (known === undefined || isNewer(entry, known)) newest.set(entry.key.type, entry);
  }
  if (newest.size > 0) return [...newest.values()];
  if (own.length > 0) {
    const types = own.map((entry) => describeType(entry.key.type)).join(', ');
    throw kerberosError(`${source} has no supported key of ${formatPrincipal(principal)}, only ${types}`, {
      remedy: 'Export it with AES keys.',
    });
  }
  const others = [...new Set(entries.map((entry) => formatPrincipal(entry.principal)))].slice(0, 5).join(', ');
  throw kerberosError(`${source} has no key of ${formatPrincipal(principal)}; it is for ${others || 'no principal'}`, {
    remedy: 'Set authentication.principal to a name in the keytab, its realm included.',
  });
}

function isNewer(a: KeytabEntry, b: KeytabEntry): boolean {
  return a.version > b.version || (a.version === b.version && a.timestamp > b.timestamp);
}
