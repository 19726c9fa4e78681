/**
 * Checks the ESMTP parameters of MAIL and RCPT: whether their extension was announced, and the form of their values.
 * @module
 */
/** Extensions announced to this client: parameters by keyword in upper case. */
export type Announced = ReadonlyMap<string, string>;

interface ParameterRule {
  /** The extension that defines it. If it was not announced, the reply is 555. */
  readonly extension: string;
  readonly value: RegExp;
}

const xtext = '(?:[!-*,-<>-~]|\\+[0-9A-F]{2})';
/** xtext, or utf-8-addr-xtext and unitext of RFC 6533 section 3. */
const addressText = '(?:[!-*,-<>-~\\u0080-\\uffff]|\\+[0-9A-F]{2})+';

const mailRules: ReadonlyMap<string, ParameterRule> = new Map([
  ['SIZE', { extension: 'SIZE', value: /^\d{1,20}$/ }],
  ['BODY', { extension: '8BITMIME', value: /^(?:7BIT|8BITMIME|BINARYMIME)$/i }],
  ['SMTPUTF8', { extension: 'SMTPUTF8', value: /^$/ }],
  ['RET', { extension: 'DSN', value: /^(?:FULL|HDRS)$/i }],
  ['ENVID', { extension: 'DSN', value: new RegExp(`^${xtext}{1,100}$`) }],
  ['AUTH', { extension: 'AUTH', value: new RegExp(`^(?:<>|${addressText})$`) }],
  ['REQUIRETLS', { extension: 'REQUIRETLS', value: /^$/ }],
  ['BY', { extension: 'DELIVERBY', value: /^(?:-?\d{1,9};NT?|0*[1-9]\d{0,8};RT?)$/i }],
  ['HOLDFOR', { extension: 'FUTURERELEASE', value: /^[1-9]\d{0,8}$/ }],
  [
    'HOLDUNTIL',
    { extension: 'FUTURERELEASE', value: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/ },
  ],
  ['MT-PRIORITY', { extension: 'MT-PRIORITY', value: /^(?:0|-?[1-9])$/ }],
]);
const rcptRules: ReadonlyMap<string, ParameterRule> = new Map([
  ['NOTIFY', { extension: 'DSN', value: /^(?:NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY)){0,2})$/i }],
  ['ORCPT', { extension: 'DSN', value: new RegExp(`^[A-Za-z0-9-]+;${addressText}$`) }],
]);

/** The refusal for wrong parameters, or undefined. */
export function checkParameters(
  command: 'MAIL' | 'RCPT',
  parameters: Readonly<Record<string, string>>,
  announced: Announced,
): string | undefined {
  const rules = command === 'MAIL' ? mailRules : rcptRules;
  for (const [name, value] of Object.entries(parameters)) {
    const rule = rules.get(name);
    if (rule === undefined || !announced.has(extensionOf(name, value, rule)))
      return `555 5.5.4 ${name} is not offered here`;
    if (!rule.value.test(value)) return `501 5.5.4 ${name} has a bad value`;
  }
  if (command === 'RCPT') return undefined;
  if (parameters['HOLDFOR'] !== undefined && parameters['HOLDUNTIL'] !== undefined)
    return '501 5.5.4 HOLDFOR or HOLDUNTIL, not both';
  const limit = Number(announced.get('SIZE') ?? 0);
  if (limit > 0 && Number(parameters['SIZE'] ?? 0) > limit) return '552 5.3.4 The message is larger than the limit';
  return undefined;
}

/** BODY=BINARYMIME belongs to BINARYMIME (RFC 3030), the other bodies to 8BITMIME (RFC 6152). */
function extensionOf(name: string, value: string, rule: ParameterRule): string {
  return name === 'BODY' && value.toUpperCase() === 'BINARYMIME' ? 'BINARYMIME' : rule.extension;
}
