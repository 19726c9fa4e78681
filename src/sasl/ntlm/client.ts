/**
 * The client of NTLMv2: negotiate, challenge, authenticate (MS-NLMP section 3.1).
 * @module
 */
import { randomBytes } from 'node:crypto';
import { profileInvalid } from '../../errors/email-error.js';
import type { ChannelBinding } from '../../model/sasl.js';
import { isAscii, noBytes } from '../../util/bytes.js';
import {
  type AuthenticateFields,
  buildAuthenticate,
  buildNegotiate,
  flag,
  micOffset,
  offeredFlags,
  parseChallenge,
} from './messages.js';
import { channelBindingHash, fileTime, hmacMd5, lmResponse, ntResponse, responseKey, utf16 } from './ntlm-v2.js';
import { rc4 } from '../../util/crypto/rc4.js';
import { avId, type AvPair, encodeTargetInfo, hasMicFlag } from './target-info.js';

/** The user to log in. */
export interface NtlmCredentials {
  /** `user`, `DOMAIN\user` or `user@domain`. */
  readonly username: string;
  readonly password: string;
  readonly domain?: string | undefined;
  /** Name of this machine; default none. */
  readonly workstation?: string | undefined;
  /** The part of the profile that errors name; default 'authentication'. */
  readonly path?: 'authentication' | 'proxy' | undefined;
}

/** The target to which the AUTHENTICATE message is bound. */
export interface NtlmTarget {
  /** Service principal name, such as `HTTP/proxy.example.com`. */
  readonly targetName?: string | undefined;
  /** tls-server-end-point (RFC 5929), under TLS. */
  readonly channelBinding?: ChannelBinding | undefined;
}

/** Fixed values for test vectors. By default the clock and random bytes are used. */
export interface NtlmChance {
  readonly now?: number;
  readonly clientChallenge?: Uint8Array;
  readonly sessionKey?: Uint8Array;
}

/**
 * The client side of NTLM (MS-NLMP), NTLMv2 only. It is independent of the protocol that carries it: SASL or HTTP. It
 * is used once: first `negotiate`, then `authenticate` with the server's challenge.
 */
export class NtlmClient {
  /** NEGOTIATE_MESSAGE. It always has the same value. */
  readonly negotiate: Buffer = buildNegotiate();
  readonly #user: string;
  readonly #domain: string;
  readonly #workstation: string;
  readonly #password: string;
  readonly #path: string;

