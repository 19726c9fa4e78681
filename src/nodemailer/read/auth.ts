/**
 * Reads `auth`.
 * @module
 */
import type { Authentication } from '../../model/settings/authentication.js';
import type { OAuth2Settings } from '../../model/settings/oauth2.js';
import type { OAuth2Tokens, TokenStore } from '../../model/store.js';
import type { Fields } from './fields.js';
import { refusedAuth } from './refused.js';

/** A new access token, as in the event 'token'. */
export interface NewToken {
  /** The user whose token it is. */
  readonly user: string;
  /** The token. */
  readonly accessToken: string;
  /** Milliseconds since 1970; 0 if the provider did not say. */
  readonly expires: number;
}

/** `auth` in the terms of a profile. */
export interface ReadAuth {
  readonly authentication?: Authentication;
  readonly oauth2?: OAuth2Settings;
  /** Starts with the given token, and reports each new one. */
  readonly tokenStore?: TokenStore;
}

const passwordMethods = { PLAIN: 'plain', LOGIN: 'login', 'CRAM-MD5': 'cram-md5' } as const;
const googleTokenUrl = 'https://accounts.google.com/o/oauth2/token';
const googleScope = 'https://mail.google.com/';

export function readAuth(
  auth: Fields,
  defaultMethod: string | undefined,
  onToken: (token: NewToken) => void,
): ReadAuth {
  const type = (auth.text('type') ?? 'login').toLowerCase();
  const method = (auth.text('method') ?? defaultMethod)?.toUpperCase();
  const user = auth.text('user');
  const allowPlaintext = auth.flag('allowPlaintext') ?? false;
  if (user === undefined) auth.refuse('user', 'is missing');
  const username = user ?? '';
  if (type === 'oauth2' || (method === 'XOAUTH2' && type === 'login')) {
    const read = readOAuth2(auth, username, onToken);
    auth.end(refusedAuth);
    return { ...read, authentication: { method: 'xoauth2', username, allowPlaintext, ...read.authentication } };
  }
  if (type !== 'login') auth.refuse('type', `expected 'login' or 'OAuth2': ${refusedAuth['options'] ?? ''}`);
  const password = auth.text('pass');
  if (password === undefined) auth.refuse('pass', 'is missing');
  auth.end(refusedAuth);
  const known = method === undefined ? undefined : Object.entries(passwordMethods).find(([name]) => name === method);
  if (method !== undefined && known === undefined)
    auth.refuse('method', 'expected PLAIN, LOGIN, CRAM-MD5 or XOAUTH2; a profile has more methods');
  return {
    authentication: { method: known?.[1] ?? 'password', username, password: password ?? '', allowPlaintext },
  };
}

function readOAuth2(
  auth: Fields,
  user: string,
  onToken: (token: NewToken) => void,
): Omit<ReadAuth, 'authentication'> & { readonly authentication?: { readonly token: string } } {
  const accessToken = auth.text('accessToken');
  const expires = auth.number('expires');
  const tokenUrl = auth.text('accessUrl') ?? googleTokenUrl;
  const serviceClient = auth.text('serviceClient');
  const key = auth.text('privateKey');
  const refreshToken = auth.text('refreshToken');
  const clientId = auth.text('clientId');
  const clientSecret = auth.text('clientSecret');
  const scope = auth.text('scope');
  const params = auth.fields('customParams');
  const tokenParameters = params && readParameters(auth.any('customParams'), params);
  if (serviceClient === undefined && refreshToken === undefined) {
    if (accessToken !== undefined) return { authentication: { token: accessToken } };
    auth.refuse('accessToken', 'is missing; or give clientId and refreshToken, or serviceClient and privateKey');
    return {};
  }
  if (serviceClient !== undefined && key === undefined) auth.refuse('privateKey', 'is missing; serviceClient needs it');
  if (serviceClient === undefined && clientId === undefined)
    auth.refuse('clientId', 'is missing; refreshToken needs it');
  const given: OAuth2Tokens | undefined =
    accessToken === undefined
      ? undefined
      : {
          accessToken,
          tokenType: 'Bearer',
          refreshToken,
          expiresAt: expires === undefined ? undefined : new Date(expires),
        };
  return {
    tokenStore: tokensOf(user, given, onToken),
    oauth2:
      serviceClient === undefined
        ? { clientId: clientId ?? '', clientSecret, tokenUrl, refreshToken, scope, tokenParameters }
        : {
            clientId: serviceClient,
            tokenUrl,
            grant: 'jwt-bearer',
            scope: scope ?? googleScope,
            privateKey: { key: key ?? '', subject: user, audience: tokenUrl },
            tokenParameters,
          },
  };
}

function readParameters(value: unknown, fields: Fields): Readonly<Record<string, string>> {
  const names = Object.keys(Object(value));
  return Object.fromEntries(names.map((name) => [name, fields.text(name) ?? '']));
}

function tokensOf(user: string, given: OAuth2Tokens | undefined, onToken: (token: NewToken) => void): TokenStore {
  let held = given;
  return {
    loadTokens: async () => held,
    saveTokens: async (_key, tokens) => {
      held = tokens;
      onToken({ user, accessToken: tokens.accessToken, expires: tokens.expiresAt?.getTime() ?? 0 });
    },
  };
}
