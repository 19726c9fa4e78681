/**
 * The meaning of providers' refusals, as a table: patterns for `error` and `error_description`, and a remedy for each.
 * @module
 */

interface Refusal {
  /** The value of `error`; absent: any. */
  readonly error?: string;
  /** Pattern in `error` or `error_description`. */
  readonly words?: RegExp;
  readonly remedy: string;
}

/** Numbers of Entra ID: https://learn.microsoft.com/entra/identity-platform/reference-error-codes. */
function aadsts(...numbers: readonly number[]): RegExp {
  return new RegExp(`\\bAADSTS(?:${numbers.join('|')})\\b`);
}

const signInAgain = 'Sign in again: call mailer.authorize(), or authorize().';

/** The first matching row applies. */
const refusals: readonly Refusal[] = [
  // Microsoft Entra ID
  {
    words: aadsts(65001, 90094, 90093, 650056, 90008),
    remedy:
      'Consent is missing. In the Entra admin center open the app registration, API permissions, and grant ' +
      'admin consent for SMTP.Send (delegated) or SMTP.SendAsApp (application); or sign in again by ' +
      'authorize() and consent.',
  },
  { words: aadsts(65004), remedy: `The person did not consent. ${signInAgain}` },
  {
    words: aadsts(7000222),
    remedy:
      'The client secret has expired. Create a new one in the Entra admin center (app registration, ' +
      'Certificates & secrets) and set oauth2.clientSecret, or use a certificate.',
  },
  {
    words: aadsts(7000215),
    remedy:
      'The client secret is wrong. Set oauth2.clientSecret to the value of the secret, not to its id; the ' +
      'value is shown only once, when the secret is made.',
  },
  {
    words: aadsts(7000218),
    remedy:
      'The application must authenticate: set oauth2.clientSecret or a certificate, or enable "Allow public ' +
      'client flows" in the app registration (Authentication).',
  },
  {
    words: aadsts(700025),
    remedy: 'The app registration is a public client: leave out oauth2.clientSecret, or use its "Web" platform.',
  },
  {
    words: aadsts(700027, 700023, 700024, 700030, 5000224),
    remedy:
      'The assertion was refused. Upload the certificate of oauth2.clientCertificate in the app registration ' +
      '(Certificates & secrets), check that it is valid, and that the clock of this machine is right.',
  },
  {
    words: aadsts(90002, 900023, 50194, 50059, 700016, 9002346, 50020),
    remedy:
      'The tenant is wrong, or the application is not in it. Put the id of the tenant into the URLs in oauth2 ' +
      'instead of "common" or "organizations", and check oauth2.clientId.',
  },
  {
    words: aadsts(53000, 53001, 53002, 53003, 53004, 50005, 530031, 530032, 530034, 530035),
    remedy:
      'A Conditional Access policy of the tenant refuses this sign-in. Its administrator finds it in the ' +
      'sign-in logs, and can exclude the account or the application, or allow this device or network.',
  },
  {
    words: aadsts(50076, 50079, 50074, 50158),
    remedy: `The tenant requires another factor (MFA). ${signInAgain}`,
  },
  {
    words: aadsts(50173, 70043, 50133, 50132),
    remedy: `The sign-in is no longer valid, because the password was changed or sessions were revoked. ${signInAgain}`,
  },
  {
    words: aadsts(700082, 700084, 70008),
    remedy: `The refresh token has expired: Microsoft ends tokens that were not used for 90 days. ${signInAgain}`,
  },
  {
    words: aadsts(50011),
    remedy:
      'Register the redirect URI http://localhost in the app registration (Authentication, platform "Mobile ' +
      'and desktop applications"), and set oauth2.redirectUri to it.',
  },
  {
    words: aadsts(70011, 1002012, 500011, 65005, 650053, 28000, 28002, 28003),
    remedy:
      'The scope is wrong. For a person it is "https://outlook.office.com/SMTP.Send offline_access"; for an ' +
      'application (client-credentials) it is "https://outlook.office365.com/.default".',
  },
  {
    words: aadsts(50105, 501051),
    remedy: 'Assign the account to the application (Entra admin center, enterprise application, Users and groups).',
  },
  {
    words: aadsts(7000112, 500014),
    remedy: 'The application is disabled in this tenant: its administrator can enable it.',
  },
  {
    words: aadsts(50034, 50053, 50057, 50126),
    remedy: 'Check the account: it is unknown, locked or disabled, or its password is wrong.',
  },
  // Google
  {
    error: 'unauthorized_client',
    words: /unauthorized to retrieve access tokens|not authorized for any of the scopes/i,
    remedy:
      'Delegate to the service account: Google Admin console, Security, API controls, Domain-wide delegation, ' +
      'with the numeric client id and the scope https://mail.google.com/.',
  },
  {
    error: 'invalid_grant',
    words: /Invalid JWT Signature|Invalid JWT:|Token must be a short-lived token/i,
    remedy:
      'Check oauth2.privateKey (the key and its keyId belong together, and were not deleted) and the clock of this machine.',
  },
  {
    error: 'invalid_grant',
    words: /Invalid email or User ID/i,
    remedy: 'Set oauth2.privateKey.subject to an address of the Workspace domain that exists.',
  },
  {
    words: /\b(?:admin_policy_enforced|org_internal|access_not_configured)\b/,
    remedy: 'The administrator of the Google Workspace must allow this application, or its scopes.',
  },
  {
    words: /redirect_uri_mismatch/,
    remedy: 'Register the application as "Desktop app", or register oauth2.redirectUri with its port.',
  },
  {
    words: /\b(?:deleted_client|disabled_client)\b/,
    remedy: 'The OAuth client was deleted or disabled: create a new one and set oauth2.clientId.',
  },
  // RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5
  {
    error: 'invalid_grant',
    remedy:
      'The refresh token, code or assertion is not valid any more: the password was changed, the consent was ' +
      'withdrawn, a Google app in testing loses its refresh tokens after 7 days, and Microsoft ends tokens that were ' +
      `not used for 90 days. ${signInAgain}`,
  },
  {
    error: 'invalid_client',
    remedy:
      'Check oauth2.clientId, oauth2.clientSecret and oauth2.clientAuthentication: the provider does not accept the client.',
  },
  {
    error: 'unauthorized_client',
    remedy:
      'The provider does not allow this grant for this client: allow it in the registration of the client, or ' +
      'choose another oauth2.grant.',
  },
  {
    error: 'invalid_scope',
    remedy: 'Check oauth2.scope: the provider does not know a scope in it, or does not allow it for this client.',
  },
  { error: 'access_denied', remedy: `The person, or a rule of the provider, did not allow it. ${signInAgain}` },
  { error: 'expired_token', remedy: `The code was not entered before it expired. ${signInAgain}` },
  {
    words: /^(?:login_required|consent_required|interaction_required|account_selection_required)\b/,
    remedy: signInAgain,
  },
  { error: 'unsupported_grant_type', remedy: 'Choose another oauth2.grant: the provider does not know this one.' },
  { error: 'temporarily_unavailable', remedy: 'Try again later.' },
  { error: 'server_error', remedy: 'Try again later.' },
];

/** The remedy of the first row that matches a refusal, or undefined. */
export function refusalRemedy(error = '', description = ''): string | undefined {
  const text = `${error} ${description}`;
  return refusals.find((row) => (row.error === undefined || row.error === error) && (row.words?.test(text) ?? true))
    ?.remedy;
}
