/** DKIM for a message: the keys are read when it is prepared, the signatures made last, over what will be sent. */
import { createDkimSigner, signDkim } from '../mime/dkim.js';
import type { DkimSigner } from '../mime/dkim.js';
import type { RenderedEntity } from '../model/entity.js';
import type { DkimSettings } from '../model/message.js';
import { resolveSecret } from '../profile/secret.js';

export class DomainSigner {
  readonly #signers: readonly DkimSigner[];

  private constructor(signers: readonly DkimSigner[]) {
    this.#signers = signers;
  }

  /** ERR_SECRET where a key cannot be had, ERR_MESSAGE_INVALID where it is none; `path` is the settings' place. */
  static async open(
    settings: DkimSettings | readonly DkimSettings[],
    path: string,
    signal: AbortSignal,
  ): Promise<DomainSigner> {
    const list = isList(settings) ? settings : [settings];
    const signers = list.map(async (one, i) => {
      const at = isList(settings) ? `${path}.${i}` : path;
      const privateKey = await resolveSecret(one.privateKey, `${at}.privateKey`, signal);
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
