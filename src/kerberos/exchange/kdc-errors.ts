/**
 * Describes KRB-ERROR in words: what was refused, why, and what to do.
 * @module
 */
import { isError } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import { showText } from '../../util/show.js';
import { kerberosError } from '../errors.js';
import type { KrbError } from '../protocol/replies.js';

/** Codes of KRB-ERROR that control an exchange (RFC 4120 section 7.5.9). */
export const errorCode = {
  preAuthenticationFailed: 24,
  preAuthenticationRequired: 25,
  serviceUnavailable: 29,
  ticketRevoked: 20,
  badIntegrity: 31,
  ticketExpired: 32,
  repeat: 34,
  skew: 37,
  badKeyVersion: 44,
  responseTooBig: 52,
  wrongRealm: 68,
} as const;

/** The names used in the description of an error. */
export interface ErrorSubject {
  /** The request, such as `a ticket for smtp/host@REALM`. */
  readonly request: string;
  readonly client: string;
  readonly service: string;
  /** The source of the client's credentials, such as `the password` or `the keytab /etc/x.keytab`. */
  readonly source: string;
  /** The sender of the error, such as `the KDC of REALM (host:port)`. */
  readonly sender: string;
}

type Words = (subject: ErrorSubject) => readonly [says: string, remedy: string];

const clock = 'Set the clock of this machine (NTP), or set kdc_timesync = true in krb5.conf.';
const types =
  'Permit a type that the KDC has a key for (permitted_enctypes in krb5.conf, RC4: allow_rc4 = true), or ' +
  'change the password so that AES keys are made, and export the keytab again after that.';
const ticketRefused =
  'Get a new ticket (kinit). If the error remains, the keys of the service were changed: its keytab and the KDC must agree.';
const administrator = 'Ask the administrator of the realm.';

