/**
 * The files that are changed, and the tests that must fail then.
 * @module
 */
export const rooms = {
  'reply parser': {
    files: ['src/smtp/reply-parser.ts', 'src/smtp/reply.ts', 'src/connection/channel/inbound.ts'],
    tests: ['test/unit/smtp/reply-parser', 'test/unit/connection/channel/inbound', 'test/unit/connection/refusals'],
  },
  'command writer': {
    files: [
      'src/smtp/command.ts',
      'src/smtp/path.ts',
      'src/smtp/simple-commands.ts',
      'src/smtp/transaction/command-lines.ts',
      'src/smtp/transaction/envelope-commands.ts',
      'src/smtp/transaction/requests.ts',
    ],
    tests: ['test/unit/smtp', 'test/wire', 'test/advisories/peers'],
  },
  session: {
    files: [
      'src/smtp/session.ts',
      'src/smtp/hello.ts',
      'src/smtp/extensions.ts',
      'src/smtp/transaction/transaction.ts',
      'src/smtp/transaction/recipients.ts',
      'src/smtp/transaction/content-transfer.ts',
    ],
    tests: ['test/unit/smtp', 'test/wire', 'test/unit/connection/transact'],
  },
  channel: {
    files: [
      'src/connection/channel/channel.ts',
      'src/connection/channel/exchange.ts',
      'src/connection/channel/outbound.ts',
      'src/connection/channel/output.ts',
      'src/connection/channel/content-source.ts',
      'src/connection/channel/deadline.ts',
    ],
    tests: ['test/unit/connection', 'test/wire'],
  },
  pool: {
    files: [
      'src/transport/pool/pool.ts',
      'src/transport/pool/slot.ts',
      'src/transport/pool/slots.ts',
      'src/transport/pool/openings.ts',
      'src/transport/pool/waiters.ts',
      'src/transport/pool/opening-pace.ts',
      'src/transport/pool/rate-limiter.ts',
      'src/transport/smtp-transport.ts',
    ],
    tests: ['test/unit/transport', 'test/advisories/reconnect-storm', 'test/advisories/concurrency-refusals'],
  },
  retry: {
    files: [
      'src/transport/retry/candidate.ts',
      'src/transport/retry/circuit.ts',
      'src/transport/retry/outcome.ts',
      'src/transport/retry/retry-transport.ts',
      'src/transport/retry/sending.ts',
      'src/transport/retry/verdict.ts',
      'src/transport/retry/waiting-room.ts',
    ],
    tests: ['test/unit/transport/retry', 'test/integration/retry.test.ts'],
  },
  sasl: {
    files: [
      'src/sasl/scram.ts',
      'src/sasl/scram-message.ts',
      'src/sasl/choose.ts',
      'src/sasl/login.ts',
      'src/sasl/cram-md5.ts',
      'src/sasl/bearer.ts',
      'src/sasl/saslprep.ts',
      'src/smtp/authenticate.ts',
    ],
    tests: ['test/unit/sasl', 'test/unit/smtp/set-up', 'test/unit/connection/open'],
  },
  address: {
    files: [
      'src/address/mailbox.ts',
      'src/address/scanner.ts',
      'src/address/domain.ts',
      'src/address/format.ts',
      'src/address/original-recipient.ts',
    ],
    tests: [
      'test/unit/address',
      'test/fuzz/address',
      'test/unit/smtp/transaction/envelope-commands',
      'test/advisories/peers',
    ],
  },
  'dot-stuffing': {
    files: [
      'src/smtp/transaction/dot-stuffing.ts',
      'src/smtp/transaction/line-ends.ts',
      'src/smtp/transaction/content.ts',
    ],
    tests: ['test/unit/smtp/transaction', 'test/wire'],
  },
  oauth2: {
    files: [
      'src/oauth2/token-source.ts',
      'src/oauth2/token-endpoint.ts',
      'src/oauth2/token-keeper.ts',
      'src/oauth2/json.ts',
      'src/oauth2/jwt.ts',
      'src/oauth2/provider.ts',
      'src/oauth2/token-claims.ts',
      'src/oauth2/grants/authorization-code.ts',
      'src/oauth2/grants/client-proof.ts',
      'src/oauth2/grants/device-code.ts',
    ],
    tests: ['test/unit/oauth2', 'test/integration/oauth2.test.ts'],
  },
  store: {
    files: [
      'src/store/store-file.ts',
      'src/store/file-format.ts',
      'src/store/content.ts',
      'src/store/store-key.ts',
      'src/store/file-profile-store.ts',
      'src/store/sealed-profile.ts',
      'src/store/arguments.ts',
    ],
    tests: ['test/unit/store/file-format', 'test/unit/store/profile-store'],
  },
  'path validation': {
    files: [
      'src/pki/path/path.ts',
      'src/pki/path/path-names.ts',
      'src/pki/path/path-policies.ts',
      'src/pki/path/path-pool.ts',
      'src/pki/path/path-revocation.ts',
    ],
    tests: ['test/unit/pki/path', 'test/unit/smime/verify/revocation', 'test/unit/smime/verify/verify'],
  },
};
