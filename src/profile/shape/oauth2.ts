/**
 * The schema of `OAuth2Settings`.
 * @module
 */
import type { OAuth2PrivateKey, OAuth2Settings } from '../../model/settings/oauth2.js';
import { choiceAmong, flag, plain } from '../../schema/combine.js';
import { object, optional, record, required } from '../../schema/object.js';
import { problem } from '../../schema/schema.js';
import type { Report, Schema } from '../../schema/schema.js';
import { secret } from '../../schema/secret.js';
import { text } from '../../schema/text.js';
import { isSecureUrl } from '../oauth2-url.js';
import { certificateSource } from './certificate.js';
import { otherKeys, otherValues } from './other-words/authentication.js';

const url: Schema<string> = text({
  expected: 'an https URL',
  max: 2000,
  fault(value) {
    if (/[{}]/.test(value)) return 'contains a placeholder in braces: replace it by your own value';
    if (isSecureUrl(value)) return undefined;
    return (
      'expected an https URL without user name and fragment (http is allowed for localhost, 127.0.0.1 and [::1] ' +
      'only), got other text'
    );
  },
});

const issuer: Schema<string> = plain('the issuer, an https URL without a query', (value, path, report) => {
  const checked = url.check(value, path, report);
  return checked?.includes('?') === true
    ? problem(report, path, 'expected the issuer, an https URL without a query, got one with a query')
    : checked;
});

/** Scopes (RFC 6749 appendix A.4). */
const scope = text({
  expected: 'scopes, separated by spaces',
  max: 4000,
  fault: (value) =>
    /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(value)
      ? undefined
      : 'expected scopes, separated by single spaces, got other text',
});

/** RFC 8252 section 7.3. The port may be left out. A query is refused, because it would not be returned unchanged. */
const redirectUri = text({
  expected: 'an http URL of localhost, 127.0.0.1 or [::1]',
  max: 500,
  fault: (value) =>
    /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?(?:\/[\w~.!$&'()*+,;=:@%/-]*)?$/i.test(value) &&
    isSecureUrl(value)
      ? undefined
      : 'expected an http URL of localhost, 127.0.0.1 or [::1] without a query, such as http://localhost or ' +
        'http://127.0.0.1:8400/callback, got other text',
});

/** Parameters that the library sets itself; a second value would change the request. */
const reserved = new Set([
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'code',
  'code_challenge',
  'code_challenge_method',
  'code_verifier',
  'grant_type',
  'refresh_token',
  'device_code',
  'assertion',
  'request',
  'request_uri',
]);

const parameters: Schema<Readonly<Record<string, string>>> = record(text({ expected: 'text', min: 0, max: 4000 }), {
  expected: 'parameters: an object of names and texts',
  max: 100,
  key(name, path, report) {
    if (reserved.has(name)) problem(report, path, 'is set by the library');
    else if (!/^[\w.-]{1,100}$/.test(name))
      problem(report, path, 'is not a valid parameter name (RFC 6749 appendix A)');
  },
});

const label = text({ expected: 'text' });
const privateKey: Schema<OAuth2PrivateKey> = object<OAuth2PrivateKey>({
  key: required(secret({ what: 'private key in PEM form' })),
  keyId: optional(label),
  issuer: optional(label),
  subject: optional(label),
  audience: optional(label),
});

/** The token may be preceded by `Bearer`. */
const authenticationValue = secret({
  what: 'access token',
  fault: (value) =>
    /^\s*(?:Bearer\s+)?[\x21-\x7e]+\s*$/i.test(value)
      ? undefined
      : 'expected an access token, with or without "Bearer", got text with a space, a control or a non-ASCII character',
});

/** `OAuth2Settings`. */
export const oauth2Settings: Schema<OAuth2Settings> = object<OAuth2Settings>(
  {
    clientId: required(text({ expected: 'the client id' })),
    clientSecret: optional(secret({ what: 'client secret' })),
    authorizationUrl: optional(url),
    tokenUrl: optional(url),
    issuer: optional(issuer),
    deviceAuthorizationUrl: optional(url),
    scope: optional(scope),
    authenticationValue: optional(authenticationValue),
    refreshToken: optional(secret({ what: 'refresh token' })),
    grant: optional(
      choiceAmong(['authorization-code', 'client-credentials', 'device-code', 'jwt-bearer'], otherValues.grant),
    ),
    privateKey: optional(privateKey),
    authorizationParameters: optional(parameters),
    tokenParameters: optional(parameters),
    clientAuthentication: optional(choiceAmong(['post', 'basic', 'certificate'], otherValues.clientAuthentication)),
    clientCertificate: optional(certificateSource),
    redirectUri: optional(redirectUri),
    hideBrowserResponse: optional(flag),
  },
  { others: otherKeys.oauth2, verify },
);

function verify(
  { grant, clientAuthentication }: Partial<OAuth2Settings>,
  given: (key: keyof OAuth2Settings) => boolean,
  at: string,
  report: Report,
): void {
  if (!given('authenticationValue')) {
    if (!given('tokenUrl') && !given('issuer'))
      problem(report, `${at}.tokenUrl`, 'expected the URL of the token endpoint, or issuer instead of it, got nothing');
    if (grant === 'jwt-bearer' && !given('privateKey'))
      problem(report, `${at}.privateKey`, "expected a private key, because grant is 'jwt-bearer', got nothing");
    const proven = given('clientSecret') || given('privateKey') || given('clientCertificate');
    if (grant === 'client-credentials' && !proven)
      problem(
        report,
        `${at}.clientSecret`,
        'expected a client secret, or privateKey or clientCertificate instead of it, because grant is ' +
          "'client-credentials', got nothing",
      );
  }
  verifyProof({ grant, clientAuthentication }, given, at, report);
}

/** Reports a client with two kinds of authentication. */
function verifyProof(
  { grant, clientAuthentication }: Partial<OAuth2Settings>,
  given: (key: keyof OAuth2Settings) => boolean,
  at: string,
  report: Report,
): void {
  const byCertificate = clientAuthentication === 'certificate';
  if (byCertificate && !given('clientCertificate'))
    problem(
      report,
      `${at}.clientCertificate`,
      "expected a certificate with its key, because clientAuthentication is 'certificate', got nothing",
    );
  if (given('clientCertificate') && !byCertificate)
    problem(report, `${at}.clientCertificate`, "is only allowed together with clientAuthentication 'certificate'");
  if (byCertificate && given('clientSecret'))
    problem(report, `${at}.clientSecret`, "contradicts clientAuthentication 'certificate': leave one of them out");
  if (clientAuthentication === 'basic' && !given('clientSecret'))
    problem(
      report,
      `${at}.clientSecret`,
      "expected a client secret, because clientAuthentication is 'basic', got nothing",
    );
  if (given('privateKey') && grant !== 'jwt-bearer' && (given('clientSecret') || clientAuthentication !== undefined))
    problem(
      report,
      `${at}.privateKey`,
      'cannot be combined with clientSecret or clientAuthentication: leave one of them out',
    );
}
