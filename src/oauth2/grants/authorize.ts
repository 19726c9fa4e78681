/**
 * Obtains tokens by the grant of the settings.
 * @module
 */
import { createAbortController } from '../../async/abort-controller.js';
import { throwIfAborted } from '../../errors/abort.js';
import type { AuthorizeOptions, OAuth2Settings } from '../../model/settings/oauth2.js';
import type { OAuth2Tokens } from '../../model/store.js';
import { authorizeByCode } from './authorization-code.js';
import { grantAssertion } from './client-proof.js';
import { authorizeByDevice } from './device-code.js';
import { findEndpoints } from '../endpoints.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import type { Surroundings } from '../surroundings.js';
import { requestTokens, type TokenClient, type TokenRequest } from '../token-endpoint.js';

/** Runs the grant, with a person if it needs one. */
export async function runGrant(
  settings: OAuth2Settings,
  options: AuthorizeOptions,
  surroundings: Surroundings,
): Promise<OAuth2Tokens> {
  const own = withoutPrototype(options);
  const { signal = createAbortController().signal } = own;
  throwIfAborted(signal);
  const client = { settings, surroundings, endpoints: await findEndpoints(settings, surroundings, signal) };
  const { grant = 'authorization-code' } = settings;
  if (grant === 'authorization-code') return await authorizeByCode(client, own, signal);
  if (grant === 'device-code') return await authorizeByDevice(client, own, signal);
  const outcome = await requestTokens(client, await requestWithoutPerson(client, signal), signal);
  if (outcome.tokens === undefined) throw outcome.failure;
  return outcome.tokens;
}

/** Can the grant run without a person? */
export function needsNoPerson({ grant }: OAuth2Settings): boolean {
  return grant === 'client-credentials' || grant === 'jwt-bearer';
}

/** The token request of a grant that needs no person. */
export async function requestWithoutPerson(client: TokenClient, signal: AbortSignal): Promise<TokenRequest> {
  const { settings, endpoints, surroundings } = client;
  const scope = settings.scope === undefined ? {} : { scope: settings.scope };
  if (settings.grant !== 'jwt-bearer')
    return { parameters: { grant_type: 'client_credentials', ...scope }, secrets: [] };
  const assertion = await grantAssertion(settings, endpoints, surroundings, signal);
  const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  return { parameters: { grant_type: grantType, assertion, ...scope }, secrets: [assertion] };
}
