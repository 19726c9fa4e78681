/**
 * The server side of the SASL mechanisms that take one or two messages. SCRAM is in its own file.
 * @module
 */
import { createHmac, randomBytes } from 'node:crypto';
import { utf8 } from '../../util/bytes.js';
import { createScramServer } from './scram-server.js';
import { sameText } from './server-mechanism.js';
import type { ServerAuthContext, ServerMechanism, ServerStep } from './server-mechanism.js';

/** All mechanisms that can be offered, strongest first. */
export const serverMechanisms = [
  'SCRAM-SHA-512-PLUS',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-1-PLUS',
  'SCRAM-SHA-512',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'PLAIN',
  'LOGIN',
  'CRAM-MD5',
  'XOAUTH2',
  'OAUTHBEARER',
  'EXTERNAL',
] as const;

/** The server's side of a mechanism that was offered. */
export function createServerMechanism(name: string, context: ServerAuthContext): ServerMechanism {
  switch (name) {
    case 'PLAIN':
      return afterEmptyChallenge((response) => plain(response, context));
    case 'LOGIN':
      return login(context);
    case 'CRAM-MD5':
      return cramMd5(context);
    case 'XOAUTH2':
      return bearer(/^user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01$/i, context);
    case 'OAUTHBEARER':
      return bearer(
        /^n,a=([^,\x01]*),\x01(?:(?!auth=)[a-z]+=[^\x01]*\x01)*auth=Bearer ([^\x01]*)\x01(?:[a-z]+=[^\x01]*\x01)*\x01$/i,
        context,
      );
    case 'EXTERNAL':
      return afterEmptyChallenge((response) => external(response.toString(), context));
    default:
      return createScramServer(name, context);
  }
}

function afterEmptyChallenge(verify: (response: Buffer) => ServerStep): ServerMechanism {
  return (response) => (response === undefined ? { challenge: Buffer.alloc(0) } : verify(response));
}

function checkPassword(user: string, password: string, context: ServerAuthContext): ServerStep {
  return sameText(context.passwordOf(user) ?? randomBytes(16).toString('hex'), password)
    ? { user }
    : { refused: 'wrong user name or password' };
}

function plain(response: Buffer, context: ServerAuthContext): ServerStep {
  const [authorizationId, user, password, ...more] = response.toString().split('\0');
  if (!user || password === undefined || more.length > 0) return { refused: 'malformed PLAIN message' };
  if (authorizationId !== '' && authorizationId !== user) return { refused: 'may not act as somebody else' };
  return checkPassword(user, password, context);
}

function login(context: ServerAuthContext): ServerMechanism {
  let user: string | undefined;
  return (response) => {
    if (response === undefined) return { challenge: utf8('Username:') };
    if (user !== undefined) return checkPassword(user, response.toString(), context);
    user = response.toString();
    return { challenge: utf8('Password:') };
  };
}

function cramMd5(context: ServerAuthContext): ServerMechanism {
  const challenge = `<${randomBytes(12).toString('hex')}@localhost>`;
  return (response) => {
    if (response === undefined) return { challenge: utf8(challenge) };
    const text = response.toString();
    const space = text.lastIndexOf(' ');
    const user = text.slice(0, space);
    const digest = createHmac('md5', context.passwordOf(user) ?? randomBytes(16))
      .update(challenge)
      .digest('hex');
    return space > 0 && sameText(digest, text.slice(space + 1)) ? { user } : { refused: 'wrong user name or password' };
  };
}

/** A wrong token is explained in a last challenge, which the client must answer (RFC 7628 section 3.2.3). */
function bearer(syntax: RegExp, context: ServerAuthContext): ServerMechanism {
  let refused: string | undefined;
  return (response) => {
    if (refused !== undefined) return { refused };
    if (response === undefined) return { challenge: Buffer.alloc(0) };
    const [, user, token] = syntax.exec(response.toString()) ?? [];
    if (user === undefined || token === undefined) return { refused: 'malformed bearer token message' };
    const step = checkPassword(user, token, context);
    if ('user' in step) return step;
    refused = 'the token is not valid';
    return { challenge: utf8(JSON.stringify({ status: 'invalid_token', schemes: 'bearer', scope: 'smtp' })) };
  };
}

function external(authorizationId: string, context: ServerAuthContext): ServerStep {
  const user = context.certificateName;
  if (user === undefined || context.passwordOf(user) === undefined) return { refused: 'the certificate names no user' };
  if (authorizationId !== '' && authorizationId !== user) return { refused: 'may not act as somebody else' };
  return { user };
}
