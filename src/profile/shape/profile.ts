/**
 * The schema of the whole profile.
 * @module
 */
import { parseAddress, parseMailbox } from '../../address/mailbox.js';
import { isEmailError } from '../../errors/email-error.js';
import type { AddressInput, Mailbox } from '../../model/address.js';
import type { PrivateKeySigner } from '../../model/certificate.js';
import type { DkimSettings } from '../../model/message.js';
import type { EmailProfile, Sender } from '../../model/settings/profile.js';
import type { OutgoingServer } from '../../model/settings/server.js';
import { choice, choiceAmong, list, oneOrMany, plain, variant, withMethods } from '../../schema/combine.js';
import { object, optional, required } from '../../schema/object.js';
import { isPlainObject, problem, unexpected } from '../../schema/schema.js';
import type { Report, Schema } from '../../schema/schema.js';
import { secret } from '../../schema/secret.js';
import { domain, text } from '../../schema/text.js';
import { isIp } from '../../util/ip.js';
import { filePassword } from './certificate.js';
import { authentication } from './authentication.js';
import { headerFields } from './headers.js';
import { logging } from './logging.js';
import { oauth2Settings } from './oauth2.js';
import { otherKeys, otherValues } from './other-words/profile.js';
import { proxy } from './proxy.js';
import { isServerList, outgoingServer } from './server.js';
import { smimeSettings } from './smime.js';

const displayName = text({ expected: 'a display name', min: 0 });

/** Runs a parser that throws, and reports its error. */
function parses(parse: () => unknown, report: Report): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (!isEmailError(error) || error.problems === undefined) throw error;
    for (const found of error.problems) problem(report, found.path, found.message);
    return false;
  }
}

const addressText: Schema<string> = text({ expected: 'an address', max: 4096 });

function mailbox(rules: { readonly allowNull: boolean }): Schema<string> {
  const expected = rules.allowNull
    ? "an address such as ann@example.com, or '' for <>"
    : 'an address such as ann@example.com';
  return plain(expected, (value, path, report) => {
    if (typeof value !== 'string' || (value === '' && !rules.allowNull))
      return unexpected(report, path, expected, value);
    if (value === '') return value;
    if (addressText.check(value, path, report) === undefined) return undefined;
    return parses(() => parseMailbox(value, path), report) ? value : undefined;
  });
}

/** An address without a name. */
export const emailAddress = mailbox({ allowNull: false });

/** A description of `AddressInput` for errors. */
export const addressExpected = "an address such as 'ann@example.com', 'Ann <ann@example.com>' or { name, email }";
const textAddress: Schema<string> = plain(addressExpected, (value, path, report) => {
  if (typeof value !== 'string' || value === '') return unexpected(report, path, addressExpected, value);
  if (addressText.check(value, path, report) === undefined) return undefined;
  return parses(() => parseAddress(value, path), report) ? value : undefined;
});
const partsAddress: Schema<Mailbox> = object<Mailbox>(
  { name: optional(displayName), email: required(emailAddress) },
  { others: otherKeys.address },
);
const address: Schema<AddressInput> = variant<AddressInput>(addressExpected, (value) =>
  typeof value === 'string' ? textAddress : isPlainObject(value) ? partsAddress : undefined,
);

const sender: Schema<Sender> = object<Sender>(
  {
    name: optional(displayName),
    email: required(emailAddress),
    organization: optional(text({ expected: 'the name of an organization', min: 0 })),
    replyTo: optional(oneOrMany(address)),
    readReceiptTo: optional(address),
    returnReceiptTo: optional(address),
    envelopeFrom: optional(mailbox({ allowNull: true })),
  },
  { expected: 'an object with email, and optionally name', others: otherKeys.sender },
);

