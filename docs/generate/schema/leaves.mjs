/** Text, numbers and secrets as JSON Schema. Rules that a schema of src has as functions become patterns. */

/** Rules that JSON Schema does not express. `problem` matches the messages of `parseProfile` about them. */
export const unexpressed = [
  {
    text: 'the syntax of addresses beyond an @ (RFC 5321, RFC 5322)',
    problem: /at character \d+ of|local part|domain|address/,
    where: /(?:^|\.)(?:email|replyTo(?:\.\d+)?|readReceiptTo|returnReceiptTo|envelopeFrom)$/,
  },
  { text: 'IPv6 addresses digit by digit', problem: /IP address|address literal|in brackets|got a colon/ },
  { text: 'names with letters beyond ASCII (IDNA)', problem: /expected (?:a DNS name|a domain name|a host)/ },
  { text: 'URLs beyond their scheme and host', problem: /expected an? https? URL|expected the issuer/ },
  {
    text: 'user name, password and host in the text of a proxy',
    problem:
      /^(?:has user info|expected host or host:port after|expected a DNS name|holds a c|is refused: 'socks4a?'|expected a user name|is too long|expected a password)/,
    where: /^proxy(?:\.|$)/,
  },
  { text: 'half surrogate pairs', problem: /half of a surrogate pair/ },
  { text: 'lengths in UTF-16 units instead of code points, and in bytes for SOCKS5', problem: /is too long/ },
  { text: 'base64 that leaves bits over', problem: /expected base64 text/ },
  { text: 'useSystemCa on a Node.js before 22.15', problem: /needs Node 22\.15/ },
  { text: 'totalMs only in the first of several servers', problem: /limits a whole send/ },
  { text: 'references to this machine, with allowReferences: false', problem: /which is not allowed here/ },
];

/** A pattern for any case: `ci('ab')` is `[Aa][Bb]`. */
export const ci = (word) => word.replace(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);

const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const ipv4 = `${octet}(?:\\.${octet}){3}`;
/** Groups of hex digits with at least two colons; a zone may follow. */
const ipv6 = '[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[\\w.~\\-]+)?';
const label = '[A-Za-z0-9_](?:[A-Za-z0-9_\\-]{0,61}[A-Za-z0-9_])?';
const lastIsNumber = '(?!(?:.*\\.)?(?:[0-9]+|0[Xx][0-9A-Fa-f]*)$)';
const asciiName = `${lastIsNumber}${label}(?:\\.${label})*`;
const otherName = '(?=.*[^\\u0000-\\u007f])[^@\\[\\]:/]*[^@\\[\\]:/.]';
const name = `(?:${asciiName}|${otherName})`;
const host = `(?:${ipv4}|${ipv6}|${name})`;
const port = '0{0,4}[1-9][0-9]{0,4}';
const hex = '[0-9A-Fa-f]';
const loopback = `(?:[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]|127\\.0\\.0\\.1|\\[::1\\])`;
const fieldName = '[!-9;-~]+';
const refusedFields = [
  'from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'resent-bcc', 'subject', 'date', 'message-id', 'in-reply-to', 'references', 'mime-version',
  'content-type', 'content-transfer-encoding', 'content-disposition', 'return-path', 'received', 'dkim-signature',
]; // prettier-ignore
/** The name of a custom header field. */
export const customFieldName = `^(?!(?:${refusedFields.map(ci).join('|')})$)${fieldName}$`;

/** Patterns by the `expected` text of a schema. null: the rule is in `unexpressed`. */
const patterns = {
  'a DNS name or an IP address': `^${host}$`,
  'a domain name': `^${name}$`,
  'an IP address': `^(?:${ipv4}|${ipv6})$`,
  'a domain name or an address literal': `^(?:${name}|\\[(?:${ipv4}|[Ii][Pp][Vv]6:[0-9A-Fa-f:.]+)\\])$`,
  'a host, or host:port': `^(?:${ipv6}|(?:${ipv4}|${name}|\\[${ipv6}\\])(?::${port})?)$`,
  'a SHA-256 fingerprint: 64 hex digits, colons optional': `^(?:${hex}{64}|${hex}{2}(?::${hex}{2}){31})$`,
  'the name of a header field': `^${fieldName}$`,
  'an OpenSSL cipher list': '^[\\w:!+@=,. \\-]+$',
  'a keyword of EHLO': `^(?!(?:${ci('starttls')}|${ci('bdat')})$)[A-Za-z0-9][A-Za-z0-9\\-]*$`,
  'a Kerberos principal such as user@REALM': '[^@]@[^@]+$',
  'a service principal such as smtp/mail.example.com': '^[^/]+/[^/]',
  'PEM text': '^(?![\\s\\S]*PRIVATE KEY-----)(?=[\\s\\S]*-----BEGIN )',
  'ldap://host[:port] or ldaps://host[:port]': `^${ci('ldap')}[Ss]?://(?:${ipv6}|(?:${ipv4}|${name}|\\[${ipv6}\\])(?::${port})?)/?$`,
  'an LDAP filter (RFC 4515) with {address}': '^\\(.*\\{address\\}.*\\)$',
  'a name of printable ASCII without spaces and brackets': '^[!-Z^-~]+$',
  'an https URL': `^(?!.*[{}#])(?:${ci('https')}:|${ci('http')}:[/\\\\]*${loopback}(?:[:/\\\\?]|$))`,
  'scopes, separated by spaces': '^[!#-\\[\\]-~]+(?: [!#-\\[\\]-~]+)*$',
  'an http URL of localhost, 127.0.0.1 or [::1]': `^${ci('http')}://${loopback}(?::[0-9]{1,5})?(?:/[\\w~.!$&'()*+,;=:@%/\\-]*)?$`,
};
const proxyText = `^(?:none|auto|(?:${ci('http')}[Ss]?|${ci('socks')}(?:4[Aa]?|5[Hh]?))://[^/?#\\\\]+/?)$`;
const secretPatterns = {
  token: '^[!-~]+$',
  'access token': `^\\s*(?:${ci('bearer')}\\s+)?[!-~]+\\s*$`,
};

