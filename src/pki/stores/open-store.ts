/**
 * Opens a store by its reference.
 * @module
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { CertificateStore, CertificateStoreReference } from '../../model/certificate.js';
import { certificateError } from '../certificate-error.js';
import { storeOf } from './driver.js';
import type { OpenStoreOptions, StoreDriver } from './driver.js';
import { directoryStore, fileStore } from './file-store.js';
import { keychainStore } from './keychain-store.js';
import { nssStore } from './nss-store.js';
import { runCommand } from './run-command.js';
import { windowsStore } from './windows-store.js';

/**
 * Opens the store of a reference; a store of the caller is returned unchanged. Nothing is read before `list` or `load`
 * is called. ERR_CERTIFICATE if the platform has no such store.
 */
export async function openCertificateStore(
  reference: CertificateStoreReference,
  options: OpenStoreOptions = {},
): Promise<CertificateStore> {
  return isStore(reference) ? reference : storeOf(driverOf(reference, options), options);
}

/** Is it a store of the caller? */
export function isStore(reference: CertificateStoreReference): reference is CertificateStore {
  return typeof reference === 'object' && 'load' in reference;
}

/** The driver of one of the library's own stores. */
export function driverOf(
  reference: Exclude<CertificateStoreReference, CertificateStore>,
  options: OpenStoreOptions,
): StoreDriver {
  return typeof reference === 'string'
    ? systemStore(reference, options)
    : storeOfType(reference.type, reference.location, options);
}

type StoreType = Extract<CertificateStoreReference, { readonly type: unknown }>['type'];

function storeOfType(type: StoreType, location: string, options: OpenStoreOptions): StoreDriver {
  const run = options.run ?? runCommand;
  switch (type) {
    case 'directory':
      return directoryStore(location);
    case 'pkcs12':
      return fileStore(location, 'PKCS#12');
    case 'jks':
      return fileStore(location, 'JKS');
    case 'nss':
      return nssStore(location, run);
    case 'windows':
      return windowsStore(location, run);
    case 'keychain':
      return keychainStore(location, run);
    default:
      throw certificateError(
        `there is no store of type ${JSON.stringify(type)}`,
        "Use 'directory', 'pkcs12', 'jks', 'nss', 'windows' or 'keychain'.",
      );
  }
}

function systemStore(which: 'user' | 'machine', options: OpenStoreOptions): StoreDriver {
  if (which !== 'user' && which !== 'machine')
    throw certificateError(
      `there is no store ${JSON.stringify(which)}`,
      "Use 'user', 'machine', or a type and a location.",
    );
  const platform = options.platform ?? process.platform;
  const run = options.run ?? runCommand;
  if (platform === 'win32') return windowsStore(which === 'user' ? 'CurrentUser\\My' : 'LocalMachine\\My', run);
  if (platform === 'darwin')
    return keychainStore(which === 'user' ? undefined : '/Library/Keychains/System.keychain', run);
  return nssStore(which === 'user' ? join(options.env?.['HOME'] ?? homedir(), '.pki', 'nssdb') : '/etc/pki/nssdb', run);
}
