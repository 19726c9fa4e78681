/**
 * The names that are put on Object.prototype, in groups. One order to the child has many names, and runs some or all
 * tasks.
 * @module
 */
import type ts from 'typescript';
import { filesBelow, read } from '../../project/sources.js';
import { compiler } from '../../support/compiler.js';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Options that Node reads although the sources never mention them. */
const ofNode = words(`
  path fd lookup localAddress localPort family hints timeout onread signal socket handle
  allowHalfOpen keepAlive highWaterMark writableHighWaterMark objectMode readableObjectMode
  ca cert key pfx passphrase ciphers checkServerIdentity rejectUnauthorized servername session
  secureContext pskCallback ALPNProtocols enableTrace minDHSize secureOptions secureProtocol sigalgs
  requestOCSP isServer requestCert minVersion maxVersion ecdhCurve crl dhparam privateKeyEngine
  encoding flag mode start end emitClose autoDestroy format type padding oaepHash dsaEncoding
  once capture passive env cwd shell uid gid argv0 stdio windowsHide detached input
`);

/** Names that the sources read, write or declare as a property. */
export function propertyNames(): string[] {
  const names = new Set(ofNode);
  const add = (name: ts.Node | undefined): void => {
    if (name && (compiler.isIdentifier(name) || compiler.isStringLiteralLike(name))) names.add(name.text);
  };
  const visit = (node: ts.Node): void => {
    if (compiler.isPropertyAccessExpression(node)) add(node.name);
    else if (compiler.isElementAccessExpression(node)) add(node.argumentExpression);
    else if (compiler.isBindingElement(node)) add(node.propertyName ?? node.name);
    else if (compiler.isClassElement(node) || compiler.isTypeElement(node) || compiler.isObjectLiteralElement(node))
      add(node.name);
    compiler.forEachChild(node, visit);
  };
  for (const path of filesBelow('src', '.ts'))
    visit(compiler.createSourceFile(path, read(path), compiler.ScriptTarget.Latest));
  return [...names].filter((name) => !(name in Object.prototype)).sort();
}

/**
 * Names that cause an error in these tasks: JavaScript, Node or PKI.js reads them from every object (property
 * descriptors, iterators, listeners and options of streams), or a limit becomes `true`. In these tasks each of them is
 * tried alone from the start, because its error would have its whole group divided. In the other tasks they form a
 * group. If a name is missing here, the test only takes longer.
 */
const failing: readonly { readonly tasks: readonly string[] | 'all'; readonly names: readonly string[] }[] = [
  { tasks: 'all', names: words('get set value writable return verify fault max maxOctets') },
  {
    tasks: words('bare pipelining tls http socks kerberos'),
    names: words(`
      encoding highWaterMark writableHighWaterMark readableObjectMode objectMode
      ready resume connect removeListener
    `),
  },
  {
    tasks: ['protect'],
    names: words(`
      budget certificate certificates cipher critical crls length passphrase schema signatureAlgorithm trustAnchors warnings
      close error name type now maxContentLength maxDepth maxNodes
    `),
  },
  { tasks: ['kerberos'], names: words('client exchangeTimeoutMs sequenceNumber subkey systemTime') },
  { tasks: ['tls'], names: words('family hints signal') },
  { tasks: words('verify forged decrypt'), names: words('accepts maxHeaderBytes maxParts') },
];

/** Names for one order, and its tasks; undefined: all tasks. */
export interface Group {
  readonly names: readonly string[];
  readonly only?: readonly string[] | undefined;
}

const groupSize = 128;

/** Divides `names` into groups, so that each name meets each of `tasks`. */
export function groupsOf(names: readonly string[], tasks: readonly string[]): Group[] {
  const left = new Set(names);
  const groups: Group[] = [];
  for (const { tasks: fail, names: listed } of failing) {
    const known = listed.filter((name) => left.delete(name));
    const only = fail === 'all' ? undefined : fail;
    for (const name of known) groups.push({ names: [name], only });
    if (only !== undefined) groups.push({ names: known, only: tasks.filter((task) => !only.includes(task)) });
  }
  const others = [...left];
  for (let at = 0; at < others.length; at += groupSize) groups.push({ names: others.slice(at, at + groupSize) });
  return groups;
}
