/**
 * DKIM signatures of a message. Keys are read when the message is prepared; signatures are made last, over the final
 * content.
 * @module
 */
import { messageInvalid } from '../errors/email-error.js';
import { createDkimSigner, signDkim } from '../mime/dkim/dkim.js';
import type { DkimSigner } from '../mime/dkim/dkim.js';
import type { RenderedEntity } from '../model/entity.js';
import { createExternalDkimSigner } from '../mime/dkim/external-key.js';
import type { DkimSettings } from '../model/message.js';
import type { Secret } from '../model/settings/secret.js';

/** Reads the secret at a path. Secrets of a profile and of a message follow different rules. */
export type ReadSecret = (secret: Secret, path: string) => Promise<string>;

export class DomainSigner {
  readonly #signers: readonly DkimSigner[];
  readonly #signal: AbortSignal;

  private constructor(signers: readonly DkimSigner[], signal: AbortSignal) {
    this.#signers = signers;
    this.#signal = signal;
  }

  /**
   * ERR_SECRET if a key cannot be read, ERR_MESSAGE_INVALID if it is not a key, ERR_CERTIFICATE if its password is
   * wrong. `path` is the path of the settings.
   */
  static async open(
    settings: DkimSettings | readonly DkimSettings[],
    path: string,
    readSecret: ReadSecret,
    signal: AbortSignal,
  ): Promise<DomainSigner> {
    const list = isList(settings) ? settings : [settings];
    const signers = list.map((one, i) => openSigner(one, isList(settings) ? `${path}.${i}` : path, readSecret, signal));
    return new DomainSigner(await Promise.all(signers), signal);
  }

  /**
   * Makes the DKIM-Signature fields, which are put before `head`. `head` ends before the entity's own fields.
   * ERR_SECRET if an external key fails.
   */
  sign(head: string, entity: RenderedEntity): Promise<string> {
    return signDkim(head + entity.fields, entity.body, this.#signers, { signal: this.#signal });
  }
}

async function openSigner(
  settings: DkimSettings,
  path: string,
  readSecret: ReadSecret,
  signal: AbortSignal,
): Promise<DkimSigner> {
  const { domain, selector, headers, privateKey, signer, algorithm = 'rsa-sha256', publicKey } = settings;
  const names = { domain, selector, headers };
  if (signer !== undefined) return createExternalDkimSigner({ ...names, signer, algorithm, publicKey }, path);
  if (privateKey === undefined) throw messageInvalid(`${path}.privateKey`, 'expected a private key, or a signer');
  const key = await readSecret(privateKey, `${path}.privateKey`);
  const { password } = settings;
  if (password === undefined) return createDkimSigner({ ...names, privateKey: key }, path);
  const { decryptedKey } = await import('../pki/decrypted-key.js');
  const opened = await decryptedKey(key, {
    password: await readSecret(password, `${path}.password`),
    place: `${path}.privateKey`,
    field: `${path}.password`,
    signal,
  });
  return createDkimSigner({ ...names, privateKey: opened }, path);
}

function isList(settings: DkimSettings | readonly DkimSettings[]): settings is readonly DkimSettings[] {
  return Array.isArray(settings);
}
