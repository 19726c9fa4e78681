/**
 * Reads the claims of an access token that is a JWT, before it is sent. The claims are not trusted, and only the
 * audience is ever shown. They only help to explain to a person why the server would refuse the token.
 * @module
 */
import type { EmailError } from '../model/error.js';
import { isMicrosoft365 } from '../smtp/provider-refusals.js';
import { showText } from '../util/show.js';
import { oauth2Error } from './errors.js';
import { jsonFields, numberField, textField } from './json.js';

/** The result of reading a token. */
export interface TokenJudgement {
  /** The server would certainly refuse the token. */
  readonly error?: EmailError | undefined;
  /** A likely reason for a refusal. */
  readonly doubt?: string | undefined;
  /** The token has expired by this machine's clock. */
  readonly expired?: boolean | undefined;
}

/** Clocks differ: the server decides about a token that expired less than this ago. */
const leewayMs = 300_000;

const entraIssuer =
  /^https:\/\/(?:sts\.windows\.net|login\.microsoftonline\.(?:com|us)|login\.(?:partner\.)?microsoftonline\.cn)\//;
const exchangeAudience =
  /^(?:https:\/\/(?:outlook\.office(?:365)?\.(?:com|us)|outlook\.office365\.us|partner\.outlook\.cn|ps\.outlook\.com)\/?|00000002-0000-0ff1-ce00-000000000000)$/;
const graphAudience =
  /^(?:https:\/\/(?:graph\.microsoft\.(?:com|us)|dod-graph\.microsoft\.us|microsoftgraph\.chinacloudapi\.cn|graph\.windows\.net)\/?|0000000[23]-0000-0000-c000-000000000000)$/;

const nothing: TokenJudgement = { error: undefined, doubt: undefined, expired: undefined };

/** Reads a token that is to go to `host`. A token of another provider, or one that is not a JWT, gives an empty result. */
export function judgeToken(token: string, host: string, now: number): TokenJudgement {
  const claims = claimsOf(token);
  if (claims === undefined || !entraIssuer.test(textField(claims, 'iss') ?? '')) return nothing;
  const audience = textField(claims, 'aud') ?? '';
  if (graphAudience.test(audience))
    return {
      ...nothing,
      error: oauth2Error(`The token is for Microsoft Graph (aud ${showText(audience, 100)}), not for SMTP.`, {
        remedy: scopeRemedy,
      }),
    };
  if (!isMicrosoft365(host)) return nothing;
  if (!exchangeAudience.test(audience))
    return {
      ...nothing,
      error: oauth2Error(`The token is for ${showText(audience, 100) || 'no audience'}, not for Exchange Online.`, {
        remedy: scopeRemedy,
      }),
    };
  const scopes = textField(claims, 'scp')?.split(' ');
  if (scopes !== undefined && !scopes.some((scope) => /^SMTP\.Send(?:AsApp)?$/i.test(scope)))
    return {
      ...nothing,
      error: oauth2Error('The token has no scope SMTP.Send: the server would refuse it.', { remedy: scopeRemedy }),
    };
  const expiry = numberField(claims, 'exp');
  const expired = expiry !== undefined && expiry * 1000 + leewayMs < now;
  const roles = claims.get('roles');
  const doubt =
    scopes === undefined && !(Array.isArray(roles) && roles.includes('SMTP.SendAsApp')) ? roleDoubt : undefined;
  return { ...nothing, expired, doubt };
}

const scopeRemedy =
  'Set oauth2.scope to "https://outlook.office.com/SMTP.Send offline_access" if a person signs in, or to ' +
  '"https://outlook.office365.com/.default" for an application, and get a new token.';

/** Not an error, because a right from RBAC for Applications appears in no token. */
const roleDoubt =
  'The token has no SMTP.SendAsApp role. Grant the application permission SMTP.SendAsApp (Office 365 Exchange ' +
  'Online) with admin consent. If Exchange gives the right by the role "Application SMTP.SendAsApp", ' +
  'check that its scope includes the mailbox.';

/** The claims of a JWT in compact form (RFC 7519); undefined if it is not a JWT. */
function claimsOf(token: string): ReadonlyMap<string, unknown> | undefined {
  const [, payload, signature, ...more] = token.split('.');
  if (payload === undefined || signature === undefined || more.length > 0 || !/^[\w-]+$/.test(payload))
    return undefined;
  return jsonFields(Buffer.from(payload, 'base64url'));
}
