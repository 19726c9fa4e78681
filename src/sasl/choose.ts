/**
 * Chooses the mechanisms that a profile may use with a server's offer. It depends on their names only, not on how they
 * work.
 * @module
 */
import { createEmailError } from '../errors/email-error.js';
import type { Authentication } from '../model/settings/authentication.js';
import type { EmailError } from '../model/error.js';
import type { Security } from '../model/settings/server.js';
import { showText } from '../util/show.js';

/** The facts on which the choice depends. */
export interface MechanismChoice {
  readonly authentication: Authentication;
  /** The mechanisms that the server offers; under TLS those of the second EHLO. */
  readonly offered: readonly string[];
  /** Is the connection under TLS? */
  readonly secure: boolean;
  /** `server.security` of the profile. */
  readonly security: Security;
  /** Does the server offer STARTTLS? Under TLS it does not. */
  readonly startTls: boolean;
  /** The name of a custom mechanism. */
  readonly customName?: string | undefined;
}

/**
 * How a mechanism exposes the secret on a plain-text connection. 'clear' shows it and always needs `allowPlaintext`.
 * 'hashed' lets an eavesdropper guess passwords offline, so it needs `allowPlaintext` too, unless plain text was
 * chosen. 'protected' needs nothing.
 */
type Exposure = 'clear' | 'hashed' | 'protected';

const scramNames = ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1'] as const;
const overTls = [...scramNames.map((name) => `${name}-PLUS`), ...scramNames, 'PLAIN', 'LOGIN', 'CRAM-MD5'];
const overPlainText = [...scramNames, 'CRAM-MD5', 'PLAIN', 'LOGIN'];

/**
 * The names of the mechanisms to try, in this order; a single one for every method but 'password'. The next one may be
 * tried if the server does not support one after all (504), never after a refusal (535).
 *
 * @throws ERR_AUTH_UNAVAILABLE if the server offers none that the profile allows; ERR_AUTH_PLAINTEXT if it offers one
 * that would need TLS or `allowPlaintext`. In both cases nothing was sent.
 */
export function chooseMechanisms(choice: MechanismChoice): readonly [string, ...string[]] {
  const offered = new Set(choice.offered.map((name) => name.toUpperCase()));
  const usable = wanted(choice).filter((name) => offered.has(name.toUpperCase()));
  const allowed = usable.filter((name) => permitted(name, choice));
  // SCRAM uses channel binding if it can. The variant without -PLUS stays in the list of 'password' only, for servers
  // that answer 504.
  const [first, ...rest] = choice.authentication.method === 'password' ? allowed : allowed.slice(0, 1);
  if (first !== undefined) return [first, ...rest];
  throw usable.length > 0 ? plaintextRefused(choice, usable) : unavailable(choice);
}

/** The mechanisms that the profile would use here, the strongest first, whether offered or not. */
function wanted({ authentication, secure, customName }: MechanismChoice): readonly string[] {
  switch (authentication.method) {
    case 'password': {
      const names = secure ? overTls : overPlainText;
      // LOGIN and CRAM-MD5 cannot carry an authorization identity.
      return authentication.authorizationId === undefined
        ? names
        : names.filter((name) => name !== 'LOGIN' && name !== 'CRAM-MD5');
    }
    case 'scram-sha-1':
    case 'scram-sha-256':
    case 'scram-sha-512': {
      const name = authentication.method.toUpperCase();
      return secure ? [`${name}-PLUS`, name] : [name];
    }
    case 'kerberos':
      return ['GSSAPI'];
    case 'external':
      return secure ? ['EXTERNAL'] : [];
    case 'custom':
      return customName === undefined ? [] : [customName];
    default:
      return [authentication.method.toUpperCase()];
  }
}

function permitted(name: string, { authentication, secure, security }: MechanismChoice): boolean {
  if (secure || authentication.allowPlaintext === true) return true;
  const exposure = authentication.method === 'custom' ? 'clear' : exposureOf(name);
  return exposure === 'protected' || (exposure === 'hashed' && security === 'none');
}

