/**
 * The schema of the server and its TLS.
 * @module
 */
import type { OutgoingServer, Timeouts, TlsSettings } from '../../model/settings/server.js';
import { choice, choiceAmong, flag, list, oneOrMany, plain, wholeNumber } from '../../schema/combine.js';
import { object, optional, required } from '../../schema/object.js';
import { problem } from '../../schema/schema.js';
import type { Schema } from '../../schema/schema.js';
import { fingerprint, host, ipAddress, localName, text } from '../../schema/text.js';
import { certificateData, certificateSource } from './certificate.js';
import { otherKeys, otherValues } from './other-words/server.js';

export const port: Schema<number> = wholeNumber(1, 65535);

/** Milliseconds for a timer; Node fires at once for longer ones. 0 means no limit. */
export const milliseconds: Schema<number> = wholeNumber(0, 2 ** 31 - 1);

/** Does this version of Node have `tls.getCACertificates` (22.15, 23.10, 24)? */
export function hasSystemCa(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 10) || (major === 22 && minor >= 15);
}

const systemCa: Schema<boolean> = plain(flag.expected, (value, at, report) => {
  if (value === true && !hasSystemCa(process.versions.node)) {
    return problem(
      report,
      at,
      `needs Node 22.15 or later, this is ${process.versions.node}; name the trust anchors in ca instead`,
    );
  }
  return flag.check(value, at, report);
});

export const tlsSettings: Schema<TlsSettings> = object<TlsSettings>(
  {
    clientCertificate: optional(certificateSource),
    ca: optional(oneOrMany(certificateData)),
    useSystemCa: optional(systemCa),
    minVersion: optional(choice('TLSv1.2', 'TLSv1.3')),
    ciphers: optional(
      text({
        expected: 'an OpenSSL cipher list',
        max: 4096,
        fault: (value) =>
          /^[\w:!+@=,. -]+$/.test(value) ? undefined : 'expected an OpenSSL cipher list, got other text',
      }),
    ),
    pinnedFingerprints: optional(list(fingerprint, { max: 100 })),
    serverName: optional(host),
    dangerouslyAcceptAnyCertificate: optional(flag),
  },
  {
    others: otherKeys.tls,
    verify(value, given, at, report) {
      if (value.dangerouslyAcceptAnyCertificate === true && given('pinnedFingerprints')) {
        problem(
          report,
          `${at}.dangerouslyAcceptAnyCertificate`,
          'contradicts pinnedFingerprints: leave one of them out',
        );
      }
    },
  },
);

const timeouts: Schema<Timeouts> = object<Timeouts>(
  {
    connectMs: optional(milliseconds),
    greetingMs: optional(milliseconds),
    replyMs: optional(milliseconds),
    stallMs: optional(milliseconds),
    acceptanceMs: optional(milliseconds),
    totalMs: optional(milliseconds),
  },
  { others: otherKeys.timeouts },
);

const security = choiceAmong(['automatic', 'implicit', 'explicit', 'none'], otherValues.security);

const extensionKeyword: Schema<string> = text({
  expected: 'a keyword of EHLO',
  max: 64,
  fault(keyword) {
    if (!/^[a-z0-9][a-z0-9-]*$/i.test(keyword))
      return 'expected a keyword of EHLO: letters, digits and hyphens, without parameters';
    switch (keyword.toUpperCase()) {
      case 'STARTTLS':
        return 'server.security controls STARTTLS';
      case 'BDAT':
        return "BDAT is a command; the extension is called 'CHUNKING'";
      default:
        return undefined;
    }
  },
});

/** Has the profile several servers? */
export function isServerList(server: OutgoingServer | readonly OutgoingServer[]): server is readonly OutgoingServer[] {
  return Array.isArray(server);
}

export const outgoingServer: Schema<OutgoingServer> = object<OutgoingServer>(
  {
    host: required(host),
    port: optional(port),
    security: optional(security),
    protocol: optional(choice('smtp', 'lmtp')),
    localName: optional(localName),
    localAddress: optional(ipAddress),
    timeouts: optional(timeouts),
    tls: optional(tlsSettings),
    maxRecipients: optional(wholeNumber(1, 1_000_000)),
    ignoreExtensions: optional(list(extensionKeyword, { min: 0, max: 50 })),
  },
  { expected: "an object with host, or wellKnownServer('gmail')", others: otherKeys.server },
);
