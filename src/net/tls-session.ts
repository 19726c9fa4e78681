import { children, readElement, sequence, tag, wholeOf } from '../util/der.js';

/** A server's certificate in a session as OpenSSL writes it (its ssl_asn1.c): [3]. */
const certificateTag = 0xa3;

/**
 * A session without the certificate of its server, which was judged when the session began and is kept beside it. OpenSSL 3.0, that of
 * Node 20, reads it to the last each time it is given the session, which tls.connect() does twice, and that takes longer than resuming
 * saves. OpenSSL 3.5 does not, and Nodes that have it write the server's name in front of a session: it comes back as it is. What a
 * socket says of its server's certificate counts for nothing on a session that was resumed so.
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
