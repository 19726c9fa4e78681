/**
 * For Node 20 only, to be removed with it: makes TLS sessions quicker to resume.
 * @module
 */
import { children, readElement, sequence, tag, wholeOf } from '../../util/der.js';

/** A server's certificate in a session as OpenSSL writes it (its ssl_asn1.c): [3]. */
const certificateTag = 0xa3;

/**
 * Removes the server's certificate from a session, for Node 20 only. The certificate was checked when the session began
 * and is kept beside it. OpenSSL 3.0 (Node 20) parses it each time it is given the session, which takes longer than
 * resuming saves. OpenSSL 3.5 (Node 22.20 and later) does not; those Nodes write the server's name in front of a
 * session, so it is returned unchanged. After such a resumption `getPeerCertificate()` of the socket is empty, and is
 * not used.
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
