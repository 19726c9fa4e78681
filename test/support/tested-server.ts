/**
 * A server whose ports take no connection, for transports and reports without a network.
 * @module
 */
import type { TestedServer } from '../../src/transport/diagnosis.js';

export const testedServer: TestedServer = {
  host: 'mail.example.com',
  port: 587,
  security: 'explicit',
  connectMs: 0,
  greetingMs: 0,
  authenticates: false,
  probe: () => Promise.resolve({ kind: 'unreachable' }),
};
