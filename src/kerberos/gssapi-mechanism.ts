/**
 * SASL GSSAPI (RFC 4752) with Kerberos 5.
 * @module
 */
import { reasonOf } from '../errors/email-error.js';
import type { KerberosAuthentication } from '../model/settings/authentication.js';
import type { EmailError } from '../model/error.js';
import type { Warning } from '../model/reply.js';
import type { SaslContext, SaslMechanism } from '../model/sasl.js';
import { noBytes, utf8 } from '../util/bytes.js';
import { describeType, rc4Type } from './crypto/encryption-types.js';
import { kerberosError, MalformedError } from './errors.js';
import { krbErrorInWords } from './exchange/kdc-errors.js';
import { GssInitiator } from './gss/initiator.js';
import { formatPrincipal } from './protocol/principal.js';
import type { KerberosTickets, PresentedTicket } from './tickets.js';

/** Services that the mechanism needs. */
export interface GssapiDependencies {
  /** The server's name as in the profile. */
  readonly host: string;
  /** Ends the wait for KDCs. */
  readonly signal: AbortSignal;
  /** Shared by all connections of the caller. */
  readonly tickets: KerberosTickets;
  readonly warn?: ((warning: Warning) => void) | undefined;
}

/** A longer challenge is refused; AP-REP and the offer of layers take about 200 bytes. */
const maxChallengeBytes = 64 * 1024;
const noLayer = 1;

/**
 * Makes the mechanism. It accepts no security layer: encryption is left to TLS. Failures are ERR_KERBEROS, or the
 * signal's reason.
 */
export function createGssapiMechanism(authentication: KerberosAuthentication, deps: GssapiDependencies): SaslMechanism {
  return new GssapiMechanism(authentication, deps);
}

class GssapiMechanism implements SaslMechanism {
  readonly name = 'GSSAPI';
  readonly #authentication: KerberosAuthentication;
  readonly #deps: GssapiDependencies;
  #awaited: 'nothing' | 'proof' | 'layers' = 'nothing';
  #presented: PresentedTicket | undefined;
  #gss: GssInitiator | undefined;
  #complete = false;

  constructor(authentication: KerberosAuthentication, deps: GssapiDependencies) {
    this.#authentication = authentication;
    this.#deps = deps;
  }

  get complete(): boolean {
    return this.#complete;
  }

  async start(context: SaslContext): Promise<Uint8Array> {
    const { host, signal, tickets } = this.#deps;
    const presented = await tickets.present(this.#authentication, host, signal);
    if (presented.ticket.encryptionTypes.includes(rc4Type)) {
      const what = `The Kerberos ticket for ${formatPrincipal(presented.ticket.server)} is protected by ${describeType(rc4Type)}`;
      const remedy = 'Have AES keys made for the account, and remove RC4 from krb5.conf.';
      this.#deps.warn?.({ code: 'WARN_KERBEROS_RC4', message: `${what}, which is broken (RFC 8429). ${remedy}` });
    }
    const gss = new GssInitiator(presented.ticket, presented.clock);
    const binding = context.channelBinding?.type === 'tls-server-end-point' ? context.channelBinding : undefined;
    this.#presented = presented;
    this.#gss = gss;
    this.#awaited = 'proof';
    return gss.request(binding);
  }

  next(challenge: Uint8Array): Uint8Array {
    const [gss, presented, awaited] = [this.#gss, this.#presented, this.#awaited];
    // `#awaited` is reset first, so that no challenge is answered after a failure.
    this.#awaited = 'nothing';
    if (gss === undefined || presented === undefined || awaited === 'nothing')
      throw this.#failure('it sent an unexpected challenge');
    try {
      if (challenge.length > maxChallengeBytes)
        throw new MalformedError(`it is longer than ${maxChallengeBytes} bytes`);
      return awaited === 'proof' ? this.#takeProof(gss, presented, challenge) : this.#chooseLayer(gss, challenge);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      const what =
        awaited === 'proof' ? 'its proof of identity is not valid' : 'its offer of security layers is not valid';
      throw this.#failure(`${what}: ${reasonOf(error)}`);
    }
  }

  #takeProof(gss: GssInitiator, presented: PresentedTicket, challenge: Uint8Array): Uint8Array {
    const error = gss.reply(challenge, presented.permittedTypes);
    if (error !== undefined) {
      presented.refused();
      const service = formatPrincipal(presented.ticket.server);
      const client = formatPrincipal(presented.ticket.client);
      const sender = `The mail server ${this.#deps.host}`;
      throw krbErrorInWords(error, {
        request: `the ticket of ${client}`,
        client,
        service,
        source: 'the ticket',
        sender,
      });
    }
    presented.accepted();
    this.#awaited = 'layers';
    return noBytes;
  }

  #chooseLayer(gss: GssInitiator, challenge: Uint8Array): Uint8Array {
    const offer = gss.unwrap(challenge);
    if (offer.length !== 4) throw new MalformedError(`it has ${offer.length} bytes, not 4`);
    if (!((offer[0] ?? 0) & noLayer)) {
      throw this.#failure(
        'it requires a SASL security layer, which is not supported',
        'Use TLS, and let the server offer GSSAPI without a security layer (minimum SSF 0).',
      );
    }
    const identity = this.#authentication.authorizationId;
    const answer = gss.wrap(
      Buffer.concat([Buffer.of(noLayer, 0, 0, 0), identity === undefined ? noBytes : utf8(identity)]),
    );
    this.#complete = true;
    return answer;
  }

  #failure(what: string, remedy = "Check the server's log; its keytab and the KDC must agree."): EmailError {
    return kerberosError(`Kerberos with the mail server ${this.#deps.host} failed: ${what}`, { remedy });
  }
}
