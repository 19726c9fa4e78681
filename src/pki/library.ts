/**
 * Loads PKI.js and asn1js when the first message is signed, so that programs that do not sign do not load them.
 * @module
 */
import { reasonOf } from '../errors/email-error.js';
import { errorCode } from '../util/error-code.js';

/** The asn1js module. */
export type Asn1js = typeof import('asn1js');

/** The pkijs module. */
export type Pkijs = typeof import('pkijs');

/** Both libraries. */
export interface Libraries {
  readonly pkijs: Pkijs;
  readonly asn1js: Asn1js;
}

/** The global place in which every copy of pkijs keeps its engine. */
interface EngineHolder {
  readonly pkijs?: { engine?: { readonly crypto?: unknown } };
}

/**
 * Imports both. While it loads, pkijs makes its own engine the engine of the process; an engine that the application
 * had set is restored. Pass an engine to each pkijs call instead of using `setEngine`.
 */
export async function loadPkijs(): Promise<Libraries> {
  const before = engineHolder()?.pkijs?.engine;
  const [pkijs, asn1js] = await Promise.all([
    import('pkijs').catch((error: unknown) => importedByNode<Pkijs>('pkijs', error)),
    import('asn1js').catch((error: unknown) => importedByNode<Asn1js>('asn1js', error)),
  ]);
  const shared = engineHolder()?.pkijs;
  // An engine that the application set during the import is not pkijs' default, and is kept.
  if (before !== undefined && shared !== undefined && isDefaultEngine(pkijs, shared.engine?.crypto))
    shared.engine = before;
  return { pkijs, asn1js };
}

/**
 * Both packages are ES modules. In a CommonJS program under Jest, `import()` is Jest's own `require`, which refuses ES
 * modules before Node 24.9. A function of Node's main context imports them by Node itself.
 */
async function importedByNode<T>(name: string, error: unknown): Promise<T> {
  // Only CommonJS has __filename.
  if (errorCode(error) !== 'ERR_REQUIRE_ESM' || typeof __filename !== 'string') throw error;
  const { constants, runInThisContext } = await import('node:vm');
  const importer: (name: string) => Promise<T> = runInThisContext('(name) => import(name)', {
    filename: __filename,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return importer(name);
}

function engineHolder(): EngineHolder | undefined {
  return (globalThis as Record<number, EngineHolder | undefined>)[process.pid];
}

function isDefaultEngine(pkijs: Pkijs, engine: unknown): boolean {
  return engine instanceof pkijs.CryptoEngine && engine.crypto === globalThis.crypto;
}

/** Limits of a decoded structure. asn1js has its own defaults, which refuse messages that are merely large. */
export interface DecodeLimits {
  /** The most elements; default 100 000. Each takes about 1 KiB of memory. */
  readonly maxNodes?: number | undefined;
  /** The most octets of one element; default: the length of the input. */
  readonly maxContentLength?: number | undefined;
  /** The deepest nesting; default 64. */
  readonly maxDepth?: number | undefined;
  /** Ignore bytes after the element; default false. */
  readonly allowTrailing?: boolean | undefined;
}

/** An element of asn1js' tree. */
export type Asn1Node = import('asn1js').AsnType;

/** Parses BER into a tree over the same memory. A RangeError names the malformed byte, or the limit. */
export function decode(asn1js: Asn1js, bytes: Uint8Array, limits: DecodeLimits = {}): Asn1Node {
  const { result, offset } = parse(asn1js, bytes, {
    maxNodes: limits.maxNodes ?? 100_000,
    maxContentLength: limits.maxContentLength ?? bytes.length,
    maxDepth: limits.maxDepth ?? 64,
    // OCTET STRINGs may contain ciphertext that only looks like BER, so they are not parsed.
    parseEmbedded: false,
    copyInput: false,
  });
  if (offset < 0) throw new RangeError(`BER: ${result.error === '' ? 'not well-formed' : result.error}`);
  if (offset !== bytes.length && limits.allowTrailing !== true)
    throw new RangeError(`BER: ${bytes.length - offset} bytes after the end`);
  return result;
}

/** asn1js reports most faults in its result, and throws for some values out of range. */
function parse(
  asn1js: Asn1js,
  bytes: Uint8Array,
  options: Parameters<Asn1js['fromBER']>[1],
): ReturnType<Asn1js['fromBER']> {
  try {
    return asn1js.fromBER(bytes as Uint8Array<ArrayBuffer>, options);
  } catch (error) {
    throw new RangeError(`BER: ${reasonOf(error)}`, { cause: error });
  }
}
