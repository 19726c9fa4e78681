/**
 * Greeting and EHLO, which begin a connection, and EHLO again after TLS.
 * @module
 */
import { withDetails } from '../errors/email-error.js';
import type { SmtpReply } from '../model/reply.js';
import { createCommand } from './command.js';
import { ask, Broken, readReply, type Dialogue } from './dialogue.js';
import { noExtensions, parseExtensions } from './extensions.js';
import { blockListRemedy, misplaced, refused, replyError, wordsOf } from './reply-error.js';
import type { Reply } from './reply.js';
import type { Session } from './session.js';

/** The server's greeting, or its refusal (RFC 5321 section 3.1). */
export function* greeting(session: Session): Dialogue<SmtpReply> {
  session.begin('greeting');
  const reply = yield* readReply('greetingMs');
  if (reply.code === 220) return reply.read();
  if (reply.negative)
    throw refused('refused the connection', reply, {
      phase: 'greeting',
      ...(reply.code >= 500 && { remedy: blockList.test(wordsOf(reply.read())) ? blockListRemedy : unwelcome }),
    });
  throw misplaced('a greeting (220)', reply, { phase: 'greeting' });
}

const blockList = /\bblocked using\b|\bspamhaus\b|\b(?:dnsbl|rbl)\b|\b(?:block|black|deny)[- ]?list/i;
const unwelcome =
  'The server accepts no mail from this machine; its reply may say why. Ask its operator, or send through the ' +
  'submission service of your provider (port 587 or 465, with authentication).';

/** EHLO, or HELO if the server does not support it; LHLO with LMTP (RFC 2033). Sets the session's extensions. */
export function* hello(session: Session, localName: string): Dialogue<SmtpReply> {
  session.begin('hello');
  session.extensions = noExtensions;
  const verb = session.protocol === 'lmtp' ? 'LHLO' : 'EHLO';
  const reply = yield* ask(createCommand(`${verb} ${localName}`, 'server.localName'));
  if (reply.code === 250) {
    const read = reply.read();
    session.learn(parseExtensions(read.lines));
    return read;
  }
  if (!reply.negative) throw notHello(verb, reply);
  // Any permanent refusal of EHLO may mean that only HELO is supported (RFC 5321 section 3.2).
  if (reply.code < 500) throw refused(`refused ${verb}`, reply, { phase: 'ehlo' });
  if (verb === 'LHLO')
    throw refused('refused LHLO', reply, {
      phase: 'ehlo',
      remedy: "Set server.protocol to 'smtp', unless the server is known to use LMTP on this port.",
    });
  const refusal = replyError('refused EHLO', reply, { phase: 'ehlo', remedy: unknownName });
  const second = yield* ask(createCommand(`HELO ${localName}`, 'server.localName'), refusal);
  if (second.code === 250) return second.read();
  if (!second.negative) throw notHello('HELO', second);
  if (second.code === 421) throw new Broken(withDetails(refusal, { cause: replyError('refused HELO', second) }));
  throw refused('refused EHLO and HELO', second, { phase: 'ehlo', remedy: unknownName });
}

const unknownName =
  'The server may require another name: set server.localName to the name of this machine in the DNS. A server that ' +
  "uses LMTP needs server.protocol 'lmtp'.";

/** Only 250 is a valid reply to EHLO, HELO and LHLO (RFC 5321 section 4.1.1.1). */
function notHello(verb: string, reply: Reply): Broken {
  const again = reply.code === 220 ? ': it sent a second greeting' : '';
  return misplaced(`250 to ${verb}`, reply, { phase: 'ehlo' }, again);
}
