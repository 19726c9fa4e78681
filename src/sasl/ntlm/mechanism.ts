/**
 * NTLM as a SASL mechanism.
 * @module
 */
import { reasonOf } from '../../errors/email-error.js';
import type { SaslContext, SaslMechanism } from '../../model/sasl.js';
import { challengeInvalid, unexpectedChallenge } from '../mechanism.js';
import { NtlmClient, type NtlmCredentials } from './client.js';
import { isNtlmMessage } from './messages.js';

/**
 * NTLM as a SASL mechanism (MS-SMTPNTLM). The NEGOTIATE message is the initial response. A server that answers it with
 * text instead of a challenge (Exim: "NTLM supported") ignored it, and gets it again.
 */
export class NtlmMechanism implements SaslMechanism {
  readonly name = 'NTLM';
  complete = false;
  readonly #client: NtlmClient;
  #context: SaslContext | undefined;
  #textSeen = false;

  constructor(credentials: NtlmCredentials) {
    this.#client = new NtlmClient(credentials);
  }

  start(context: SaslContext): Uint8Array {
    this.#context = context;
    return this.#client.negotiate;
  }

  next(challenge: Uint8Array): Uint8Array {
    if (this.complete || this.#context === undefined) throw unexpectedChallenge(this.name);
    if (!isNtlmMessage(challenge) && !this.#textSeen) {
      this.#textSeen = true;
      return this.#client.negotiate;
    }
    const { host, channelBinding } = this.#context;
    try {
      const message = this.#client.authenticate(challenge, { targetName: `SMTPSVC/${host}`, channelBinding });
      this.complete = true;
      return message;
    } catch (error) {
      if (error instanceof RangeError) throw challengeInvalid(this.name, `sent a bad challenge: ${reasonOf(error)}`);
      throw error;
    }
  }
}