const string = (min, max, ...checks) => ({
  type: 'string',
  minLength: min,
  maxLength: max,
  ...(checks.length === 1 ? { pattern: checks[0] } : { allOf: checks.map((pattern) => ({ pattern })) }),
});

/** Text of src/schema/text.ts. */
export function text({ expected, min = 1, max = 1000, multiline = false, tab = multiline, c1 = false, fault }) {
  const controls = multiline
    ? '\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f'
    : tab
      ? '\\u0000-\\u0008\\u000a-\\u001f'
      : '\\u0000-\\u001f';
  const allowed = `^[^${controls}\\u007f${c1 ? '' : '-\\u009f'}]*$`;
  if (fault === undefined) return string(min, max, allowed);
  const pattern = patterns[expected];
  if (pattern === undefined) throw new Error(`leaves.mjs has no pattern for ${expected}`);
  return string(min, max, allowed, pattern);
}

/** The constants of src/schema. */
export function constant(which) {
  switch (which) {
    case 'flag':
      return { type: 'boolean' };
    case 'anyText':
      return { type: 'string' };
    case 'certificateContent':
      return { anyOf: [literalSecret({ what: 'certificate', max: maxBytes }), bytes] };
    case 'host':
      return text({ expected: 'a DNS name or an IP address', max: 253, fault: true });
    case 'domain':
      return text({ expected: 'a domain name', max: 253, fault: true });
    case 'ipAddress':
      return text({ expected: 'an IP address', max: 64, fault: true });
    case 'localName':
      return text({ expected: 'a domain name or an address literal', max: 253, fault: true });
    case 'hostAndPort':
      return text({ expected: 'a host, or host:port', max: 270, fault: true });
    case 'fingerprint':
      return text({ expected: 'a SHA-256 fingerprint: 64 hex digits, colons optional', fault: true });
    default:
      throw new Error(`leaves.mjs does not know the constant ${which}`);
  }
}

/** A schema with a check of its own, by its `expected` text. */
export function opaque(expected) {
  switch (expected) {
    case 'true or false':
      return { type: 'boolean' };
    case "'user' or 'machine'":
      return { enum: ['user', 'machine'] };
    case 'an address such as ann@example.com':
      return string(1, 4096, '^[^\\u0000-\\u001f\\u007f-\\u009f]+@[^\\u0000-\\u001f\\u007f-\\u009f]+$');
    case "an address such as ann@example.com, or '' for <>":
      return { anyOf: [{ const: '' }, opaque('an address such as ann@example.com')] };
    case "an address such as 'ann@example.com', 'Ann <ann@example.com>' or { name, email }":
      return opaque('an address such as ann@example.com');
    case 'the issuer, an https URL without a query':
      return string(1, 2000, patterns['an https URL'], '^[^?]*$');
    case 'ldap://host[:port] or ldaps://host[:port]':
      return text({ expected, fault: true });
    case 'a proxy':
      return string(1, 4096, proxyText);
    case 'bytes':
      return bytes;
    default:
      throw new Error(`leaves.mjs does not know ${expected}`);
  }
}

const maxBytes = 4 * 1024 * 1024;
const bytes = {
  title: 'Bytes',
  type: 'object',
  properties: {
    base64: {
      title: 'Base64',
      description: 'The bytes in base64 (RFC 4648 section 4); blanks and line ends may stand in it.',
      type: 'string',
      maxLength: maxBytes * 2,
      pattern: '^[ \\t\\r\\n]*[A-Za-z0-9+/\\-_][A-Za-z0-9+/\\-_ \\t\\r\\n]*(?:=[ \\t\\r\\n]*){0,2}$',
    },
  },
  required: ['base64'],
  additionalProperties: false,
};

function literalSecret({ what, allowEmpty = false, max = 64 * 1024 }) {
  const pattern = secretPatterns[what];
  return {
    type: 'string',
    minLength: allowEmpty ? 0 : 1,
    maxLength: max,
    not: { const: '[redacted]' },
    pattern: pattern ?? '^[^\\u0000]*$',
  };
}

const reference = (key, title, description, value) => ({
  type: 'object',
  properties: { [key]: { title, description, ...value } },
  required: [key],
  additionalProperties: false,
});

/** A path on this machine. */
export const path = string(1, 4096, '^[^\\u0000-\\u001f\\u007f-\\u009f]*$');

const references = [
  reference(
    'env',
    'Variable',
    'Name of an environment variable that holds the secret.',
    string(1, 1000, '^[^\\u0000-\\u001f=\\u007f-\\u009f]*$'),
  ),
  reference('file', 'File', 'Path of a file that holds the secret.', path),
];

/** A secret: a text, or a reference. `withBytes` also allows bytes. */
export function secret(rules, withBytes = false) {
  if (rules.fault !== undefined && secretPatterns[rules.what] === undefined)
    throw new Error(`leaves.mjs has no pattern for the ${rules.what}`);
  return { anyOf: [literalSecret(rules), ...references, ...(withBytes ? [bytes] : [])] };
}