function exposureOf(name: string): Exposure {
  if (name === 'GSSAPI') return 'protected';
  return name === 'CRAM-MD5' || name === 'NTLM' || name.startsWith('SCRAM-') ? 'hashed' : 'clear';
}

function plaintextRefused({ authentication, security }: MechanismChoice, usable: readonly string[]): EmailError {
  const clear = usable.filter((name) => authentication.method === 'custom' || exposureOf(name) === 'clear').length;
  const dangers = ['guess at the password', 'read the password, or guess at it', 'read the secret'];
  const danger = `would let anyone on the network path ${dangers[clear === 0 ? 0 : clear < usable.length ? 1 : 2]}`;
  return createEmailError(
    'ERR_AUTH_PLAINTEXT',
    `No authentication was tried: the connection has no TLS, and ${list(usable)} ${danger}. No credential was sent.`,
    {
      phase: 'authenticate',
      remedy:
        `Set server.security to 'explicit' or 'implicit'${security === 'none' ? " instead of 'none'" : ''}. ` +
        'If the whole network path to the server is trusted, set authentication.allowPlaintext to true.',
    },
  );
}

function unavailable(choice: MechanismChoice): EmailError {
  const { offered, secure } = choice;
  const plain = secure ? '' : ' without TLS';
  const what =
    offered.length === 0
      ? `The server offers no authentication${plain}. ${needs(choice)}.`
      : `${needs(choice)}, but the server offers only ${list(offered)}${plain}.`;
  return createEmailError('ERR_AUTH_UNAVAILABLE', `${what} No credential was sent.`, {
    phase: 'authenticate',
    remedy: remedyFor(choice),
  });
}

function needs(choice: MechanismChoice): string {
  const { method } = choice.authentication;
  const names = wanted(choice);
  if (names.length > 0) return `Method '${method}' can use ${list(names)}`;
  if (method === 'external') return "Method 'external' uses a TLS client certificate, but the connection has no TLS";
  return `Method '${method}' names no mechanism`;
}

function remedyFor({ authentication, offered, secure, startTls }: MechanismChoice): string {
  const methods = otherMethods(authentication, offered, secure);
  const tls = secure ? '' : `${startTls ? tlsByCommand : tlsElsewhere} `;
  if (methods !== '') return `${tls}${secure ? 'Use' : 'Or use'} an offered method: authentication.method ${methods}.`;
  if (offered.length === 0 && !startTls)
    return (
      `${tls}Check server.port: submission with authentication usually uses 587 or 465; a relay that needs none ` +
      'requires a profile without authentication.'
    );
  return `${tls}${secure ? 'Have' : 'Or have'} one of the mechanisms that the profile can use enabled on the server.`;
}

const tlsByCommand =
  "Set server.security to 'explicit': the server offers STARTTLS, and many servers offer authentication under TLS only.";
const tlsElsewhere =
  "The server offers no TLS on this port. If its port 465 answers, use that with server.security 'implicit', because many " +
  'servers offer more under TLS.';

/** The methods besides that of the profile that fit what is offered, as a list in words; '' if there are none. */
export function otherMethods(authentication: Authentication, offered: readonly string[], secure: boolean): string {
  return methodsFor(offered, secure)
    .filter((method) => method !== authentication.method)
    .map((method) => `'${method}'`)
    .join(' or ');
}

/** The methods that fit what is offered, the strongest first. */
function methodsFor(offered: readonly string[], secure: boolean): readonly Authentication['method'][] {
  const names = new Set(offered.map((name) => name.toUpperCase()));
  const has = (...candidates: readonly string[]): boolean => candidates.some((name) => names.has(name));
  const methods: Authentication['method'][] = [];
  if (has(...(secure ? overTls : overPlainText))) methods.push('password');
  if (has('GSSAPI')) methods.push('kerberos');
  if (has('NTLM')) methods.push('ntlm');
  if (has('OAUTHBEARER')) methods.push('oauthbearer');
  if (has('XOAUTH2')) methods.push('xoauth2');
  if (secure && has('EXTERNAL')) methods.push('external');
  return methods;
}

/** Names from a server are foreign text: they are shortened and escaped. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => showText(name, 40));
  if (names.length > 20) shown.push(`${names.length - 20} more`);
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}
