/**
 * DKIM for a message: keys are read when the message is prepared, signatures are made last, over what will be sent.
 *
 * @module
 */
import { createDkimSigner, signDkim } from '../mime/dkim/dkim.js';
import type { DkimSigner } from '../mime/dkim/dkim.js';
import type { RenderedEntity } from '../model/entity.js';
import type { DkimSettings } from '../model/message.js';
import type { Secret } from '../model/settings/secret.js';

/** Reads the secret at a place; the profile's secrets and a message's obey different rules. */
export type ReadSecret = (secret: Secret, path: string) => Promise<string>;

export class DomainSigner {
  readonly #signers: readonly DkimSigner[];

  private constructor(signers: readonly DkimSigner[]) {
    this.#signers = signers;
  }

  /** ERR_SECRET where a key cannot be read, ERR_MESSAGE_INVALID where it is not a key; `path` is the place of the settings. */
  static async open(
    settings: DkimSettings | readonly DkimSettings[],
    path: string,
    readSecret: ReadSecret,
  ): Promise<DomainSigner> {
    const list = isList(settings) ? settings : [settings];
    const signers = list.map(async (one, i) => {
      const at = isList(settings) ? `${path}.${i}` : path;
      const privateKey = await readSecret(one.privateKey, `${at}.privateKey`);
      return createDkimSigner({ ...one, privateKey }, at);
    });
    return new DomainSigner(await Promise.all(signers));
  }

  /** The DKIM-Signature fields that go before `head`, which ends with the last field that is not the entity's own. */
  sign(head: string, entity: RenderedEntity): Promise<string> {
    return signDkim(head + entity.fields, entity.body, this.#signers);
  }
}

function isList(settings: DkimSettings | readonly DkimSettings[]): settings is readonly DkimSettings[] {
  return Array.isArray(settings);
}