  /** @throws ERR_PROFILE_INVALID if `domain` contradicts `DOMAIN\user`. */
  constructor(credentials: NtlmCredentials) {
    this.#path = credentials.path ?? 'authentication';
    const { user, domain } = splitUsername(credentials, this.#path);
    this.#user = user;
    this.#domain = domain;
    this.#workstation = credentials.workstation ?? '';
    this.#password = credentials.password;
  }

  /**
   * AUTHENTICATE_MESSAGE. If the server sent its time, the message gets an integrity code. If it sent no target
   * information, there is room for neither that code nor the channel binding.
   *
   * @throws RangeError that describes the fault of a malformed challenge; ERR_PROFILE_INVALID if the server requires
   * names in its code page.
   */
  authenticate(challengeMessage: Uint8Array, target: NtlmTarget, chance: NtlmChance = {}): Buffer {
    const challenge = parseChallenge(challengeMessage);
    const timestamp = challenge.targetInfo?.find(({ id }) => id === avId.timestamp)?.value;
    const withMic = timestamp !== undefined;
    const input = {
      key: responseKey(this.#user, this.#domain, this.#password),
      serverChallenge: challenge.serverChallenge,
      clientChallenge: chance.clientChallenge ?? randomBytes(8),
      time: timestamp ?? fileTime(chance.now ?? Date.now()),
      targetInfo: encodeTargetInfo(
        challenge.targetInfo === undefined ? [] : answeredTargetInfo(challenge.targetInfo, target, withMic),
      ),
    };
    const { response, sessionBaseKey } = ntResponse(input);
    const { sessionKey, encryptedSessionKey } = sessionKeys(challenge.flags, sessionBaseKey, chance.sessionKey);
    const unicode = (challenge.flags & flag.unicode) !== 0;
    const fields: AuthenticateFields = {
      flags: challenge.flags & (unicode ? answeredFlags & ~flag.oem : answeredFlags),
      domain: encodeName(`${this.#path}.domain`, this.#domain, unicode),
      user: encodeName(`${this.#path}.username`, this.#user, unicode),
      workstation: encodeName(`${this.#path}.workstation`, this.#workstation, unicode),
      lmResponse: withMic ? Buffer.alloc(24) : lmResponse(input),
      ntResponse: response,
      encryptedSessionKey,
      withMic,
    };
    const message = buildAuthenticate(fields);
    if (withMic) hmacMd5(sessionKey, this.negotiate, challengeMessage, message).copy(message, micOffset);
    return message;
  }
}

/** Some servers answer with a fixed set of flags, which may include keys that were not offered. */
const answeredFlags = offeredFlags | flag.targetInfo | flag.sign | flag.seal | flag.keyExchange;

/** The target information of the answer (MS-NLMP section 3.1.5.1.2): the server's pairs, then the client's. */
function answeredTargetInfo(pairs: readonly AvPair[], target: NtlmTarget, withMic: boolean): readonly AvPair[] {
  const own: readonly number[] = [avId.flags, avId.targetName, avId.channelBindings];
  const answered = pairs.filter(({ id }) => !own.includes(id));
  const theirs = (pairs.find(({ id }) => id === avId.flags)?.value.readUInt32LE() ?? 0) & ~hasMicFlag;
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE((withMic ? theirs | hasMicFlag : theirs) >>> 0);
  if (flags.readUInt32LE() !== 0) answered.push({ id: avId.flags, value: flags });
  // Without a binding the pair is left out. Sixteen zeros would mean that the client could bind but did not, which some
  // servers refuse.
  if (target.channelBinding !== undefined)
    answered.push({ id: avId.channelBindings, value: channelBindingHash(target.channelBinding) });
  if (target.targetName !== undefined) answered.push({ id: avId.targetName, value: utf16(target.targetName) });
  return answered;
}

/** The exported session key (MS-NLMP section 3.1.5.1.2), and its encrypted form for the server. */
function sessionKeys(
  flags: number,
  base: Buffer,
  chosen: Uint8Array | undefined,
): { sessionKey: Uint8Array; encryptedSessionKey: Uint8Array } {
  if ((flags & flag.keyExchange) === 0 || (flags & (flag.sign | flag.seal)) === 0)
    return { sessionKey: base, encryptedSessionKey: noBytes };
  const sessionKey = chosen ?? randomBytes(16);
  return { sessionKey, encryptedSessionKey: rc4(base, sessionKey) };
}

/** Splits `DOMAIN\user`. `user@domain` is sent whole, and the server splits it. */
function splitUsername({ username, domain }: NtlmCredentials, path: string): { user: string; domain: string } {
  const at = username.indexOf('\\');
  if (at < 0) return { user: username, domain: domain ?? '' };
  const prefix = username.slice(0, at);
  if (domain !== undefined && domain.toUpperCase() !== prefix.toUpperCase()) {
    throw profileInvalid(`${path}.domain`, `differs from the domain in ${path}.username: set only one of them`);
  }
  const user = username.slice(at + 1);
  if (user === '') throw profileInvalid(`${path}.username`, 'has nothing after the backslash');
  return { user, domain: prefix };
}

function encodeName(path: string, name: string, unicode: boolean): Buffer {
  if (!unicode && !isAscii(name)) {
    throw profileInvalid(path, 'has characters beyond ASCII, but the server accepts names in its own code page only');
  }
  return unicode ? utf16(name) : Buffer.from(name, 'latin1');
}