const dkimKey = secret({ what: 'private key (PEM or base64 PKCS#8)' });
const dkimCompanions = [
  ['password', 'privateKey'],
  ['algorithm', 'signer'],
  ['publicKey', 'signer'],
] as const;
const dkim: Schema<DkimSettings> = object<DkimSettings>(
  {
    domain: required(domain),
    selector: required(domain),
    privateKey: optional(dkimKey),
    password: optional(filePassword),
    signer: optional(withMethods<PrivateKeySigner>('a signer', 'sign')),
    algorithm: optional(choice('rsa-sha256', 'ed25519-sha256')),
    publicKey: optional(text({ expected: 'a public key: PEM, or the value of p=', max: 16_384, multiline: true })),
    headers: optional(
      list(
        text({
          expected: 'the name of a header field',
          max: 76,
          fault: (name) =>
            /^[!-9;-~]+$/.test(name) ? undefined : 'expected the name of a header field, got other text',
        }),
        { max: 200 },
      ),
    ),
  },
  {
    others: otherKeys.dkim,
    verify(value, given, path, report) {
      const isNamedOtherwise = report.problems.some(({ message }) => message.endsWith('privateKey here'));
      const hasKey = given('privateKey');
      if (hasKey && given('signer')) problem(report, `${path}.signer`, 'cannot be combined with privateKey');
      else if (!hasKey && !given('signer') && !isNamedOtherwise)
        unexpected(report, `${path}.privateKey`, dkimKey.expected, undefined);
      for (const [key, other] of dkimCompanions)
        if (given(key) && !given(other)) problem(report, `${path}.${key}`, `is only allowed together with ${other}`);
      const names = value.headers;
      if (names !== undefined && !names.some((name) => name?.toLowerCase() === 'from')) {
        problem(report, `${path}.headers`, 'lacks From, which every signature must cover (RFC 6376 section 5.4)');
      }
    },
  },
);

/** One or several `DkimSettings`. */
export const dkimSettings: Schema<DkimSettings | readonly DkimSettings[]> = oneOrMany(dkim);

/** `Priority`. */
export const priority = choiceAmong(['unspecified', 'normal', 'urgent', 'non-urgent'], otherValues.priority);
/** `Sensitivity`. */
export const sensitivity = choiceAmong(
  ['unspecified', 'personal', 'private', 'company-confidential'],
  otherValues.sensitivity,
);
/** `Importance`. */
export const importance = choiceAmong(['unspecified', 'high', 'normal', 'low'], otherValues.importance);

/** `EmailProfile`. */
export const profileSchema: Schema<EmailProfile> = object<EmailProfile>(
  {
    name: required(text({ expected: 'the name of the profile', max: 200 })),
    description: optional(text({ expected: 'text', min: 0, max: 10_000, multiline: true })),
    sender: required(sender),
    priority: optional(priority),
    sensitivity: optional(sensitivity),
    importance: optional(importance),
    headers: optional(headerFields),
    server: required(oneOrMany(outgoingServer)),
    authentication: optional(authentication),
    smime: optional(smimeSettings),
    oauth2: optional(oauth2Settings),
    proxy: optional(proxy),
    dkim: optional(dkimSettings),
    logging: optional(logging),
  },
  {
    expected: 'a profile: an object with name, sender and server',
    others: otherKeys.profile,
    verify: verifyProfile,
  },
);

/** Rules that involve server and authentication. */
function verifyProfile(
  { server, authentication: proof }: Partial<EmailProfile>,
  given: (key: keyof EmailProfile) => boolean,
  _path: string,
  report: Report,
): void {
  const byToken = proof?.method === 'xoauth2' || proof?.method === 'oauthbearer';
  const wrongToken = report.problems.some(({ path }) => path.startsWith('authentication.token'));
  if (byToken && proof.token === undefined && !given('oauth2') && !wrongToken)
    problem(
      report,
      'authentication.token',
      'expected an access token (a string, { env }, { file } or a function), or oauth2 settings, got nothing',
    );
  if (server === undefined) return;
  // An entry with a problem leaves a hole.
  if (!isServerList(server)) verifyServer(server, proof, 'server', report);
  else
    server.forEach((entry: Partial<OutgoingServer> | undefined, at) => {
      if (entry === undefined) return;
      verifyServer(entry, proof, `server.${at}`, report);
      if (at > 0 && entry.timeouts?.totalMs !== undefined)
        problem(report, `server.${at}.timeouts.totalMs`, 'limits a whole send: set it in the first server only');
    });
}

/** Rules that involve a server and the authentication. */
function verifyServer(
  server: Partial<OutgoingServer>,
  proof: EmailProfile['authentication'],
  path: string,
  report: Report,
): void {
  if (proof === undefined) return;
  if (
    proof.method === 'kerberos' &&
    proof.servicePrincipal === undefined &&
    server.host !== undefined &&
    isIp(server.host)
  ) {
    problem(
      report,
      'authentication.servicePrincipal',
      `expected a service principal such as smtp/mail.example.com, because ${path}.host is an IP address, got nothing`,
    );
  }
  if (proof.method !== 'external') return;
  if (server.tls?.clientCertificate === undefined) {
    problem(
      report,
      `${path}.tls.clientCertificate`,
      "expected a certificate, because authentication.method is 'external', got nothing",
    );
  }
  if (server.security === 'none')
    problem(
      report,
      `${path}.security`,
      "cannot be 'none' with authentication.method 'external': the certificate is presented in TLS",
    );
}
