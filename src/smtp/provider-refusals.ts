/**
 * The meaning of mail providers' refusals, as a table. The remedy of a matching row replaces the general one.
 * docs/guide/oauth2.md names the sources.
 * @module
 */
import type { SmtpReply } from '../model/reply.js';

/** The command that the server refused. END stands for the end of the content. */
export type RefusalStage = 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'END';

/** The session in which the server refused. */
export interface RefusalContext {
  readonly host: string;
  readonly stage: RefusalStage;
  /** The kind of the sender's credential; absent if there is none or it is of another kind. */
  readonly proof?: 'password' | 'token' | undefined;
}

interface Row {
  /**
   * Pattern of the server's name. A row matches by `host` or by `words`, because a server may have a name in the
   * customer's domain.
   */
  readonly host: RegExp;
  /** Pattern of a text that no other provider uses in its replies. */
  readonly words: RegExp;
  readonly codes: readonly number[];
  readonly enhanced: string;
  /** The text of the reply must always match this pattern. */
  readonly only?: RegExp;
  /** Stages of the row. Absent: all. */
  readonly stages?: readonly RefusalStage[];
  readonly proof?: 'password' | 'token';
  readonly remedy: string;
}

const microsoft =
  /(?:^|\.)(?:smtp\.office365\.com|smtp-hve\.office365\.com|outlook\.office365\.com|outlook\.com|office365\.us|partner\.outlook\.cn)$/i;
const google = /(?:^|\.)(?:gmail|googlemail|google)\.com$/i;
const saysGoogle = /\bgsmtp\b|support\.google\.com/i;
/** Microsoft's service for high-volume mail continues to accept passwords. */
const highVolume = /^smtp-hve\./i;

/** Is it a server of Exchange Online or Outlook.com that will stop accepting passwords? */
export function isMicrosoft365(host: string): boolean {
  return microsoft.test(host) && !highVolume.test(host);
}

const useOAuth =
  "Use OAuth 2.0: authentication.method 'xoauth2' with the settings of sampleOAuth2Settings('microsoft'); " +
  'see docs/guide/oauth2.md.';
const enableSmtpAuth =
  'Until Microsoft disables it permanently, the administrator can enable SMTP AUTH for the tenant ' +
  '(Set-TransportConfig -SmtpClientAuthenticationDisabled $false) and for the mailbox (Set-CASMailbox ' +
  '-SmtpClientAuthenticationDisabled $false); security defaults and policies must not block it. Changes take ' +
  'up to 2 hours.';
const sendAs =
  'The account that signs in (authentication.username) has no Send As right for sender.email (or ' +
  'sender.envelopeFrom): ask the administrator to grant it (Exchange Online: Add-RecipientPermission <mailbox> ' +
  '-Trustee <account> -AccessRights SendAs; on premises: Add-ADPermission with the extended right Send As), or ' +
  'send from the mailbox of the account. Without authentication in the profile, set it. Changes take up to an ' +
  'hour.';
const basicAuthOff =
  /basic authentication is (?:disabled|not supported)|aka\.ms\/basic-authentication|the user credentials were incorrect|security defaults|did not meet the criteria to be authenticated/i;
const inTransaction = ['MAIL', 'RCPT', 'DATA', 'END'] as const;

