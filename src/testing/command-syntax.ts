/**
 * Strict syntax of the commands that a client sends (RFC 5321 section 4.1.2). It refuses even deviations that lenient
 * servers accept.
 * @module
 */
/** The parts of MAIL or RCPT. */
export interface PathCommand {
  /** Without brackets and source route. */
  readonly address: string;
  /** Values by keyword in upper case; '' for a keyword without one. */
  readonly parameters: Readonly<Record<string, string>>;
}

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u0080-\\uffff-]+";
const label = '[A-Za-z0-9\\u0080-\\uffff](?:[A-Za-z0-9\\u0080-\\uffff-]*[A-Za-z0-9\\u0080-\\uffff])?';
const quoted = '"(?:[^"\\\\\\x00-\\x1f\\x7f]|\\\\[\\x20-\\x7e])*"';
const domain = `(?:${label}(?:\\.${label})*|\\[[A-Za-z0-9:.-]+\\])`;
const localPart = `(?:${atom}(?:\\.${atom})*|${quoted})`;
const sourceRoute = `(?:@${domain}(?:,@${domain})*:)?`;
const mailbox = new RegExp(`^<${sourceRoute}((${localPart})@(${domain}))>`);
const heloArgument = new RegExp(`^${domain}$`);
const parameterSyntax = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20=\x7f]+))?$/;

/** Splits a line into the verb in upper case and the rest. */
export function splitVerb(line: string): { readonly verb: string; readonly rest: string } {
  const space = line.indexOf(' ');
  return space < 0
    ? { verb: line.toUpperCase(), rest: '' }
    : { verb: line.slice(0, space).toUpperCase(), rest: line.slice(space + 1) };
}

/** Is it a domain or an address literal, as EHLO requires? */
export function isHeloArgument(text: string): boolean {
  return text.length <= 255 && heloArgument.test(text);
}

/**
 * The path and parameters after `FROM:` or `TO:`; a string describes the fault. `<>` is for MAIL, `<Postmaster>` for
 * RCPT (RFC 5321 section 4.5.1).
 */
export function parsePathCommand(rest: string, keyword: 'FROM:' | 'TO:'): PathCommand | string {
  if (rest.slice(0, keyword.length).toUpperCase() !== keyword) return `expected ${keyword}<address>`;
  const text = rest.slice(keyword.length);
  const special = keyword === 'FROM:' ? /^<>/.exec(text) : /^<postmaster>/i.exec(text);
  const match = special ?? mailbox.exec(text);
  if (match === null) return 'the path is not a mailbox in angle brackets';
  const [path, address = path.slice(1, -1), local = '', host = ''] = match;
  if (Buffer.byteLength(local) > 64) return 'the local part is longer than 64 octets';
  if (Buffer.byteLength(host) > 255) return 'the domain is longer than 255 octets';
  const behind = text.slice(path.length);
  if (behind === '') return { address, parameters: {} };
  if (!behind.startsWith(' ')) return 'a space must follow the path';
  const parameters: Record<string, string> = {};
  for (const word of behind.slice(1).split(' ')) {
    const [, name, value = ''] = parameterSyntax.exec(word) ?? [];
    if (name === undefined) return 'malformed parameter';
    const key = name.toUpperCase();
    if (Object.hasOwn(parameters, key)) return `${key} is given twice`;
    parameters[key] = value;
  }
  return { address, parameters };
}
