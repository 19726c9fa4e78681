/**
 * For tests of programs that send mail: a transport in memory, and a real SMTP server in the process.
 *
 * @packageDocumentation
 */
export { MemoryTransport } from './testing/memory-transport.js';
export { createTestIdentities } from './testing/test-identities.js';
export { TestSmtpServer } from './testing/server/test-smtp-server.js';
export type { SentMessage } from './testing/memory-transport.js';
export type { DecodedMessage, SentAttachment } from './testing/decoded-message.js';
export type { TestIdentities } from './testing/test-identities.js';
export type { TestIdentity } from './testing/certificate-authority.js';
export type {
  PlannedTestFault,
  TestFault,
  TestFaultStage,
  TestMessage,
  TestRecipient,
  TestSmtpServerOptions,
} from './testing/server/server-options.js';
