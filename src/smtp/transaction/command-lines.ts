/**
 * Content that a server could take for commands. BDAT and its chunk leave together, and a server that refuses a chunk is to read and
 * drop it (RFC 3030 section 2). One that does not reads the lines of the chunk as commands, in the name of the client that is signed in. So
 * content with a line that begins like a command does not leave before the server has taken what precedes it.
 *
 * @module
 */
import { asBuffer } from '../../util/bytes.js';
import { createWordTable, findLimit, findWordAtLine, hasVectors } from '../../util/vectors/vectors.js';

/** RFC 5321 and its predecessors, the extensions in IANA's registry, LMTP, and what Postfix, Sendmail, Exchange and others add. */
const verbs = [
  ...['EHLO', 'HELO', 'MAIL', 'RCPT', 'DATA', 'RSET', 'VRFY', 'EXPN', 'HELP', 'NOOP', 'QUIT'],
  ...['SEND', 'SOML', 'SAML', 'TURN', 'ETRN', 'ATRN', 'AUTH', 'STARTTLS', 'BDAT', 'BURL', 'LHLO'],
  ...['XCLIENT', 'XFORWARD', 'CLIENTID', 'VERB', 'ONEX', 'XUSR', 'EMAL', 'ESND', 'ESOM', 'ESAM', 'EVFY'],
  ...[
    'X-EXPS',
    'X-ANONYMOUSTLS',
    'X-LINK2STATE',
    'XEXCH50',
    'XPROXY',
    'XPROXYFROM',
    'XPROXYTO',
    'XSHADOW',
    'XSHADOWREQUEST',
  ],
  ...['XQDISCARD', 'XSESSIONPARAMS', 'XMESSAGEVALUE', 'XRDST', 'XADR', 'XSTA', 'XCIR', 'XGEN'],
];

/**
 * A verb at the beginning of a line that CRLF, CR or LF ends, and behind it anything but more of a word. Servers skip blanks in front of
 * a verb (Sendmail) and accept STARTTLS with anything behind it (go-smtp); octets beyond ASCII may be blanks to a server.
 */
const commandLine = new RegExp(`(?:^|[\\r\\n])[^!-~\\r\\n]*(?:STARTTLS|(?:${verbs.join('|')})(?![A-Za-z0-9-]))`, 'i');
const firstLetters = createWordTable(verbs);

/** Does a line of the content, its first and its last included, begin like a command? */
export function hasCommandLine(content: Uint8Array): boolean {
  if (content.length <= findLimit && hasVectors() && !findWordAtLine(content, firstLetters)) return false;
  return commandLine.test(asBuffer(content).toString('latin1'));
}
