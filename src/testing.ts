/**
 * For tests of programs that send mail: a transport in memory, and a real SMTP server in the process.
 *
 * @packageDocumentation
 */
export { FileTransport } from './testing/file-transport.js';
export { MemoryTransport } from './testing/memory-transport.js';
export { createTestIdentities } from './testing/test-identities.js';
export { renderPreview } from './testing/preview/message-page.js';
export { servePreview } from './testing/preview/serve-preview.js';
export { TestSmtpServer } from './testing/server/test-smtp-server.js';
export type { FileTransportOptions, WrittenMessage } from './testing/file-transport.js';
export type { PreviewMessage } from './testing/preview/message-page.js';
export type { PreviewServer, PreviewSource, ServePreviewOptions } from './testing/preview/serve-preview.js';
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
