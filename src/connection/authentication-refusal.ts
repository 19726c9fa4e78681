/**
 * Remedies for a server that refuses an authentication.
 * @module
 */
import type { Authentication } from '../model/settings/authentication.js';
import type { SmtpReply } from '../model/reply.js';
import { otherMethods } from '../sasl/choose.js';
import type { Extensions } from '../smtp/extensions.js';
import { wantedFirst } from '../smtp/reply-error.js';
import { providerRemedy } from '../smtp/provider-refusals.js';
import { hasOwn } from '../util/own.js';

/** A refusal and its session. */
export interface RefusedAuthentication {
  readonly reply: SmtpReply;
  readonly mechanism: string;
  readonly authentication: Authentication;
  readonly host: string;
  /** Is the connection under TLS? */
  readonly secure: boolean;
  readonly extensions: Extensions;
}

export function refusalRemedy(refused: RefusedAuthentication): string {
  const { reply, authentication, host, secure } = refused;
  const known = providerRemedy(reply, { host, stage: 'AUTH', proof: proofOf(authentication) });
  if (known !== undefined) return known;
  if (!secure && wantsTls(reply)) return tlsFirst;
  const remedy = byEnhancedCode[reply.enhancedCode ?? ''];
  const another = wantsAnotherMechanism(reply) ? anotherMethod(refused) : '';
  if (remedy !== undefined || another !== '') return `${remedy ?? ''} ${another}`.trim();
  if (reply.code < 500) return 'The server could not check it now: try again later.';
  return (
    `Check ${checkedValues[proofOf(authentication) ?? 'other']}, and that the account may send by ` +
    `SMTP.${windowsNames(refused)}`
  );
}

const checkedValues = {
  password: 'user name and password',
  token: 'user name and token',
  other: 'the credential',
} as const;

/** The kind of credential that a method uses; undefined if it is neither password nor token. */
export function proofOf(authentication: Authentication): 'password' | 'token' | undefined {
  if (authentication.method === 'xoauth2' || authentication.method === 'oauthbearer') return 'token';
  return hasOwn(authentication, 'password') && authentication.method !== 'kerberos' ? 'password' : undefined;
}

const tlsFirst = "The server requires TLS for this: set server.security to 'explicit' or 'implicit'.";

/** Remedies by enhanced code (RFC 4954 section 6). */
const byEnhancedCode: Readonly<Record<string, string>> = {
  '4.7.12':
    'The server must receive the password once before this mechanism works: sign in once under TLS with ' +
    "authentication.method 'plain'.",
  '5.5.6':
    'The token or ticket makes a line that is too long for the server: ask its operator to raise the limit (Postfix: ' +
    'smtpd_sasl_response_limit), or use a shorter one.',
  '5.7.9': 'The server requires a stronger mechanism, or an application password instead of the sign-in password.',
  '5.7.11': tlsFirst,
};

/** Does the reply require TLS? 538 always does (RFC 2554), 530 if its text says so. */
function wantsTls(reply: SmtpReply): boolean {
  return reply.code === 538 || (reply.code === 530 && wantedFirst(reply).code === 'ERR_TLS_REQUIRED');
}

/** 504 refuses the mechanism and 534 its strength; neither refuses the credential. */
function wantsAnotherMechanism({ code, enhancedCode }: SmtpReply): boolean {
  return code === 504 || code === 534 || enhancedCode === '5.5.4' || enhancedCode === '5.7.9';
}

function anotherMethod({ authentication, extensions, secure, mechanism }: RefusedAuthentication): string {
  const offered = (extensions.get('AUTH') ?? []).filter((name) => name.toUpperCase() !== mechanism);
  const methods = otherMethods(authentication, offered, secure);
  return methods === ''
    ? ''
    : `The server refused ${mechanism} and offers others: try authentication.method ${methods}.`;
}

/** Windows servers, such as Exchange, identify users by their domain. */
function windowsNames({ authentication, extensions, mechanism }: RefusedAuthentication): string {
  const offered = extensions.get('AUTH') ?? [];
  const isWindows = mechanism === 'NTLM' || extensions.has('X-EXPS') || offered.some((name) => /^NTLM$/i.test(name));
  if (!isWindows || proofOf(authentication) !== 'password' || !hasOwn(authentication, 'username')) return '';
  const { username, method } = authentication;
  const hasDomain = username.includes('\\') || (method === 'ntlm' && authentication.domain !== undefined);
  const form = hasDomain
    ? 'user@domain instead of a name with the domain before it'
    : username.includes('@')
      ? 'DOMAIN\\user instead of user@domain'
      : 'DOMAIN\\user or user@domain';
  return ` The server seems to belong to a Windows domain: it may require authentication.username as ${form}.`;
}
