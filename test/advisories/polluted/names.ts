/**
 * The names that are put on Object.prototype, in groups. One order to the child has many names, and runs some or all
 * tasks.
 * @module
 */
import type ts from 'typescript';
import { compiler } from '../../support/compiler.js';
import { filesBelow, read } from '../../project/sources.js';

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
  { tasks: 'all', names: words('get set value writable return verify fault max maxOctets accepts attempts') },
  {
    tasks: words('bare pipelining tls http socks kerberos'),
    names: words(`
      encoding highWaterMark writableHighWaterMark readableObjectMode objectMode
      ready resume connect removeListener keepAliveInitialDelay
    `),
  },
  {
    tasks: ['protect'],
    names: words(`
      budget certificate certificates cipher critical crls length passphrase schema signatureAlgorithm trustAnchors warnings
      close error name type now maxContentLength maxDepth maxNodes json
    `),
  },
  { tasks: ['kerberos'], names: words('client elapsedTime exchangeTimeoutMs sequenceNumber subkey systemTime') },
  { tasks: ['tls'], names: words('family hints signal') },
  { tasks: words('verify forged decrypt'), names: words('maxHeaderBytes maxParts') },
  { tasks: words('token store'), names: words('withFileTypes recursive live enumerable') },
  { tasks: ['token'], names: words('family hints') },
  { tasks: ['udp'], names: ['address'] },
];

/**
 * Functions with which Node itself stops, so that no octet leaves: with `then` no promise of an object ever settles, and
 * the others replace the methods by which a TLS socket reads, writes and ends. With any value of `pauseOnConnect` Node
 * never resumes sockets of TLS and HTTP.
 */
const stopping: ReadonlySet<string> = new Set(['then', 'read', 'write', 'writev', 'construct', 'final', 'destroy']);

/** Each name meets one of the kinds of a test, and all of them where this variable is set, as `.ci/run` does. */
const everyKind = process.env['SEALPOST_EVERY_KIND'] === '1';

/** Is the name with this index tried with this one of `kinds`? */
export const meets = (kind: string, index: number, kinds: readonly string[]): boolean =>
  everyKind || kinds[index % kinds.length] === kind;

/** Do the tasks never settle with a value of this kind on this name? */
export const standsStill = (name: string, kind: string): boolean =>
  name === 'pauseOnConnect' || (kind === 'function' && stopping.has(name));

/**
 * Node keeps listeners and options of sockets in objects with a prototype. With these names it throws outside of any
 * promise, which ends the process. They are tried around the sends. Around the other tasks they are left out, because
 * each would cost a process.
 */
const breaking: ReadonlySet<string> = new Set(
  words(`
    timeout pause resume ready connect removeListener error aborted signal keepAliveInitialDelay
    readableObjectMode objectMode encoding highWaterMark writableHighWaterMark
  `),
);

/** Does Node itself fail with this name? */
export const breaksNode = (name: string): boolean => breaking.has(name);

/** Names for one order, and its tasks; undefined: all tasks. */
export interface Group {
  readonly names: readonly string[];
  readonly only?: readonly string[] | undefined;
}

const groupSize = 512;

/** Divides `names` into groups, so that each name meets each of `tasks`. */
export function groupsOf(names: readonly string[], tasks: readonly string[]): Group[] {
  const left = new Set(names);
  const groups: Group[] = [];
  for (const { tasks: fail, names: listed } of failing) {
    const only = fail === 'all' ? undefined : fail.filter((task) => tasks.includes(task));
    if (only?.length === 0) continue;
    const known = listed.filter((name) => left.delete(name));
    for (const name of known) groups.push({ names: [name], only });
    const others = tasks.filter((task) => only?.includes(task) === false);
    if (others.length > 0) groups.push({ names: known, only: others });
  }
  const others = [...left];
  for (let at = 0; at < others.length; at += groupSize) groups.push({ names: others.slice(at, at + groupSize) });
  return groups;
}
