/**
 * For Node 20 alone, to be removed together with it: TLS sessions that are quicker to resume.
 *
 * @module
 */
import { children, readElement, sequence, tag, wholeOf } from '../../util/der.js';

/** A server's certificate in a session as OpenSSL writes it (its ssl_asn1.c): [3]. */
const certificateTag = 0xa3;

/**
 * Node 20 only: a session without its server's certificate, which was judged when the session began and is kept beside it. OpenSSL 3.0 (Node
 * 20) parses the certificate each time it is given the session, which takes longer than resuming saves. OpenSSL 3.5 (Node 22.20 and later)
 * does not, and those Nodes write the server's name in front of a session, so that it comes back unchanged. After such a resumption
 * `getPeerCertificate()` of the socket is empty, and is not asked.
 */
export function withoutCertificate(session: Buffer): Buffer {
  if (session[0] !== tag.sequence) return session;
  try {
    const whole = readElement(session, 0);
    if (whole.end !== session.length) return session;
    const elements = [...children(session, whole)];
    return sequence(...elements.filter((part) => part.tag !== certificateTag).map((part) => wholeOf(session, part)));
  } catch {
    return session;
  }
}