/** Name, words and remedy of the codes that users encounter. */
const table: Readonly<Record<number, readonly [name: string, words: Words]>> = {
  1: ['KDC_ERR_NAME_EXP', (s) => [`${s.client} has expired`, administrator]],
  2: ['KDC_ERR_SERVICE_EXP', (s) => [`${s.service} has expired`, administrator]],
  6: [
    'KDC_ERR_C_PRINCIPAL_UNKNOWN',
    (s) => [`it does not know ${s.client}`, 'Check authentication.principal, its realm included; case matters.'],
  ],
  7: [
    'KDC_ERR_S_PRINCIPAL_UNKNOWN',
    (s) => [
      `it does not know the service ${s.service}`,
      "Set authentication.servicePrincipal to the service's name in the realm, or server.host to the name it is registered under.",
    ],
  ],
  8: [
    'KDC_ERR_PRINCIPAL_NOT_UNIQUE',
    (s) => [
      `it has more than one ${s.service}`,
      'Remove the service principal name from all but one of the accounts that have it.',
    ],
  ],
  9: ['KDC_ERR_NULL_KEY', (s) => [`${s.client} or ${s.service} has no key`, 'Set its password.']],
  11: ['KDC_ERR_NEVER_VALID', () => ['the ticket would never be valid', clock]],
  12: [
    'KDC_ERR_POLICY',
    (s) => [
      `its policy forbids ${s.request}`,
      'Ask the administrator of the realm which workstations, hours and services the account may use.',
    ],
  ],
  13: ['KDC_ERR_BADOPTION', () => ['it cannot grant an option that was asked for', ticketRefused]],
  14: ['KDC_ERR_ETYPE_NOSUPP', () => ['it supports none of the encryption types that were asked for', types]],
  15: ['KDC_ERR_SUMTYPE_NOSUPP', () => ['it does not support the checksum', types]],
  16: [
    'KDC_ERR_PADATA_TYPE_NOSUPP',
    (s) => [
      `it requires ${s.client} to authenticate by another method than a key`,
      'Use an account that may sign in by password or keytab.',
    ],
  ],
  18: [
    'KDC_ERR_CLIENT_REVOKED',
    (s) => [`${s.client} is disabled, locked, or outside its hours`, 'Have the account unlocked.'],
  ],
  19: ['KDC_ERR_SERVICE_REVOKED', (s) => [`${s.service} is disabled`, 'Have the account of the service enabled.']],
  20: ['KDC_ERR_TGT_REVOKED', () => ['the ticket-granting ticket was revoked', ticketRefused]],
  21: ['KDC_ERR_CLIENT_NOTYET', (s) => [`${s.client} is not yet valid`, administrator]],
  22: ['KDC_ERR_SERVICE_NOTYET', (s) => [`${s.service} is not yet valid`, administrator]],
  23: [
    'KDC_ERR_KEY_EXPIRED',
    (s) => [`the password of ${s.client} has expired`, 'Change the password (kpasswd), and store the new one.'],
  ],
  24: [
    'KDC_ERR_PREAUTH_FAILED',
    (s) => [
      `${s.source} is wrong for ${s.client}`,
      'Check the password; a keytab must be exported again after each change of the password.',
    ],
  ],
  25: [
    'KDC_ERR_PREAUTH_REQUIRED',
    (s) => [
      `it requires ${s.client} to authenticate by a method that is not supported`,
      'Use an account that may sign in by password or keytab (encrypted timestamp).',
    ],
  ],
  29: ['KDC_ERR_SVC_UNAVAILABLE', () => ['a service that it needs is unavailable', 'Try again later.']],
  31: ['KRB_AP_ERR_BAD_INTEGRITY', () => ['the ticket does not decrypt there', ticketRefused]],
  32: [
    'KRB_AP_ERR_TKT_EXPIRED',
    () => [
      'the ticket has expired',
      'Get a new ticket (kinit), or use a password or a keytab, with which tickets are renewed automatically.',
    ],
  ],
  33: ['KRB_AP_ERR_TKT_NYV', () => ['the ticket is not yet valid', clock]],
  34: ['KRB_AP_ERR_REPEAT', () => ['it has seen this request before', 'Try again.']],
  35: [
    'KRB_AP_ERR_NOT_US',
    (s) => [
      `the ticket for ${s.service} is not for it`,
      "Set authentication.servicePrincipal to the server's own name.",
    ],
  ],
  36: ['KRB_AP_ERR_BADMATCH', () => ['the ticket and the request do not match', ticketRefused]],
  37: ['KRB_AP_ERR_SKEW', () => ['the clock of this machine differs too much', clock]],
  41: [
    'KRB_AP_ERR_MODIFIED',
    () => ['the request was changed in transit, or the ticket is for another key', ticketRefused],
  ],
  44: ['KRB_AP_ERR_BADKEYVER', () => ['it lacks the key of this version', ticketRefused]],
  45: ['KRB_AP_ERR_NOKEY', (s) => [`it has no key for ${s.service}`, "Add the service's key to the server's keytab."]],
  52: [
    'KRB_ERR_RESPONSE_TOO_BIG',
    () => ['its answer is too long for UDP', 'Make sure that the KDC can be reached by TCP.'],
  ],
  60: ['KRB_ERR_GENERIC', () => ['it failed', 'See its log for the reason.']],
  61: ['KRB_ERR_FIELD_TOOLONG', () => ['the request is too long', administrator]],
  68: [
    'KDC_ERR_WRONG_REALM',
    (s) => [`${s.client} is of another realm`, 'Name the realm in authentication.principal.'],
  ],
  91: [
    'KDC_ERR_MORE_PREAUTH_DATA_REQUIRED',
    (s) => [`it requires ${s.client} to authenticate in several steps`, 'Use an account without a second factor.'],
  ],
};

/** The cause of an error that came from a KRB-ERROR. */
class KrbErrorCause extends Error {
  readonly krbCode: number;

  constructor(name: string, code: number) {
    super(`KRB-ERROR ${name} ${code}`);
    this.krbCode = code;
  }
}

/** The code of the KRB-ERROR that caused an error; undefined for other errors. */
export function krbCodeOf(error: unknown): number | undefined {
  const cause = isError(error) ? error.cause : undefined;
  return cause instanceof KrbErrorCause ? cause.krbCode : undefined;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Describes a KRB-ERROR: who refused what, why, and what to do. */
export function krbErrorInWords(error: KrbError, subject: ErrorSubject): EmailError {
  const [name, words] = table[error.code] ?? [
    'error',
    (): readonly [string, string] => ['it gives an unknown reason', administrator],
  ];
  const [says, remedy] = words(subject);
  const text =
    error.text === undefined || error.text.replace(/\0/g, '') === ''
      ? ''
      : `, "${showText(error.text.replace(/\0+$/, ''), 200)}"`;
  return kerberosError(
    `${capital(subject.sender)} refused ${subject.request}: ${says} (${name} ${error.code}${text})`,
    {
      remedy,
      cause: new KrbErrorCause(name, error.code),
      retryable: error.code === errorCode.serviceUnavailable || error.code === errorCode.repeat,
    },
  );
}
