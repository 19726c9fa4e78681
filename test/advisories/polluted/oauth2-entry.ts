/**
 * The parts of OAuth 2.0 that services-tasks.mjs puts together with a clock of its own.
 *
 * @module
 */
export { DirectConnector } from '../../../src/net/direct.js';
export { createConnectorClient, runGrant } from '../../../src/oauth2/oauth2.js';