/** The first matching row applies. */
const rows: readonly Row[] = [
  {
    host: microsoft,
    words: /SmtpClientAuthentication is disabled/i,
    codes: [535],
    enhanced: '5.7.139',
    only: /SmtpClientAuthentication is disabled/i,
    remedy:
      `SMTP AUTH is off for this mailbox or tenant; a token does not help until it is enabled. ${enableSmtpAuth} ` +
      `In addition, Microsoft is ending passwords: ${useOAuth}`,
  },
  {
    host: microsoft,
    words: basicAuthOff,
    codes: [535],
    enhanced: '5.7.139',
    proof: 'token',
    remedy:
      'Exchange Online refused the token: security defaults or a Conditional Access policy block it, or SMTP ' +
      'AUTH is off for the mailbox (Set-CASMailbox -SmtpClientAuthenticationDisabled $false). The sign-in logs ' +
      'of Entra ID say which.',
  },
  {
    host: microsoft,
    words: basicAuthOff,
    codes: [535],
    enhanced: '5.7.139',
    remedy: `Basic authentication (a password) is off for this account. ${useOAuth} ${enableSmtpAuth}`,
  },
  {
    host: microsoft,
    words: basicAuthOff,
    codes: [550, 535],
    enhanced: '5.7.30',
    remedy: `Basic authentication (a password) is off. ${useOAuth} ${enableSmtpAuth}`,
  },
  {
    host: microsoft,
    words: /\[[\w.]+\.prod\.outlook\.com\b/i,
    codes: [535],
    enhanced: '5.7.3',
    proof: 'token',
    remedy:
      'Exchange Online does not accept the token for this mailbox. Check that authentication.username is the ' +
      'mailbox; that the token has SMTP.Send or SMTP.SendAsApp and is for Exchange, not for Graph; that SMTP ' +
      'AUTH is on for the mailbox; and for an application that its service principal is registered in Exchange ' +
      '(New-ServicePrincipal with the object id of the enterprise application, not of the app registration) ' +
      'and has FullAccess to the mailbox. Changes take 30 minutes to 2 hours.',
  },
  {
    host: microsoft,
    words: /\[[\w.]+\.prod\.outlook\.com\b/i,
    codes: [535],
    enhanced: '5.7.3',
    remedy: `User name or password is wrong, or passwords are off for this mailbox. ${useOAuth} ${enableSmtpAuth}`,
  },
  {
    host: microsoft,
    words: /client (?:was )?not authenticated to send (?:anonymous )?mail/i,
    codes: [530, 550],
    enhanced: '5.7.57',
    remedy:
      "The server accepts mail from authenticated senders only: set authentication in the profile ('xoauth2' with " +
      "oauth2). To send without, use the host of the tenant's connector: <tenant>.mail.protection.outlook.com, " +
      'port 25.',
  },
  {
    host: microsoft,
    words: /does not have permissions to send as this sender/i,
    codes: [550],
    enhanced: '5.7.60',
    stages: inTransaction,
    remedy: sendAs,
  },
  {
    host: microsoft,
    words: /SendAsDenied/i,
    codes: [550, 554],
    enhanced: '5.2.252',
    stages: inTransaction,
    remedy: sendAs,
  },
  {
    host: microsoft,
    words: /does not meet the required authentication level/i,
    codes: [550],
    enhanced: '5.7.515',
    remedy:
      'Outlook.com accepts mail from large senders only if SPF, DKIM and DMARC pass: publish them for the ' +
      'domain of sender.email (DMARC with at least p=none, aligned with SPF or DKIM), and set dkim in the ' +
      'profile if the server does not sign.',
  },
  {
    host: google,
    words: saysGoogle,
    codes: [534, 535],
    enhanced: '5.7.9',
    remedy:
      "Google requires OAuth 2.0 (authentication.method 'xoauth2' with the settings of " +
      "sampleOAuth2Settings('google'); see docs/guide/oauth2.md), or an application password, for " +
      'which the account needs 2-Step Verification.',
  },
  {
    host: google,
    words: saysGoogle,
    codes: [535],
    enhanced: '5.7.8',
    proof: 'token',
    remedy:
      'Google does not accept the token for this account: authentication.username must be the account that ' +
      'signed in (or privateKey.subject), and oauth2.scope https://mail.google.com/.',
  },
  {
    host: google,
    words: saysGoogle,
    codes: [535],
    enhanced: '5.7.8',
    remedy:
      "Google has not accepted account passwords since May 2025: use OAuth 2.0 (authentication.method 'xoauth2' with " +
      "the settings of sampleOAuth2Settings('google'); see docs/guide/oauth2.md), or an " +
      'application password if 2-Step Verification is on.',
  },
  {
    host: google,
    words: saysGoogle,
    codes: [550],
    enhanced: '5.7.26',
    remedy:
      'Gmail accepts mail only if SPF or DKIM passes for the domain of sender.email, and DMARC if the ' +
      "domain has it: add this server to the domain's SPF record, or set dkim in the profile and publish its " +
      'key.',
  },
  {
    host: google,
    words: saysGoogle,
    codes: [550],
    enhanced: '5.4.5',
    remedy:
      'The daily sending limit of the Google account is used up and resets within 24 hours. For more ' +
      'use the relay of Google Workspace, or a provider for bulk mail.',
  },
];

/** The remedy of the row that matches a refusal, or undefined. */
export function providerRemedy(reply: SmtpReply, { host, stage, proof }: RefusalContext): string | undefined {
  const text = reply.lines.join(' ');
  return rows.find(
    (row) =>
      row.codes.includes(reply.code) &&
      row.enhanced === reply.enhancedCode &&
      (row.stages?.includes(stage) ?? true) &&
      (row.proof === undefined || row.proof === proof) &&
      (row.only?.test(text) ?? true) &&
      (row.host.test(host) || row.words.test(text)),
  )?.remedy;
}
