/**
 * The texts of a refused certificate and of a failed handshake, and the settings that they name.
 * @module
 */
import type { DetailedPeerCertificate } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { mailServerSettings } from '../../../../src/net/peer-settings.js';
import { certificateRefused, handshakeFailed } from '../../../../src/net/tls/tls-errors.js';
import { root } from '../../../support/certificates.js';

type Names = Readonly<Record<string, string | string[]>>;
function certificate(subject: Names, issuer: Names, above?: DetailedPeerCertificate): DetailedPeerCertificate {
  const made = {
    subject,
    issuer,
    valid_from: 'Jan  1 00:00:00 2020 GMT',
    valid_to: 'Jan  1 00:00:00 2021 GMT',
    fingerprint256: 'AA:BB',
    raw,
  };
  return { ...made, issuerCertificate: above } as unknown as DetailedPeerCertificate;
}
const raw = root('mail.example.com').der;
const peer = { name: 'mail.example.com', names: mailServerSettings };
const top = certificate({ O: 'Example CA' }, { O: 'Example CA' });
const leaf = certificate({ CN: 'mail.example.com' }, { CN: ['Example', 'Issuing CA'] }, top);
const alone = certificate({ L: 'Here' }, {});

describe('a refused certificate', () => {
  test.each<[string, DetailedPeerCertificate, RegExp, RegExp]>([
    [
      'CERT_HAS_EXPIRED',
      leaf,
      /expired; that of mail\.example\.com was valid until Jan {2}1 00:00:00 2021/,
      /the clock of this machine is probably wrong/,
    ],
    ['CERT_HAS_EXPIRED', alone, /that of Here was valid/, /to renew it\. Check the clock/],
    ['CERT_NOT_YET_VALID', leaf, /is valid from Jan {2}1 00:00:00 2020/, /Check the clock/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', leaf, /self-signed, by mail\.example\.com/, /pinnedFingerprints.*AA:BB/],
    ['SELF_SIGNED_CERT_IN_CHAIN', leaf, /ends in Example CA/, /server\.tls\.ca/],
    [
      'UNABLE_TO_GET_ISSUER_CERT',
      leaf,
      /sent 2 certificates, and Example CA is not among/,
      /If Example Issuing CA is an intermediate/,
    ],
    [
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      alone,
      /sent only its own certificate, and an unnamed one is not/,
      /If an unnamed one is/,
    ],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', leaf, /the chain is incomplete/, /server\.tls\.ca/],
    ['INVALID_PURPOSE', leaf, /not issued for a TLS server/, /serverAuth/],
    ['CERT_REVOKED', leaf, /it was revoked/, /Tell the operator/],
    [
      'CERT_UNTRUSTED',
      leaf,
      /does not pass the checks; it is that of mail\.example\.com, issued by Example Issuing CA/,
      /server\.tls\.ca/,
    ],
  ])('for %s', (reason, given, message, remedy) => {
    const error = certificateRefused(reason, given, peer);
    expect(error).toMatchObject({ code: 'ERR_TLS', phase: 'tls' });
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`(${reason})`);
    expect(error.remedy).toMatch(remedy);
  });

  test('for another name names those that it has, and the setting that asked', () => {
    const code = 'ERR_TLS_CERT_ALTNAME_INVALID';
    expect(certificateRefused(code, leaf, peer)).toMatchObject({
      message: expect.stringContaining('it is not for mail.example.com but for ') as string,
      remedy: expect.stringContaining('Correct server.host') as string,
    });
    expect(certificateRefused(code, leaf, { ...peer, renamed: '192.0.2.1:465' })).toMatchObject({
      message: expect.stringMatching(
        /^The certificate of 192\.0\.2\.1:465 .*serverName asks for mail\.example\.com/,
      ) as string,
      remedy: expect.stringContaining('Remove server.tls.serverName') as string,
    });
  });
});

test.each([
  ['ERR_SSL_WRONG_VERSION_NUMBER', /did not answer with TLS/, false],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /requires a client certificate/, false],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', /no version of TLS that is allowed/, false],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', /no cipher suite in common/, false],
  ['ERR_SSL_EE_KEY_TOO_SMALL', /keys of the server are too weak/, false],
  ['ECONNRESET', /ended during the handshake \(ECONNRESET\)/, true],
  ['', /ended during the handshake\.?$/, false],
  ['ERR_SSL_SOMETHING', /failed: reason of OpenSSL \(ERR_SSL_SOMETHING\)/, false],
])('a handshake that fails with %j', (code, message, retryable) => {
  const cause = Object.assign(new Error('reason of OpenSSL'), code === '' ? {} : { code });
  const error = handshakeFailed(cause, peer);
  expect(error).toMatchObject({ code: 'ERR_TLS', phase: 'tls', retryable, cause });
  expect(error.message).toMatch(message);
});
