/**
 * The server's side of SCRAM (RFC 5802, 7677), with channel binding (RFC 5929, 9266).
 * @module
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { saslprep } from '../../sasl/saslprep.js';
import { utf8 } from '../../util/bytes.js';
import type { ServerAuthContext, ServerMechanism, ServerStep } from './server-mechanism.js';

const iterations = 4096;
const keyBytes: ReadonlyMap<string, number> = new Map([
  ['sha1', 20],
  ['sha256', 32],
  ['sha512', 64],
]);

/** Makes the server side of a SCRAM mechanism. `name` is as in the AUTH line, such as `SCRAM-SHA-256-PLUS`. */
export function createScramServer(name: string, context: ServerAuthContext): ServerMechanism {
  const plus = name.endsWith('-PLUS');
  const hash = name.replace(/^SCRAM-SHA-/, 'sha').replace(/-PLUS$/, '');
  let state: { readonly first: ClientFirst; readonly serverFirst: string } | undefined;
  let proven: string | undefined;
  return (response): ServerStep => {
    if (response === undefined) return { challenge: Buffer.alloc(0) };
    if (proven !== undefined)
      return response.length === 0 ? { user: proven } : { refused: 'octets after the server signature' };
    if (state === undefined) {
      const first = parseClientFirst(response.toString(), plus, name, context);
      if (typeof first === 'string') return { refused: first };
      const nonce = first.nonce + randomBytes(18).toString('base64');
      const serverFirst = `r=${nonce},s=${saltOf(first.user).toString('base64')},i=${iterations}`;
      state = { first: { ...first, nonce }, serverFirst };
      return { challenge: utf8(serverFirst) };
    }
    const { first, serverFirst } = state;
    const verdict = verifyProof(response.toString(), first, serverFirst, hash, context.passwordOf(first.user));
    if ('refused' in verdict) return verdict;
    proven = first.user;
    return { challenge: utf8(`v=${verdict.signature}`) };
  };
}

/** The salt of a user. It is the same at each attempt, even for a user who does not exist (RFC 5802 section 9). */
function saltOf(user: string): Buffer {
  return createHash('sha256').update(`salt of ${user}`).digest().subarray(0, 16);
}

function verifyProof(
  text: string,
  first: ClientFirst,
  serverFirst: string,
  hash: string,
  password: string | undefined,
): { readonly signature: string } | { readonly refused: string } {
  const [, withoutProof = '', binding, nonce, proof = ''] =
    /^(c=([A-Za-z0-9+/=]+),r=([^,]+)),p=([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  if (nonce !== first.nonce) return { refused: 'the nonce is not the one sent' };
  if (binding !== first.binding) return { refused: 'the channel binding does not match' };
  const prepared = saslprep(password ?? randomBytes(16).toString('hex'));
  if (typeof prepared !== 'string') return { refused: `the password ${prepared.problem}` };
  const salted = pbkdf2Sync(prepared, saltOf(first.user), iterations, keyBytes.get(hash) ?? 32, hash);
  const authMessage = `${first.bare},${serverFirst},${withoutProof}`;
  const hmac = (key: Uint8Array, data: string): Buffer => createHmac(hash, key).update(data).digest();
  const digest = (data: Uint8Array): Buffer => createHash(hash).update(data).digest();
  const storedKey = digest(hmac(salted, 'Client Key'));
  const mask = hmac(storedKey, authMessage);
  const shown = digest(Buffer.from(proof, 'base64').map((octet, i) => octet ^ (mask[i] ?? 0)));
  if (!timingSafeEqual(shown, storedKey)) return { refused: 'wrong user name or password' };
  return { signature: hmac(hmac(salted, 'Server Key'), authMessage).toString('base64') };
}

interface ClientFirst {
  readonly user: string;
  readonly nonce: string;
  readonly bare: string;
  /** The `c=` that the client's last message must contain. */
  readonly binding: string;
}

/** Parses the client's first message; a string is the reason of a refusal. */
function parseClientFirst(text: string, plus: boolean, name: string, context: ServerAuthContext): ClientFirst | string {
  const [, header, flag, type, authorizationId, bare, rawUser, nonce] =
    /^((n|y|p=([A-Za-z0-9.-]+)),(?:a=([^,]*))?,)(n=([^,]+),r=([!-+\--~]+))$/.exec(text) ?? [];
  if (header === undefined || bare === undefined || rawUser === undefined || nonce === undefined)
    return 'malformed SCRAM message';
  if (/=(?!2C|3D)/.test(rawUser)) return 'malformed user name';
  const user = rawUser.replaceAll('=2C', ',').replaceAll('=3D', '=');
  if (authorizationId && authorizationId !== user) return 'may not act as somebody else';
  if (plus !== (type !== undefined))
    return plus ? 'a -PLUS mechanism needs channel binding' : 'channel binding needs a -PLUS mechanism';
  if (flag === 'y' && context.offered.includes(`${name}-PLUS`))
    return 'channel binding was offered: somebody changed the list';
  const binding = context.channelBindings.find((candidate) => candidate.type === type);
  if (type !== undefined && binding === undefined) return `channel binding ${type} is not supported`;
  return {
    user,
    nonce,
    bare,
    binding: Buffer.concat([utf8(header), binding?.data ?? Buffer.alloc(0)]).toString('base64'),
  };
}
