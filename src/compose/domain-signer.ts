/**
 * DKIM signatures of a message. Keys are read when the message is prepared; signatures are made last, over the final
 * content.
 * @module
 */
import { createDkimSigner, signDkim } from '../mime/dkim/dkim.js';
import type { DkimSigner } from '../mime/dkim/dkim.js';
import type { RenderedEntity } from '../model/entity.js';
import type { DkimSettings } from '../model/message.js';
import type { Secret } from '../model/settings/secret.js';

/** Reads the secret at a path. Secrets of a profile and of a message follow different rules. */
export type ReadSecret = (secret: Secret, path: string) => Promise<string>;

export class DomainSigner {
  readonly #signers: readonly DkimSigner[];

  private constructor(signers: readonly DkimSigner[]) {
    this.#signers = signers;
  }

  /** ERR_SECRET if a key cannot be read, ERR_MESSAGE_INVALID if it is not a key. `path` is the path of the settings. */
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

  /** Makes the DKIM-Signature fields, which are put before `head`. `head` ends before the entity's own fields. */
  sign(head: string, entity: RenderedEntity): Promise<string> {
    return signDkim(head + entity.fields, entity.body, this.#signers);
  }
}

function isList(settings: DkimSettings | readonly DkimSettings[]): settings is readonly DkimSettings[] {
  return Array.isArray(settings);
}
