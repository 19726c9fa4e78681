/**
 * The one lazily loaded entry to OAuth 2.0: a program that obtains no tokens loads none of it.
 * @module
 */
export { createConnectorClient } from '../net/http/connector-client.js';
export { createFetchClient } from '../net/http/fetch-client.js';
export { runGrant } from './grants/authorize.js';
export { systemClock } from './surroundings.js';
export { tokenKey } from './token-key.js';
export { TokenSource } from './token-source.js';
