/**
 * Makes the chosen mechanism and checks its input. GSSAPI and custom mechanisms are made elsewhere.
 * @module
 */
import { createEmailError, profileInvalid } from '../errors/email-error.js';
import type {
  Authentication,
  NtlmAuthentication,
  PasswordCredentials,
  TokenAuthentication,
} from '../model/settings/authentication.js';
import type { ChannelBinding, SaslMechanism } from '../model/sasl.js';
import { OauthBearerMechanism, Xoauth2Mechanism } from './bearer.js';
import { CramMd5Mechanism } from './cram-md5.js';
import { ExternalMechanism } from './external.js';
import { LoginMechanism } from './login.js';
import { checkIdentity, checkSecret, secretInvalid } from './mechanism.js';
import type { NtlmCredentials } from './ntlm/client.js';
import { NtlmMechanism } from './ntlm/mechanism.js';
import { PlainMechanism } from './plain.js';
import { saslprep } from './saslprep.js';
import { type ScramHash, ScramMechanism } from './scram.js';
import { hasOwn } from '../util/own.js';

/** The input of a mechanism. */
export interface MechanismInput {
  readonly authentication: Authentication;
  /** The resolved `authentication.password` or `authentication.token`. */
  readonly secret?: string | undefined;
}

/**
 * Makes a mechanism for one exchange.
 *
 * @throws ERR_PROFILE_INVALID or ERR_SECRET if the mechanism cannot carry a value.
 */
export function createMechanism(name: string, { authentication, secret }: MechanismInput): SaslMechanism {
  const mechanism = name.toUpperCase();
  const { method } = authentication;
  switch (authentication.method) {
    case 'password':
    case 'plain':
    case 'scram-sha-1':
    case 'scram-sha-256':
    case 'scram-sha-512':
    case 'login':
    case 'cram-md5': {
      const password = passwordOf(authentication, secret);
      const authorizationId = hasOwn(authentication, 'authorizationId')
        ? authorizationIdOf(authentication.authorizationId)
        : undefined;
      const { username } = authentication;
      if (mechanism === 'PLAIN') return new PlainMechanism(username, password, authorizationId);
      if (mechanism === 'LOGIN') return new LoginMechanism(username, password);
      if (mechanism === 'CRAM-MD5') return new CramMd5Mechanism(username, password);
      const scram = /^SCRAM-(SHA-1|SHA-256|SHA-512)(-PLUS)?$/.exec(mechanism);
      if (scram !== null) {
        return new ScramMechanism({
          hash: scram[1] as ScramHash,
          plus: scram[2] !== undefined,
          username: preparedUsername(username),
          password: preparedPassword(password),
          authorizationId,
        });
      }
      break;
    }
    case 'ntlm':
      if (mechanism === 'NTLM') return new NtlmMechanism(ntlmOf(authentication, secret));
      break;
    case 'xoauth2':
    case 'oauthbearer': {
      const { username, token, authorizationId } = tokenOf(authentication, secret);
      if (mechanism === 'XOAUTH2') return new Xoauth2Mechanism(username, token);
      if (mechanism === 'OAUTHBEARER') return new OauthBearerMechanism(authorizationId ?? username, token);
      break;
    }
    case 'external':
      if (mechanism === 'EXTERNAL') return new ExternalMechanism(authorizationIdOf(authentication.authorizationId));
      break;
    case 'kerberos':
    case 'custom':
      break;
    default:
      // Fails to compile for a method without a case.
      authentication satisfies never;
  }
  throw createEmailError('ERR_AUTH_UNAVAILABLE', `Method '${method}' has no mechanism ${mechanism}.`, {
    phase: 'authenticate',
  });
}

/**
 * The kind of channel binding that a mechanism takes; undefined if it takes none. SCRAM takes tls-exporter (RFC 9266)
 * under TLS 1.3 and tls-server-end-point (RFC 5929) below. NTLM and Kerberos always take the latter, which Windows
 * servers support under any version. SCRAM without -PLUS only states that it could bind.
 */
export function channelBindingOf(name: string, tlsProtocol: string): ChannelBinding['type'] | undefined {
  const mechanism = name.toUpperCase();
  if (mechanism === 'NTLM' || mechanism === 'GSSAPI') return 'tls-server-end-point';
  if (!mechanism.startsWith('SCRAM-')) return undefined;
  return tlsProtocol === 'TLSv1.3' ? 'tls-exporter' : 'tls-server-end-point';
}

function passwordOf(authentication: PasswordCredentials, secret: string | undefined): string {
  checkIdentity('username', authentication.username);
  const password = secret ?? '';
  checkSecret('password', password);
  return password;
}

function ntlmOf(authentication: NtlmAuthentication, secret: string | undefined): NtlmCredentials {
  const { username, domain, workstation } = authentication;
  if (domain !== undefined) checkIdentity('domain', domain);
  if (workstation !== undefined) checkIdentity('workstation', workstation);
  return { username, password: passwordOf(authentication, secret), domain, workstation };
}

function authorizationIdOf(value: string | undefined): string | undefined {
  if (value !== undefined) checkIdentity('authorizationId', value);
  return value;
}

function preparedUsername(username: string): string {
  const prepared = saslprep(username);
  if (typeof prepared !== 'string')
    throw profileInvalid('authentication.username', `${prepared.problem}; SCRAM does not allow it`);
  // RFC 5802 section 5.1 treats an empty name as a failure.
  if (prepared === '')
    throw profileInvalid('authentication.username', 'is empty after preparation for SCRAM (RFC 4013)');
  return prepared;
}

function preparedPassword(password: string): string {
  const prepared = saslprep(password);
  if (typeof prepared !== 'string')
    throw secretInvalid('password', `${prepared.problem}; SCRAM does not allow it, but method 'plain' does`);
  return prepared;
}

/**
 * Checks a token. Both bearer mechanisms separate their fields by 0x01. A token is RFC 6750's b64token, or a similar
 * text that a server issued.
 */
function tokenOf(
  authentication: TokenAuthentication,
  secret: string | undefined,
): { username: string; token: string; authorizationId: string | undefined } {
  const { username, method } = authentication;
  const authorizationId = authorizationIdOf(authentication.authorizationId);
  checkIdentity('username', username);
  if (username.includes('\x01'))
    throw profileInvalid('authentication.username', 'contains the control character 0x01, which ends a field');
  if (authorizationId?.includes('\x01'))
    throw profileInvalid('authentication.authorizationId', 'contains the control character 0x01, which ends a field');
  if (method === 'xoauth2' && authorizationId !== undefined) {
    throw profileInvalid(
      'authentication.authorizationId',
      "XOAUTH2 does not support it: username is the mailbox to act as; 'oauthbearer' supports it",
    );
  }
  const token = secret ?? '';
  checkSecret('token', token);
  if (!/^[!-~]+$/.test(token))
    throw secretInvalid(
      'token',
      "contains a space or a character that is not allowed in a token: give it without 'Bearer' (RFC 6750 section 2.1)",
    );
  return { username, token, authorizationId };
}
