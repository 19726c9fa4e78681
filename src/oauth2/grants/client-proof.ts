/**
 * Authentication of the client at the token endpoint: by a secret in the body or in a header field (RFC 6749 section
 * 2.3.1), or by an assertion (private_key_jwt, RFC 7523 section 2.2). Public clients have none.
 * @module
 */
import { randomUUID } from 'node:crypto';
import { profileInvalid } from '../../errors/email-error.js';
import type { OAuth2PrivateKey, OAuth2Settings } from '../../model/settings/oauth2.js';
import { resolveSecret } from '../../system/secret.js';
import { utf8 } from '../../util/bytes.js';
import { emptyWithoutPrototype } from '../../util/without-prototype.js';
import type { Endpoints } from '../endpoints.js';
import { type JwtKey, jwtKeyOfCertificate, jwtKeyOfPem, signJwt } from '../jwt.js';
import type { Surroundings } from '../surroundings.js';

/** Header fields and parameters that prove the client. */
export interface ClientProof {
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

/** RFC 7523 section 2.2. */
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** The assertion is used at once, so a short life is enough. */
const assertionSeconds = 300;
/** Clocks differ by some seconds, and providers refuse assertions from the future. */
const backdatedSeconds = 10;

/** No key of the client. */
const none: Partial<OAuth2PrivateKey> = emptyWithoutPrototype();

/** The proof of this client for one request. */
export async function proveClient(
  settings: OAuth2Settings,
  endpoints: Endpoints,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<ClientProof> {
  const { clientId, clientSecret, clientAuthentication, grant } = settings;
  const key = await assertionKey(settings, surroundings, signal);
  if (key !== undefined) {
    const audience = settings.privateKey?.audience ?? endpoints.issuer ?? endpoints.tokenUrl.href;
    const { issuer = clientId, subject = issuer } = (grant === 'jwt-bearer' ? undefined : settings.privateKey) ?? none;
    const claims = {
      iss: issuer,
      sub: subject,
      aud: audience,
      jti: randomUUID(),
      ...lifetime(surroundings, assertionSeconds),
    };
    const assertion = await signJwt(key, claims, signal);
    return {
      headers: {},
      parameters: { client_id: clientId, client_assertion_type: assertionType, client_assertion: assertion },
      secrets: [assertion],
    };
  }
  if (clientSecret === undefined) {
    // The assertion of the grant authenticates the client too (RFC 7523 section 3.1), and Google identifies service
    // accounts by it alone.
    return { headers: {}, parameters: grant === 'jwt-bearer' ? {} : { client_id: clientId }, secrets: [] };
  }
  const secret = await resolveSecret(clientSecret, 'oauth2.clientSecret', signal);
  if (clientAuthentication !== 'basic')
    return { headers: {}, parameters: { client_id: clientId, client_secret: secret }, secrets: [secret] };
  const credentials = utf8(`${formEncode(clientId)}:${formEncode(secret)}`).toString('base64');
  return { headers: { Authorization: `Basic ${credentials}` }, parameters: {}, secrets: [secret, credentials] };
}

/**
 * The assertion of the grant 'jwt-bearer' (RFC 7523 section 2.1). Google reads the scope from the assertion, others
 * from the parameter.
 */
export async function grantAssertion(
  settings: OAuth2Settings,
  endpoints: Endpoints,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<string> {
  const { privateKey, clientId, scope } = settings;
  if (privateKey === undefined) throw profileInvalid('oauth2.privateKey', "is required by the grant 'jwt-bearer'");
  const pem = await resolveSecret(privateKey.key, 'oauth2.privateKey.key', signal);
  const { issuer = clientId, subject = issuer, audience = endpoints.issuer ?? endpoints.tokenUrl.href } = privateKey;
  const claims = {
    iss: issuer,
    sub: subject,
    aud: audience,
    ...(scope === undefined ? {} : { scope }),
    jti: randomUUID(),
    ...lifetime(surroundings, assertionSeconds),
  };
  return await signJwt(jwtKeyOfPem(pem, privateKey.keyId), claims, signal);
}

async function assertionKey(
  { clientAuthentication, clientCertificate, privateKey, grant }: OAuth2Settings,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<JwtKey | undefined> {
  if (clientAuthentication === 'certificate') {
    if (clientCertificate === undefined) throw profileInvalid('oauth2.clientCertificate', 'is missing');
    return jwtKeyOfCertificate(await surroundings.loadCertificate(clientCertificate, signal));
  }
  if (privateKey === undefined || grant === 'jwt-bearer') return undefined;
  return jwtKeyOfPem(await resolveSecret(privateKey.key, 'oauth2.privateKey.key', signal), privateKey.keyId);
}

function lifetime({ clock }: Surroundings, seconds: number): object {
  const now = Math.floor(clock.now() / 1000);
  return { iat: now - backdatedSeconds, nbf: now - backdatedSeconds, exp: now + seconds };
}

/** Encodes one value as application/x-www-form-urlencoded (RFC 6749 appendix B). */
function formEncode(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice(1);
}
