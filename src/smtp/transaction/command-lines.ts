/**
 * Finds content that a server could mistake for commands. BDAT and its chunk are sent together, and a server that
 * refuses a chunk must read and drop it (RFC 3030 section 2). A server that does not would execute the lines of the
 * chunk as commands of the authenticated client. Content with a line that begins like a command is therefore sent only
 * after the server has accepted what precedes it.
 * @module
 */
import { asBuffer } from '../../util/bytes.js';
import { createWordTable, findLimit, findWordAtLine, hasVectors } from '../../util/vectors/vectors.js';

/**
 * Verbs of RFC 5321 and its predecessors, of the extensions in IANA's registry, of LMTP, and of Postfix, Sendmail,
 * Exchange and others.
 */
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
 * A verb at the beginning of a line, followed by anything but more of a word. A line ends with CRLF, CR or LF. Servers
 * skip blanks before a verb (Sendmail) and accept STARTTLS followed by anything (go-smtp); a server may treat octets
 * beyond ASCII as blanks.
 */
const commandLine = new RegExp(`(?:^|[\\r\\n])[^!-~\\r\\n]*(?:STARTTLS|(?:${verbs.join('|')})(?![A-Za-z0-9-]))`, 'i');
const firstLetters = createWordTable(verbs);

/** Does any line of the content, including the first and the last, begin like a command? */
export function hasCommandLine(content: Uint8Array): boolean {
  if (content.length <= findLimit && hasVectors(content.length) && !findWordAtLine(content, firstLetters)) return false;
  return commandLine.test(asBuffer(content).toString('latin1'));
}
